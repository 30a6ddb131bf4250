"""What belongs to one product each."""
