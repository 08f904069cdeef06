"""PostgreSQL behind the ports: tables, statements, sealed words."""
