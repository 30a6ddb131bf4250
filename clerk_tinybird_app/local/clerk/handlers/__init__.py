"""What each route of the Frontend API does; one module for each kind of thing."""
