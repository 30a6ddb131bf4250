"""The errors of Clerk's Frontend API.

``FapiError`` is the only exception that a handler raises to answer the browser. The functions below
have the codes that Clerk's components can show.
"""

import secrets
from typing import Any


class FapiError(Exception):
    """A refusal in the format of Clerk.

    Args:
        status: The HTTP status.
        code: Clerk's stable code.
        message: The sentence that Clerk's components show.
        param: The form field with the fault, if there is one.
        meta: More data beside the error, such as the current client.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        meta: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.meta = meta

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        error = {
            "code": self.code,
            "message": self.message,
            "long_message": self.message,
            "meta": {"param_name": self.param} if self.param else {},
        }
        body: dict[str, Any] = {"errors": [error], "clerk_trace_id": secrets.token_hex(16)}
        return body | {"meta": self.meta} if self.meta else body


def unauthenticated() -> FapiError:
    """No live session of this browser. With 401 the SDK signs out at once, with 404 much later."""
    return FapiError(
        401,
        "authentication_invalid",
        "Unable to authenticate the request, you need to supply an active session",
    )


def forbidden(message: str) -> FapiError:
    """The session is valid, but it may not do this."""
    return FapiError(403, "missing_permission", message)


def not_found(what: str) -> FapiError:
    """There is no such thing, or the session may not know of it."""
    return FapiError(404, "resource_not_found", f"{what} not found.")


def bad_request(code: str, message: str) -> FapiError:
    """The request has a mistake."""
    return FapiError(400, code, message)


def not_supported(message: str) -> FapiError:
    """Clerk can do this, but the embedded Clerk cannot."""
    return FapiError(400, "not_supported_by_embedded_clerk", message)


def missing_field(param: str) -> FapiError:
    """A required form field is absent or empty."""
    return FapiError(422, "form_param_nil", f"Enter {param.replace('_', ' ')}.", param=param)


def invalid_field(param: str, message: str, code: str = "form_param_value_invalid") -> FapiError:
    """A form field has a value that cannot be used."""
    return FapiError(422, code, message, param=param)


def taken(param: str, message: str) -> FapiError:
    """A name that must be unique is in use."""
    return FapiError(422, "form_identifier_exists", message, param=param)


def password_incorrect(param: str = "password") -> FapiError:
    """The password is not this user's."""
    return FapiError(
        422,
        "form_password_incorrect",
        "Password is incorrect. Try again, or use another method.",
        param=param,
    )


def code_incorrect() -> FapiError:
    """The e-mail code is wrong."""
    return FapiError(422, "form_code_incorrect", "Incorrect code", param="code")
