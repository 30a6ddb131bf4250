"""Style classes that several components share, and the matching style of Clerk's components."""

from dataclasses import dataclass
from typing import Any, Final

from clerk_tinybird_app.dashboard.declaration import Tone

GREEN_BUTTON: Final = "brackets bg-brand text-on-brand px-4 py-2 font-semibold whitespace-nowrap"
QUIET_BUTTON: Final = (
    "border border-line px-2.5 py-0.5 text-sm text-ink hover:border-ink whitespace-nowrap"
)
PANEL: Final = "bg-panel p-4 sm:p-5 min-w-0"
HEADING: Final = "font-mono font-semibold text-[15px]"
SOURCE: Final = "font-mono text-[12.5px] leading-6 whitespace-pre-wrap break-all"
NOTE: Final = "text-soft text-sm"

_PRIMARY: Final = {"background": "var(--brand)", "color": "var(--on-brand)"}
"""The green of the app's buttons, for the buttons in Clerk's forms."""

CLERK_APPEARANCE: Final[dict[str, Any]] = {
    "variables": {
        # Clerk also uses it for the text of tabs and links, so it is not the green of surfaces.
        "colorPrimary": "var(--brand-ink)",
        "colorPrimaryForeground": "var(--bg)",
        "colorBackground": "var(--bg)",
        "colorForeground": "var(--ink)",
        "colorMuted": "var(--panel)",
        "colorMutedForeground": "var(--soft)",
        "colorNeutral": "var(--ink)",
        "colorBorder": "var(--control)",
        "colorInput": "var(--bg)",
        "colorInputForeground": "var(--ink)",
        "colorDanger": "var(--bad)",
        "colorSuccess": "var(--ok)",
        "colorWarning": "var(--warn)",
        "colorRing": "var(--focus)",
        "fontFamily": "var(--font-sans)",
        "fontSize": "0.9375rem",
        "borderRadius": "0px",
    },
    "elements": {
        "button": {
            "&[data-variant='solid'][data-color='primary']": _PRIMARY,
            "&[data-variant='solid'][data-color='danger']": {"color": "var(--bg)"},
            "&[data-variant='ghost'][data-color='danger']": {"color": "var(--bad)"},
        },
        "alternativeMethodsBlockButton": {"color": "var(--ink)"},
        "formResendCodeLink": {"color": "var(--soft)", "opacity": "1"},
        "navbarButton": {"color": "var(--ink)"},
        "navbarButtonText": {"color": "var(--ink)"},
        "badge": {"color": "var(--ink)"},
        "avatarBox": {"borderRadius": "50%"},
        "formButtonPrimary": {"boxShadow": "none", "border": "0", "minHeight": "2.5rem"},
        "cardBox": {"border": "1px solid var(--line)"},
        "userButtonPopoverCard": {"border": "1px solid var(--line)"},
        "organizationSwitcherPopoverCard": {"border": "1px solid var(--line)"},
        # A long name must leave space for the controls beside it.
        "organizationSwitcherTrigger": {"maxWidth": "100%", "border": "1px solid var(--line)"},
        "organizationPreview": {"minWidth": "0"},
        "organizationPreviewTextContainer": {"minWidth": "0"},
    },
}

CLERK_WORDS: Final[dict[str, Any]] = {
    # The accessible name of the button is then its text: the name of the organization.
    "organizationSwitcher": {
        "action__openOrganizationSwitcher": "",
        "action__closeOrganizationSwitcher": "",
    },
}
"""The texts of Clerk that are replaced."""


@dataclass(frozen=True)
class ToneLook:
    """How a tone is drawn.

    Attributes:
        color: Its colour in a chart, as CSS.
        dash: The dashes of its line, because not everybody can tell colours apart.
        text: The style classes of a text.
    """

    color: str
    dash: str
    text: str


TONES: Final = {
    Tone.CALM: ToneLook("var(--chart-1)", "0", "text-ok font-semibold"),
    Tone.SUCCESS: ToneLook("var(--chart-6)", "10 3 2 3", "text-ok font-semibold"),
    Tone.INFO: ToneLook("var(--chart-2)", "6 3", "text-(--focus) font-semibold"),
    Tone.WARNING: ToneLook("var(--chart-3)", "4 2 1 2", "text-warn font-semibold"),
    Tone.ERROR: ToneLook("var(--chart-4)", "8 4", "text-bad font-semibold"),
    Tone.ACCENT: ToneLook("var(--chart-5)", "2 3", "text-violet font-semibold"),
}
