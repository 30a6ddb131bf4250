"""A picture for everybody, as Clerk has one: the initial on a disc."""

from base64 import b64encode
from html import escape

from clerk_tinybird_app.local.clerk.store.rows import User

__all__ = ["avatar_url"]


def avatar_url(row: User) -> str:
    """Return a ``data:`` address of the user's picture.

    It ends with ``#``, because the SDK appends a wanted width to every picture's address.
    """
    initial = escape((row.first_name or row.email)[0].upper())
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">'
        '<rect width="40" height="40" fill="#5c5c5c"/>'
        '<text x="20" y="27" fill="#fff" font-family="sans-serif" font-size="20" '
        f'text-anchor="middle">{initial}</text></svg>'
    )
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}#"
