"""What the embedded Clerk keeps, in one SQLite file."""
