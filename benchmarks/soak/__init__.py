"""Load and faults against the real app, bounded and ending by itself."""
