"""Finds variables that look like variables of this app, but that nothing reads as they are set."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from clerk_tinybird_app.settings.environment import ALIASES, NEXT, TUNABLE, UVICORN
from clerk_tinybird_app.settings.settings import Settings, sources

_OWN_PREFIXES: Final = (
    *("CLERK_", "TINYBIRD_", "DASHBOARD_", "EMBED_", "TB_", "REFLEX_", "TRUSTED_", "METRICS_"),
    UVICORN,
)
_GRANIAN: Final = "GRANIAN_"
"""The prefix of the variables of a server that this app had before, and Reflex has."""

_PREFIXES: Final = (*_OWN_PREFIXES, *(f"{NEXT}{prefix}" for prefix in ("CLERK_", "TINYBIRD_")))
_FRONTENDS: Final = re.compile(
    r"(?:(?:NEXT|NUXT|EXPO)_PUBLIC|VITE|REACT_APP|PUBLIC|GATSBY)_([A-Z_]+)", re.IGNORECASE
)
"""A variable as another kind of frontend spells it."""

_NEAR: Final = 0.8
_NEAREST: Final = 0.9
"""How alike two names must be where other programs have their variables too."""

_TINYBIRD_CLI: Final = (
    *("TB_TOKEN", "TB_HOST", "TB_LOCAL_HOST", "TB_CLI_TELEMETRY_OPTOUT", "TB_VERSION_WARNING"),
    *("TINYBIRD_TOKEN", "TINYBIRD_HOST"),
)
"""Variables of the ``tb`` command, which may be in the same file."""

_NOT_SUPPORTED: Final = (
    {
        f"{prefix}{name}": reason
        for prefix in ("", NEXT)
        for name, reason in (
            ("CLERK_PROXY_URL", "the browser reaches Clerk at the publishable key's own host"),
            ("CLERK_DOMAIN", "satellite domains are not supported"),
            ("CLERK_IS_SATELLITE", "satellite domains are not supported"),
        )
    }
    | {
        f"{prefix}{name}": reason
        for prefix in (_GRANIAN, UVICORN)
        for name, reason in (
            ("HOST", "REFLEX_BACKEND_HOST is the address to listen on"),
            ("PORT", "REFLEX_FRONTEND_PORT is the port"),
            ("LOG_LEVEL", "the app writes the server's warnings as LOG_FORMAT says"),
            ("LOG_CONFIG", "the app writes the server's warnings as LOG_FORMAT says"),
            ("ACCESS_LOG", "ACCESS_LOG is what counts"),
        )
    }
    | {
        f"{_GRANIAN}BACKLOG": "UVICORN_BACKLOG is what counts",
        f"{_GRANIAN}BACKPRESSURE": (
            "UVICORN_LIMIT_CONCURRENCY bounds the connections of a worker, websockets among them"
        ),
        f"{_GRANIAN}UDS": "UVICORN_UDS is the socket to listen on",
        f"{_GRANIAN}WORKERS_MAX_RSS": "WORKER_MAX_MEMORY is what counts",
        f"{UVICORN}WORKERS": "WEB_CONCURRENCY is the number of workers",
    }
)
_NOT_USED: Final = {
    _GRANIAN: "uvicorn serves, and not Granian: docs/configuration.md has what can be set",
    UVICORN: "the app decides it",
}
"""Prefix -> why no other variable with it is used."""

_ELSEWHERE: Final = {
    "PORT": "REFLEX_FRONTEND_PORT",
    "REDIS_URL": "REFLEX_REDIS_URL",
}
"""What platforms and other programs call what is a setting of this app."""

_OF_THE_PROCESS: Final = re.compile(
    r"OTEL_\w+|PROMETHEUS_MULTIPROC_DIR|SSL_CERT_(?:FILE|DIR)|(?:HTTPS?|NO|ALL)_PROXY"
)
"""Variables that libraries read by themselves: they count in the environment alone."""

Names = Mapping[str, bool]
"""Variables that are set -> whether the environment has them, and not only a file."""


def unread_variables(others: Collection[str], folder: Path | None = None) -> list[str]:
    """Return a sentence for every variable that is set and has no effect, in order of names.

    Args:
        others: The names that Reflex reads by itself.
        folder: Where the dotenv files are, the working directory when None.

    Raises:
        SettingsError: A dotenv file cannot be read.
    """
    *files, environ = sources(folder)
    in_files = {name for source in files for name, value in source.items() if value}
    in_environ = {name for name, value in environ.items() if value}
    given = {name: name in in_environ for name in sorted(in_files | in_environ)}
    own = {item.metadata["env"] for item in fields(Settings)}
    own |= {alias for aliases in ALIASES.values() for alias in aliases}
    own |= {f"{UVICORN}{name}".upper() for name in TUNABLE}
    return list(_sentences(given, own, frozenset(others) - own))


def _sentences(given: Names, own: Collection[str], others: Collection[str]) -> Iterator[str]:
    for name, is_in_environ in given.items():
        if name in own or name in _TINYBIRD_CLI:
            continue
        if name in _NOT_SUPPORTED:
            yield f"{name} is set and not used: {_NOT_SUPPORTED[name]}."
        elif name in others or _OF_THE_PROCESS.fullmatch(name):
            if not is_in_environ:
                yield f"{name} counts in the environment alone, and not in a file. Set it there."
        elif name in _ELSEWHERE:
            if _ELSEWHERE[name] not in given:
                yield f"{name} is set and not used: {_ELSEWHERE[name]} is what counts."
        elif meant := _meant(name, own, others, is_in_environ=is_in_environ):
            yield f"{name} is set, and nothing here reads it. Did you mean {meant}?"
        elif name.startswith(tuple(_NOT_USED)):
            yield f"{name} is set and not used: {_NOT_USED[name.partition('_')[0] + '_']}."
        elif name.startswith(_PREFIXES):
            yield f"{name} is set, and nothing here reads it."


def _meant(
    name: str, own: Collection[str], others: Collection[str], *, is_in_environ: bool
) -> str | None:
    """Return the variable that was probably meant."""
    upper = name.upper()
    frontend = _FRONTENDS.fullmatch(upper)
    for each in (upper, *(frontend.groups() if frontend else ())):
        if each in own:
            return each
    is_alike_enough = name.startswith(_PREFIXES) or not is_in_environ
    cutoff = _NEAR if is_alike_enough else _NEAREST
    known = [*own, *others] if name.startswith(_PREFIXES) else own
    return next(iter(get_close_matches(upper, sorted(known), n=1, cutoff=cutoff)), None)
