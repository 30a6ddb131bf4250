"""Verifying and minting in this process, beside Clerk's own Python SDK and the limit."""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_decode

from benchmarks import peers
from benchmarks.report import Section, goal, percentile, ratio
from clerk_tinybird_app import services
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from clerk_tinybird_app.settings import Settings
from tests.running_app import ROOT

ACCOUNT: Final = ("admin@acme.test", "acme")
"""The address that the figures are measured with, and its organization."""

_ROUNDS: Final = 3
_CALLS: Final = 2_000
_WARM_UP_CALLS: Final = 200
_RESTED_CALLS: Final = 300
_REST_SECONDS: Final = 0.001
_GOAL_MICROSECONDS: Final = 100.0
_UNDISTURBED_SHARE: Final = 0.97
_NANOSECONDS: Final = 1_000

_PEER: Final = "clerk-backend-api==7.0.0"
_PEER_FOLDER: Final = ROOT / ".local" / "bench-venv"
# Runs in the peer's own environment, which cannot see this project.
_PEER_SCRIPT: Final = """
import json, sys, time
from importlib.metadata import version
from clerk_backend_api.security import VerifyTokenOptions, verify_token
job = json.load(sys.stdin)
options = VerifyTokenOptions(jwt_key=job["key"], authorized_parties=job["authorized_parties"])
taken = []
for _ in range(job["calls"]):
    started = time.perf_counter_ns()
    verify_token(job["token"], options)
    taken.append(time.perf_counter_ns() - started)
versions = {name: version(name) for name in ("clerk-backend-api", "PyJWT", "cryptography")}
json.dump({"versions": versions, "nanoseconds": taken}, sys.stdout)
"""
_OPENSSL: Final = ("openssl", "speed", "-seconds", "1", "rsa2048")

_Taken = defaultdict[str, list[float]]
"""Microseconds of each call, by what was called."""


def measure() -> Section:
    """Measure in rounds, so that a disturbance meets all that is compared."""
    taken, peer_remark, shares = _Taken(list), "", []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(EmbeddedClerk(folder, origins=Settings.from_environ({}).origins)) as clerk:
            for _ in range(_ROUNDS):
                shares.append(asyncio.run(_time_ours(folder, clerk, taken)))
                if taken["peer"] or not peer_remark:
                    peer_remark = _time_peer(clerk, taken)
                taken["openssl"] += _openssl_microseconds()
    section = _section(taken)
    said = "undisturbed" if min(shares) >= _UNDISTURBED_SHARE else "disturbed by other processes"
    section.remarks += [
        peer_remark,
        f"In its worst round this process got {min(shares):.0%} of a core: {said}.",
    ]
    return section


async def _time_ours(folder: Path, clerk: EmbeddedClerk, taken: _Taken) -> float:
    """Time what is ours and the signature alone; return the share of a core that this got.

    Code that only computes and got clearly less than 1 was held up by other processes.
    """
    built = services.build(Settings.from_environ({}), folder=folder)
    token = clerk.issue(*ACCOUNT)
    session = await built.verifier.verify(token)
    rs256 = RSAAlgorithm(RSAAlgorithm.SHA256)
    key = cast("RSAPublicKey", rs256.prepare_key(clerk.public_key_pem))
    signed, _, last = token.rpartition(".")
    content, signed_with = signed.encode(), base64url_decode(last)

    async def verify() -> None:
        await built.verifier.verify(token)

    async def mint() -> None:
        built.mint(session, now=built.clock(), place="api")

    async def both() -> None:
        built.mint(await built.verifier.verify(token), now=built.clock(), place="api")

    async def signature() -> None:
        # As little as PyJWT can do: the library's own limit.
        rs256.verify(content, key, signed_with)

    wall, cpu = time.perf_counter(), time.process_time()
    for call in (verify, mint, both, signature):
        taken[call.__name__] += await _timed(call, _CALLS)
    share = (time.process_time() - cpu) / (time.perf_counter() - wall)
    taken["rested"] += await _timed(both, _RESTED_CALLS, rest_seconds=_REST_SECONDS)
    await built.close()
    return share


async def _timed(
    call: Callable[[], Awaitable[object]], calls: int, *, rest_seconds: float = 0.0
) -> list[float]:
    """Return the microseconds of each call; before each a pause, as a server has, if asked for."""
    for _ in range(_WARM_UP_CALLS):
        await call()
    taken = []
    for _ in range(calls):
        if rest_seconds:
            await asyncio.sleep(rest_seconds)
        started = time.perf_counter_ns()
        await call()
        taken.append((time.perf_counter_ns() - started) / _NANOSECONDS)
    return taken


def _time_peer(clerk: EmbeddedClerk, taken: _Taken) -> str:
    """Time Clerk's SDK in a virtual environment of its own; return a remark on it."""
    python = str(_PEER_FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    try:
        peers.install(
            _PEER, _PEER_FOLDER,
            (sys.executable, "-m", "venv", "--clear", "."),
            (python, "-m", "pip", "install", "-q", "--disable-pip-version-check", _PEER),
        )  # fmt: skip
        job = {
            "token": clerk.issue(*ACCOUNT),
            "key": clerk.public_key_pem,
            "authorized_parties": list(Settings.from_environ({}).origins),
            "calls": _CALLS,
        }
        # -I: this folder stays out of the import path.
        command = (python, "-I", "-c", _PEER_SCRIPT)
        said = json.loads(peers.run(command, given=json.dumps(job), folder=ROOT))
    except peers.MissingError as error:
        return f"The peer is missing: {error}"
    taken["peer"] += [value / _NANOSECONDS for value in said["nanoseconds"]]
    stands_on = ", ".join(f"{name} {version}" for name, version in said["versions"].items())
    return f"Peer: {stands_on}; same token and key. It parses the key on every call."


def _openssl_microseconds() -> list[float]:
    """Return how long openssl's own command takes for a signature; nothing without a usable one."""
    try:
        # The last column of the last line: verifications per second.
        return [1_000_000 / float(peers.run(_OPENSSL, folder=ROOT).split()[-1])]
    except (peers.MissingError, ValueError, IndexError):
        return []


def _section(taken: _Taken) -> Section:
    section = Section(
        f"1. Verify and mint, microseconds per call ({_ROUNDS * _CALLS:,} calls each)",
        {"median": ".1f", "p95": ".1f"},
    )
    ours, both = median(taken["verify"]), median(taken["both"])
    for name, label, note in (
        ("verify", "verify a session token", ""),
        ("mint", "mint a Tinybird token", ""),
        ("both", "verify + mint", goal(both, _GOAL_MICROSECONDS, "us")),
        ("rested", "verify + mint, each after 1 ms of rest", "caches gone cold"),
        ("peer", "peer: clerk-backend-api verify", None),
        ("signature", "limit: the signature alone", None),
        ("openssl", "limit: openssl speed rsa2048 verify", None),
    ):
        if values := taken[name]:
            beside = f"our verify takes {ratio(ours, median(values))} of it"
            # openssl tells its mean alone.
            p95 = [] if name == "openssl" else [percentile(values, 95)]
            section.add(label, median(values), *p95, note=beside if note is None else note)
    if not taken["openssl"]:
        section.remarks.append("No openssl command here that can measure its limit.")
    return section
