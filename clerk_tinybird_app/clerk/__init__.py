"""Clerk: verifies session tokens, and has Clerk's React components."""
