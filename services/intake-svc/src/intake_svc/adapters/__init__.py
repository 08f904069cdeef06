"""PostgreSQL, the group writer and the category file."""
