"""Tokens that do not expire: the workspace's own, those that data files name, and made ones."""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.kept_file import keep_once
from clerk_tinybird_app.local.tinybird.access import claims
from clerk_tinybird_app.local.tinybird.errors import bad_request
from clerk_tinybird_app.tinybird.project import DataSource, Pipe, Project

DATA_FOLDER: Final = "tinybird"
"""The embedded Tinybird's folder within the folder of the embedded services."""

_KEY_BYTES: Final = 32
_SCOPE_PARTS: Final = 4
_KNOWN: Final = (
    claims.ADMIN,
    claims.DATASOURCES_APPEND,
    claims.DATASOURCES_READ,
    claims.PIPES_READ,
)


@dataclass(frozen=True)
class KeptWorkspace:
    """A workspace's id and admin token; the first one's stay the same from start to start."""

    workspace_id: str
    signing_key: str = field(repr=False)


@dataclass(frozen=True)
class StaticToken:
    """A named token of a project, its scopes as the API lists them, and the caller it makes."""

    name: str
    value: str = field(repr=False)
    scopes: tuple[dict[str, str], ...]
    caller: claims.Caller


def kept_workspace(data: Path) -> KeptWorkspace:
    """Return the workspace of a data folder, made on the first call.

    It is kept in a private file beside the data folder, ``<its name>-workspace.json``.
    """

    def new() -> bytes:
        made = str(uuid.uuid4())
        return json.dumps({"workspace_id": made, "signing_key": new_token(made, "admin")}).encode()

    kept = keep_once(data.with_name(f"{data.name}-workspace.json"), new)
    return KeptWorkspace(**json.loads(kept))


def new_token(workspace_id: str, token_id: str) -> str:
    """Return a new token that nobody can guess."""
    return _token(workspace_id, token_id, secrets.token_urlsafe(_KEY_BYTES))


def static_tokens(project: Project, *, workspace_id: str, signing_key: str) -> list[StaticToken]:
    """Return the tokens that the project's data files name.

    Their values follow from the signing key, so they are the same after each start.
    """
    tokens = []
    found_by_name = scopes_of(project.datasources.values(), project.pipes.values())
    for name, found in sorted(found_by_name.items()):
        value = _token(workspace_id, name, _derived(signing_key, name))
        listed = tuple({"type": kind, "resource": each} for kind, each in sorted(found))
        caller = claims.lasting(name, workspace_id, listed)
        tokens.append(StaticToken(name=name, value=value, scopes=listed, caller=caller))
    return tokens


def scopes_of(
    datasources: Iterable[DataSource], pipes: Iterable[Pipe]
) -> dict[str, set[tuple[str, str]]]:
    """Return the scopes that data files give each token that they name: a type and a resource."""
    kinds = {"APPEND": claims.DATASOURCES_APPEND}
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for source in datasources:
        for name, permission in source.tokens:
            kind = kinds.get(permission.upper(), claims.DATASOURCES_READ)
            found[name].add((kind, source.name))
    for pipe in pipes:
        for name, permission in pipe.tokens:
            if permission.upper() == "READ":
                found[name].add((claims.PIPES_READ, pipe.name))
    return found


def made_token(name: str, workspace_id: str, texts: Sequence[str]) -> StaticToken:
    """Return a new token with scopes such as ``DATASOURCES:READ:name:filter``, or refuse them."""
    scopes = []
    for text in texts:
        parts = text.split(":", _SCOPE_PARTS - 1)
        kind = ":".join(parts[:2])
        if kind not in _KNOWN:
            raise bad_request(f"The scope '{kind}' is not supported; use {', '.join(_KNOWN)}")
        named = zip(("resource", "filter"), parts[2:], strict=False)
        scopes.append({"type": kind, **dict(named)})
    caller = claims.lasting(name, workspace_id, scopes)
    value = new_token(workspace_id, name)
    return StaticToken(name=name, value=value, scopes=tuple(scopes), caller=caller)


def _token(workspace_id: str, token_id: str, secret: str) -> str:
    """Return a token that looks as Tinybird's do: ``p.``, who and where, and a secret."""
    where = json.dumps({"u": workspace_id, "id": token_id, "host": "local"}, separators=(",", ":"))
    return f"p.{_base64(where.encode())}.{secret}"


def _derived(signing_key: str, name: str) -> str:
    message = f"static token {name}".encode()
    return _base64(hmac.digest(signing_key.encode(), message, hashlib.sha256))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
