"""All checks, in the order that a person would look."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from clerk_tinybird_app import products, services
from clerk_tinybird_app.check.addresses import addresses
from clerk_tinybird_app.check.anonymous_key import anonymous_key
from clerk_tinybird_app.check.answers import client_for, client_of, clock_finding, get
from clerk_tinybird_app.check.clerk import clerk
from clerk_tinybird_app.check.configuration import configuration, refused
from clerk_tinybird_app.check.contradictions import contradictions, with_dashboard
from clerk_tinybird_app.check.finding import Finding, Level, failed, note, ok, warning
from clerk_tinybird_app.check.from_outside import from_outside, unusable_numbers
from clerk_tinybird_app.check.isolation import Asker, ask_for_nobody, isolation
from clerk_tinybird_app.check.listening import listening
from clerk_tinybird_app.check.product import Held, Load, hold, load_product
from clerk_tinybird_app.check.redis_server import Ask, redis_server
from clerk_tinybird_app.check.signing_key import why_refused
from clerk_tinybird_app.check.tenants import find_tenants
from clerk_tinybird_app.check.tinybird import (
    forgeries,
    lacking_columns,
    pipe_findings,
    reached,
    tokens_taken,
    unread_endpoints,
    workspace_there,
)
from clerk_tinybird_app.check.workers import workers
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.settings.outgoing import usable_network
from clerk_tinybird_app.tinybird.client import TinybirdClient
from clerk_tinybird_app.tinybird.token import Workspace

CLERK_SECONDS: Final = 12.0
"""The longest that the checks of Clerk may take together."""

TINYBIRD_SECONDS: Final = 120.0
"""The same of Tinybird: some ten questions for each pipe."""


async def _nothing(_redis: Any) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where the checks look.

    Attributes:
        load: Reads the configuration.
        product: Loads the product that it chooses, as far as that goes.
        unread: Returns a sentence for every variable that is set and read by nobody.
        contradicted: Returns a sentence for every variable that one place sets twice.
        overridden: Returns a sentence for every variable whose value in a file does not count.
        exposed: Returns a sentence for every file with a secret that others can read.
        environ: The environment, for what libraries read there by themselves.
        workers: Returns how many processes would serve.
        cores: Returns how many processor cores this process may use.
        ask_for_changes: Asks a Redis to tell of changes, as the app does when it begins.
        folder: Where the embedded services keep their data.
        transport: How to reach servers; None for the network, where a Tinybird that is not
            running is started for the check, and the app's port is tried.
        clock: Seconds since the epoch.
    """

    load: Callable[[], Settings] = Settings.load
    product: Load = products.assemble
    unread: Callable[[], list[str]] = list
    contradicted: Callable[[], list[str]] = list
    overridden: Callable[[], list[str]] = list
    exposed: Callable[[], list[str]] = list
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    workers: Callable[[Settings], int] = lambda settings: settings.web_concurrency or 1
    cores: Callable[[], int] = lambda: os.cpu_count() or 1
    ask_for_changes: Ask = _nothing
    folder: Path = services.LOCAL_FOLDER
    transport: httpx.AsyncBaseTransport | None = None
    clock: Callable[[], float] = time.time


async def findings(around: Surroundings) -> AsyncIterator[Finding]:
    """Yield what every check finds, as soon as it is known; never raises for what it finds."""
    try:
        settings = around.load()
    except SettingsError as error:
        yield refused(error)
        return
    said = (*configuration(settings), *contradictions(settings), *_of_variables(around))
    seen = from_outside(around.environ, around.workers(settings))
    said = (*said, *workers(settings, around.cores()), *seen)
    for finding in (*said, *(unusable := [*_of_network(), *unusable_numbers()])):
        yield finding
    if unusable:
        return
    async for finding in _of_places(around, settings):
        yield finding
    if not settings.is_clerk_local:
        async for finding in _of_clerk(around, settings):
            yield finding
    product, unusable = load_product(around.product, settings)
    for finding in unusable:
        yield finding
    if product is None:
        return
    held, found = hold(product)
    for finding in (*with_dashboard(settings, product.dashboard), *found):
        yield finding
    async for finding in _of_services(around, settings, product, held):
        yield finding


def _of_variables(around: Surroundings) -> Iterator[Finding]:
    for sentence in around.unread():
        advice = "Correct its name, or take it out."
        yield warning("configuration/unread-variable", sentence, advice)
    for sentence in around.contradicted():
        yield warning("configuration/contradicted", sentence, "Keep the one that is meant.")
    for sentence in around.overridden():
        yield note("configuration/overridden", sentence, "Nothing is wrong if that is meant.")
    for sentence in around.exposed():
        advice = "Let its owner alone read it: chmod 600."
        yield warning("configuration/exposed", sentence, advice)


def _of_network() -> Iterator[Finding]:
    try:
        with usable_network():
            httpx.Client().close()
    except SettingsError as error:
        yield failed("network/unusable", str(error), "Until then the app refuses to start.")


async def _of_places(around: Surroundings, settings: Settings) -> AsyncIterator[Finding]:
    """Check where the app listens, where it is found, and where its states are."""
    if around.transport is None:
        yield await listening(settings)
    async for finding in addresses(settings, around.transport):
        yield finding
    async for finding in redis_server(settings.redis_url, around.ask_for_changes):
        yield finding


async def _of_clerk(around: Surroundings, settings: Settings) -> AsyncIterator[Finding]:
    url = PublishableKey.parse(settings.clerk_publishable_key).issuer
    async with client_for(url, around.transport) as http:
        found = clerk(settings, http, around.clock)
        async for finding in _bounded("clerk/too-slow", found, CLERK_SECONDS):
            yield finding


async def _of_services(
    around: Surroundings, settings: Settings, product: Product, held: Held
) -> AsyncIterator[Finding]:
    try:
        built = services.build(settings, product=product, folder=around.folder)
    except SettingsError as error:
        yield failed("starting/refused", str(error), "Until then the app refuses to start.")
        return
    try:
        if built.embedded_clerk is not None:
            yield ok("clerk/embedded", "the embedded Clerk's key file and accounts can be used")
        async with client_for(built.workspace.api_url, around.transport) as http:
            found = _of_tinybird(around, built, held, http)
            async for finding in _bounded("tinybird/too-slow", found, TINYBIRD_SECONDS):
                yield finding
    finally:
        await built.close()


async def _of_tinybird(
    around: Surroundings, built: Services, held: Held, http: httpx.AsyncClient
) -> AsyncIterator[Finding]:
    """Check the workspace that is configured, or the one that answers on this machine."""
    settings, own = built.settings, built.workspace
    answer = await get(http, f"{own.api_url}/v0/pipes")
    if isinstance(answer, str) and settings.is_tinybird_local and around.transport is None:
        await built.embedded.start()
        answer = await get(http, f"{own.api_url}/v0/pipes")
    yield (found := reached(settings, own.api_url, answer))
    if isinstance(answer, str) or found.level is not Level.OK:
        return
    yield clock_finding("Tinybird", answer, around.clock())
    workspace = await workspace_there(http, own) if settings.is_tinybird_local else own
    if workspace is None:
        yield failed(
            "tinybird/no-workspace",
            f"the Tinybird at {own.api_url} names no workspace with its key",
            "Stop it, or set TB_LOCAL_PORT to another port.",
        )
        return
    async for finding in _of_workspace(around, held, workspace, http):
        yield finding
    key, pipes = settings.tinybird_api_key, held.policy.pipes
    if key and key != workspace.signing_key:
        async for finding in anonymous_key(key, http, own.api_url, pipes):
            yield finding


async def _of_workspace(
    around: Surroundings,
    held: Held,
    workspace: Workspace,
    http: httpx.AsyncClient,
) -> AsyncIterator[Finding]:
    async with client_of(workspace, around.transport) as client:
        async for finding in _of_pipes(around, held, workspace, http, client):
            yield finding


async def _of_pipes(
    around: Surroundings,
    held: Held,
    workspace: Workspace,
    http: httpx.AsyncClient,
    client: TinybirdClient,
) -> AsyncIterator[Finding]:
    policy, project, missing, dashboard = held
    asker = Asker(client, workspace, policy, project, around.clock())
    cases = await ask_for_nobody(asker)
    taken = tokens_taken(cases)
    if taken is not None:
        yield taken
    if not cases or (taken is not None and taken.level is not Level.OK):
        if (why := await why_refused(http, workspace)) is not None:
            yield why
        # Then a refusal of a forged token would prove nothing.
        return
    for finding in (*pipe_findings(cases, missing), *lacking_columns(cases, dashboard)):
        yield finding
    async for finding in unread_endpoints(http, workspace, (*policy.pipes, *project.pipes)):
        yield finding
    tenants = await find_tenants(http, workspace, policy, project)
    empty = partial(services.empty_tinybird, project.folder) if project.pipes else None
    async for finding in isolation(asker, cases, tenants, empty):
        yield finding
    async for finding in forgeries(client, policy, workspace, around.clock()):
        yield finding


async def _bounded(
    code: str, found: AsyncIterator[Finding], seconds: float
) -> AsyncIterator[Finding]:
    """Yield what is found in time, and that the rest was not."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                finding = await anext(found)
        except StopAsyncIteration:
            return
        except TimeoutError:
            yield failed(code, "did not finish in time", "Try again when it answers faster.")
            return
        yield finding
