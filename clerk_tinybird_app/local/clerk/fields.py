"""Checks form fields as Clerk does."""

import re
from collections.abc import Mapping
from typing import Final

from clerk_tinybird_app.local.clerk.fapi_errors import bad_request, code_incorrect, invalid_field
from clerk_tinybird_app.local.clerk.instance import (
    EMAIL_CODE,
    MAX_NAME_LENGTH,
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
)

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
_MAX_EMAIL_LENGTH: Final = 254
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NO_SLUG: Final = re.compile(r"[^a-z0-9]+")
_DEFAULT_SLUG: Final = "organization"
_MAX_PAGE: Final = 500
_DEFAULT_PAGE: Final = 10


def email(value: str, param: str) -> str:
    """Return the address in lower case.

    Raises:
        FapiError: 422, it is no e-mail address.
    """
    address = value.strip().lower()
    if len(address) > _MAX_EMAIL_LENGTH or not _EMAIL.fullmatch(address):
        raise invalid_field(
            param, "Email address must be a valid email address.", "form_param_format_invalid"
        )
    return address


def new_password(value: str, param: str = "password") -> str:
    """Return a new password if it is allowed.

    Raises:
        FapiError: 422, it is too short or too long.
    """
    if len(value) < MIN_PASSWORD_LENGTH:
        raise invalid_field(
            param,
            f"Passwords must be {MIN_PASSWORD_LENGTH} characters or more.",
            "form_password_length_too_short",
        )
    if len(value) > MAX_PASSWORD_LENGTH:
        raise invalid_field(
            param,
            f"Passwords must be {MAX_PASSWORD_LENGTH} characters or fewer.",
            "form_password_length_too_long",
        )
    return value


def check_code(value: str) -> None:
    """Check an e-mail code.

    Raises:
        FapiError: 422, it is wrong.
    """
    if value.strip() != EMAIL_CODE:
        raise code_incorrect()


def name(value: str, param: str) -> str:
    """Return a name without surrounding space.

    Raises:
        FapiError: 422, it is too long.
    """
    text = value.strip()
    if len(text) > MAX_NAME_LENGTH:
        raise invalid_field(
            param,
            f"Use {MAX_NAME_LENGTH} characters or fewer.",
            f"form_param_max_length_exceeded__{param}",
        )
    return text


def slug(value: str) -> str:
    """Return an organization's slug.

    Raises:
        FapiError: 422, it has characters other than a-z, 0-9 and single hyphens.
    """
    text = value.strip()
    if len(text) > MAX_NAME_LENGTH or not _SLUG.fullmatch(text):
        raise invalid_field(
            "slug",
            "Use lower-case letters, digits and hyphens only.",
            "form_param_format_invalid",
        )
    return text


def slug_from(organization_name: str) -> str:
    """Make a slug from a name: ``Initech & Sons`` becomes ``initech-sons``."""
    return _NO_SLUG.sub("-", organization_name.lower()).strip("-") or _DEFAULT_SLUG


def page_of(query: Mapping[str, str]) -> slice:
    """Return the part of a list that ``limit`` and ``offset`` ask for.

    Raises:
        FapiError: 400, they are no numbers.
    """
    try:
        limit = int(query.get("limit", _DEFAULT_PAGE))
        offset = int(query.get("offset", 0))
    except ValueError:
        raise bad_request("form_param_invalid", "limit and offset must be numbers.") from None
    start = max(0, offset)
    return slice(start, start + min(max(0, limit), _MAX_PAGE))
