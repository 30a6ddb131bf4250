"""The example request, in the three languages the page shows."""

from typing import Final

TOKEN_PLACEHOLDER: Final = "<token>"
"""Stands for the token in every example, so that it is sent to the browser once."""

PATH_PLACEHOLDER: Final = "<path>"
"""Stands for the path of the request that the page shows at the moment."""

_TEMPLATES: Final = {
    "fetch": """\
const url = '{url}'
const response = await fetch(url, {{
  headers: {{ Authorization: 'Bearer {token}' }},
}})
const {{ data }} = await response.json()""",
    "curl": """\
curl '{url}' \\
  -H 'Authorization: Bearer {token}'""",
    "Python": """\
import httpx

url = "{url}"
token = "{token}"
answer = httpx.get(url, headers={{"Authorization": f"Bearer {{token}}"}})
rows = answer.raise_for_status().json()["data"]""",
}

LANGUAGES: Final = tuple(_TEMPLATES)


def example_requests(api_url: str) -> dict[str, str]:
    """Return language -> source of a request, with placeholders for its path and its token."""
    url = f"{api_url}{PATH_PLACEHOLDER}"
    return {
        language: template.format(url=url, token=TOKEN_PLACEHOLDER)
        for language, template in _TEMPLATES.items()
    }
