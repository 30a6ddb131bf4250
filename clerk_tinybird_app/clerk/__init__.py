"""Clerk: from a session token to a session that may be trusted, and Clerk's React components."""
