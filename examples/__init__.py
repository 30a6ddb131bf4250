"""Other products for the app, each a package with a Tinybird project of its own."""
