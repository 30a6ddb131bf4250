"""Lighthouse, run by the bun that the app brings along, in a folder of its own; no Node."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from clerk_tinybird_app.bun import BUN
from tests.running_app import ROOT

# The newest that was seen to work on this bun without a Node beside it.
REQUIREMENT: Final = "lighthouse@12.2.3"

_FOLDER: Final = ROOT / ".local" / "lighthouse"
_SCRIPT: Final = Path(__file__).with_name("lighthouse_runs.mjs")
_INSTALL_SECONDS: Final = 180
_RUN_SECONDS: Final = 60


class LighthouseMissingError(Exception):
    """Lighthouse cannot be installed or run; the text says why."""


@dataclass(frozen=True)
class Run:
    """One visit of Lighthouse to a page.

    Attributes:
        url: The page.
        preset: ``mobile`` or ``desktop``: the device and the network that it imitates.
        categories: What to judge, by Lighthouse's own names.
    """

    url: str
    preset: str
    categories: Sequence[str]


@dataclass(frozen=True)
class Loss:
    """An audit that costs a category points.

    Attributes:
        id: Lighthouse's name of it.
        weight: Its weight in the category.
        score: What it got, from 0 to 1.
    """

    id: str
    weight: float
    score: float


@dataclass(frozen=True)
class Verdict:
    """What one run found.

    Attributes:
        scores: Category -> 0 to 100.
        metrics: Audit -> its value, in milliseconds but for the layout's shift.
        losses: Category -> the audits that cost it points.
    """

    scores: dict[str, float]
    metrics: dict[str, float]
    losses: dict[str, list[Loss]]

    @classmethod
    def read(cls, line: str) -> Self:
        """Return the verdict that a line of the script says."""
        said: dict[str, Any] = json.loads(line)
        return cls(
            scores={name: score * 100 for name, score in said["scores"].items()},
            metrics=said["metrics"],
            losses={
                name: [Loss(**loss) for loss in losses] for name, losses in said["losses"].items()
            },
        )


@dataclass(frozen=True)
class Lighthouse:
    """Lighthouse, installed.

    Attributes:
        folder: The package.
    """

    folder: Path

    @classmethod
    def ready(cls) -> Self:
        """Return Lighthouse, installed on the first call.

        Raises:
            LighthouseMissingError: bun could not install it.
        """
        stamp = _FOLDER / "installed"
        if not (stamp.exists() and stamp.read_text() == REQUIREMENT):
            _FOLDER.mkdir(parents=True, exist_ok=True)
            # Without one, bun would install into a project above.
            (_FOLDER / "package.json").write_text('{"private": true}\n')
            _run([str(BUN), "add", "--exact", REQUIREMENT], seconds=_INSTALL_SECONDS)
            stamp.write_text(REQUIREMENT)
        return cls(_FOLDER / "node_modules" / "lighthouse")

    def judge(self, runs: Sequence[Run], port: int) -> list[Verdict]:
        """Make ``runs`` one after the other, in the Chromium with this debugging port.

        Raises:
            LighthouseMissingError: It ended with an error.
        """
        job = {
            "lighthouse": str(self.folder),
            "port": port,
            "runs": [vars(run) for run in runs],
        }
        said = _run(
            [str(BUN), str(_SCRIPT)], given=json.dumps(job), seconds=_RUN_SECONDS * len(runs)
        )
        return [Verdict.read(line) for line in said.splitlines()]


def _run(command: list[str], *, given: str = "", seconds: float) -> str:
    try:
        done = subprocess.run(
            command, cwd=_FOLDER, input=given, capture_output=True, text=True, check=True,
            timeout=seconds,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr.strip() or "no message").splitlines()[-1]
        raise LighthouseMissingError(last_line) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LighthouseMissingError(type(error).__name__) from None
    return done.stdout
