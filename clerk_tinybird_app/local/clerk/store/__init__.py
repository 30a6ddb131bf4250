"""What the embedded Clerk keeps: SQLite, one module for each kind of thing."""
