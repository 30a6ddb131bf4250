"""A configured Clerk, on a host of its own, under the policy of the pages.

The embedded Clerk stands in for it: the browser's requests to that host are answered from there.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from tests.e2e.test_anonymous import TINYBIRD
from tests.e2e.visitor import Visitor
from tests.running_app import RunningApp

_PASSED_ON = ("authorization", "content-type")


class ClerksHost:
    """Answers the requests to a Clerk instance's host, and keeps its cookies."""

    def __init__(self, http: httpx.Client, page_origin: str, embedded_origin: str) -> None:
        self._http = http
        self._page_origin = page_origin
        self._embedded_origin = embedded_origin

    def answer(self, route: Route) -> None:
        request = route.request
        cors = {
            "access-control-allow-origin": self._page_origin,
            "access-control-allow-credentials": "true",
            "access-control-allow-headers": "authorization, content-type",
            "access-control-expose-headers": "authorization",
        }
        if request.method == "OPTIONS":
            route.fulfill(status=204, headers=cors)
            return
        parts = urlsplit(request.url)
        sent = {k: v for k, v in request.headers.items() if k in _PASSED_ON}
        answer = self._http.request(
            request.method,
            f"{self._embedded_origin}/__clerk{parts.path}?{parts.query}",
            headers=sent | {"origin": self._embedded_origin},
            content=request.post_data_buffer,
        )
        kept = {k: v for k, v in answer.headers.items() if k in _PASSED_ON}
        route.fulfill(status=answer.status_code, headers=kept | cors, body=answer.content)


@pytest.fixture
def clerk(app: RunningApp) -> Iterator[EmbeddedClerk]:
    clerk = EmbeddedClerk(app.folder / ".local", origins=(app.origin,))
    yield clerk
    clerk.close()


@pytest.fixture
def configured(app: RunningApp, clerk: EmbeddedClerk, tmp_path: Path) -> Iterator[RunningApp]:
    host = PublishableKey.parse(clerk.publishable_key).host
    running = RunningApp(
        tmp_path / "app",
        {
            **TINYBIRD,
            # A live key alone would leave the token page out.
            "TOKEN_PAGE": "1",
            "CLERK_PUBLISHABLE_KEY": f"pk_live_{base64.b64encode(f'{host}$'.encode()).decode()}",
            "CLERK_JWT_KEY": clerk.public_key_pem,
        },
    )
    running.env["CLERK_AUTHORIZED_PARTIES"] = f"{running.origin},{app.origin}"
    yield running.prod()
    running.stop()


def test_a_configured_clerk_serves_its_forms_and_menus_within_the_policy(
    browser: Browser, app: RunningApp, configured: RunningApp, clerk: EmbeddedClerk
) -> None:
    host = f"https://{PublishableKey.parse(clerk.publishable_key).host}"
    with browser.new_context() as context, httpx.Client() as http:
        visitor = Visitor(context, configured.origin, host)
        context.route(f"{host}/**", ClerksHost(http, configured.origin, app.origin).answer)
        page = visitor.page

        visitor.sign_in_by_form("admin@acme.test")
        visitor.switch_to("Globex")
        visitor.manage("account")
        expect(page.locator(".cl-profileSection").first).to_be_visible()
        page.keyboard.press("Escape")
        visitor.sign_out()

        visitor.expect_signed_out()
    assert visitor.faults == []
