"""Builds the pages for a static host, into a folder of their own."""

import shutil
from pathlib import Path
from typing import Final

from clerk_tinybird_app.prebuilt.build import Say, export_pages
from clerk_tinybird_app.prebuilt.web_folder import held, web_folder
from clerk_tinybird_app.reflex_internals import as_built

EXPORT: Final = Path("export")
_NO_BACKEND: Final = "backend.invalid"


def export_static(folder: Path, say: Say) -> Path:
    """Build the static frontend of the app in ``folder``, and return where it is.

    Raises:
        NotBuiltError: The pages cannot be built.
        FolderInUseError: Another command builds or serves there.
    """
    web, target = web_folder(folder), folder / EXPORT
    with held(web, "make export"):
        export_pages(folder, web, {as_built.EXPORTING_VARIABLE: "1"})
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(web / as_built.CLIENT, target)
        shutil.copytree(web / as_built.STATIC_HOST, target, dirs_exist_ok=True)
    if _NO_BACKEND in (target / "backend.js").read_text(encoding="utf-8"):
        say(
            f"Static frontend: {EXPORT}/. Its host says where the backend is: "
            "deploy/nginx-static.conf has a line\nfor it; elsewhere put the backend's name in "
            f"place of {_NO_BACKEND} in backend.js and _headers."
        )
    else:
        say(f"Static frontend: {EXPORT}/, for the backend of REFLEX_API_URL.")
    say("Backend: python -m clerk_tinybird_app serve --backend-only")
    return target
