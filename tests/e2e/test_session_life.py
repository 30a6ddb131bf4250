"""A session changes and ends in many ways; each ends in the right state without a reload."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from clerk_tinybird_app.reflex_internals.connections import MAX_PER_SESSION
from tests.e2e.board import RECENT, Board
from tests.e2e.visitor import Visitor, claims_of, fixed_params, wait_for
from tests.reflex_internals.frames import SYNC
from tests.running_app import RunningApp, wait_until

MORE_TABS = """
    async ({ count, token, name }) => {
        const url = `${location.origin.replace("http", "ws")}/_event/?EIO=4&transport=websocket`;
        const router_data = { pathname: "/", asPath: "/" };
        const event = { name, payload: { token }, router_data };
        const opened = () => new Promise((resolve, reject) => {
            const socket = new WebSocket(`${url}&token=${crypto.randomUUID()}`);
            socket.onerror = socket.onclose = reject;
            socket.onmessage = ({ data }) => {
                if (data === "2") socket.send("3");
                else if (data.startsWith("0")) socket.send("40/_event,");
                else if (data.startsWith("40"))
                    socket.send("42/_event," + JSON.stringify(["event", event]));
                else if (data.includes('"accepted_rx_state_":"sess_')) resolve(socket);
                else if (data.includes("session_tabs")) reject(new Error("refused"));
            };
        });
        window.more = await Promise.all(Array.from({ length: count }, opened));
    }
"""


KEPT = """async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
})"""
CLERKS_COOKIES = ("__client", "__session", "clerk_active_context")
WAKE = "document.dispatchEvent(new Event('visibilitychange'))"


def test_an_organization_switch_changes_tenant_and_permission(
    visitor: Visitor, app: RunningApp
) -> None:
    token = visitor.sign_in("admin@acme.test")
    acme = fixed_params(token, app.signing_key)

    token = visitor.switch_from(token, "Globex")
    globex = fixed_params(token, app.signing_key)

    assert globex["tenant_id"] != acme["tenant_id"]
    assert (acme["org_permission"], globex["org_permission"]) == ("manage", "read")
    expect(visitor.page.locator("#tenant-id")).to_have_text(globex["tenant_id"])

    token = visitor.switch_from(token, "Personal account")
    assert fixed_params(token, app.signing_key)["tenant_id"] == acme["user_id"]


def test_no_frame_after_a_switch_shows_the_other_tenants_token(
    visitor: Visitor, app: RunningApp
) -> None:
    old = visitor.sign_in("admin@acme.test")
    # Notes, for every change of the page, which organization Clerk says and whose token shows.
    visitor.page.evaluate(
        """old => {
            window.mixed = [];
            const first = window.Clerk.organization.id;
            new MutationObserver(() => {
                const shown = document.querySelector('#tinybird-token')?.innerText;
                const now = window.Clerk.organization?.id;
                const committed = document.querySelector('.cl-organizationSwitcherTrigger')
                    ?.innerText.includes('Globex');
                if (committed && now !== first && shown === old) window.mixed.push(now);
            }).observe(document.body, { childList: true, subtree: true, characterData: true });
        }""",
        old,
    )

    visitor.switch_from(old, "Globex")

    assert visitor.page.evaluate("window.mixed") == []


def test_signing_out_empties_the_page_and_its_cookies(visitor: Visitor) -> None:
    token = visitor.sign_in("admin@acme.test")

    visitor.sign_out()

    visitor.expect_signed_out()
    assert token not in visitor.page.content()
    assert visitor.page.evaluate("document.cookie").count("eyJ") == 0


def test_a_browser_keeps_how_it_is_used_and_nothing_of_whom_or_of_what_was_shown(
    visitor: Visitor, board: Board, app: RunningApp
) -> None:
    app.wait_for_tinybird()
    minted = visitor.sign_in("admin@acme.test")
    page, fixed = visitor.page, fixed_params(minted, app.signing_key)
    session = page.evaluate("window.Clerk.session.getToken()")
    visitor.open("/dashboard?range=7d&region=eu-west-1")
    board.expect_filled()
    page.get_by_role("button", name="Refresh rate").click()
    page.get_by_label("Refresh every").select_option("5 min")
    row = page.locator(f"#panel-{RECENT} tbody tr").first.inner_text().split()
    routes = [word for word in row if word.startswith("/")]
    assert routes
    ids = (fixed["user_id"], fixed["tenant_id"])
    shown = (minted, session, "admin@acme.test", "Acme", *ids, *routes)

    def expect_nothing_kept() -> None:
        kept = page.evaluate(KEPT)
        assert kept["local"].keys() == {"__clerk_environment", "theme", "dashboard-refresh-seconds"}
        # What names this tab to the server opens nothing.
        assert kept["session"].keys() == {"token", "react-router-scroll-positions"}
        assert kept["databases"] == kept["caches"] == []
        assert [each for each in shown if each in repr(kept)] == []
        cookies = visitor.context.cookies()
        assert all(each["name"].startswith(CLERKS_COOKIES) for each in cookies)
        assert minted not in repr(cookies)

    expect_nothing_kept()
    visitor.open()
    visitor.token()
    expect_nothing_kept()
    visitor.sign_out()
    visitor.expect_signed_out()
    expect_nothing_kept()


def test_a_reload_shows_the_same_tenant_again(visitor: Visitor, app: RunningApp) -> None:
    before = fixed_params(visitor.sign_in("admin@acme.test"), app.signing_key)

    visitor.page.reload()

    assert fixed_params(visitor.token(), app.signing_key) == before


def test_a_second_tab_is_signed_in_at_once_and_signed_out_with_the_first(
    visitor: Visitor,
) -> None:
    visitor.sign_in("admin@acme.test")
    second = visitor.open(page=visitor.context.new_page())
    visitor.token(second)

    visitor.page.bring_to_front()
    visitor.sign_out()
    visitor.expect_signed_out()

    second.bring_to_front()
    visitor.expect_signed_out(second)
    visitor.forgive(r"status of 401")


def test_two_browsers_hold_two_tenants_at_the_same_time(
    open_browser: Callable[[], Visitor], app: RunningApp
) -> None:
    acme, globex = open_browser(), open_browser()

    first = fixed_params(acme.sign_in("admin@acme.test"), app.signing_key)
    second = fixed_params(globex.sign_in("admin@globex.test"), app.signing_key)

    assert first["tenant_id"] != second["tenant_id"]


def test_a_session_revoked_from_another_device_ends_here(
    open_browser: Callable[[], Visitor],
) -> None:
    lost, owner = open_browser(), open_browser()
    lost.sign_in("member@acme.test")
    owner.sign_in("member@acme.test")

    owner.page.evaluate(
        """async () => {
            const sessions = await window.Clerk.user.getSessions();
            const other = sessions.find((s) => s.id !== window.Clerk.session.id);
            await other.revoke();
        }"""
    )
    # The heartbeat would find out within 45 s; coming back to the tab finds out at once.
    lost.page.clock.install()
    lost.page.clock.fast_forward("00:50")
    lost.page.evaluate(WAKE)

    lost.expect_signed_out()
    lost.forgive(r"status of 401")
    owner.token()


def test_a_renewed_token_is_a_new_one_for_the_same_tenant(
    visitor: Visitor, app: RunningApp
) -> None:
    old = visitor.sign_in("admin@acme.test")
    # A token minted in the same second would be the same token.
    issued_at = claims_of(old, app.signing_key)["iat"]
    wait_for(visitor.page, f"Date.now() / 1000 >= {issued_at + 1}")

    visitor.page.get_by_role("button", name="Renew").click()

    new = visitor.wait_for_another_token(old)
    assert fixed_params(new, app.signing_key) == fixed_params(old, app.signing_key)


def test_a_restarted_backend_is_noticed_and_healed(visitor: Visitor, app: RunningApp) -> None:
    before = fixed_params(visitor.sign_in("admin@acme.test"), app.signing_key)

    app.stop_process()
    expect(visitor.page.get_by_text("Connection lost")).to_be_visible()
    app.restart()

    expect(visitor.page.get_by_text("Connection lost")).to_have_count(0, timeout=30_000)
    assert fixed_params(visitor.token(), app.signing_key) == before
    visitor.forgive(r"ERR_CONNECTION_REFUSED|WebSocket|Failed to fetch|ClerkJS|status of 5")


class _AlteredTokens:
    """Every session token from now on comes with a changed signature, until ``stop``."""

    def __init__(self, page: Page) -> None:
        self._is_on = True
        page.route("**/sessions/*/tokens*", self._alter)

    def stop(self) -> None:
        self._is_on = False

    def _alter(self, route: Route) -> None:
        if not self._is_on:
            route.continue_()
            return
        answer = route.fetch()
        body = answer.json()
        head, _, signature = body["jwt"].rpartition(".")
        body["jwt"] = f"{head}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}"
        route.fulfill(response=answer, json=body)


def test_a_refused_session_hides_the_token_says_why_and_can_be_tried_again(
    visitor: Visitor,
) -> None:
    page = visitor.page
    page.clock.install()
    visitor.sign_in("admin@acme.test")
    altered = _AlteredTokens(page)

    page.clock.fast_forward("00:50")

    expect(page.locator("#error-code")).to_have_text("session_signature")
    expect(page.locator("#tinybird-token")).to_have_count(0)

    altered.stop()
    page.get_by_role("button", name="Try again").click()
    visitor.token()


def test_signing_out_reaches_the_server_even_while_a_token_is_awaited(visitor: Visitor) -> None:
    page = visitor.page
    sent: list[str] = []
    page.on(
        "websocket",
        lambda opened: opened.on("framesent", lambda frame: sent.append(str(frame))),
    )
    page.clock.install()
    visitor.sign_in("admin@acme.test")
    page.route("**/sessions/*/tokens*", lambda route: None)  # never answered
    page.clock.fast_forward("00:50")
    sent.clear()

    page.get_by_role("button", name="Sign Out").click()

    visitor.expect_signed_out()
    wait_until(
        lambda: page.evaluate("1") == 1 and any('"token":""' in frame for frame in sent),
        what="the sign-out was not pushed",
    )


def test_a_changed_role_changes_the_permission_without_a_reload(
    open_browser: Callable[[], Visitor], app: RunningApp
) -> None:
    member, admin = open_browser(), open_browser()
    member.page.clock.install()
    old = member.sign_in("member@acme.test")
    admin.sign_in("admin@acme.test")
    change = """async ([userId, role]) =>
        { await window.Clerk.organization.updateMember({ userId, role }); }"""
    user_id = fixed_params(old, app.signing_key)["user_id"]

    admin.page.evaluate(change, [user_id, "org:admin"])
    member.page.clock.fast_forward("00:50")
    promoted = member.wait_for_another_token(old)
    admin.page.evaluate(change, [user_id, "org:member"])

    assert fixed_params(old, app.signing_key)["org_permission"] == "read"
    assert fixed_params(promoted, app.signing_key)["org_permission"] == "manage"


def test_a_tab_too_many_says_so_and_goes_on_by_itself_when_another_closes(
    visitor: Visitor,
) -> None:
    visitor.sign_in("admin@acme.test")
    token = visitor.page.evaluate("window.Clerk.session.getToken()")
    # This page is the first.
    more = {"count": MAX_PER_SESSION - 1, "token": token, "name": SYNC}
    visitor.page.evaluate(MORE_TABS, more)

    last = visitor.open(page=visitor.context.new_page())

    alert = last.get_by_role("alert")
    expect(alert).to_contain_text(f"open in {MAX_PER_SESSION} tabs of your session")
    expect(last.locator("#error-code")).to_have_text("session_tabs")
    visitor.page.evaluate("window.more[0].close()")
    expect(last.locator("#tinybird-token")).to_have_text(re.compile("^eyJ"), timeout=50_000)
    expect(alert).to_have_count(0)
    visitor.token(visitor.page)
