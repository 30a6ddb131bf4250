"""What is written to the log: no secrets, and a limited amount."""
