"""The proof by running: each pipe of each kind of session, asked for tenants with rows and without.

A tenant without rows must be told nothing, and two tenants with rows must not be told the same.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Final

from clerk_tinybird_app.check.answers import client_of
from clerk_tinybird_app.check.disclosure import (
    NONE,
    Disclosed,
    alike,
    are_same,
    beyond,
    by_row,
    disclosed,
    of_others,
)
from clerk_tinybird_app.check.finding import Finding, failed, note, ok, warning
from clerk_tinybird_app.check.reads import Reads, filled_in, has_column, reads_of
from clerk_tinybird_app.check.tenants import Found, KnownTenant, session_for
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import SessionKind
from clerk_tinybird_app.services import TinybirdUnavailable
from clerk_tinybird_app.tinybird.client import PipeAnswer, TinybirdClient, TinybirdError
from clerk_tinybird_app.tinybird.policy import Policy
from clerk_tinybird_app.tinybird.project import Project
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace

_RPS: Final = 50
"""What a token of the check allows at least: it asks more at once than a page."""

_AT_ONCE: Final = 3
_ENOUGH: Final = 2
"""So many tenants that are answered rows are compared, and more where that may be chance."""

Answer = PipeAnswer | TinybirdError
Empty = Callable[[], AbstractAsyncContextManager[Workspace]]
"""Starts a Tinybird that serves the same project without any row."""


class Asker:
    """Asks pipes as the app would for a session.

    Args:
        client: Reaches the Tinybird.
        workspace: What the tokens are made for.
        policy: Who may read what.
        project: Says which parameters a pipe takes.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        client: TinybirdClient,
        workspace: Workspace,
        policy: Policy,
        project: Project,
        now: float,
    ) -> None:
        self.policy = policy
        self.project = project
        self._client = client
        self._workspace = replace(workspace, rps=max(workspace.rps, _RPS))
        self._now = now
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.reads: Callable[[str], Reads | None] = cache(lambda pipe: reads_of(project, pipe))

    def elsewhere(self, client: TinybirdClient, workspace: Workspace) -> "Asker":
        """Return one that asks the same of another workspace."""
        return Asker(client, workspace, self.policy, self.project, self._now)

    async def ask(self, pipe: str, session: ClerkSession) -> Answer:
        """Ask with the session's own token, and a value for what else the pipe requires."""
        scopes = self.policy.scopes(session)
        fixed = frozenset().union(*(s.fixed_params for s in scopes if s.resource == pipe))
        token = TinybirdToken.mint(session, scopes, self._workspace, now=self._now).value
        try:
            async with self._turns:
                values = filled_in(self.reads(pipe), fixed, self._now)
                return await self._client.query(pipe, values, token)
        except TinybirdError as error:
            return error


@dataclass
class Case:
    """One pipe, and the kinds of session that read it alike.

    Attributes:
        pipe: Its name.
        kind: One of the kinds.
        names: The names of all of them.
        asked: What the token of a tenant without rows fixes.
        of_nobody: What such a tenant is answered.
        of_tenants: What tenants with rows are answered; only answers that disclose something.
    """

    pipe: str
    kind: SessionKind
    asked: frozenset[str]
    names: list[str] = field(default_factory=list)
    of_nobody: Answer | None = None
    of_tenants: list[tuple[KnownTenant, PipeAnswer]] = field(default_factory=list)

    @property
    def told_nobody(self) -> Disclosed:
        """What a tenant without rows is told."""
        answer = self.of_nobody
        return disclosed(answer, self.asked) if isinstance(answer, PipeAnswer) else {}

    @property
    def who(self) -> str:
        """The pipe and who reads it, for a report."""
        return f"{self.pipe}, read by '{'; '.join(self.names)}'"


async def ask_for_nobody(asker: Asker) -> list[Case]:
    """Ask every pipe of every kind of session for a tenant that does not exist."""
    cases: dict[tuple[object, ...], Case] = {}
    for kind in asker.policy.kinds:
        for scope in asker.policy.scopes(kind.session()):
            reads = asker.reads(scope.resource)
            # What no SQL of it names makes no difference to its answer.
            used = {
                name: value
                for name, value in scope.fixed_params.items()
                if reads is None or name in reads.words
            }
            key = (scope.resource, *sorted(used.items()))
            asked = frozenset(scope.fixed_params.values())
            cases.setdefault(key, Case(scope.resource, kind, asked)).names.append(kind.name)
    found = list(cases.values())
    answers = await asyncio.gather(*(asker.ask(case.pipe, case.kind.session()) for case in found))
    for case, answer in zip(found, answers, strict=True):
        case.of_nobody = answer
    return found


async def isolation(
    asker: Asker, cases: list[Case], found: Found, empty: Empty | None
) -> AsyncIterator[Finding]:
    """Judge what each pipe answers.

    Args:
        asker: Asks the workspace.
        cases: What it answered for a tenant without rows.
        found: The tenants with rows.
        empty: Starts a Tinybird without rows, to compare with; None where it cannot be.
    """
    answered = [case for case in cases if isinstance(case.of_nobody, PipeAnswer)]
    held = [case for case in answered if _reads_tenants(asker, case.pipe)]
    if shared := dict.fromkeys(case.pipe for case in answered if case not in held):
        text = (
            f"{', '.join(shared)}: no data source behind it has tenants, so all are told the same"
        )
        yield note("isolation/shared", text, "Make sure that this is for every customer's eyes.")
    for finding in _tenants_found(found):
        yield finding
    await asyncio.gather(*(_ask_for_tenants(asker, case, found) for case in held))
    suspects = [case for case in held if case.told_nobody]
    constants = await _of_no_rows(asker, suspects, empty)
    findings: list[Finding] = []
    faulty: set[str] = set()
    for case in held:
        for finding in _judged(asker, case, constants.get(id(case))):
            yield finding
            findings.append(finding)
            faulty.add(case.pipe)
    for finding in _proved([case for case in held if case.pipe not in faulty], findings):
        yield finding


def _reads_tenants(asker: Asker, pipe: str) -> bool:
    """Tell whether it reads rows of tenants. A pipe that is not in the project may do so."""
    reads = asker.reads(pipe)
    return reads is None or reads.has_column(asker.policy.tenant.column)


def _tenants_found(found: Found) -> Iterator[Finding]:
    for problem in found.problems:
        yield warning(
            "isolation/tenants-unknown",
            problem,
            "Without tenants that have rows, only one that has none was tried.",
        )
    if len(found.tenants) < _ENOUGH and not found.problems:
        count = "Only one tenant has" if found.tenants else "No tenant has"
        yield warning(
            "isolation/no-rows",
            f"{count} rows, so it was not tried whether two are told apart.",
            "Send events of two tenants (POST /v0/events?name=<data source>), or let the product's "
            "sample.py\nmake up rows for the embedded Tinybird. Then check again.",
        )


async def _ask_for_tenants(asker: Asker, case: Case, found: Found) -> None:
    """Ask for one tenant after the other until two are answered something, and not the same."""
    for tenant in found.tenants:
        session = session_for(asker.policy, case.kind, tenant)
        if session is None or (len(case.of_tenants) >= _ENOUGH and not _in_what_same(case)):
            continue
        answer = await asker.ask(case.pipe, session)
        # What nobody is told as well, such as the hours of a chart, shows nothing.
        if isinstance(answer, PipeAnswer) and beyond(_told(tenant, answer), case.told_nobody):
            case.of_tenants.append((tenant, answer))


def _told(tenant: KnownTenant, answer: PipeAnswer) -> Disclosed:
    return disclosed(answer, (tenant.id, tenant.user))


async def _of_no_rows(
    asker: Asker, suspects: list[Case], empty: Empty | None
) -> Mapping[int, Disclosed]:
    """Return what each pipe discloses where there are no rows at all, as far as it can be had."""
    if not suspects or empty is None:
        return {}
    try:
        async with empty() as workspace, client_of(workspace) as client:
            other = asker.elsewhere(client, workspace)
            answers = await asyncio.gather(
                *(other.ask(case.pipe, case.kind.session()) for case in suspects)
            )
    except TinybirdUnavailable:
        return {}
    return {
        id(case): disclosed(answer, case.asked)
        for case, answer in zip(suspects, answers, strict=True)
        if isinstance(answer, PipeAnswer)
    }


def _judged(asker: Asker, case: Case, of_no_rows: Disclosed | None) -> Iterator[Finding]:
    leaking = beyond(case.told_nobody, of_no_rows or {})
    if leaking:
        yield _leak(asker, case, leaking, is_compared=of_no_rows is not None)
        return
    column = asker.policy.tenant.column
    for tenant, answer in case.of_tenants:
        if count := of_others(answer, column, tenant.id):
            yield failed(
                "isolation/rows-of-others",
                f"{case.who}: a tenant is answered {count} rows with another tenant's {column}.",
                f"Filter by {column}; the lint may say where.",
            )
            return
    if len(case.of_tenants) >= _ENOUGH and (what := _in_what_same(case)):
        yield warning(
            "isolation/same-answers",
            f"{case.who}: {len(case.of_tenants)} tenants {what}: chance, a constant, or something "
            "about everybody.",
            "Look at its SQL; with more rows of all, chance is ruled out.",
        )


def _leak(asker: Asker, case: Case, columns: list[str], *, is_compared: bool) -> Finding:
    """Return the finding on a pipe that tells a tenant without rows something."""
    told = NONE.union(*(case.told_nobody[column] for column in columns))
    reads = asker.reads(case.pipe)
    tenant = asker.policy.tenant.column
    has_shared = reads is not None and not all(has_column(each, tenant) for each in reads.sources)
    what = f"{case.who}: a tenant without rows is told something in {', '.join(columns)}"
    only_labels = has_shared and all(isinstance(value, str) for value in told)
    only_times = not is_compared and all(isinstance(value, datetime) for value in told)
    if only_labels or only_times:
        return warning(
            "isolation/not-judged",
            f"{what}; it cannot be judged whether these are rows of others.",
            "Look at its SQL: labels of a shared table, or the hours of a chart, are no leak.",
        )
    compared = "" if is_compared else " (it could not be compared with a Tinybird without rows)"
    return failed(
        "isolation/leak",
        f"{what}, so it reads rows of others{compared}.",
        "Do not let users read it. Filter every data source by the tenant; the lint may say where.",
    )


def _in_what_same(case: Case) -> str:
    """Return in what all tenants that were asked for are told the same; "" in nothing."""
    (first, one), *others = case.of_tenants
    told, rows = _told(first, one), _rows(first, one)
    if all(are_same(told, _told(*each)) and rows == _rows(*each) for each in others):
        return "are answered the same"
    columns = alike(one, others[0][1], case.told_nobody)
    for _, other in others[1:]:
        also = alike(one, other, case.told_nobody)
        columns = [column for column in columns if column in also]
    return f"are told the same in {', '.join(columns)}" if columns else ""


def _rows(tenant: KnownTenant, answer: PipeAnswer) -> Counter[frozenset[object]]:
    return by_row(answer, (tenant.id, tenant.user))


def _proved(held: list[Case], findings: list[Finding]) -> Iterator[Finding]:
    """Say what was shown, and for which pipes nothing could be."""
    pipes = dict.fromkeys(case.pipe for case in held)
    shown = {case.pipe for case in held if case.of_tenants}
    if open_pipes := [pipe for pipe in pipes if pipe not in shown]:
        yield warning(
            "isolation/not-proved",
            f"{', '.join(open_pipes)}: no tenant was answered a row, so it is not proved that one "
            "is told its own alone.",
            "Add rows that it answers by default, or give its parameters defaults or examples.",
        )
    if shown and not findings:
        count = f"{len(shown)} pipe" if len(shown) == 1 else f"{len(shown)} pipes"
        kinds = len({name for case in held for name in case.names})
        yield ok(
            "isolation/proved",
            f"{count}, {kinds} kinds of session: tenants with rows are told different things, and "
            "one without rows nothing",
        )
