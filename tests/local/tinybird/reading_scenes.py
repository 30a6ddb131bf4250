"""How queries are run, told by a process with chDB: ``python -m`` this ``NAME FOLDER``.

chDB allows one process a folder, and forking after its import hangs, so pytest's own process never
imports it.
"""

import asyncio
import json
import os
import sys
import threading
import time
import weakref
from functools import partial
from pathlib import Path
from typing import Any

import jwt

from tests.clock import Clock
from tests.local.tinybird.process import play, reads

ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
HUNGRY = "SELECT length(groupArray(number)) FROM numbers(20000000)"
ENOUGH = 700_000_000
"""For a hungry query."""

NOW = 1_900_000_000.0

scene = partial(play, __name__)


def known_tokens(folder: Path) -> Any:
    """Tokens are asked about again and again, while their time, key and workspace change."""
    from clerk_tinybird_app.local.tinybird.engine.writer import Writer  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.errors import ApiError  # noqa: PLC0415 - see above
    from clerk_tinybird_app.local.tinybird.workspaces.all import Workspaces  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace  # noqa: PLC0415

    verified = 0

    class Counted(Workspaces):
        def _verified(self, token: str) -> Any:
            nonlocal verified
            verified += 1
            return super()._verified(token)

    clock, writer = Clock(NOW), Writer(folder / "data")
    workspaces = Counted(LocalWorkspace.new("first"), writer, clock)

    def signed(workspace: LocalWorkspace, **changes: Any) -> str:
        claims = {"workspace_id": workspace.id, "name": "someone", "exp": NOW + 60}
        scopes = {"scopes": [reads("pages", tenant="a")]}
        return jwt.encode({**claims, **scopes, **changes}, workspace.signing_key, "HS256")

    def told(token: str) -> str:
        before = verified
        try:
            _, caller = workspaces.identify(token)
            found = f"{caller.name} {caller.fixed_params('pages')}"
        except ApiError as error:
            found = error.message.removeprefix("invalid authentication token. ")
        return f"{found}, {'verified' if verified > before else 'known'}"

    first = signed(workspaces.first, nbf=NOW - 60)
    forged = jwt.encode(jwt.decode(first, options={"verify_signature": False}), "p." + "x" * 32)
    seen: dict[str, Any] = {"first time": told(first), "again": told(first), "forged": told(forged)}
    clock.advance(-61)
    seen["before its time"] = told(first)
    clock.advance(61)
    seen["in its time"] = told(first)
    clock.advance(60)
    seen["expired"] = told(first)
    clock.advance(-60)
    made = workspaces.add("made")
    of_made = signed(made)
    seen["of a workspace that was made"] = [told(of_made), told(of_made)]
    workspaces.remove(made.id)
    seen["of a workspace that was removed"] = told(of_made)
    told(first)
    key, workspaces.first.signing_key = workspaces.first.signing_key, "p.another-key"
    seen["signed with the key of before"] = told(first)
    workspaces.first.signing_key = key
    seen["admin"] = [told(key), told(key)]
    told(first)
    for number in range(1_000):
        told(signed(workspaces.first, name=f"n{number}"))
    seen["after a thousand others"] = told(first)
    seen["kept"] = len(workspaces._known)
    seen["texts kept"] = sum(first.encode() in each for each in workspaces._known)
    writer.close()
    return seen


def leaving(folder: Path) -> Any:
    """One query runs, its reader is all there is, one more waits; then both clients leave."""
    return asyncio.run(_leaving(folder))


async def _leaving(folder: Path) -> Any:
    from clerk_tinybird_app.local.tinybird.engine.readers import Limits, ReadPool  # noqa: PLC0415

    limits = Limits(seconds=20)
    pool = ReadPool(folder / "data", size=1, limits=limits)
    started, waiting_has_left, running_has_left = (asyncio.Event() for _ in range(3))
    loop, ran, going_on = asyncio.get_running_loop(), [], threading.Event()

    def endless(session: Any) -> bytes:
        session.query("SELECT 1")
        loop.call_soon_threadsafe(started.set)
        ran.append("endless")
        # The client leaves while no query runs.
        going_on.wait(30)
        return bytes(session.query(ENDLESS))

    def vain(session: Any) -> bytes:
        ran.append("vain")
        return bytes(session.query("SELECT 1"))

    running = asyncio.create_task(
        pool.run("a", "default", endless, partial(_leaves, running_has_left))
    )
    await started.wait()
    waiting = asyncio.create_task(
        pool.run("a", "default", vain, partial(_leaves, waiting_has_left))
    )
    await asyncio.sleep(0)
    left = time.monotonic()
    waiting_has_left.set()
    outcome: dict[str, Any] = {"waiting": await _outcome(waiting)}
    running_has_left.set()
    await asyncio.sleep(0.5)
    going_on.set()
    outcome["running"] = await _outcome(running)
    query = "SELECT 'next'"
    answer = await pool.run("a", "default", lambda session: session.query(query), _stays)
    outcome["next"] = answer.decode()
    outcome["ended before its time"] = time.monotonic() - left < limits.seconds / 2
    pool.close()
    return {**outcome, "ran": ran}


async def _leaves(left: asyncio.Event) -> None:
    await left.wait()


async def _stays() -> None:
    await asyncio.Event().wait()


async def _outcome(task: "asyncio.Task[Any]") -> str:
    try:
        return repr(await task)
    except Exception as error:  # noqa: BLE001 - the scene tells whatever it is
        return type(error).__name__


def idle(folder: Path) -> Any:
    """A reader has answered and waits for its next job."""
    return asyncio.run(_idle(folder))


async def _idle(folder: Path) -> Any:
    from clerk_tinybird_app.local.tinybird.engine.readers import ReadPool  # noqa: PLC0415

    class Answer:
        pass

    pool = ReadPool(folder / "data", size=1)
    answer = await pool.run("a", "default", lambda _: Answer(), _stays)
    last = weakref.ref(answer)
    del answer
    deadline = time.monotonic() + 5
    while last() is not None and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    pool.close()
    return "held" if last() is not None else "given away"


def memory(folder: Path) -> Any:
    """One query needs more memory than it may use, the other does not."""
    from clerk_tinybird_app.local.tinybird.engine.chdb_session import QueryFailed  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.engine.readers import (  # noqa: PLC0415
        READERS,
        Limits,
        ReadPool,
    )

    async def told(most: int) -> str:
        pool = ReadPool(folder / "data", limits=Limits(bytes=most))
        try:
            await pool.run("a", "default", lambda session: session.query(HUNGRY), _stays)
        except QueryFailed as failure:
            return failure.name
        finally:
            pool.close()
        return "answered"

    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "with enough": asyncio.run(told(ENOUGH)),
        "with a tenth": asyncio.run(told(ENOUGH // 10)),
        "all readers in halves of the machine": READERS * Limits().bytes / (machine / 2),
    }


if __name__ == "__main__":
    told = {each.__name__: each for each in (known_tokens, leaving, idle, memory)}[sys.argv[1]]
    sys.stdout.write(json.dumps(told(Path(sys.argv[2]))))
