"""The handlers of the Frontend API's routes; one module for each kind of resource."""
