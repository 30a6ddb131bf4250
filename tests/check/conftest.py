"""The command, run in surroundings that a test makes."""

import io
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from clerk_tinybird_app.check import Surroundings
from clerk_tinybird_app.check.product import Load
from clerk_tinybird_app.commands import main
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.reflex_internals.configuration import ask_for_changes
from clerk_tinybird_app.settings import Settings
from tests.check.pipes import PIPES
from tests.check.product import product, write_project
from tests.local.tinybird.process import Tinybird


@dataclass(frozen=True)
class Report:
    """What the command answered.

    Attributes:
        status: Its exit status.
        findings: What ``--json`` prints.
        text: What it prints to people.
    """

    status: int
    findings: list[dict[str, str]]
    text: str

    @property
    def levels(self) -> dict[str, str]:
        """Code -> its worst level."""
        return {
            each["code"]: each["level"]
            for level in ("ok", "note", "warning", "failed")
            for each in self.findings
            if each["level"] == level
        }

    @property
    def failed(self) -> set[str]:
        """The codes that failed, but for the lint's, which has tests of its own."""
        return {c for c, level in self.levels.items() if level == "failed"}

    def said(self, code: str) -> str:
        """Return the texts and the advice under a code."""
        return "\n".join(f"{e['text']}\n{e['advice']}" for e in self.findings if e["code"] == code)


Check = Callable[..., Report]


@pytest.fixture
def check(local_folder: Path, tmp_path: Path) -> Check:
    """Run the command, as for a script and as for a person."""
    folder = tmp_path / "local"
    shutil.copytree(local_folder, folder)
    own = write_project(tmp_path / "tinybird")

    def run(
        environ: Mapping[str, str],
        about: Product | Load | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        now: float | None = None,
        unread: Callable[[], list[str]] = list,
        is_shown: bool = False,
    ) -> Report:
        about = about or product(own)
        around = Surroundings(
            load=lambda: Settings.from_environ(environ),
            product=about if not isinstance(about, Product) else lambda *_: about,
            unread=unread,
            ask_for_changes=ask_for_changes,
            folder=folder,
            transport=transport,
            clock=time.time if now is None else lambda: now,
        )
        out, shown = io.StringIO(), io.StringIO()
        status = main(["check", "--json"], around=around, out=out)
        if is_shown:
            assert main(["check"], around=around, out=shown) == status
        return Report(status, json.loads(out.getvalue()), shown.getvalue())

    return run


@pytest.fixture(scope="package")
def tinybird(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    """A Tinybird that serves every pipe of these tests, safe and leaking: three customers."""
    folder = tmp_path_factory.mktemp("check")
    project = write_project(folder / "project", PIPES)
    with Tinybird(project, folder / "data") as running:
        now = datetime.now(UTC)
        running.add(
            *(
                {
                    "at": f"{now - timedelta(minutes=10 * n):%Y-%m-%d %H:%M:%S}",
                    "customer": customer,
                    "person": f"{customer}-person-{n % 3}",
                    "amount": 17 + 3 * n,
                }
                for customer, count in (("org_one", 37), ("org_two", 14), ("org_three", 5))
                for n in range(count)
            ),
            name="hits",
        )
        running.add({"plan": "gold", "price": 49}, {"plan": "free", "price": 0}, name="plans")
        yield running
