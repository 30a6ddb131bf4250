"""The made-up world whose rows the embedded Tinybird has from the start."""
