"""PostgreSQL: tables and plain statements on asyncpg."""
