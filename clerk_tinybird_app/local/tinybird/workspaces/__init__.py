"""What is served at the moment, and whose it is."""
