"""PostgreSQL behind the ports: tables and statements."""
