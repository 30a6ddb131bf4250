"""Style classes that several components share, and the matching style of Clerk's components."""

from dataclasses import dataclass
from typing import Any, Final

from clerk_tinybird_app.dashboard.declaration import Tone

STYLE_SHEETS: Final = tuple(
    f"/look/{name}.css" for name in ("tokens", "base", "frame", "controls", "old")
)
"""The style sheets of every page, in their order."""

GREEN_BUTTON: Final = "brackets bg-green text-on-green px-4 py-2 font-semibold whitespace-nowrap"
QUIET_BUTTON: Final = (
    "border border-line px-2.5 py-0.5 text-sm text-ink hover:border-ink whitespace-nowrap"
)
PANEL: Final = "bg-surface p-4 sm:p-5 min-w-0"
HEADING: Final = "font-mono font-semibold text-[15px]"
SOURCE: Final = "font-mono text-[12.5px] leading-6 whitespace-pre-wrap break-all"
NOTE: Final = "text-soft text-sm"

_PRIMARY: Final = {"background": "var(--green)", "color": "var(--on-green)"}
"""The green of the app's buttons, for the buttons in Clerk's forms."""

CLERK_APPEARANCE: Final[dict[str, Any]] = {
    "variables": {
        # Clerk also uses it for the text of tabs and links, so it is not the green of surfaces.
        "colorPrimary": "var(--green-text)",
        "colorPrimaryForeground": "var(--bg)",
        "colorBackground": "var(--bg)",
        "colorForeground": "var(--ink)",
        "colorMuted": "var(--surface)",
        "colorMutedForeground": "var(--soft)",
        "colorNeutral": "var(--ink)",
        "colorBorder": "var(--edge)",
        "colorInput": "var(--bg)",
        "colorInputForeground": "var(--ink)",
        "colorDanger": "var(--bad)",
        "colorSuccess": "var(--good)",
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
    Tone.CALM: ToneLook("var(--tone-calm)", "0", "text-good font-semibold"),
    Tone.SUCCESS: ToneLook("var(--tone-success)", "10 3 2 3", "text-good font-semibold"),
    Tone.INFO: ToneLook("var(--tone-info)", "6 3", "text-(--focus) font-semibold"),
    Tone.WARNING: ToneLook("var(--tone-warning)", "4 2 1 2", "text-warn font-semibold"),
    Tone.ERROR: ToneLook("var(--tone-error)", "8 4", "text-bad font-semibold"),
    Tone.ACCENT: ToneLook("var(--tone-accent)", "2 3", "text-(--tone-accent) font-semibold"),
    Tone.LOW: ToneLook("var(--tone-low)", "0", ""),
    Tone.MIDDLE: ToneLook("var(--tone-middle)", "0", ""),
    Tone.HIGH: ToneLook("var(--tone-high)", "0", ""),
}
