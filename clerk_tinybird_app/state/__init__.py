"""Thin Reflex states over the pure core: the session and its token, and what is asked with it."""
