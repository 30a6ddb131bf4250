"""What a browser and the log show where the app starts, and is set up wrongly all the same.

The pages depend on none of these settings, so all are of one build.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from clerk_tinybird_app.local.clerk.seed import ACME_ID
from clerk_tinybird_app.tinybird.client import TinybirdNotFoundError
from tests.e2e.board import FIGURES, LATENCY, RECENT, ROUTES
from tests.e2e.visitor import Visitor
from tests.local.tinybird.process import Tinybird
from tests.misconfigurations.clerk import LOST
from tests.redis_server import ADVICE, is_there, redis_server
from tests.running_app import ROOT, RunningApp, wait_until


@pytest.fixture
def app(tmp_path: Path, kept: Path, embedder: str, older: Tinybird) -> Iterator[RunningApp]:
    app = RunningApp(
        tmp_path / "app",
        # The app takes the Tinybird that it finds there.
        {
            "EMBED_ANCESTORS": embedder,
            "TB_LOCAL_PORT": str(older.port),
            "LOG_FORMAT": "json",
            "WEB_CONCURRENCY": "1",
        },
    )
    kept.mkdir(parents=True, exist_ok=True)
    (app.folder / ".built").symlink_to(kept)
    yield app
    app.stop()


def logged(app: RunningApp, code: str) -> dict[str, str]:
    """Return the first line of the log with this code, once it is there."""
    found: list[dict[str, str]] = []

    def is_there() -> bool:
        lines = app.log.read_text().splitlines()
        found[:] = [json.loads(line) for line in lines if f'"{code}"' in line]
        return bool(found)

    wait_until(is_there, what=f"no line of the log has the code {code}")
    return found[0]


@pytest.fixture
def visitor(browser: Browser, app: RunningApp) -> Iterator[Visitor]:
    with browser.new_context() as context:
        yield Visitor(context, app.origin)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    """A Tinybird with the project as it was before a pipe was added, and a column of another."""
    folder = tmp_path_factory.mktemp("tinybird")
    project = folder / "older"
    shutil.copytree(ROOT / "tinybird", project)
    (project / "endpoints" / f"{ROUTES}.pipe").unlink()
    latency = project / "endpoints" / f"{LATENCY}.pipe"
    latency.write_text(latency.read_text().replace("AS p99_ms", "AS p999_ms"))
    now = datetime.now(UTC)
    with Tinybird(project, folder / "data") as running:
        running.add(
            *(
                {
                    "timestamp": f"{now - timedelta(minutes=n):%Y-%m-%d %H:%M:%S.000}",
                    "tenant_id": ACME_ID, "user_id": "user_1", "request_id": f"req_{n}",
                    "method": "GET", "route": "/v1/orders", "status": 200,
                    "duration_ms": 20.5, "region": "eu-west-1",
                }
                for n in range(1, 30)
            ),
            name="requests",
        )  # fmt: skip
        yield running


def test_where_an_older_project_is_deployed_the_panels_say_so_and_the_others_are_filled(
    app: RunningApp, visitor: Visitor
) -> None:
    app.prod()

    visitor.sign_in_at("/dashboard", "admin@acme.test")
    page = visitor.page

    expect(page.locator(f"#panel-{RECENT} tbody tr").first).to_be_visible()
    expect(page.locator(f"#panel-{ROUTES}")).to_contain_text(TinybirdNotFoundError.message)
    expect(page.locator(f"#panel-{LATENCY}")).to_contain_text(
        f"The pipe {LATENCY} cannot be shown here"
    )
    expect(page.locator(f"#panel-{FIGURES}")).not_to_contain_text("cannot")
    assert logged(app, "tinybird_not_found")["pipe"] == ROUTES
    assert logged(app, "tinybird_unexpected_rows")["pipe"] == LATENCY


@pytest.mark.skipif(not is_there(), reason=ADVICE)
def test_where_redis_takes_no_writes_pages_and_the_readiness_say_so_until_it_does(
    app: RunningApp, visitor: Visitor
) -> None:
    with redis_server("--replicaof", "127.0.0.1", "1") as server:
        app.env |= {"REFLEX_REDIS_URL": server.url, "REDIS_SECRET": "s" * 32}
        app.prod()

        visitor.sign_in_at("/dashboard", "admin@acme.test")

        trouble = visitor.page.locator("#trouble")
        expect(trouble).to_contain_text(LOST)
        expect(trouble).to_contain_text("goes on by itself")
        ready = httpx.get(f"{app.origin}/api/ready")
        assert ready.status_code == 503
        assert ready.json()["parts"]["redis"]["reason"] == "redis_refuses: ReadOnlyError"
        assert "ReadOnlyError" in logged(app, "redis_failed")["message"]

        with server.client() as client:
            client.replicaof("NO", "ONE")

        expect(visitor.page.locator(f"#panel-{RECENT} tbody tr").first).to_be_visible(
            timeout=60_000
        )
        expect(trouble).not_to_be_visible()


def test_at_an_address_that_the_app_does_not_know_the_log_names_it(
    app: RunningApp, visitor: Visitor
) -> None:
    app.env["CLERK_AUTHORIZED_PARTIES"] = "http://localhost:1"
    app.prod()

    visitor.open()

    assert app.origin in logged(app, "websocket_origin")["message"]
    expect(visitor.page.get_by_text(LOST)).to_be_visible(timeout=30_000)
