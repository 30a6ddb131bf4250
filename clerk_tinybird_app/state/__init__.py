"""Thin Reflex states over the pure core: who is signed in, and the token made for them."""
