"""A dashboard in a visitor's browser, in the words of the tests."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import httpx
from playwright.sync_api import Page, expect

from clerk_tinybird_app.product.dashboard import DASHBOARD
from tests.e2e.visitor import Visitor, fixed_params
from tests.running_app import RunningApp, wait_until

PANELS: Final = tuple(panel.key for panel in DASHBOARD.panels)
FIGURES, TRAFFIC, LATENCY, ROUTES, SHARES, RECENT = PANELS


class Board:
    """The dashboard of one browser tab.

    Attributes:
        page: The tab.
        token: A token of the same session.
    """

    def __init__(self, visitor: Visitor, app: RunningApp) -> None:
        self.page: Page = visitor.page
        self._visitor = visitor
        self._app = app
        self.token = ""

    def open(self, email: str = "admin@acme.test", address: str = "/dashboard") -> str:
        """Sign in at the dashboard, and return the tenant's id once its panels are filled."""
        self._app.wait_for_tinybird()
        self._visitor.sign_in_at(address, email)
        self.expect_filled()
        # Clerk's menus come after the panels, and cannot where a test then takes something away.
        expect(self.page.locator(".cl-userButtonTrigger")).to_have_count(1)
        asking = "async () => (await (await fetch('/api/tinybird-token')).json()).token"
        self.token = self.page.evaluate(asking)
        return fixed_params(self.token, self._app.signing_key)["tenant_id"]

    def expect_filled(self) -> None:
        """Every panel shows data."""
        for panel in PANELS:
            expect(self.page.locator(f"#panel-{panel} .skeleton")).to_have_count(0)
        expect(self.page.locator(f"#panel-{RECENT} tbody tr").first).to_be_visible()

    def requests(self) -> int:
        """Return the key figure of requests."""
        figure = self.page.locator(f"#panel-{FIGURES} dd b").first
        expect(figure).to_have_text(re.compile(r"^[\d,]+$"))
        return int(figure.inner_text().replace(",", ""))

    def wait_for_age(self, seconds: int) -> int:
        """Wait until what is shown is so many seconds old, as the page says; return its age."""
        wait_until(lambda: self._age() >= seconds, what=f"it did not become {seconds} s old")
        return self._age()

    def _age(self) -> int:
        said = self.page.locator("#live-status").inner_text()
        found = re.search(r" updated (\d+) s ago$", said)
        return int(found[1]) if found else -1

    def choose(self, panel: str, action: str) -> None:
        """Choose an action in a panel's menu."""
        shown = self.page.locator(f"#panel-{panel}")
        shown.get_by_role("button", name="Actions: ").click()
        shown.get_by_role("button", name=action).click()

    def post_event(self, tenant: str, route: str) -> None:
        """Post one request of a tenant, as its backend would."""
        api = f"http://localhost:{self._app.tinybird_port}"
        admin = httpx.get(f"{api}/tokens").json()["workspace_admin_token"]
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row = {
            "timestamp": now,
            "tenant_id": tenant,
            "user_id": "user_1",
            "request_id": f"req_{route.strip('/')[:40]}",
            "method": "GET",
            "route": route,
            "status": 200,
            "duration_ms": 12.5,
            "region": "eu-west-1",
        }
        answer = httpx.post(
            f"{api}/v0/events",
            params={"name": "requests", "wait": "true"},
            headers={"Authorization": f"Bearer {admin}"},
            json=row,
        )
        answer.raise_for_status()

    def run_in_a_shell(self, command: str) -> None:
        """Run a command with curl in it as somebody would who copied it, with this Tinybird."""
        api = f"http://localhost:{self._app.tinybird_port}"
        admin = {"Authorization": f"Bearer {httpx.get(f'{api}/tokens').json()['admin_token']}"}
        token = httpx.get(f"{api}/v0/tokens/requests_append", headers=admin).json()["token"]
        # A machine need not have curl to tell that the shell hands it the right words.
        said = subprocess.run(
            ["sh", "-c", 'curl() { printf "%s\\0" "$@"; cat; }\n' + command],
            env={"PATH": os.defpath, "TINYBIRD_API_URL": api, "TINYBIRD_APPEND_TOKEN": token},
            capture_output=True,
            text=True,
            check=True,
        )
        url, _, header, *_, body = said.stdout.split("\0")
        # As curl sends what it reads.
        body = body.replace("\n", "")
        name, _, value = header.partition(": ")
        httpx.post(url, headers={name: value}, content=body).raise_for_status()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide the tab for the block, as far as the page can tell."""
        self._set_hidden(True)
        try:
            yield
        finally:
            self._set_hidden(False)

    def _set_hidden(self, is_hidden: bool) -> None:
        # A headless browser shows all of its tabs at once.
        self.page.evaluate(
            """(hidden) => {
              Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
              document.dispatchEvent(new Event("visibilitychange"));
            }""",
            is_hidden,
        )
