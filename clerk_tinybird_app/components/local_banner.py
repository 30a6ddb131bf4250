"""Says that the embedded services are in use, and who can sign in."""

import reflex as rx

from clerk_tinybird_app import services


def local_banner() -> rx.Component:
    """The banner, or nothing when Clerk is a real one."""
    running = services.current()
    if not running.local_emails:
        return rx.fragment()
    return rx.el.aside(
        rx.el.p(
            rx.el.b("Local mode."),
            " No account needed: sign in as ",
            *_listed(running.local_emails),
            " with the password ",
            _code(running.local_password),
            ".",
        ),
        aria_label="Local mode",
        class_name="bg-mark border-b border-line px-4 sm:px-6 py-2 text-[13px] text-ink",
    )


def _listed(emails: tuple[str, ...]) -> list[rx.Component | str]:
    divisions = ["", *[", "] * (len(emails) - 2), " or "]
    return [part for pair in zip(divisions, map(_code, emails), strict=True) for part in pair]


def _code(text: str) -> rx.Component:
    return rx.el.code(text, class_name="font-mono text-accent-ink")
