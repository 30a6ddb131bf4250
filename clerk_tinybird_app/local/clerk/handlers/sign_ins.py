"""Sign-in with a password, or with a code sent by e-mail."""

from clerk_tinybird_app.local.clerk import fields
from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.fapi_errors import (
    FapiError,
    bad_request,
    invalid_field,
    not_found,
    password_incorrect,
)
from clerk_tinybird_app.local.clerk.handlers.sessions import refuse_second_session, start_session
from clerk_tinybird_app.local.clerk.passwords import verify_password
from clerk_tinybird_app.local.clerk.shapes import EMAIL_STRATEGY, PASSWORD_STRATEGY
from clerk_tinybird_app.local.clerk.store import accounts, browsers
from clerk_tinybird_app.local.clerk.store.records import SignIn, User
from clerk_tinybird_app.local.clerk.views import sign_in_view


def create(call: Call) -> Reply:
    """Begin an attempt; with a password, also finish it.

    Raises:
        FapiError: Already signed in, unknown account, wrong password, unknown strategy.
    """
    refuse_second_session(call)
    strategy = _strategy(call, default=PASSWORD_STRATEGY if call.form.get("password") else None)
    identifier = call.form.get("identifier", "").strip() or None
    user = _account(call, identifier) if identifier else None
    client = call.ensure_client()
    attempt = browsers.add_sign_in(
        call.db,
        client.id,
        user_id=user.id if user else None,
        identifier=identifier,
        now=call.now,
    )
    browsers.point_client(
        call.db,
        client.id,
        sign_in=attempt.id,
        sign_up=client.sign_up_id,
        session=None,
        now=call.now,
    )
    call.refresh_client()
    if user and strategy == PASSWORD_STRATEGY:
        attempt = _by_password(call, attempt, user)
    elif user and strategy == EMAIL_STRATEGY:
        attempt = browsers.save_sign_in(call.db, attempt, strategy=strategy)
    return Reply(sign_in_view(call, attempt))


def read(call: Call, sign_in_id: str) -> Reply:
    """Return an attempt of this browser."""
    return Reply(sign_in_view(call, _mine(call, sign_in_id)))


def prepare_first_factor(call: Call, sign_in_id: str) -> Reply:
    """Request a code by e-mail. No e-mail is sent; the code is always the same."""
    attempt, _ = _open(call, sign_in_id)
    strategy = _strategy(call, default=None)
    if strategy != EMAIL_STRATEGY:
        raise _unknown_strategy()
    return Reply(
        sign_in_view(call, browsers.save_sign_in(call.db, attempt, strategy=EMAIL_STRATEGY))
    )


def attempt_first_factor(call: Call, sign_in_id: str) -> Reply:
    """Finish the attempt with a password or a code.

    Raises:
        FapiError: It is wrong, the code was not requested, or the attempt has ended.
    """
    refuse_second_session(call)
    attempt, user = _open(call, sign_in_id)
    strategy = _strategy(call, default=None)
    if strategy == PASSWORD_STRATEGY:
        return Reply(sign_in_view(call, _by_password(call, attempt, user)))
    if strategy != EMAIL_STRATEGY:
        raise _unknown_strategy()
    if attempt.strategy != EMAIL_STRATEGY:
        raise bad_request("verification_missing", "Ask for a code first.")
    fields.check_code(call.required("code"))
    return Reply(sign_in_view(call, _finish(call, attempt, user, EMAIL_STRATEGY)))


def _by_password(call: Call, attempt: SignIn, user: User) -> SignIn:
    """Finish an attempt if the password is right."""
    if not verify_password(call.form.get("password", ""), user.password_hash):
        raise password_incorrect()
    return _finish(call, attempt, user, PASSWORD_STRATEGY)


def _finish(call: Call, attempt: SignIn, user: User, strategy: str) -> SignIn:
    """Start the session and close the attempt."""
    session = start_session(call, user.id)
    return browsers.save_sign_in(call.db, attempt, strategy=strategy, session_id=session.id)


def _account(call: Call, identifier: str) -> User:
    """Return the user with the address ``identifier``."""
    user = accounts.user_by_email(call.db, identifier)
    if user is None:
        raise invalid_field(
            "identifier", "Couldn't find your account.", "form_identifier_not_found"
        )
    return user


def _mine(call: Call, sign_in_id: str) -> SignIn:
    """Return an attempt of the calling browser."""
    attempt = browsers.sign_in_by_id(call.db, sign_in_id)
    if attempt is None or call.client is None or attempt.client_id != call.client.id:
        raise not_found("Sign in")
    return attempt


def _open(call: Call, sign_in_id: str) -> tuple[SignIn, User]:
    """Return an attempt that waits for its first factor, with its user."""
    attempt = _mine(call, sign_in_id)
    user = accounts.user_by_id(call.db, attempt.user_id) if attempt.user_id else None
    if user is None or attempt.session_id is not None:
        raise bad_request("sign_in_not_open", "This sign-in is over. Start again.")
    return attempt, user


def _strategy(call: Call, default: str | None) -> str | None:
    """Return the strategy that the call names."""
    strategy = call.form.get("strategy") or default
    if strategy not in (None, PASSWORD_STRATEGY, EMAIL_STRATEGY):
        raise _unknown_strategy()
    return strategy


def _unknown_strategy() -> FapiError:
    """Return the error for a strategy other than a password or a code by e-mail."""
    return invalid_field(
        "strategy",
        "The embedded Clerk knows passwords and e-mail codes only.",
        "strategy_for_user_invalid",
    )
