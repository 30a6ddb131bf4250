"""Holds a Tinybird project to the tenancy that the tokens promise; reads files, asks nobody."""

from clerk_tinybird_app.tinybird.lint.finding import Finding, Level
from clerk_tinybird_app.tinybird.lint.project import lint

__all__ = ["Finding", "Level", "lint"]
