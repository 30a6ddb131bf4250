"""Production from a build that is made once: what it is made of, how it is made and served."""
