"""The pages themselves: by keyboard, on a phone, in light and dark."""

import json
import re

from playwright.sync_api import Browser, Page, ViewportSize, WebSocketRoute, expect

from tests.e2e.board import TRAFFIC, Board
from tests.e2e.visitor import SIGN_IN, Visitor, wait_for
from tests.running_app import RunningApp

PHONE: ViewportSize = {"width": 360, "height": 780}
LONG_NAME = f"The {'Very ' * 18}Long Name"
THEME = "header button[aria-label='Switch between light and dark']"


def _overflow(page: Page) -> int:
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def _edges(page: Page, selector: str) -> tuple[float, float]:
    """Return where an element begins and ends, from the left."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"], box["x"] + box["width"]


def test_the_example_request_comes_in_three_languages_with_the_real_address(
    visitor: Visitor,
) -> None:
    visitor.sign_in("admin@acme.test")
    panel = visitor.page.locator("#example-request")

    for language, sign in (("fetch", "await fetch("), ("curl", "curl '"), ("Python", "httpx.get(")):
        panel.get_by_text(language, exact=True).click()
        shown = panel.locator("pre:visible")
        expect(shown).to_contain_text(sign)
        expect(shown).to_contain_text(f"/v0/pipes/{TRAFFIC}.json")


def test_every_panel_copies_the_whole_thing(visitor: Visitor, page: Page) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    token = visitor.sign_in("admin@acme.test")
    page.locator("#example-request").get_by_text("curl", exact=True).click()

    def copied(what: str) -> str:
        page.get_by_role("button", name=re.compile(f"^Copy: {what}")).click()
        expect(page.get_by_role("button", name=re.compile(f"^Copied: {what}"))).to_be_visible()
        text: str = page.evaluate("navigator.clipboard.readText()")
        return text

    assert copied("Tinybird token") == token
    assert json.loads(copied("decoded token"))["name"].startswith("frontend_jwt_user_")
    example = copied("curl example")
    assert example.startswith("curl ")
    assert token in example


def test_everything_up_to_the_token_works_by_keyboard(visitor: Visitor, page: Page) -> None:
    visitor.open()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_text("Skip to content")
    expect(skip).to_be_focused()
    # Nothing lies over it.
    assert skip.evaluate(
        """(link) => {
          const { left, top, bottom } = link.getBoundingClientRect();
          const at = (y) => document.elementFromPoint(left + 8, y);
          return [top + 2, (top + bottom) / 2, bottom - 2].every((y) => at(y) === link);
        }"""
    )
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == SIGN_IN:
            break
    page.keyboard.press("Enter")
    expect(page.locator("input[name=identifier]")).to_be_focused()
    page.keyboard.type("admin@acme.test")
    page.keyboard.press("Enter")
    expect(page.locator("input[name=password]:visible")).to_be_focused()
    page.keyboard.type("tinybird-demo")
    page.keyboard.press("Enter")
    visitor.token()
    # Where a sign-in leaves the focus, once all is drawn.
    expect(page.get_by_role("main")).to_be_focused()

    page.locator("input[value=fetch]").focus()
    page.keyboard.press("ArrowRight")

    expect(page.locator("#example-request pre:visible")).to_contain_text("curl '")


def test_no_page_is_wider_than_a_phone(visitor: Visitor, page: Page) -> None:
    page.set_viewport_size(PHONE)
    for path in ("/", "/sign-in", "/sign-up", "/nowhere"):
        visitor.open(path)
        expect(page.get_by_role("heading").first).to_be_attached()
        wait_for(page, "window.Clerk?.loaded")

        assert _overflow(page) == 0, path
    visitor.forgive(r"status of 404")


def test_a_name_of_any_length_fits_and_covers_nothing(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("solo@example.test")
    visitor.create_organization(LONG_NAME)
    trigger, user = ".cl-organizationSwitcherTrigger", ".cl-userButtonTrigger"

    for path in ("/", "/dashboard"):
        visitor.open(path)
        expect(page.locator(trigger)).to_contain_text(LONG_NAME)
        expect(page.locator(user)).to_be_visible()
        for width in (320, 360, 1280):
            page.set_viewport_size({"width": width, "height": PHONE["height"]})
            assert _overflow(page) == 0
            assert _edges(page, trigger)[1] <= _edges(page, THEME)[0]
            assert _edges(page, THEME)[1] <= _edges(page, user)[0]


def test_a_box_that_opens_stays_within_a_phone(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")
    page.set_viewport_size({"width": 320, "height": PHONE["height"]})
    visitor.open("/dashboard")

    for opener in (
        "Choose a period",
        "Time zone",
        "Refresh rate",
        "More actions",
        "Actions: Requests",
    ):
        page.get_by_role("button", name=opener).click()
        box = page.locator(".pop:visible")
        expect(box).to_have_count(1)
        for part in (box, *box.locator("input, select, button").all()):
            found = part.bounding_box()
            assert found is not None
            assert found["x"] >= 0
            assert found["x"] + found["width"] <= 320
        page.keyboard.press("Escape")


def test_on_paper_are_the_data_without_what_can_be_pressed(visitor: Visitor, page: Page) -> None:
    visitor.sign_in_at("/dashboard?range=1h&method=GET", "admin@acme.test")
    expect(page.locator(".chart svg")).to_have_count(2)
    whose = page.locator(".on-paper")
    expect(whose).to_be_hidden()

    page.emulate_media(media="print")

    buttons = "main button:not(.legend button)"
    for hidden in ("header", "nav", ".local", ".toolbar", ".tools", "[role=status]", buttons):
        assert not any(each.is_visible() for each in page.locator(hidden).all()), hidden
    for shown in ("h1", f"#panel-{TRAFFIC} h2", f"#panel-{TRAFFIC} .legend a", ".chart svg"):
        expect(page.locator(shown).first).to_be_visible()
    expect(whose).to_be_visible()
    said = r"acme, \d+ \w+ \d\d:\d\d to now UTC[+]\d, method is GET"
    expect(whose).to_have_text(re.compile(said))


def test_signing_in_leaves_the_focus_at_the_content_without_a_frame(
    visitor: Visitor, page: Page
) -> None:
    visitor.sign_in_by_form("admin@acme.test")

    content = page.get_by_role("main")
    expect(content).to_be_focused()
    page.keyboard.press("Shift")
    expect(content).to_have_css("outline-style", "none")


def test_the_theme_follows_the_system_and_the_toggle_and_is_kept(
    visitor: Visitor, page: Page
) -> None:
    background = "getComputedStyle(document.querySelector('main').parentElement).backgroundColor"
    visitor.open()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    assert page.evaluate(background) == "rgb(10, 10, 10)"

    page.get_by_role("button", name="Switch between light and dark").click()
    wait_for(page, f"{background} === 'rgb(246, 246, 245)'")
    page.reload()

    wait_for(page, f"{background} === 'rgb(246, 246, 245)'")


def test_an_unknown_address_says_so_and_leads_home(visitor: Visitor, page: Page) -> None:
    visitor.open("/nowhere")
    page.get_by_role("link", name="To the home page").click()

    expect(page.get_by_role("heading", name="Real-time analytics")).to_be_visible()
    # In the same tab, without a reload: its websocket was opened at the unknown address.
    page.get_by_role("button", name=SIGN_IN).click()
    visitor.fill_sign_in("admin@acme.test")
    visitor.token()
    visitor.forgive(r"status of 404")


def test_without_clerks_script_the_page_says_what_to_do_and_does_it(
    browser: Browser, app: RunningApp
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/npm/@clerk/**", lambda route: route.abort())
    page.clock.install()
    page.goto(app.origin)
    # As long as Clerk tries.
    page.clock.fast_forward("00:20")

    expect(page.get_by_text("Sign-in could not be loaded")).to_be_visible(timeout=30_000)

    page.unroute_all()
    page.get_by_role("button", name="Load again").click()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    context.close()


def test_a_page_that_fails_says_so_without_a_word_of_code_and_can_be_loaded_again(
    visitor: Visitor, board: Board, page: Page
) -> None:
    board.open()
    breaks = ["every answer"]

    def join(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def to_page(message: str | bytes) -> None:
            kind, comma, rest = str(message).partition(",")
            if breaks and comma and '"delta"' in rest:
                event = json.loads(rest)
                for state in event[1]["delta"].values():
                    # What no version of this app sends.
                    charts = {name: {"values": 5} for name in state if TRAFFIC in name}
                    state.update(charts)
                rest = json.dumps(event)
            socket.send(f"{kind}{comma}{rest}")

        server.on_message(to_page)

    page.route_web_socket(re.compile("/_event"), join)
    page.reload()

    expect(page.get_by_role("heading", name="This page could not be shown")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text(re.compile("Reflex|TypeError|\\.js"))
    visitor.forgive("TypeError|hidden|is not a function")
    # A websocket's route cannot be taken back.
    breaks.clear()
    page.get_by_role("button", name="Load it again").click()
    expect(page.locator(f"#panel-{TRAFFIC}")).to_be_visible()
