"""One module for each kind of page, so that a page loads only what it needs."""
