"""A project's files as tables and SQL, and the mistakes in them."""
