"""Tinybird's SQL templates: compiled once, rendered per request, with every value quoted.

Pure: no HTTP, no database, no clock. A template is a project file, which may be hostile, and
its values come from a URL or a POST body, which certainly may be:

* what a template may say is an allow-list, held up by rewriting its syntax trees, so that the
  code that runs holds no name but this package's own;
* what a value may do is end up inside one literal;
* what both may cost is a budget of work, size and loop steps.
"""

from clerk_tinybird_app.tinybird.template.parameters import Parameter
from clerk_tinybird_app.tinybird.template.run import DOCUMENTATION, QueryContext, TemplateError
from clerk_tinybird_app.tinybird.template.template import Template

__all__ = ["DOCUMENTATION", "Parameter", "QueryContext", "Template", "TemplateError"]
