"""Fixtures every test can use."""

import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# How long an example takes is the machine's matter.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

CHOICE = {"APP_PRODUCT": "tests.product", "TINYBIRD_PROJECT": "tests/product/tinybird"}
"""The product of the framework's tests. The app's states read it when they are imported."""

os.environ |= CHOICE
# Each of hundreds of processes would compile the app again, and each run the tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

from clerk_tinybird_app import products, services
from clerk_tinybird_app.logs.lines import OwnHandler
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.telemetry import refusals
from clerk_tinybird_app.telemetry.refusals import RefusalLog
from tests.clock import Clock
from tests.lanes import Lanes, deal


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        deal(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    return Lanes(config, log)


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio only, like the app."""
    return "asyncio"


@pytest.fixture(autouse=True)
def own_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test the whole budget of refusals in the log."""
    monkeypatch.setattr(refusals, "_LOG", RefusalLog())


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Begin with loggers that nobody has set up, and leave them as they were.

    The root's other handlers are pytest's, which come and go by themselves.
    """
    names = ("clerk_tinybird_app", "reflex", "_granian", "granian.access", "somebody.elses")
    loggers = [logging.getLogger(name) for name in names]
    before = [(list(each.handlers), each.level, each.propagate) for each in loggers]
    factory = logging.getLogRecordFactory()
    _remove_own_handler()
    yield
    _remove_own_handler()
    logging.setLogRecordFactory(factory)
    for each, (handlers, level, propagate) in zip(loggers, before, strict=True):
        each.handlers[:], each.propagate = handlers, propagate
        each.setLevel(level)


def _remove_own_handler() -> None:
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, OwnHandler)]:
        root.removeHandler(handler)


@pytest.fixture
def clock() -> Clock:
    return Clock(now=time.time())


@pytest.fixture(scope="session")
def local_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the embedded services' folder after their first start, made once and then copied."""
    folder = tmp_path_factory.mktemp("local")
    services.build(Settings.from_environ(CHOICE), folder=folder)
    return folder


@pytest.fixture(scope="session")
def product() -> Product:
    """Return the framework's own product, held to its files once for all tests."""
    return products.load(Settings.from_environ(CHOICE))


@pytest.fixture
def running(
    local_folder: Path,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    product: Product,
) -> Iterator[Services]:
    """Return the app's services without a configuration, in a new folder."""
    folder = tmp_path / "local"
    shutil.copytree(local_folder, folder)
    settings = Settings.from_environ(CHOICE)
    built = services.build(settings, product=product, folder=folder, clock=clock)
    monkeypatch.setattr(services, "current", lambda: built)
    yield built
    if built.embedded_clerk:
        built.embedded_clerk.close()
