"""Tinybird's SQL templates: compiled once, rendered per request, with every value quoted.

Pure: no HTTP, no database, no clock. A template is a project file and its values come from a URL
or a POST body. Both may be hostile:

* A template may use only what is on a list. Its syntax trees are rewritten, so that the code that
  runs contains only names of this package.
* A value can only become the content of one literal.
* A render has limits for its work, its size and its loop steps.
"""

from clerk_tinybird_app.tinybird.template.parameters import Parameter
from clerk_tinybird_app.tinybird.template.run import DOCUMENTATION, QueryContext, TemplateError
from clerk_tinybird_app.tinybird.template.template import Template

__all__ = ["DOCUMENTATION", "Parameter", "QueryContext", "Template", "TemplateError"]
