"""One module for each page or each pair of like pages; a page loads only what it needs."""
