"""The components that the pages are built from."""
