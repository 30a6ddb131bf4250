"""The data of the embedded Clerk, in one SQLite file."""
