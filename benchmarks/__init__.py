"""The figures: speed, weight, and the time to the token. Run with ``make bench``."""
