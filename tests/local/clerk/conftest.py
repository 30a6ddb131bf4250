"""An embedded Clerk for each test, copied from one that was seeded once."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from clerk_tinybird_app.local.clerk import EmbeddedClerk, passwords
from tests.clock import Clock
from tests.local.clerk.browser import APP, EXPORTED, Browser


@pytest.fixture
def clock() -> Clock:
    return Clock(now=1_900_000_000.0)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash at a low cost; a hash says its own cost, so nothing else changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 2)
        yield


@pytest.fixture(scope="session")
def template(cheap_passwords: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clerk") / "local"
    EmbeddedClerk(folder, origins=[APP], clock=Clock(now=1_900_000_000.0))
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "local"))


@pytest.fixture
def start(folder: Path, clock: Clock) -> Iterator[Callable[[], EmbeddedClerk]]:
    """Start an embedded Clerk on the test's folder; again for a restarted backend."""
    started: list[EmbeddedClerk] = []

    def begin() -> EmbeddedClerk:
        started.append(EmbeddedClerk(folder, origins=[APP, EXPORTED], clock=clock))
        return started[-1]

    yield begin
    for each in started:
        each.close()


@pytest.fixture
def clerk(start: Callable[[], EmbeddedClerk]) -> EmbeddedClerk:
    return start()


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """An event loop for the app, so that tests read from top to bottom."""
    with start_blocking_portal("asyncio") as running:
        yield running


@pytest.fixture
def browser(clerk: EmbeddedClerk, portal: BlockingPortal) -> Browser:
    return Browser(clerk, portal)


@pytest.fixture
def other_browser(clerk: EmbeddedClerk, portal: BlockingPortal) -> Browser:
    return Browser(clerk, portal)
