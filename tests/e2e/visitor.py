"""A person with a browser, in the words of the tests."""

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import jwt
from playwright.sync_api import BrowserContext, Error, Locator, Page, WebSocketRoute, expect

from tests.running_app import wait_until

PASSWORD = "tinybird-demo"
CODE = "424242"

SIGN_IN = "Sign in to see yours"
"""The button on every page that nobody has signed in on."""

_EXPECTED_WARNINGS = (
    # Clerk's SDK says this with every development key.
    "Clerk has been loaded with development keys",
    # And this for the moment between a sign-out in another tab and its switcher's own unmounting.
    '"useOrganizationList" requires an active user session',
)

# Clerk's switcher asks for three lists as it mounts; a sign-out on the way refuses them with 401.
_SWITCHER_HAS_ITS_LISTS = """
    performance.getEntriesByType("resource")
        .filter((each) => each.name.includes("/v1/me/organization_")).length >= 3
"""

# Before the page's own scripts run; what is logged as an error is a fault.
_FIRST_OF_ALL = """
    performance.setResourceTimingBufferSize(2000);
    document.addEventListener("securitypolicyviolation", (event) => console.error(
        `policy: ${event.effectiveDirective} refused ${event.blockedURI} ${event.sample}`));
"""


class Line:
    """The websocket's way between a page and the app, which can be cut without a word."""

    def __init__(self, page: Page) -> None:
        self.is_cut = False
        page.route_web_socket(re.compile("/_event"), self._join)

    def _join(self, page_side: WebSocketRoute) -> None:
        app_side = page_side.connect_to_server()
        page_side.on_message(lambda frame: None if self.is_cut else app_side.send(frame))
        app_side.on_message(lambda frame: None if self.is_cut else page_side.send(frame))


class Visitor:
    """One browser (its cookies and storage) and its first tab.

    Attributes:
        faults: Console errors and warnings, uncaught exceptions, requests to any other host, and
            whatever the page's Content-Security-Policy refused.
    """

    def __init__(self, context: BrowserContext, origin: str, *own: str) -> None:
        self.context = context
        self.origin = origin
        self.faults: list[str] = []
        http = (origin, *own)
        self._own = (*http, *(url.replace("http", "ws") for url in http), "data:", "blob:")
        context.set_default_timeout(15_000)
        context.add_init_script(_FIRST_OF_ALL)
        context.on("page", self._watch)
        self.page = context.new_page()

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("request", lambda request: self._requested(request.url))

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(known in text for known in _EXPECTED_WARNINGS):
            self.faults.append(f"console {kind}: {text}")

    def _requested(self, url: str) -> None:
        if not url.startswith(self._own):
            self.faults.append(f"request to another host: {url}")

    def forgive(self, pattern: str) -> None:
        """Drop the faults that match: the test caused them on purpose."""
        self.faults = [fault for fault in self.faults if not re.search(pattern, fault)]

    def open(self, path: str = "/", page: Page | None = None) -> Page:
        """Open a page of the app, in the first tab or the given one."""
        page = page or self.page
        page.goto(self.origin + path)
        return page

    def sign_in(self, email: str, password: str = PASSWORD) -> str:
        """Sign in without Clerk's form, and return the Tinybird token."""
        self.sign_in_at("/", email, password)
        # Clerk's menus come after the page, and complain if a clock is moved before.
        expect(self.page.locator(".cl-userButtonTrigger")).to_be_visible()
        return self.token()

    def sign_in_at(self, path: str, email: str, password: str = PASSWORD) -> None:
        """Sign this browser in without a page, and open one."""
        answer = self.context.request.post(
            f"{self.origin}/__clerk/v1/client/sign_ins",
            headers={"Origin": self.origin},
            form={"identifier": email, "password": password},
        )
        assert answer.ok, answer.text()
        self.open(path)

    def sign_in_by_form(self, email: str, password: str = PASSWORD) -> str:
        """Sign in through the form over the home page and return the Tinybird token."""
        self.open()
        self.page.get_by_role("button", name=SIGN_IN).click()
        self.fill_sign_in(email, password)
        return self.token()

    def fill_sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Fill in Clerk's two steps."""
        self.page.fill("input[name=identifier]", email)
        self.press_continue()
        self.page.fill("input[name=password]:visible", password)
        self.press_continue()

    def fill_sign_up(self, email: str) -> None:
        """Fill in Clerk's form for a new account, and the code that would be e-mailed."""
        self.page.fill("input[name=emailAddress]", email)
        self.page.fill("input[name=password]", "a-brand-new-password")
        # Until Clerk has weighed the password its button does nothing.
        expect(self.page.locator(".cl-formFieldSuccessText__password")).to_be_visible()
        self.press_continue()
        self.page.locator("input[autocomplete=one-time-code]").click()
        self.page.keyboard.type(CODE)

    def press_continue(self) -> None:
        """Press the primary button of Clerk's form."""
        self.page.locator(".cl-formButtonPrimary").click()

    def token(self, page: Page | None = None) -> str:
        """Wait for the token on screen and return it."""
        shown = (page or self.page).locator("#tinybird-token")
        expect(shown).to_have_text(re.compile(r"^eyJ[\w-]+\.[\w-]+\.[\w-]+$"))
        return shown.inner_text()

    def wait_for_another_token(self, old: str, seconds: float = 15) -> str:
        """Wait until a token other than ``old`` is on screen and return it."""
        shown = self.page.locator("#tinybird-token")
        expect(shown).to_have_text(re.compile(r"^eyJ"))
        expect(shown).not_to_have_text(old, timeout=seconds * 1_000)
        return self.token()

    def switch_to(self, organization: str) -> None:
        """Choose an organization, or "Personal account", in Clerk's own switcher."""
        trigger = self.page.locator(".cl-organizationSwitcherTrigger")
        trigger.click()
        choice = self.page.locator(".cl-organizationSwitcherPreviewButton", has_text=organization)
        choice.click()
        try:
            expect(trigger).to_contain_text(organization, timeout=3_000)
        except AssertionError:
            # Clerk's list drew itself anew under the pointer; a person would press again.
            choice.click()

    def switch_from(self, token: str, organization: str) -> str:
        """Choose an organization beside a token on screen; return the one that replaces it."""
        self.switch_to(organization)
        return self.wait_for_another_token(token)

    def manage(self, what: str) -> None:
        """Open Clerk's profile of the "organization" or the "account"."""
        menu = {"organization": "organizationSwitcher", "account": "userButton"}[what]
        profile = self.page.locator(".cl-navbarButton").first
        self.choose(menu, f"manage{what.capitalize()}", profile)

    def choose(self, menu: str, action: str, opened: Locator) -> None:
        """Choose an action in one of Clerk's menus, until what it opens is there.

        Clerk's menu can draw itself anew under the pointer; a person would press again.
        """
        button = self.page.locator(f".cl-{menu}PopoverActionButton__{action}")
        for _ in range(3):
            if not button.is_visible():
                self.page.locator(f".cl-{menu}Trigger").click()
            with suppress(Error, AssertionError):
                button.click(timeout=3_000)
                expect(opened).to_be_visible(timeout=5_000)
                return
        expect(opened).to_be_visible()

    def create_organization(self, name: str) -> None:
        """Make an organization and switch to it, as Clerk's own dialog does."""
        self.page.evaluate(
            """async (name) => {
              const made = await Clerk.createOrganization({ name });
              await Clerk.setActive({ organization: made.id });
            }""",
            name,
        )

    def sign_out(self, page: Page | None = None) -> None:
        """Press Sign Out, no sooner than a person could."""
        page = page or self.page
        self.wait_for_switcher(page)
        page.get_by_role("button", name="Sign Out").click()

    def wait_for_switcher(self, page: Page | None = None) -> None:
        """Wait until Clerk's switcher has all that it asks for."""
        wait_for(page or self.page, _SWITCHER_HAS_ITS_LISTS)

    def expect_signed_out(self, page: Page | None = None) -> None:
        """The welcome stands where the token was."""
        page = page or self.page
        expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
        expect(page.locator("#tinybird-token")).to_have_count(0)


def wait_for(page: Page, condition: str) -> None:
    """Wait until a JavaScript condition holds on the page.

    The page's policy refuses Playwright's own ``wait_for_function``, which evaluates text there.
    """
    wait_until(lambda: bool(page.evaluate(condition)), what=condition)


def claims_of(token: str, signing_key: str, *, expired: bool = False) -> dict[str, Any]:
    """Verify a token independently, as Tinybird does, and return its claims."""
    claims: dict[str, Any] = jwt.decode(
        token, signing_key, algorithms=["HS256"], options={"verify_exp": not expired}
    )
    return claims


def fixed_params(token: str, signing_key: str) -> dict[str, str]:
    """Return the fixed parameters, the same for every scope."""
    every = [scope["fixed_params"] for scope in claims_of(token, signing_key)["scopes"]]
    assert all(one == every[0] for one in every)
    fixed: dict[str, str] = every[0]
    return fixed


def expired(token: str, folder: Path) -> str:
    """Return the session token with its life moved into the past, signed as Clerk would."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    past = {"iat": int(time.time()) - 120, "nbf": int(time.time()) - 130}
    key = (folder / ".local" / "clerk-signing-key.pem").read_text()
    return jwt.encode(
        claims | past | {"exp": past["iat"] + 60},
        key,
        algorithm="RS256",
        headers={"kid": jwt.get_unverified_header(token)["kid"]},
    )
