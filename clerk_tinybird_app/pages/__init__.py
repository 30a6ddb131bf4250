"""One module a page, so that each loads only what it needs."""
