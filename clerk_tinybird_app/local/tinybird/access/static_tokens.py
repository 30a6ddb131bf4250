"""Tokens that do not expire: the workspace's own, and those that data files name."""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.kept_file import keep_once
from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.tinybird.project import Project

DATA_FOLDER: Final = "tinybird"
"""The embedded Tinybird's folder within the folder of the embedded services."""

_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class KeptWorkspace:
    """What stays the same from start to start."""

    workspace_id: str
    signing_key: str = field(repr=False)


def kept_workspace(data: Path) -> KeptWorkspace:
    """Return the workspace of a data folder, made on the first call.

    Args:
        data: The data folder; the file stands beside it, ``<its name>-workspace.json``.
    """
    kept = json.loads(keep_once(data.with_name(f"{data.name}-workspace.json"), _new_workspace))
    return KeptWorkspace(kept["workspace_id"], kept["signing_key"])


def _new_workspace() -> bytes:
    workspace_id = str(uuid.uuid4())
    key = token_text(workspace_id, "admin", secrets.token_urlsafe(_KEY_BYTES))
    return json.dumps({"workspace_id": workspace_id, "signing_key": key}).encode()


_APPEND: Final = "APPEND"
_READ: Final = "READ"


@dataclass(frozen=True)
class StaticToken:
    """A named token of a project, and what it may do.

    Attributes:
        name: As in the data files' ``TOKEN`` lines.
        value: The token; kept out of ``repr``.
        scopes: ``TYPE:resource`` texts, as the API lists them.
        caller: What it grants.
    """

    name: str
    value: str = field(repr=False)
    scopes: tuple[dict[str, str], ...]
    caller: Caller


def token_text(workspace_id: str, token_id: str, secret: str) -> str:
    """Return a token that looks as Tinybird's do: ``p.``, who and where, and a secret."""
    where = json.dumps({"u": workspace_id, "id": token_id, "host": "local"}, separators=(",", ":"))
    return f"p.{base64.urlsafe_b64encode(where.encode()).rstrip(b'=').decode()}.{secret}"


def static_tokens(project: Project, *, workspace_id: str, signing_key: str) -> list[StaticToken]:
    """Return the tokens that the project's data files name.

    Their values follow from the signing key, so they are the same after each start.
    """
    appends: dict[str, set[str]] = {}
    reads: dict[str, set[str]] = {}
    pipes: dict[str, set[str]] = {}
    for source in project.datasources.values():
        for name, permission in source.tokens:
            (appends if permission.upper() == _APPEND else reads).setdefault(name, set()).add(
                source.name
            )
    for pipe in project.pipes.values():
        for name, permission in pipe.tokens:
            if permission.upper() == _READ:
                pipes.setdefault(name, set()).add(pipe.name)
    names = sorted({*appends, *reads, *pipes})
    return [
        StaticToken(
            name=name,
            value=token_text(workspace_id, name, _derived(signing_key, name)),
            scopes=(
                *_scopes("DATASOURCES:APPEND", appends.get(name, ())),
                *_scopes("DATASOURCES:READ", reads.get(name, ())),
                *_scopes("PIPES:READ", pipes.get(name, ())),
            ),
            caller=Caller(
                name=name,
                pipes={pipe: {} for pipe in pipes.get(name, ())},
                datasources=dict.fromkeys(reads.get(name, ()), ""),
                appends=frozenset(appends.get(name, ())),
            ),
        )
        for name in names
    ]


def _scopes(kind: str, resources: Iterable[str]) -> list[dict[str, str]]:
    return [{"type": kind, "resource": resource} for resource in sorted(resources)]


def _derived(signing_key: str, name: str) -> str:
    digest = hmac.digest(signing_key.encode(), f"static token {name}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
