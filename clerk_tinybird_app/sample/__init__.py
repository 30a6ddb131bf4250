"""Made-up rows: the classes with which a product declares them, and the generator."""
