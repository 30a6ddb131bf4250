"""All that knows Tinybird: who may read what, and the token that says so."""
