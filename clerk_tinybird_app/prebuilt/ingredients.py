"""What the built pages are made of, so that a start can tell whether they are up to date."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final, Self

from clerk_tinybird_app.prebuilt.helpers import helpers, places
from clerk_tinybird_app.settings import Settings

_PACKAGE: Final = "clerk_tinybird_app"
_SOURCES: Final = (
    *(_PACKAGE, "assets", "reflex.lock", "rxconfig.py"),
    *("requirements.txt", "requirements-serve.txt"),
)
"""Beside them, the product with the modules that it uses, and its Tinybird project."""

_MADE_BY_RUNNING: Final = ("__pycache__", "assets/external/")
_FRAMEWORK: Final = "reflex"
"""How the names of the packages begin that build the pages."""

_READ_BY_BUILDERS: Final = ("VITE_", "REFLEX_")
"""How the variables begin that Vite builds into the pages, or that Reflex reads."""

_OF_SERVERS: Final = tuple(
    f"REFLEX_{name}"
    for name in (
        *("ASYNC_DB_", "AUTO_RELOAD_", "BACKEND_COLD_", "BACKEND_ONLY", "BACKEND_START_"),
        *("CHECK_LATEST_", "COMPILE_CONTEXT", "CORS_", "DB_", "DEV_BACKEND_", "DIR", "DOES_"),
        *("ENABLE_FULL_", "ENV_MODE", "HOT_RELOAD_", "HTTP_CLIENT_", "IGNORE_REDIS_", "LOG"),
        *("MANAGED_", "MOUNT_", "OPLOCK_", "OUTPUT_", "PERF_", "PERSIST_", "REDIS_", "SKIP_"),
        *("SOCKET_", "STATES_", "STATE_MANAGER_", "STATE_SIZE_", "STRICT_HOT_", "TELEMETRY_"),
        *("TRUSTED_", "UPLOADED_", "USE_", "WEB_WORKDIR"),
    )
)
"""How those of Reflex begin that say how it builds or serves, and not what."""

_SHOWN: Final = 3


@dataclass(frozen=True)
class Ingredients:
    """What a build is made of, as hashes.

    Attributes:
        files: Path -> the hash of its content.
        settings: Variable -> the hash of its value, also of those that Reflex and Vite read.
        versions: Package -> its version.
    """

    files: dict[str, str]
    settings: dict[str, str]
    versions: dict[str, str]

    @classmethod
    def of(cls, settings: Settings, folder: Path, environ: Mapping[str, str] = os.environ) -> Self:
        """Read what a build with these settings would be made of.

        Args:
            settings: The configuration.
            folder: Where the app is.
            environ: The environment that the build would have.
        """
        roots = {name: folder / name for name in (*_SOURCES, settings.tinybird_project)}
        # A product that is not in the folder has the same name wherever it is installed.
        for place in places(settings.app_product):
            roots[settings.app_product.replace(".", "/")] = place
        files = {
            f"{name}/{file.relative_to(root)}".removesuffix("/."): file
            for name, root in roots.items()
            for file in ([root] if root.is_file() else root.rglob("*"))
            # Editors, desktops and tools keep such files for themselves.
            if not file.name.startswith(".")
        } | helpers(settings.app_product, _PACKAGE)
        return cls(
            files={
                path: _hash(files[path].read_bytes())
                for path in sorted(files)
                if files[path].is_file() and not any(part in path for part in _MADE_BY_RUNNING)
            },
            settings={
                name: _hash(json.dumps(value).encode())
                for name, value in sorted((settings.baked | _beside(environ)).items())
            },
            versions=_versions(),
        )

    @classmethod
    def load(cls, file: Path) -> Self | None:
        """Return what ``save`` has written, None when there is nothing that can be read."""
        try:
            kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return cls(**{name: dict(kept[name]) for name in ("files", "settings", "versions")})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def save(self, file: Path) -> None:
        """Write the hashes to a file."""
        file.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @property
    def stamp(self) -> str:
        """A short name for exactly these ingredients."""
        return _hash(json.dumps(asdict(self), sort_keys=True).encode())[:16]

    def changed_since(self, before: "Ingredients") -> str:
        """Name what differs from the ingredients ``before``, a few of many; "" for nothing."""
        differing = [
            name
            for now, then in zip(asdict(self).values(), asdict(before).values(), strict=True)
            for name in sorted({*now, *then})
            if now.get(name) != then.get(name)
        ]
        named = ", ".join(differing[:_SHOWN])
        more = len(differing) - _SHOWN
        return f"{named} and {more} more" if more > 0 else named


def _beside(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are no settings of the app, but may change its pages."""
    own = {item.metadata["env"] for item in fields(Settings)}
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(_READ_BY_BUILDERS) and name not in own
        if value and not name.startswith(_OF_SERVERS)
    }


def _versions() -> dict[str, str]:
    """Return package -> its version, for all packages of the framework."""
    # Of two installations the first is used. One that is damaged has no name.
    found = {str(each.name).lower(): each.version for each in reversed([*distributions()])}
    return {name: found[name] for name in sorted(found) if name.startswith(_FRAMEWORK)}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
