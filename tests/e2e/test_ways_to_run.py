"""The ways to run the app beside ``make prod``, each from sign-in to the token on the screen."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.visitor import SIGN_IN, Visitor, fixed_params
from tests.running_app import RunningApp, wait_until


@pytest.fixture
def fresh_app(tmp_path: Path) -> Iterator[RunningApp]:
    app = RunningApp(tmp_path / "app")
    yield app
    app.stop()


@pytest.fixture(params=["reflex run", "reflex run --env prod", "export and backend apart"])
def running(request: pytest.FixtureRequest) -> RunningApp:
    if request.param == "reflex run":
        app: RunningApp = request.getfixturevalue("dev_app")
        return app
    fresh: RunningApp = request.getfixturevalue("fresh_app")
    if request.param == "reflex run --env prod":
        return fresh.reflex_prod()
    kept: Path = request.getfixturevalue("kept")
    return fresh.exported(kept.with_name("kept-export"))


def test_sign_in_leads_to_the_token(browser: Browser, running: RunningApp) -> None:
    context = browser.new_context()
    visitor = Visitor(context, running.origin, running.backend)

    token = visitor.sign_in_by_form("admin@acme.test")
    fixed = fixed_params(token, running.signing_key)
    switched = fixed_params(visitor.switch_from(token, "Globex"), running.signing_key)
    visitor.sign_out()

    visitor.expect_signed_out()
    assert fixed["tenant_id"] != switched["tenant_id"]
    assert visitor.faults == []
    context.close()


def test_a_pipe_that_changes_is_served_and_restarts_nothing(fresh_app: RunningApp) -> None:
    """The project is the embedded Tinybird's to watch; the app's code alone is Reflex's."""
    app = fresh_app.dev_backend()
    app.wait_for_tinybird()
    tinybird = app.tinybird_pids()
    headers = {"Authorization": f"Bearer {app.signing_key}"}
    pipes = f"http://localhost:{app.tinybird_port}/v0/pipes"
    with httpx.Client(headers=headers) as http:
        assert http.get(f"{pipes}/fresh.json").status_code == 404

        (app.folder / "tinybird/endpoints/fresh.pipe").write_text(
            "NODE endpoint\nSQL >\n    SELECT 7 AS n\nTYPE endpoint\n"
        )
        wait_until(lambda: http.get(f"{pipes}/fresh.json").is_success, what="it is not served")
        assert http.get(f"{pipes}/fresh.json").json()["data"] == [{"n": 7}]
    assert app.tinybird_pids() == tinybird
    with (app.folder / "clerk_tinybird_app/routes.py").open("a") as code:
        code.write("\n")
    wait_until(
        lambda: app.tinybird_pids() not in ([], tinybird),
        seconds=60,
        what="the code is not watched",
    )
    # The start's and this one's: the pipe brought no third.
    wait_until(
        lambda: app.log.read_text().count("Tinybird serves") > 1, seconds=60, what="it is not back"
    )
    assert app.log.read_text().count("Tinybird serves") == len(("start", "code"))


def test_development_listens_on_loopback_alone_and_frames_what_production_does(
    dev_app: RunningApp, embedder: str
) -> None:
    app = dev_app

    assert httpx.get(f"{app.origin}/api/health").json()["clerk"] == "local"
    vite = (app.folder / ".web" / "vite.config.js").read_text()
    assert 'host: "127.0.0.1"' in vite
    assert "Network: http" not in app.log.read_text()
    for path in ("/", "/dashboard", "/api/health", "/embed/nothing"):
        headers = httpx.get(app.origin + path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
    for path in ("/embed", "/embed/", "/embed/route?range=7d"):
        headers = httpx.get(app.origin + path).headers
        assert headers["content-security-policy"].endswith(f"frame-ancestors {embedder}")
        assert "x-frame-options" not in headers


def test_a_named_site_frames_the_dashboard_in_development(
    browser: Browser, dev_app: RunningApp, embedder: str
) -> None:
    context = browser.new_context()
    page = context.new_page()

    page.goto(f"{embedder}/?{dev_app.origin}/embed")

    way_in = page.frame_locator("iframe").get_by_role("link", name=SIGN_IN)
    expect(way_in).to_have_attribute("target", "_blank")
    context.close()
