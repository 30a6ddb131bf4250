"""The parts of a dashboard. Only its pages import them, because the charts are large."""
