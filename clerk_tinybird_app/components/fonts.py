"""The two fonts, served by the app itself."""

from typing import Any

import reflex as rx


class Fonts(rx.Component):
    """Loads the fonts' style sheets; shows nothing."""

    library = "react"
    tag = "Fragment"
    lib_dependencies: list[str] = [
        "@fontsource-variable/inter@5.3.0",
        "@fontsource-variable/roboto-mono@5.3.0",
    ]

    def add_imports(self) -> dict[str, Any]:
        """Import the style sheets for their effect."""
        return {
            "": [
                "@fontsource-variable/inter/index.css",
                "@fontsource-variable/roboto-mono/index.css",
            ]
        }
