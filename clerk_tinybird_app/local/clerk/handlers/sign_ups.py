"""Sign-up with an e-mail address, which a code verifies, and a password."""

from typing import Any

from clerk_tinybird_app.local.clerk import fields
from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.fapi_errors import bad_request, invalid_field, not_found, taken
from clerk_tinybird_app.local.clerk.handlers.sessions import refuse_second_session, start_session
from clerk_tinybird_app.local.clerk.passwords import hash_password
from clerk_tinybird_app.local.clerk.shapes import EMAIL_STRATEGY, sign_up
from clerk_tinybird_app.local.clerk.store import accounts, browsers
from clerk_tinybird_app.local.clerk.store.records import SignUp


def create(call: Call) -> Reply:
    """Begin an attempt with the fields of the form.

    Raises:
        FapiError: Already signed in, address taken or malformed, password too short or long.
    """
    refuse_second_session(call)
    changes = _changes(call)
    client = call.ensure_client()
    attempt = browsers.add_sign_up(call.db, client.id, call.now)
    browsers.point_client(
        call.db,
        client.id,
        sign_in=client.sign_in_id,
        sign_up=attempt.id,
        session=None,
        now=call.now,
    )
    call.refresh_client()
    return _advance(call, browsers.save_sign_up(call.db, attempt, **changes))


def read(call: Call, sign_up_id: str) -> Reply:
    """Return an attempt of this browser."""
    return Reply(sign_up(_mine(call, sign_up_id), call.now))


def update(call: Call, sign_up_id: str) -> Reply:
    """Change fields. A new address must be verified again.

    Raises:
        FapiError: As for ``create``, or the attempt has ended.
    """
    attempt = _open(call, sign_up_id)
    changes = _changes(call)
    if changes.get("email", attempt.email) != attempt.email:
        changes |= {"prepared": False, "verified": False}
    return _advance(call, browsers.save_sign_up(call.db, attempt, **changes))


def prepare_verification(call: Call, sign_up_id: str) -> Reply:
    """Request a code by e-mail. No e-mail is sent; the code is always the same."""
    attempt = _open(call, sign_up_id)
    _check_strategy(call)
    if attempt.email is None:
        raise bad_request("sign_up_without_email", "Enter an email address first.")
    return _advance(call, browsers.save_sign_up(call.db, attempt, prepared=True))


def attempt_verification(call: Call, sign_up_id: str) -> Reply:
    """Verify the address by the code.

    Raises:
        FapiError: The code is wrong or was not requested, or the attempt has ended.
    """
    attempt = _open(call, sign_up_id)
    _check_strategy(call)
    if not attempt.prepared:
        raise bad_request("verification_missing", "Ask for a code first.")
    fields.check_code(call.required("code"))
    return _advance(call, browsers.save_sign_up(call.db, attempt, verified=True))


def _changes(call: Call) -> dict[str, Any]:
    """Check and return the fields of the form that an attempt keeps."""
    changes: dict[str, Any] = {}
    if address := call.form.get("email_address"):
        changes["email"] = fields.email(address, "email_address")
        _refuse_taken(call, changes["email"])
    if "password" in call.form:
        changes["password_hash"] = hash_password(fields.new_password(call.form["password"]))
    for name in ("first_name", "last_name"):
        if name in call.form:
            changes[name] = fields.name(call.form[name], name) or None
    return changes


def _advance(call: Call, attempt: SignUp) -> Reply:
    """When nothing is missing, make the user and sign them in."""
    if attempt.verified and attempt.email and attempt.password_hash:
        _refuse_taken(call, attempt.email)
        refuse_second_session(call)
        user = accounts.add_user(
            call.db,
            email=attempt.email,
            password_hash=attempt.password_hash,
            first_name=attempt.first_name,
            last_name=attempt.last_name,
            now=call.now,
        )
        session = start_session(call, user.id)
        attempt = browsers.save_sign_up(
            call.db, attempt, user_id=user.id, session_id=session.id, password_hash=None
        )
    return Reply(sign_up(attempt, call.now))


def _refuse_taken(call: Call, address: str) -> None:
    """Refuse an address that has an account."""
    if accounts.user_by_email(call.db, address):
        raise taken("email_address", "That email address is taken. Please try another.")


def _mine(call: Call, sign_up_id: str) -> SignUp:
    """Return an attempt of the calling browser."""
    attempt = browsers.sign_up_by_id(call.db, sign_up_id)
    if attempt is None or call.client is None or attempt.client_id != call.client.id:
        raise not_found("Sign up")
    return attempt


def _open(call: Call, sign_up_id: str) -> SignUp:
    """Return an attempt that has not ended."""
    attempt = _mine(call, sign_up_id)
    if attempt.session_id is not None:
        raise bad_request("sign_up_not_open", "This sign-up is complete.")
    return attempt


def _check_strategy(call: Call) -> None:
    """Refuse all strategies but codes by e-mail."""
    if call.form.get("strategy", EMAIL_STRATEGY) != EMAIL_STRATEGY:
        raise invalid_field(
            "strategy", "The embedded Clerk verifies e-mail addresses by code only."
        )
