"""The frame of every page: header, notices, main part."""

from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products, routes, services
from clerk_tinybird_app.clerk.components import (
    HAS_USER,
    LEAVING,
    SIGNED_IN,
    SIGNED_OUT,
    UNCONFIRMED,
    OrganizationSwitcher,
    Phase,
    UserButton,
)
from clerk_tinybird_app.components.local_accounts import local_banner
from clerk_tinybird_app.components.look import NOTE
from clerk_tinybird_app.components.notices import unconfirmed_notice
from clerk_tinybird_app.components.pulse import APP, CLERK, OFFLINE, Trouble
from clerk_tinybird_app.components.widgets import ClerkNames, FocusKeeper, SkipLink
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.state.wording import sign_in_service

_CONTENT: Final = "content"
_TROUBLES: Final = (
    (
        OFFLINE,
        "This device is offline. What you see may be out of date, and what you press waits until "
        "it is back.",
    ),
    (
        APP,
        "Connection lost: this app's server does not answer. What you see may be out of date, and "
        "what you press waits until it does.",
    ),
    (
        CLERK,
        f"Your session cannot be confirmed, because {sign_in_service()} does not answer. It is "
        "being tried again by itself; until then what you see may be out of date.",
    ),
)
_PRODUCT: Final = products.current()
_SHOWS_TOKEN_PAGE: Final = services.current().settings.shows_token_page
_NAVIGATION: Final = (
    (("Token", routes.HOME), ("Dashboard", routes.DASHBOARD)) if _SHOWS_TOKEN_PAGE else ()
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


def layout(*content: rx.Component, path: str = "") -> rx.Component:
    """Return ``content`` as the page's main part, below the header and the connection notice.

    Args:
        content: The page.
        path: The path of the page, "" when the navigation has no link to it.
    """
    return rx.el.div(
        _Fonts.create(),
        ClerkNames.create(),
        FocusKeeper.create(target=_CONTENT),
        SkipLink.create(
            "Skip to content",
            target=_CONTENT,
            class_name=(
                "sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-20 "
                "focus:p-3 focus:bg-bg focus:border focus:border-ink"
            ),
        ),
        local_banner(),
        rx.el.div(_header(path), _connection_notice(), class_name="sticky-header"),
        _announcement(),
        rx.el.main(
            *content,
            Phase.create(rx.el.p("Signing out…", role="status", class_name=NOTE), when=LEAVING),
            Phase.create(unconfirmed_notice(), when=UNCONFIRMED),
            id=_CONTENT,
            tab_index=-1,
            class_name="mx-auto max-w-6xl px-4 sm:px-6 pt-8 pb-20 grid grid-cols-1 gap-5",
        ),
        class_name="min-h-screen bg-bg text-ink",
    )


def _header(path: str) -> rx.Component:
    return rx.el.header(
        _brand(),
        *_navigation(path),
        rx.el.div(
            Phase.create(
                rx.el.div(
                    OrganizationSwitcher.create(),
                    role="group",
                    aria_label="Organization",
                    class_name="min-w-0",
                ),
                when=HAS_USER,
            ),
            _theme_toggle(),
            Phase.create(
                rx.el.div(UserButton.create(), class_name="size-7 shrink-0"), when=HAS_USER
            ),
            # It takes the rest of the row, so that nothing wraps when the switcher appears.
            class_name=(
                "flex-1 basis-0 min-w-0 flex items-center justify-end gap-2 sm:gap-3 min-h-9"
            ),
        ),
        class_name=(
            "flex flex-wrap items-center gap-x-4 gap-y-2 px-4 sm:px-6 py-3 min-h-14 "
            "border-b border-line bg-bg"
        ),
    )


def _brand() -> rx.Component:
    """Return the product's name in brackets as a link to the home page; on a phone its initials."""
    # On a phone, the controls of the header need the space.
    rest = "max-[26rem]:hidden"
    words = _PRODUCT.words.name.split()
    return rx.el.a(
        rx.el.span("[", class_name="text-green-text"),
        *(
            rx.fragment(word[0], rx.el.span(word[1:] + (" " if more else ""), class_name=rest))
            for more, word in zip(range(len(words) - 1, -1, -1), words, strict=True)
        ),
        rx.el.span("]", class_name="text-green-text"),
        href=routes.HOME,
        aria_label=_PRODUCT.words.name,
        class_name="font-mono font-bold tracking-tight text-ink whitespace-pre",
    )


def _navigation(path: str) -> list[rx.Component]:
    if not _NAVIGATION:
        return []
    return [
        rx.el.nav(
            *(_nav_link(name, to, is_current=to == path) for name, to in _NAVIGATION),
            aria_label="Pages",
            class_name="order-last basis-full sm:order-none sm:basis-auto flex gap-1",
        )
    ]


def _nav_link(name: str, to: str, *, is_current: bool) -> rx.Component:
    look = "text-ink border-green-text" if is_current else "text-soft border-transparent"
    return rx.el.a(
        name,
        href=to,
        aria_current="page" if is_current else "false",
        class_name=f"px-2.5 py-1 border-b-2 hover:text-ink {look}",
    )


def _theme_toggle() -> rx.Component:
    return rx.el.button(
        rx.el.span("◐", aria_hidden="true"),
        type="button",
        on_click=rx.toggle_color_mode,
        aria_label="Switch between light and dark",
        title="Switch between light and dark",
        class_name="size-8 shrink-0 border border-line hover:border-ink leading-none",
    )


def _connection_notice() -> rx.Component:
    return rx.el.div(
        *(
            Trouble.create(
                rx.el.p(
                    text,
                    class_name="px-4 sm:px-6 py-2 text-sm text-warn bg-bg border-b border-line",
                ),
                when=cause,
            )
            for cause, text in _TROUBLES
        ),
        id="trouble",
        role="status",
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
