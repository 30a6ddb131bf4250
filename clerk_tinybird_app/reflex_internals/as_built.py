"""How Reflex builds the pages, where it puts them, and how it serves them without building.

This module imports nothing of Reflex, so that a start that has nothing to build is quick.
"""

import sys
from typing import Final

WEB: Final = ".web"
"""The folder that Reflex builds in, unless ``WEB_VARIABLE`` names another."""

WEB_VARIABLE: Final = "REFLEX_WEB_WORKDIR"

PUBLIC: Final = "public"
"""The folder of ``WEB`` with the assets. Reflex copies there what is newer, and deletes nothing."""

EXPORT: Final = (sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip")
"""The command that builds the pages."""

CLIENT: Final = "build/client"
"""The folder of ``WEB`` with the pages."""

STATIC_HOST: Final = "build/static_host"
"""The folder of ``WEB`` with what a static host reads, and nobody else."""

SERVED: Final = ("backend", "build")
"""The folders of ``WEB`` that serving needs."""

NOT_SERVED: Final = ("build/server", STATIC_HOST)
"""What is in them for others, such as Vite's own server."""

BACKEND_ALONE: Final = {
    "__REFLEX_SKIP_COMPILE": "1",
    "REFLEX_ENV_MODE": "prod",
    # It would prepare a next build, by links in assets/, and cannot where nothing may be written.
    "REFLEX_BACKEND_ONLY": "1",
}
"""The variables with which Reflex serves no pages in production, and builds nothing."""

AS_BUILT: Final = {"__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "1", **BACKEND_ALONE}
"""The variables with which Reflex serves the pages that are built, and builds nothing."""

EXPORTING_VARIABLE: Final = "_CLERK_TINYBIRD_APP_EXPORTING"
"""With it the pages are built for a static host; see ``frontend_build``."""

BACKEND_PORT_VARIABLE: Final = "REFLEX_BACKEND_PORT"
"""Reflex takes it for the port of everything, so it must not be set where there is one port."""
