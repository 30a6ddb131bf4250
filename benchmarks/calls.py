"""Verifying and minting in this process, beside the peer and the limit."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks import openssl
from benchmarks.account import local_session_token
from benchmarks.peer import Peer, PeerMissingError
from benchmarks.report import Section, goal, ratio
from benchmarks.samples import Samples
from benchmarks.signature import signature_check
from benchmarks.stopwatch import NANOSECONDS, CoreShare, time_awaits, time_calls
from clerk_tinybird_app import services
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from clerk_tinybird_app.settings import Settings

_ROUNDS: Final = 3
_CALLS: Final = 2_000
_RESTED_CALLS: Final = 300
_REST_SECONDS: Final = 0.001
_GOAL_MICROSECONDS: Final = 100.0
_UNDISTURBED_SHARE: Final = 0.97


@dataclass
class _Taken:
    """Microseconds per call of all that is compared, from every round."""

    verify: list[float] = field(default_factory=list)
    mint: list[float] = field(default_factory=list)
    both: list[float] = field(default_factory=list)
    rested: list[float] = field(default_factory=list)
    signature: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    openssl: list[float] = field(default_factory=list)
    core_shares: list[float] = field(default_factory=list)
    peer_remark: str = ""


def measure() -> Section:
    """Measure in rounds, so that a disturbance meets all that is compared."""
    taken = _Taken()
    with tempfile.TemporaryDirectory() as folder:
        clerk = EmbeddedClerk(Path(folder), origins=Settings.from_environ({}).origins)
        try:
            for _ in range(_ROUNDS):
                asyncio.run(_time_ours(Path(folder), clerk, taken))
                _time_peer(clerk, taken)
                if (limit := openssl.verify_microseconds()) is not None:
                    taken.openssl.append(limit)
        finally:
            clerk.close()
    return _section(taken)


async def _time_ours(folder: Path, clerk: EmbeddedClerk, taken: _Taken) -> None:
    built = services.build(Settings.from_environ({}), folder=folder)
    verify, clock = built.verifier.verify, built.clock
    token = local_session_token(clerk)
    session = await verify(token)

    async def both() -> None:
        built.mint(await verify(token), now=clock())

    with CoreShare() as share:
        taken.verify += await time_awaits(lambda: verify(token), _CALLS)
        taken.mint += time_calls(lambda: built.mint(session, now=clock()), _CALLS)
        taken.both += await time_awaits(both, _CALLS)
        taken.signature += time_calls(signature_check(token, clerk.public_key_pem), _CALLS)
    taken.core_shares.append(share.value)
    taken.rested += await time_awaits(both, _RESTED_CALLS, rest_seconds=_REST_SECONDS)
    await built.close()


def _time_peer(clerk: EmbeddedClerk, taken: _Taken) -> None:
    if taken.peer_remark and not taken.peer:
        return  # missing since an earlier round
    token, origins = local_session_token(clerk), Settings.from_environ({}).origins
    try:
        versions, nanoseconds = Peer.ready().verify(token, clerk.public_key_pem, origins, _CALLS)
    except PeerMissingError as error:
        taken.peer_remark = f"The peer is missing: {error}"
        return
    taken.peer += [value / NANOSECONDS for value in nanoseconds]
    stands_on = ", ".join(f"{name} {version}" for name, version in versions.items())
    taken.peer_remark = f"Peer: {stands_on}; same token and key. It parses the key on every call."


def _section(taken: _Taken) -> Section:
    section = Section(
        f"1. Verify and mint, microseconds per call ({_ROUNDS * _CALLS:,} calls each)",
        columns=("median", "p95"),
    )
    verify, both = Samples(taken.verify), Samples(taken.both)
    _add(section, "verify a session token", taken.verify)
    _add(section, "mint a Tinybird token", taken.mint)
    _add(section, "verify + mint", taken.both, goal(both.median, _GOAL_MICROSECONDS, "us"))
    _add(section, "verify + mint, each after 1 ms of rest", taken.rested, "caches gone cold")
    if taken.peer:
        _add(section, "peer: clerk-backend-api verify", taken.peer, _beside(verify, taken.peer))
    _add(section, "limit: the signature alone", taken.signature, _beside(verify, taken.signature))
    if taken.openssl:
        limit = Samples(taken.openssl).median
        note = f"our verify takes {ratio(verify.median, limit)} of it"
        section.add("limit: openssl speed rsa2048 verify", f"{limit:.1f}", "", note=note)
    else:
        section.remarks.append("No openssl command here that can measure its limit.")
    section.remarks.append(taken.peer_remark)
    section.remarks.append(_disturbance(min(taken.core_shares)))
    return section


def _add(section: Section, label: str, values: list[float], note: str = "") -> None:
    samples = Samples(values)
    section.add(label, f"{samples.median:.1f}", f"{samples.p95:.1f}", note=note)


def _beside(ours: Samples, other: list[float]) -> str:
    return f"our verify takes {ratio(ours.median, Samples(other).median)} of it"


def _disturbance(core_share: float) -> str:
    said = "undisturbed" if core_share >= _UNDISTURBED_SHARE else "disturbed by other processes"
    return f"In its worst round this process got {core_share:.0%} of a core: {said}."
