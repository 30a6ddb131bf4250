"""Clerk's own React components, and the bridge between them and the Reflex state."""

from typing import Any, Final

import reflex as rx

CLERK_REACT: Final = "@clerk/react@6.18.0"
_BRIDGE: Final = rx.asset("bridge.jsx", shared=True)
for _imported in ("expectation.jsx", "leaving.jsx", "token_age.jsx", "ui_on_demand.jsx"):
    rx.asset(_imported, shared=True)


class _ClerkComponent(rx.Component):
    """A component of Clerk's React SDK."""

    library = CLERK_REACT


class _BridgeComponent(rx.Component):
    """A component of the local ``bridge.jsx``."""

    library = _BRIDGE.importable_path
    lib_dependencies: list[str] = [CLERK_REACT]


class ClerkRoot(_BridgeComponent):
    """``ClerkProvider`` on the app's own router; stands around every page."""

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
    """Pushes session tokens until the state agrees with Clerk.

    Props: ``accepted`` is what the state has accepted, ``signed_out`` what it holds for a verified
    absence, ``refused`` the code of its refusal or "", ``heartbeat`` the seconds between two pushes
    of an unchanged session; ``on_push`` is called with a session token, "" when signed out.
    """

    tag = "SessionBridge"

    accepted: rx.Var[str]
    signed_out: rx.Var[str]
    refused: rx.Var[str]
    heartbeat: rx.Var[float]
    # Reflex's own way to type an event's arguments; to a type checker it is no type.
    on_push: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore


CLERK_LOADING: Final = "loading"
LOADING_NOBODY: Final = "loading-nobody"
"""The same, when a cookie of Clerk's says that nobody is to be expected."""

LOADING_SOMEBODY: Final = "loading-somebody"
"""The same, when it says that somebody is."""

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

    The phases: ``loading`` (Clerk's SDK is on its way; ``loading-nobody`` and ``loading-somebody``
    are what is drawn meanwhile, and in the prerendered page), ``failed`` (it did not come),
    ``signed-out``, ``syncing`` (Clerk says signed in, the server not yet), ``signed-in`` (both
    agree on session and organization), ``refused`` (the server says no), ``stalled`` (no answer
    after several tries), ``leaving`` (somebody signs out; the server has let go already) and
    ``unconfirmed`` (and Clerk does not answer).
    """

    tag = "Phase"

    when: rx.Var[str]


class RetryButton(_BridgeComponent):
    """Pushes the session at once."""

    tag = "RetryButton"


class OnlineButton(_BridgeComponent):
    """A button whose press the server has to handle; disabled while the websocket is down."""

    tag = "OnlineButton"

    on_press: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore


class SignInAs(_BridgeComponent):
    """Opens sign-in with an e-mail address filled in, and leads back to the open page."""

    tag = "SignInAs"

    email: rx.Var[str]
    title: rx.Var[str]


class UserEmail(_BridgeComponent):
    """The signed-in user's e-mail address, as the browser's Clerk knows it; for display alone."""

    tag = "UserEmail"


class SignInHere(_BridgeComponent):
    """Opens sign-in when its one child is pressed, and leads back to the open page.

    Props: ``mode`` "modal" or "redirect".
    """

    tag = "SignInHere"

    mode: rx.Var[str]


class SignOutButton(_ClerkComponent):
    """Signs out when its one child is pressed."""

    tag = "SignOutButton"


class SignInForm(_BridgeComponent):
    """Clerk's whole sign-in form; leads to the app's page that ``redirect_url`` asks for."""

    tag = "SignInForm"


class SignUpForm(_BridgeComponent):
    """Clerk's whole sign-up form; leads to the app's page that ``redirect_url`` asks for."""

    tag = "SignUpForm"


class OrganizationSwitcher(_ClerkComponent):
    """Switches between the user's organizations and the personal account."""

    tag = "OrganizationSwitcher"


class UserButton(_ClerkComponent):
    """The user's avatar with the account menu."""

    tag = "UserButton"
