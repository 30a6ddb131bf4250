"""The dashboard's pure core: what its address says, what it asks, and how answers are shown."""
