"""A Reflex app with one page and one var: what a tab costs that shows nothing."""
