"""The example request, in the three languages the page shows."""

from typing import Final

TOKEN_PLACEHOLDER: Final = "<token>"
"""Stands for the token in every example, so that it is sent to the browser once."""

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


def example_requests(api_url: str, pipe: str) -> dict[str, str]:
    """Return language -> source that queries ``pipe``, with ``TOKEN_PLACEHOLDER`` as the token."""
    url = f"{api_url}/v0/pipes/{pipe}.json"
    return {
        language: template.format(url=url, token=TOKEN_PLACEHOLDER)
        for language, template in _TEMPLATES.items()
    }
