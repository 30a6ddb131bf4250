"""What production's answers carry, and that the pages do all they can under their policy."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.board import RECENT, ROUTES, Board
from tests.e2e.visitor import SIGN_IN, Visitor
from tests.running_app import RunningApp, free_port

PAGES = ("/", "/sign-in", "/sign-up", "/dashboard", "/dashboard/route")


def _policy(answer: httpx.Response) -> str:
    return answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", page, 200) for page in PAGES),
        ("GET", "/nowhere", 404),
        ("GET", "/look/tokens.css", 200),
        ("GET", "/ping", 200),
        ("GET", "/api/health", 200),
        ("GET", "/api/tinybird-token", 401),
        ("GET", "/api/nowhere", 404),
        ("POST", "/api/health", 405),
        ("GET", "/__clerk/v1/environment", 200),
        ("OPTIONS", "/api/health", 400),
    ],
)
def test_every_kind_of_answer_has_the_headers(
    app: RunningApp, method: str, path: str, status: int
) -> None:
    preflight = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET"}
    headers = preflight if method == "OPTIONS" else {}

    answer = httpx.request(method, f"{app.origin}{path}", headers=headers)

    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert answer.headers["permissions-policy"]
    assert answer.headers["server"] == ""
    assert "frame-ancestors 'none'" in _policy(answer)
    assert "unsafe" not in _policy(answer)
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_answered_at_its_own_address_and_asked_for_anew(
    app: RunningApp, page: str
) -> None:
    answer = httpx.get(f"{app.origin}{page}", headers={"Accept-Encoding": "br"})

    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "br"
    assert answer.headers["cache-control"] == "no-cache"


def test_every_built_file_is_kept_forever_and_nothing_else(app: RunningApp) -> None:
    client = app.pages
    files = [
        f"/{file.relative_to(client).as_posix()}"
        for file in client.rglob("*.*")
        if file.suffix not in (".br", ".gz")
    ]

    with httpx.Client(base_url=app.origin) as http:
        forever = {path for path in files if "immutable" in http.get(path).headers["cache-control"]}

    assert forever == {path for path in files if path.startswith("/assets/")}
    assert len(forever) > 20


def test_a_script_that_somebody_plants_does_not_run(visitor: Visitor, page: Page) -> None:
    visitor.open()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()

    planted = page.evaluate(
        """async () => {
            const script = document.createElement("script");
            script.textContent = "window.planted = 'inline'";
            document.body.append(script);
            document.body.insertAdjacentHTML(
                "beforeend", `<img src="data:," onerror="window.planted = 'handler'">`);
            const refused = new Promise((resolve) => setTimeout(resolve, 0));
            await refused;
            return window.planted;
        }"""
    )

    assert planted is None
    assert [fault for fault in visitor.faults if "script-src" in fault]
    visitor.forgive("script-src|script-src-elem|script-src-attr|Content Security Policy")


def test_everything_that_a_visitor_does_passes_the_policy(
    visitor: Visitor, board: Board, page: Page
) -> None:
    """The faults that end a test hold every violation; here is the whole walk in one."""
    for path in ("/sign-in", "/sign-up"):
        visitor.open(path)
        expect(page.locator(".cl-formButtonPrimary")).to_be_visible()
    visitor.open("/sign-in")
    page.fill("input[name=identifier]", "solo@example.test")
    visitor.press_continue()
    page.get_by_text("Use another method").click()
    page.get_by_text("Email code to").click()
    expect(page.locator("input[autocomplete=one-time-code]")).to_be_visible()
    board.open("member@acme.test")
    page.locator(f"#panel-{ROUTES} tbody tr").first.get_by_role("link", name="Open").click()
    expect(page.locator("h1")).to_contain_text("/v1/")
    board.expect_filled()
    board.choose(RECENT, "View request")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#query-summary")).to_contain_text("200")
    with page.expect_download():
        page.get_by_role("button", name="Download all rows as CSV").click()
    visitor.switch_from(visitor.token(), "Personal account")
    page.get_by_role("button", name="Switch between light and dark").click()
    visitor.manage("account")
    page.get_by_role("button", name="Security").click()
    expect(page.locator(".cl-profileSection").first).to_be_visible()
    page.keyboard.press("Escape")
    visitor.sign_out(page)
    visitor.expect_signed_out()
    page.goto(f"{visitor.origin}/nowhere")
    expect(page.get_by_role("heading", name=re.compile("not found", re.IGNORECASE))).to_be_visible()
    visitor.forgive("status of 404")


def test_pages_of_which_the_build_left_no_note_are_not_served(app: RunningApp) -> None:
    note = app.pages.with_name("inline.json")
    hidden = note.rename(note.with_suffix(".hidden"))
    try:
        ended = app.run("serve", "--built", REFLEX_FRONTEND_PORT=str(free_port()))
    finally:
        hidden.rename(note)

    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "inline.json cannot be read" in said
    assert "make prod" in said
    assert "ended with status 1 before it served" in said
    assert said.count("cannot be read") == 1
    assert "Traceback" not in said
