"""What a value looks like that is not what its variable asks for, so that a refusal can say it."""

import re
from typing import Final

PLACEHOLDER: Final = "an example's placeholder"
KEY_IN_PEM: Final = "a key in PEM that is not whole, or of another kind"
HEADER: Final = "a whole Authorization header"
ADDRESS: Final = "an address"
TOKEN: Final = "a token of Tinybird's"

_LOOKS: Final = (
    (r".{0,20}(\.\.\.|…)|<.*>|(your|my)[-_ ]|change-?me|xxx", PLACEHOLDER),
    (r"sk_(test|live)_", "a secret key of Clerk's"),
    (r"pk_(test|live)_", "a publishable key of Clerk's"),
    (r"whsec_", "the secret of a webhook"),
    (r"-----BEGIN [A-Z ]*PRIVATE KEY", "a private key"),
    (r"-----BEGIN CERTIFICATE", "a certificate"),
    (r"-----BEGIN ", KEY_IN_PEM),
    (r"Bearer\s", HEADER),
    (r"p\.eyJ", TOKEN),
    (r"eyJ[\w-]*\.", "a JWT, which ends by its own time"),
    (r"rediss?://|unix://", "the address of a Redis"),
    (r"https?://", ADDRESS),
    (r"[A-Z][A-Z_]+=", "a whole line of a file, with the name"),
)
"""How a value begins, and what that makes it; the first that fits counts."""

STAND_IN: Final = "stands-for-"
"""How a text begins that only stands for a secret where pages are built: see docs/deploy.md."""


def looks_like(value: str) -> str:
    """Return what a value looks like, by how it begins; "" for nothing known."""
    return next((what for start, what in _LOOKS if re.match(start, value)), "")


def hint(value: str, *but_for: str) -> str:
    """Return a sentence, after a blank, that says what a value looks like; "" for nothing known.

    Args:
        value: The value, of which nothing is repeated.
        but_for: What it is said anyway that it should be.
    """
    what = looks_like(value)
    return f" What is there looks like {what}." if what and what not in but_for else ""
