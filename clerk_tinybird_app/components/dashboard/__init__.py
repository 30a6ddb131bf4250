"""What a dashboard is put together from; imported by its pages alone, for the charts' weight."""
