"""What a tab gets to see as its session comes, changes and goes."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import anyio
import jwt
import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.session import SIGNED_OUT
from clerk_tinybird_app.tinybird.policy import Policy, Scope
from tests.clock import Clock
from tests.sessions import TENANT
from tests.state.tab import Server, Tab, served
from tests.state.test_dashboard_state import Tinybird

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(running: Services) -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


@pytest.fixture
def tab(server: Server) -> Tab:
    return Tab(server)


def _issue(running: Services, email: str, organization: str | None = None) -> str:
    assert running.embedded_clerk
    return running.embedded_clerk.issue(email, organization)


def _fixed(tab: Tab, running: Services) -> dict[str, str]:
    claims = jwt.decode(
        tab.seen["value"],
        running.workspace.signing_key,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    fixed: dict[str, str] = claims["scopes"][0]["fixed_params"]
    return fixed


async def test_a_pushed_session_is_accepted_and_gets_its_token(tab: Tab, running: Services) -> None:
    await tab.push(_issue(running, "admin@acme.test", "acme"))

    assert re.fullmatch(f"sess_[0-9A-Za-z]+:{tab.seen['org_id']}", tab.seen["accepted"])
    assert (tab.seen["org_slug"], tab.seen["org_role"]) == ("acme", "org:admin")
    assert _fixed(tab, running) == {
        "who": tab.seen["user_id"],
        "may": "manage",
        TENANT: tab.seen["org_id"],
    }
    assert tab.seen["tenant_id"] == tab.seen["org_id"]


async def test_without_an_organization_the_token_is_for_the_user_alone(
    tab: Tab, running: Services
) -> None:
    await tab.push(_issue(running, "solo@example.test"))

    assert _fixed(tab, running)[TENANT] == tab.seen["user_id"]
    assert re.fullmatch("sess_[0-9A-Za-z]+:", tab.seen["accepted"])


async def test_an_organization_switch_changes_tenant_permission_and_token(
    tab: Tab, running: Services
) -> None:
    await tab.push(_issue(running, "admin@acme.test", "acme"))
    before = _fixed(tab, running)

    await tab.push(_issue(running, "admin@acme.test", "globex"))

    after = _fixed(tab, running)
    assert after[TENANT] != before[TENANT]
    assert (before["may"], after["may"]) == ("manage", "read")


async def test_a_heartbeat_keeps_the_token_until_little_life_is_left(
    tab: Tab, running: Services, clock: Clock
) -> None:
    await tab.push(_issue(running, "admin@acme.test", "acme"))
    first = tab.seen["value"]

    clock.now += running.workspace.token_ttl * 0.75
    await tab.push(_issue(running, "admin@acme.test", "acme"))
    assert tab.seen["value"] == first

    clock.now += running.workspace.token_ttl * 0.1
    await tab.push(_issue(running, "admin@acme.test", "acme"))
    assert tab.seen["value"] != first
    assert tab.seen["expires_at"] == int(clock.now) + running.workspace.token_ttl


async def test_a_token_that_is_too_old_takes_nothing_from_a_session_proved_before_it(
    tab: Tab, running: Services, clock: Clock
) -> None:
    old = _issue(running, "admin@acme.test", "acme")
    clock.now += 70
    await tab.push(_issue(running, "admin@acme.test", "acme"))
    accepted, value = tab.seen["accepted"], tab.seen["value"]

    await tab.push(old)

    assert tab.seen["error_code"] == "session_expired"
    assert (tab.seen["accepted"], tab.seen["value"]) == (accepted, value)
    await tab.push(_issue(running, "admin@acme.test", "acme"))
    assert tab.seen["error_code"] == ""


async def test_a_token_that_is_too_old_brings_back_no_session_that_has_ended(
    tab: Tab, running: Services, clock: Clock
) -> None:
    await tab.push(old := _issue(running, "admin@acme.test", "acme"))
    clock.now += 120

    await tab.push(old)

    assert tab.seen["error_code"] == "session_expired"
    assert (tab.seen["accepted"], tab.seen["value"]) == ("", "")


async def test_signing_out_empties_the_state(tab: Tab, running: Services) -> None:
    await tab.push(_issue(running, "admin@acme.test", "acme"))

    await tab.push("")

    assert tab.seen["accepted"] == SIGNED_OUT
    for name in ("user_id", "org_id", "tenant_id", "value", "claims_json", "short_value"):
        assert tab.seen[name] == ""
    assert tab.seen["claim_lines"] == []


async def test_a_refused_session_empties_the_state_and_says_why(
    tab: Tab, running: Services, clock: Clock
) -> None:
    token = _issue(running, "admin@acme.test", "acme")
    await tab.push(token)

    clock.now += 120
    await tab.push(token)

    assert tab.seen["accepted"] == ""
    assert tab.seen["value"] == ""
    assert tab.seen["error_code"] == "session_expired"
    assert tab.seen["error_message"]


async def test_the_next_good_push_heals_a_refusal(tab: Tab, running: Services) -> None:
    await tab.push("a.b.c")
    assert tab.seen["error_code"] == "session_malformed"

    await tab.push(_issue(running, "solo@example.test"))

    assert tab.seen["error_code"] == ""
    assert tab.seen["value"]


async def test_renewing_mints_a_new_token_for_the_same_tenant(
    tab: Tab, running: Services, clock: Clock
) -> None:
    await tab.push(_issue(running, "admin@acme.test", "acme"))
    first, fixed = tab.seen["value"], _fixed(tab, running)

    clock.now += 10
    await tab.call("renew_token")

    assert tab.seen["value"] != first
    assert _fixed(tab, running) == fixed


async def test_renewing_after_the_session_expired_mints_nothing_and_asks_for_a_push(
    tab: Tab, running: Services, clock: Clock
) -> None:
    await tab.push(_issue(running, "admin@acme.test", "acme"))

    clock.now += 120
    await tab.call("renew_token")

    assert tab.seen["value"] == ""
    assert tab.seen["accepted"] == ""


async def test_renewing_without_ever_signing_in_mints_nothing(tab: Tab) -> None:
    await tab.call("renew_token")

    assert tab.seen.get("value", "") == ""


async def test_whoever_brings_only_the_client_token_gets_an_empty_state(
    tab: Tab, server: Server, running: Services
) -> None:
    await tab.push(_issue(running, "admin@acme.test", "acme"))

    thief = Tab(server, client_token="tab-1", socket="ws-2")
    await thief.hydrate()

    assert thief.seen["value"] == ""
    assert thief.seen["accepted"] == ""
    await thief.call("renew_token")
    assert thief.seen["value"] == ""


async def test_an_honest_reconnect_is_healed_by_one_push(
    tab: Tab, server: Server, running: Services
) -> None:
    session_token = _issue(running, "admin@acme.test", "acme")
    await tab.push(session_token)

    reconnected = Tab(server, client_token="tab-1", socket="ws-2")
    await reconnected.hydrate()
    await reconnected.push(session_token)

    assert _fixed(reconnected, running)[TENANT] == reconnected.seen["org_id"]


async def test_a_session_verified_after_its_websocket_went_is_shown_to_nobody(
    tab: Tab, server: Server, running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify, fetched = running.verifier.verify, anyio.Event()

    async def slow(token: str) -> ClerkSession:
        await fetched.wait()
        return await verify(token)

    monkeypatch.setattr(running.verifier, "verify", slow)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tab.push, _issue(running, "admin@acme.test", "acme"))
        await anyio.wait_all_tasks_blocked()
        thief = Tab(server, client_token="tab-1", socket="ws-2")
        fetched.set()

    await thief.hydrate()
    assert tab.seen.get("value", "") == thief.seen["value"] == ""


async def test_a_policy_that_fails_leaves_nothing_of_the_session_before(
    tab: Tab,
    server: Server,
    running: Services,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await tab.push(_issue(running, "admin@acme.test", "acme"))

    def broken(policy: Policy, session: ClerkSession) -> tuple[Scope, ...]:
        raise LookupError("no such tenant")

    monkeypatch.setattr(Policy, "scopes", broken)
    await tab.push(_issue(running, "admin@acme.test", "globex"))
    await tab.hydrate()

    assert server.errors == []
    assert (tab.seen["value"], tab.seen["accepted"], tab.seen["tenant_id"]) == ("", "", "")
    assert tab.seen["error_code"] == "policy_failed"
    assert "no such tenant" not in tab.seen["error_message"]
    assert "broken: LookupError: no such tenant" in caplog.text


async def test_an_anonymous_key_is_shown_to_the_signed_out_alone(
    tab: Tab, running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(running.settings.__dict__, "tinybird_api_key", "p.anonymous")

    await tab.push("")
    assert (tab.seen["value"], tab.seen["is_anonymous"]) == ("p.anonymous", True)

    await tab.push(_issue(running, "admin@acme.test", "acme"))
    assert tab.seen["is_anonymous"] is False
    assert tab.seen["value"] != "p.anonymous"

    await tab.push("a.b.c")
    assert tab.seen["value"] == ""


async def test_impersonation_is_shown(
    tab: Tab, running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = running.verifier.verify

    async def impersonated(token: str) -> ClerkSession:
        return replace(await verify(token), impersonator="user_support")

    monkeypatch.setattr(running.verifier, "verify", impersonated)
    await tab.push(_issue(running, "admin@acme.test", "acme"))

    assert tab.seen["impersonator"] == "user_support"


async def test_two_tabs_hold_two_tenants_side_by_side(server: Server, running: Services) -> None:
    left, right = Tab(server, client_token="left"), Tab(server, client_token="right", socket="ws-2")

    await left.push(_issue(running, "admin@acme.test", "acme"))
    await right.push(_issue(running, "admin@globex.test", "globex"))

    assert _fixed(left, running)[TENANT] != _fixed(right, running)[TENANT]


async def test_backend_vars_never_reach_the_browser(tab: Tab, running: Services) -> None:
    session_token = _issue(running, "admin@acme.test", "acme")
    await tab.push(session_token)

    assert not [name for name in tab.seen if name.startswith("_")]
    assert session_token not in str(tab.seen)
    assert running.workspace.signing_key not in str(tab.seen)


@pytest.fixture
def without_token_page(server: Server, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The server's services, for customers: with an anonymous key, and no page for tokens."""
    assert server
    running = services.current()
    settings = replace(running.settings, token_page=False, tinybird_api_key="p.anonymous-key")
    changed = replace(running, settings=settings)
    monkeypatch.setattr(services, "current", lambda: changed)
    return changed


async def test_without_a_token_page_no_token_leaves_the_server(
    tab: Tab, without_token_page: Services, clock: Clock
) -> None:
    await tab.hydrate()
    await tab.push("")
    await tab.push(_issue(without_token_page, "admin@acme.test", "acme"))
    clock.advance(1)
    await tab.call("renew_token")

    assert tab.seen["accepted"].endswith(tab.seen["org_id"])
    assert not {"value", "short_value", "claims_json", "claim_lines"} & {
        name for name, sent in tab.seen.items() if sent
    }
    assert not re.search(r"eyJ|p\.anonymous-key|PIPES:READ", str(tab.seen))


async def test_without_a_token_page_the_dashboard_asks_with_the_token_all_the_same(
    running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    tinybird = Tinybird()
    customers = replace(running, settings=replace(running.settings, token_page=False))
    async with served(customers, tinybird, monkeypatch) as server:
        tab = Tab(server)
        await tab.push(_issue(customers, "admin@acme.test", "acme"))

        await tab.see("refresh", number=1, path="/dashboard", search="", zone="UTC")

    assert tab.board["rows_job_totals"][0].value == "7"
    assert tab.seen.get("value", "") == ""
