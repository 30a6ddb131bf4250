"""The API's addresses and what each answers."""
