"""All checks, in the order that a person would look."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from clerk_tinybird_app import products, services
from clerk_tinybird_app.check.clerk import KEYS, clerk
from clerk_tinybird_app.check.configuration import configuration, refused
from clerk_tinybird_app.check.exchange import client_for
from clerk_tinybird_app.check.outcome import Outcome, failed, ok, warning
from clerk_tinybird_app.check.project import project_outcomes
from clerk_tinybird_app.check.tinybird import tinybird
from clerk_tinybird_app.check.workspace import TINYBIRD
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.settings import Settings, SettingsError

SECTION_SECONDS: Final = 12.0
"""The longest that the checks of Clerk, and those of Tinybird, may take together."""

STARTING: Final = "starting"
VARIABLES: Final = "variables"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where the checks look.

    Attributes:
        load: Reads the configuration.
        unread: Returns a sentence for every variable that is set and read by nobody.
        build: Makes the services of it.
        project: The Tinybird project's folder; None for the product's.
        transport: How to reach servers, None for the network.
        clock: Seconds since the epoch.
    """

    load: Callable[[], Settings] = Settings.load
    unread: Callable[[], list[str]] = list
    build: Callable[[Settings], Services] = services.build
    project: Path | None = None
    transport: httpx.AsyncBaseTransport | None = None
    clock: Callable[[], float] = time.time


async def outcomes(around: Surroundings) -> AsyncIterator[Outcome]:
    """Yield what every check finds, as soon as it is known; never raises for what it finds."""
    try:
        settings = around.load()
    except SettingsError as error:
        yield refused(error)
    else:
        for outcome in configuration(settings):
            yield outcome
        for sentence in around.unread():
            yield warning(VARIABLES, sentence, "Correct its name, or take it out.")
        async for outcome in _services(around, settings):
            yield outcome
    product = products.current()
    for outcome in project_outcomes(around.project or product.project, product.policy):
        yield outcome


async def _services(around: Surroundings, settings: Settings) -> AsyncIterator[Outcome]:
    try:
        built = around.build(settings)
    except SettingsError as error:
        yield failed(STARTING, str(error), "Until then the app refuses to start.")
        return
    try:
        async for outcome in _reachable(around, built):
            yield outcome
    finally:
        await built.close()


async def _reachable(around: Surroundings, built: Services) -> AsyncIterator[Outcome]:
    settings, workspace = built.settings, built.workspace
    if built.embedded_clerk is not None:
        yield ok(KEYS, "the embedded Clerk's key file and accounts can be used")
    else:
        url = built.publishable_key.issuer
        async with client_for(url, around.transport) as http:
            async for outcome in _bounded(KEYS, clerk(settings, http, around.clock)):
                yield outcome
    async with client_for(workspace.api_url, around.transport) as http:
        found = tinybird(settings, built.product.policy, workspace, http, around.clock)
        async for outcome in _bounded(TINYBIRD, found):
            yield outcome


async def _bounded(name: str, found: AsyncIterator[Outcome]) -> AsyncIterator[Outcome]:
    """Yield what is found in time, and that the rest was not."""
    deadline = asyncio.get_running_loop().time() + SECTION_SECONDS
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                outcome = await anext(found)
        except StopAsyncIteration:
            return
        except TimeoutError:
            yield failed(name, "did not finish in time", "Try again when it answers faster.")
            return
        yield outcome
