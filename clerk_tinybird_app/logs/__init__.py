"""What reaches the log: no secret, and never without end."""
