"""Style classes that several components share, and the matching style of Clerk's components."""

from typing import Any, Final

STYLE_SHEETS: Final = tuple(
    f"/look/{name}.css"
    for name in (
        "tokens",
        "base",
        "frame",
        "controls",
        "panels",
        "charts",
        "tables",
        "overlays",
        "picker",
        "pages",
        "print",
    )
)
"""The style sheets of every page, in their order."""

GREEN_BUTTON: Final = "primary"
BUTTON: Final = "button"
QUIET: Final = "button quiet"
SQUARE: Final = "button square quiet"
"""A button with nothing but an icon."""

HEADING: Final = "title-2"
NOTE: Final = "text-soft text-sm"

_PRIMARY: Final = {"background": "var(--green)", "color": "var(--on-green)"}
"""The green of the app's buttons, for the buttons in Clerk's forms."""

_NAME: Final = {"color": "var(--ink)", "fontSize": "14px", "fontWeight": "500"}

CLERK_APPEARANCE: Final[dict[str, Any]] = {
    "variables": {
        # Clerk also uses it for the text of tabs and links, so it is not the green of surfaces.
        "colorPrimary": "var(--green-text)",
        "colorPrimaryForeground": "var(--bg)",
        "colorBackground": "var(--surface)",
        "colorForeground": "var(--ink)",
        "colorMuted": "var(--sunken)",
        "colorMutedForeground": "var(--soft)",
        "colorNeutral": "var(--ink)",
        "colorBorder": "var(--edge)",
        "colorInput": "var(--field)",
        "colorInputForeground": "var(--ink)",
        "colorDanger": "var(--bad)",
        "colorSuccess": "var(--good)",
        "colorWarning": "var(--warn)",
        "colorRing": "var(--focus)",
        "fontFamily": "var(--font-sans)",
        "fontSize": "0.875rem",
        "borderRadius": "0px",
    },
    "elements": {
        "button": {
            "&[data-variant='solid'][data-color='primary']": _PRIMARY,
            "&[data-variant='solid']::after": {"display": "none"},
            "&&[data-variant='solid']:not(:focus-visible)": {"boxShadow": "none"},
            "&[data-variant='solid'][data-color='danger']": {"color": "var(--bg)"},
            "&[data-variant='ghost'][data-color='danger']": {"color": "var(--bad)"},
            # Clerk lightens it under the pointer, too much for the page's grey.
            "&[data-variant='ghost'][data-color='primary']:hover": {"color": "var(--ink)"},
        },
        "card": {"boxShadow": "none"},
        "headerTitle": {
            "font": "600 18px/1.3 var(--font-mono)",
            "letterSpacing": "-.03em",
        },
        "formFieldLabel": {"fontFamily": "var(--font-mono)", "fontWeight": "400"},
        "formFieldInput": {
            "minHeight": "40px",
            "fontFamily": "var(--font-mono)",
            # Clerk's own frame is fainter than a field's must be; its focus and errors stay.
            "&&:not(:focus):not([aria-invalid='true'])": {
                "boxShadow": "inset 0 0 0 1px var(--edge)"
            },
        },
        "footer": {"background": "var(--sunken)"},
        "alternativeMethodsBlockButton": {"color": "var(--ink)"},
        "formResendCodeLink": {"color": "var(--soft)", "opacity": "1"},
        "navbarButton": {"color": "var(--ink)"},
        "navbarButtonText": {"color": "var(--ink)"},
        "badge": {"color": "var(--ink)"},
        # People are round, organizations square.
        "userPreviewAvatarBox": {"borderRadius": "50%"},
        "organizationPreviewAvatarBox": {
            "background": "var(--raised)",
            "boxShadow": "inset 0 0 0 1px var(--edge)",
        },
        "userButtonAvatarBox": {"width": "32px", "height": "32px", "borderRadius": "50%"},
        "userButtonTrigger": {"width": "var(--control)", "height": "var(--control)"},
        "formButtonPrimary": {"boxShadow": "none", "border": "0", "minHeight": "2.5rem"},
        "cardBox": {"border": "1px solid var(--line)", "boxShadow": "none"},
        "userButtonPopoverCard": {"border": "1px solid var(--line)"},
        "organizationSwitcherPopoverCard": {"border": "1px solid var(--line)"},
        # A name of any length leaves room for what stands beside it.
        "organizationSwitcherTrigger": {
            "maxWidth": "100%",
            "height": "var(--control)",
            "padding": "0 8px",
            "gap": "8px",
            "color": "var(--ink)",
            "&:hover": {"background": "var(--hover)"},
        },
        "organizationSwitcherTriggerIcon": {"color": "var(--soft)", "margin": "0"},
        "organizationPreview__organizationSwitcherTrigger": {"gap": "8px", "minWidth": "0"},
        "organizationPreviewMainIdentifier__organizationSwitcherTrigger": _NAME,
        "userPreviewMainIdentifier__personalWorkspace": _NAME,
        "userPreview__personalWorkspace": {"gap": "8px"},
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
