"""Writes how verdin's own suite ends to docs/embedded-tinybird.md: run it with ``python -m``.

It is written against a real Tinybird Local. Only the starting of a container is replaced, see
`verdin_plugin`. No run of the tests makes it: it takes half a minute, and its source distribution.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from tests.local.tinybird.process import Tinybird
from tests.products.demo.clients import isolated
from tests.products.demo.clients.tb import quiet
from tests.products.demo.clients.tb_commands import PAGE

COMMAND: Final = "python -m tests.products.demo.clients.verdin_suite"
PINS: Final = Path(__file__).with_name("verdin_suite_requirements.txt")
FOLDER: Final = isolated.FOLDER.with_name("verdin-suite-venv")
PLUGIN: Final = "verdin_plugin"
SECONDS: Final = 600.0
_SECTION: Final = re.compile(r"(?<=\n## verdin's own suite\n).*?(?=\n## |\Z)", re.DOTALL)
_TEXT: Final = (
    "\nThe integration suite of {pin}, from its source distribution, against the embedded Tinybird "
    f"in the place of its container: `{COMMAND}` writes this table.\n\n"
    "| file | passed | failed |\n|---|---|---|\n"
)


def pin() -> str:
    """Return which verdin the suite is of."""
    found = re.search(r"^verdin==\S+$", PINS.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[0]


def rows(results: Path) -> Iterator[str]:
    """Yield a row for each file of the suite, with the names of the tests that failed."""
    passed: dict[str, int] = defaultdict(int)
    failed: dict[str, list[str]] = defaultdict(list)
    for case in ElementTree.parse(results).iter("testcase"):
        file = next(
            (part for part in case.get("classname", "").split(".") if "test_" in part),
            case.get("name", ""),
        )
        passed[file] += 0
        if case.find("failure") is None and case.find("error") is None:
            passed[file] += 1
        else:
            failed[file].append(case.get("name", ""))
    for file, count in sorted(passed.items()):
        yield f"| `{file}` | {count} | {', '.join(failed[file]) or '0'} |\n"
    yield f"| all | {sum(passed.values())} | {sum(map(len, failed.values()))} |\n"


def page(text: str, found: Iterator[str]) -> str:
    """Return the page with other rows in its table."""
    return _SECTION.sub(lambda _: _TEXT.format(pin=f"`{pin()}`") + "".join(found), text)


def suite(programs: Path, folder: Path) -> Path:
    """Return the folder of the suite, from the source distribution that PyPI has."""
    download = ["-m", "pip", "download", "--quiet", "--no-input", "--no-deps", "--no-binary=:all:"]
    subprocess.run(
        [str(programs / "python"), *download, "-d", str(folder), pin()],
        check=True,
        timeout=SECONDS,
    )
    [packed] = folder.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / packed.name.removesuffix(".tar.gz")


def run(programs: Path, folder: Path, port: int) -> Path:
    """Run the suite; return the file with its results."""
    (folder / "home").mkdir()
    results = folder / "results.xml"
    subprocess.run(
        [
            *(str(programs / "python"), "-m", "pytest", "-q", "-p", PLUGIN),
            *("-p", "no:cacheprovider", f"--junitxml={results}", "tests/integration"),
        ],
        cwd=suite(programs, folder),
        env={
            **quiet(folder / "home"),
            "PATH": f"{programs}:{quiet(folder)['PATH']}",
            "PYTHONPATH": str(Path(__file__).parent),
            "TB_LOCAL_HOST": "localhost",
            "TB_LOCAL_PORT": str(port),
        },
        check=False,
        timeout=SECONDS,
    )
    return results


def main() -> int:
    """Run the suite against an embedded Tinybird of its own, and write the page."""
    python = isolated.find_python()
    if python is None:
        sys.exit(isolated.ADVICE)
    programs = isolated.environment(python, FOLDER, PINS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "served").mkdir()
        with Tinybird(folder / "served", folder / "data") as running:
            results = run(programs, folder, running.port)
        text = page(PAGE.read_text(encoding="utf-8"), rows(results))
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
