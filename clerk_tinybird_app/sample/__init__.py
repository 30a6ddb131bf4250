"""Made-up rows: the words in which a product declares them, and what makes them."""
