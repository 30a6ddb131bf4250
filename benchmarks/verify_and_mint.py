"""Verifying and minting in this process, beside Clerk's own Python SDK and the limit."""

import asyncio
import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from benchmarks.report import Samples, Section, goal, ratio
from clerk_tinybird_app import services
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from clerk_tinybird_app.settings import Settings
from tests.running_app import ROOT

EMAIL: Final = "admin@acme.test"
"""The account that the figures are measured with."""

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


class MissingError(Exception):
    """A peer cannot be installed or run; the text says why."""


def run_peer(command: list[str], *, given: str = "", seconds: float = 120, folder: Path) -> str:
    """Run a command of a peer; return what it prints.

    Raises:
        MissingError: It cannot be run, failed, or took too long.
    """
    try:
        return subprocess.run(
            command, cwd=folder, input=given, capture_output=True, text=True, check=True,
            timeout=seconds,
        ).stdout  # fmt: skip
    except subprocess.CalledProcessError as error:
        lines = (error.stderr.strip() or "no message").splitlines()
        # bun ends with its own version, whatever went wrong.
        raise MissingError(next((x for x in lines if x.startswith("error:")), lines[-1])) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(type(error).__name__) from None


def local_session_token(clerk: EmbeddedClerk) -> str:
    """Sign the account in with its organization; the token lives for a minute."""
    return clerk.issue(EMAIL, "acme")


def measure() -> Section:
    """Measure in rounds, so that a disturbance meets all that is compared."""
    taken: _Taken = defaultdict(list)
    peer_remark, shares = "", []
    with tempfile.TemporaryDirectory() as folder:
        clerk = EmbeddedClerk(Path(folder), origins=Settings.from_environ({}).origins)
        for _ in range(_ROUNDS):
            shares.append(asyncio.run(_time_ours(Path(folder), clerk, taken)))
            if taken["peer"] or not peer_remark:
                peer_remark = _time_peer(clerk, taken)
            taken["openssl"] += _openssl_microseconds()
        clerk.close()
    section = _section(taken)
    section.remarks.append(peer_remark)
    said = "undisturbed" if min(shares) >= _UNDISTURBED_SHARE else "disturbed by other processes"
    section.remarks.append(
        f"In its worst round this process got {min(shares):.0%} of a core: {said}."
    )
    return section


async def _time_ours(folder: Path, clerk: EmbeddedClerk, taken: _Taken) -> float:
    """Time what is ours and the signature alone; return the share of a core that this got.

    Code that only computes and got clearly less than 1 was held up by other processes.
    """
    built = services.build(Settings.from_environ({}), folder=folder)
    token = local_session_token(clerk)
    session = await built.verifier.verify(token)
    check = _signature_check(token, clerk.public_key_pem)

    async def verify() -> None:
        await built.verifier.verify(token)

    async def mint() -> None:
        built.mint(session, now=built.clock())

    async def both() -> None:
        built.mint(await built.verifier.verify(token), now=built.clock())

    async def signature() -> None:
        check()

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


def _signature_check(token: str, pem: str) -> Callable[[], None]:
    """Return what checks a token's signature and does nothing else: the library's own limit."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the key must be RSA")
    signed, _, last = token.rpartition(".")
    signature = base64.urlsafe_b64decode(last + "=" * (-len(last) % 4))
    content, padding, digest = signed.encode(), PKCS1v15(), SHA256()
    return lambda: key.verify(signature, content, padding, digest)


def _time_peer(clerk: EmbeddedClerk, taken: _Taken) -> str:
    """Time Clerk's SDK in a virtual environment of its own; return a remark on it."""
    python = _PEER_FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = _PEER_FOLDER / "installed"
    job = {
        "token": local_session_token(clerk),
        "key": clerk.public_key_pem,
        "authorized_parties": list(Settings.from_environ({}).origins),
        "calls": _CALLS,
    }
    try:
        if not (stamp.exists() and stamp.read_text() == _PEER):
            run_peer([sys.executable, "-m", "venv", "--clear", str(_PEER_FOLDER)], folder=ROOT)
            pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            run_peer([*pip, _PEER], folder=ROOT)
            stamp.write_text(_PEER)
        # -I: this folder stays out of the import path.
        command = [str(python), "-I", "-c", _PEER_SCRIPT]
        said: dict[str, Any] = json.loads(run_peer(command, given=json.dumps(job), folder=ROOT))
    except MissingError as error:
        return f"The peer is missing: {error}"
    taken["peer"] += [value / _NANOSECONDS for value in said["nanoseconds"]]
    stands_on = ", ".join(f"{name} {version}" for name, version in said["versions"].items())
    return f"Peer: {stands_on}; same token and key. It parses the key on every call."


def _openssl_microseconds() -> list[float]:
    """Return how long openssl's own command takes for a signature; nothing without a usable one."""
    if shutil.which(_OPENSSL[0]) is None:
        return []
    try:
        done = subprocess.run(_OPENSSL, capture_output=True, text=True, check=True, timeout=30)
        # The last column of the last line: verifications per second.
        return [1_000_000 / float(done.stdout.split()[-1])]
    except (subprocess.SubprocessError, ValueError, IndexError):
        return []


def _section(taken: _Taken) -> Section:
    section = Section(
        f"1. Verify and mint, microseconds per call ({_ROUNDS * _CALLS:,} calls each)",
        columns=("median", "p95"),
    )
    ours, both = Samples(taken["verify"]).median, Samples(taken["both"]).median
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
            samples = Samples(values)
            beside = f"our verify takes {ratio(ours, samples.median)} of it"
            p95 = "" if name == "openssl" else f"{samples.p95:.1f}"
            section.add(label, f"{samples.median:.1f}", p95, note=beside if note is None else note)
    if not taken["openssl"]:
        section.remarks.append("No openssl command here that can measure its limit.")
    return section
