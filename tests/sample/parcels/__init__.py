"""A tiny product whose sample uses every word of the vocabulary."""
