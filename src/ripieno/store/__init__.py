"""What survives: SQL behind one class, SQLite or PostgreSQL underneath."""
