"""The frame of every page: header, notices, main part."""

from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products, routes, services
from clerk_tinybird_app.clerk.components import (
    HAS_USER,
    LEAVING,
    LOADING_SOMEBODY,
    SIGNED_IN,
    SIGNED_OUT,
    UNCONFIRMED,
    OrganizationSwitcher,
    Phase,
    UserButton,
)
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.local_accounts import local_banner
from clerk_tinybird_app.components.look import BUTTON, NOTE, SQUARE
from clerk_tinybird_app.components.notices import unconfirmed_notice
from clerk_tinybird_app.components.pulse import APP, CLERK, OFFLINE, UNNAMED, CheckButton, Trouble
from clerk_tinybird_app.components.widgets import ClerkNames, FocusKeeper, SkipLink
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.state.wording import sign_in_service

_CONTENT: Final = "content"
_TROUBLES: Final = (
    (
        OFFLINE,
        "wifi-off",
        "This device is offline.",
        "What you see stays, and goes on by itself when the connection is back.",
    ),
    (
        APP,
        "unplug",
        "Connection lost: this app's server does not answer.",
        "What you see stays, and goes on by itself when it does.",
    ),
    (
        UNNAMED,
        "unplug",
        "These pages were not told where their backend is.",
        f"Their host has to name it in {routes.BACKEND_SCRIPT} and in their policy.",
    ),
    (
        CLERK,
        "triangle-alert",
        f"Your session cannot be confirmed, because {sign_in_service()} does not answer.",
        "It is being tried again by itself; until then what you see may be out of date.",
    ),
)
_PRODUCT: Final = products.current()
_SHOWS_TOKEN_PAGE: Final = services.current().settings.shows_token_page
_NAVIGATION: Final = (
    (("Dashboard", routes.DASHBOARD), ("Token", routes.HOME)) if _SHOWS_TOKEN_PAGE else ()
)


class _Fonts(rx.Component):
    """Loads the two fonts, which the app itself serves. It shows nothing."""

    library = "react"
    tag = "Fragment"
    lib_dependencies: list[str] = [
        "@fontsource-variable/inter@5.3.0",
        "@fontsource-variable/roboto-mono@5.3.0",
    ]

    def add_imports(self) -> dict[str, Any]:
        """Import the style sheets of the fonts."""
        return {
            "": [
                "@fontsource-variable/inter/index.css",
                "@fontsource-variable/roboto-mono/index.css",
            ]
        }


def layout(*content: rx.Component, path: str = "", is_bare: bool = False) -> rx.Component:
    """Return ``content`` as the page's main part, below the header and the connection notice.

    Args:
        content: The page.
        path: The page's own path, "" for one that the navigation does not name.
        is_bare: True for a page that keeps to the frame's width by itself, see ``.wrap``.
    """
    inner = "contents" if is_bare else "wrap grid grid-cols-1 gap-(--gap)"
    return _page(
        SkipLink.create(
            "Skip to content",
            target=_CONTENT,
            class_name=(
                "sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-50 "
                "focus:p-3 focus:bg-bg focus:border focus:border-ink"
            ),
        ),
        rx.el.noscript(rx.el.p("This page needs JavaScript.", class_name="wrap py-4")),
        local_banner(),
        rx.el.div(_header(path), _connection_notice(), class_name="top"),
        _announcement(),
        _main(rx.el.div(*content, class_name=inner)),
    )


def framed_layout(*content: rx.Component) -> rx.Component:
    """Return ``content`` alone, for a frame of another page: no header and no navigation."""
    return _page(_connection_notice(), _announcement(), _main(*content), look=" framed")


def _page(*parts: rx.Component, look: str = "") -> rx.Component:
    return rx.el.div(
        _Fonts.create(),
        ClerkNames.create(),
        FocusKeeper.create(target=_CONTENT),
        *parts,
        class_name=f"min-h-screen bg-bg text-ink{look}",
    )


def _main(*content: rx.Component) -> rx.Component:
    return rx.el.main(
        *content,
        Phase.create(
            rx.el.p("Signing out…", role="status", class_name=f"wrap {NOTE}"), when=LEAVING
        ),
        Phase.create(rx.el.div(unconfirmed_notice(), class_name="wrap"), when=UNCONFIRMED),
        id=_CONTENT,
        tab_index=-1,
        class_name="content",
    )


def navigation() -> tuple[tuple[str, str], ...]:
    """Return the pages that the header leads to, by name; none where there is only one."""
    return _NAVIGATION


def _header(path: str) -> rx.Component:
    return rx.el.header(
        _brand(),
        _tenant(),
        *_navigation(path),
        rx.el.div(
            _theme_button(),
            Phase.create(rx.el.div(UserButton.create(), class_name="avatar"), when=HAS_USER),
            class_name="row ml-auto flex-none min-h-(--control)",
        ),
        class_name="wrap bar",
    )


def _tenant() -> rx.Component:
    """Clerk's switcher, whose place is kept while Clerk loads."""
    slash = rx.el.span(class_name="slash", aria_hidden="true")
    return rx.fragment(
        Phase.create(
            rx.el.div(
                slash, rx.el.span(class_name="skeleton"), aria_hidden="true", class_name="org"
            ),
            when=LOADING_SOMEBODY,
        ),
        Phase.create(
            rx.el.div(
                slash,
                OrganizationSwitcher.create(),
                role="group",
                aria_label="Organization",
                class_name="org",
            ),
            when=HAS_USER,
        ),
    )


def _brand() -> rx.Component:
    """Return the product's name in brackets as a link to the home page; on a phone its initials."""
    # On a phone, the controls of the header need the space.
    rest = "max-[26rem]:hidden"
    words = _PRODUCT.words.name.split()
    seen = rx.el.span(
        rx.el.i("["),
        *(
            rx.fragment(word[0], rx.el.span(word[1:] + (" " if more else ""), class_name=rest))
            for more, word in zip(range(len(words) - 1, -1, -1), words, strict=True)
        ),
        rx.el.i("]"),
        aria_hidden="true",
        class_name="max-[26rem]:uppercase",
    )
    return rx.el.a(
        seen,
        rx.el.span(_PRODUCT.words.name, class_name="sr-only"),
        href=routes.HOME,
        class_name="wordmark whitespace-pre",
    )


def _navigation(path: str) -> list[rx.Component]:
    if not _NAVIGATION:
        return []
    return [
        rx.el.nav(
            *(
                rx.el.a(name, href=to, aria_current="page" if to == path else "false")
                for name, to in _NAVIGATION
            ),
            aria_label="Pages",
            class_name="nav",
        )
    ]


def _theme_button() -> rx.Component:
    return rx.el.button(
        icon("contrast"),
        type="button",
        id="theme",
        on_click=rx.toggle_color_mode,
        aria_label="Switch between light and dark",
        title="Switch between light and dark",
        class_name=SQUARE,
    )


def _connection_notice() -> rx.Component:
    return rx.el.div(
        *(Trouble.create(_told(*cause), when=when) for when, *cause in _TROUBLES),
        id="trouble",
        role="status",
        class_name="trouble",
    )


def _told(symbol: str, what: str, then: str) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            icon(symbol),
            rx.el.p(rx.el.b(what), " ", then, class_name="flex-1"),
            CheckButton.create(icon("refresh-cw"), "Try now", class_name=BUTTON),
            class_name="wrap",
        ),
        class_name="notice off",
    )


def _announcement() -> rx.Component:
    """Return hidden text that tells assistive technology about changes of the session."""
    tenant = rx.cond(SessionState.org_slug != "", SessionState.org_slug, "your personal account")
    ready = ("The Tinybird token for ", " is ready.") if _SHOWS_TOKEN_PAGE else ("This is ", ".")
    return rx.el.p(
        Phase.create("Signed in. ", ready[0], tenant, ready[1], when=SIGNED_IN),
        Phase.create("Signed out.", when=SIGNED_OUT),
        role="status",
        class_name="sr-only",
    )
