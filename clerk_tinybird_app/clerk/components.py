"""Clerk's React components, and the bridge between them and the Reflex state."""

from typing import Any, Final

import reflex as rx

CLERK_REACT: Final = "@clerk/react@6.18.0"
_BRIDGE: Final = rx.asset("bridge.jsx", shared=True)
for _imported in ("expectation", "leaving", "storage", "token_age", "ui_on_demand"):
    rx.asset(f"{_imported}.jsx", shared=True)


class _ClerkComponent(rx.Component):
    """A component of Clerk's React SDK."""

    library = CLERK_REACT


class _BridgeComponent(rx.Component):
    """A component of the local ``bridge.jsx``."""

    library = _BRIDGE.importable_path
    lib_dependencies: list[str] = [CLERK_REACT]


class ClerkRoot(_BridgeComponent):
    """``ClerkProvider`` with the app's own router; it is around every page."""

    tag = "ClerkRoot"

    publishable_key: rx.Var[str]
    proxy_url: rx.Var[str]
    sign_in_url: rx.Var[str]
    sign_up_url: rx.Var[str]
    sign_in_fallback_redirect_url: rx.Var[str]
    sign_up_fallback_redirect_url: rx.Var[str]
    sign_in_force_redirect_url: rx.Var[str]
    sign_up_force_redirect_url: rx.Var[str]
    after_sign_out_url: rx.Var[str]
    appearance: rx.Var[dict[str, Any]]
    localization: rx.Var[dict[str, Any]]
    telemetry: rx.Var[bool]


class SessionBridge(_BridgeComponent):
    """Sends session tokens to the server until the state agrees with Clerk.

    Props:
        accepted: The session that the state has accepted.
        signed_out: The value of ``accepted`` when the state knows that nobody is signed in.
        refused: The code of the state's refusal, or "".
        heartbeat: Seconds between two pushes of an unchanged session.
        on_push: Gets a session token, "" when signed out.
    """

    tag = "SessionBridge"

    accepted: rx.Var[str]
    signed_out: rx.Var[str]
    refused: rx.Var[str]
    heartbeat: rx.Var[float]
    # Reflex types the arguments of an event like this; for a type checker it is no type.
    on_push: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore


CLERK_LOADING: Final = "loading"
LOADING_NOBODY: Final = "loading-nobody"
"""Loading, and a cookie of Clerk's says that probably nobody is signed in."""

LOADING_SOMEBODY: Final = "loading-somebody"
"""Loading, and the cookie says that probably somebody is signed in."""

CLERK_FAILED: Final = "failed"
SIGNED_OUT: Final = "signed-out"
SYNCING: Final = "syncing"
SIGNED_IN: Final = "signed-in"
REFUSED: Final = "refused"
STALLED: Final = "stalled"
LEAVING: Final = "leaving"
UNCONFIRMED: Final = "unconfirmed"
HAS_USER: Final = f"{SYNCING} {SIGNED_IN} {REFUSED} {STALLED}"
"""Every phase in which Clerk says that somebody is signed in."""


class Phase(_BridgeComponent):
    """Shows its children in the phases that ``when`` names, divided by spaces.

    The phases:

    - ``loading``: Clerk's SDK is not loaded yet. ``loading-nobody`` and ``loading-somebody`` are
      what is shown until then, also in the prerendered page.
    - ``failed``: The SDK could not be loaded.
    - ``signed-out``: Nobody is signed in.
    - ``syncing``: Clerk has a session, and the server has not accepted it yet.
    - ``signed-in``: Both agree on session and organization.
    - ``refused``: The server refused the session.
    - ``stalled``: The server has not answered after several tries.
    - ``leaving``: Somebody signs out, and the server has ended the session already.
    - ``unconfirmed``: The same, and Clerk does not answer.
    """

    tag = "Phase"

    when: rx.Var[str]


class RetryButton(_BridgeComponent):
    """Sends the session to the server at once."""

    tag = "RetryButton"


class OnlineButton(_BridgeComponent):
    """A button for the server to handle; it is disabled while the websocket is down."""

    tag = "OnlineButton"

    on_press: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore


class SignInAs(_BridgeComponent):
    """Signs in to an account whose password is no secret, and returns to this page after that.

    When that fails, it opens the sign-in form with the e-mail address.
    """

    tag = "SignInAs"

    email: rx.Var[str]
    password: rx.Var[str]
    title: rx.Var[str]


class UserEmail(_BridgeComponent):
    """The user's e-mail address, as Clerk's SDK knows it in the browser; for display only."""

    tag = "UserEmail"


class SignInHere(_BridgeComponent):
    """Opens the sign-in form when its only child is pressed, and returns to this page after that.

    Props:
        mode: "modal" or "redirect".
    """

    tag = "SignInHere"

    mode: rx.Var[str]


class SignOutButton(_ClerkComponent):
    """Signs out when its only child is pressed."""

    tag = "SignOutButton"


class SignInForm(_BridgeComponent):
    """Clerk's sign-in form; it goes on to the app's page that ``redirect_url`` names."""

    tag = "SignInForm"


class SignUpForm(_BridgeComponent):
    """Clerk's sign-up form; it goes on to the app's page that ``redirect_url`` names."""

    tag = "SignUpForm"


class OrganizationSwitcher(_ClerkComponent):
    """Switches between the user's organizations and the personal account."""

    tag = "OrganizationSwitcher"


class UserButton(_ClerkComponent):
    """The user's avatar with the account menu."""

    tag = "UserButton"
