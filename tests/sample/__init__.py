"""Made-up rows, on a tiny product of their own."""
