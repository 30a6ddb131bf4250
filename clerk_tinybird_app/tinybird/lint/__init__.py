"""Holds a Tinybird project to the tenancy that the tokens promise; reads files, asks nobody.

Judged is every way from a data source to the answer of a pipe that tokens allow. Of a materialized
or copy pipe only one thing is: that the rows it fills a data source with keep their tenant's
column, where an allowed pipe reads that data source. What it computes, and a sink, is not judged.
"""

from clerk_tinybird_app.tinybird.lint.finding import Finding, Level
from clerk_tinybird_app.tinybird.lint.project import lint

__all__ = ["Finding", "Level", "lint"]
