"""Clerk's keys, by what its servers publish."""

import pytest

from tests.check.conftest import Check, Report
from tests.check.environments import CLERK_HOST, WHOLE
from tests.check.servers import NOW, Servers
from tests.clerk.tokens import KID, jwk, pem

SECRET = {"CLERK_SECRET_KEY": "sk_test_a-secret-key-of-some-length"}


def asked(check: Check, servers: Servers, **environ: str) -> Report:
    return check(WHOLE | environ, transport=servers.transport, now=NOW)


@pytest.mark.parametrize("jwks", [404, "<html>", {"keys": []}, {"keys": [{"kty": "oct"}]}])
def test_a_clerk_without_usable_keys_fails(check: Check, jwks: object) -> None:
    report = asked(check, Servers(jwks=jwks))

    assert (report.status, report.levels["clerk/no-keys"]) == (1, "failed")


def test_a_clerk_that_cannot_be_reached_fails(check: Check) -> None:
    report = asked(check, Servers(down=frozenset({CLERK_HOST})))

    assert (report.status, report.levels["clerk/unreachable"]) == (1, "failed")
    assert report.levels["tokens/taken"] == "ok"


def test_with_a_key_in_the_settings_clerk_need_not_be_reached(check: Check) -> None:
    report = asked(check, Servers(down=frozenset({CLERK_HOST})), CLERK_JWT_KEY=pem())

    assert report.failed == set()
    assert report.levels["clerk/unreachable"] == "warning"


@pytest.mark.parametrize(("kid", "code"), [(KID, "clerk/keys"), ("ins_other", "clerk/jwt-key")])
def test_a_key_in_the_settings_must_be_one_that_clerk_publishes(
    check: Check, kid: str, code: str
) -> None:
    report = asked(check, Servers(jwks={"keys": [jwk(kid)]}), CLERK_JWT_KEY=pem())

    assert report.levels[code] == ("ok" if kid == KID else "failed")


@pytest.mark.parametrize(
    ("backend", "code", "level"),
    [
        (None, "clerk/secret-key", "ok"),
        ({"keys": [jwk("ins_other")]}, "clerk/secret-key-foreign", "failed"),
        (401, "clerk/secret-key-refused", "failed"),
        (403, "clerk/secret-key-refused", "failed"),
        (500, "clerk/secret-key-untried", "warning"),
    ],
)
def test_a_secret_key_must_be_of_the_instance_that_the_publishable_key_names(
    check: Check, backend: object, code: str, level: str
) -> None:
    servers = Servers(backend=backend)

    report = asked(check, servers, **SECRET)

    assert report.levels[code] == level
    secret = f"Bearer {SECRET['CLERK_SECRET_KEY']}"
    told = [each for each in servers.asked if each.headers.get("authorization") == secret]
    assert [str(each.url) for each in told] == ["https://api.clerk.com/v1/jwks"]


def test_a_backend_api_that_cannot_be_reached_is_a_warning(check: Check) -> None:
    report = asked(check, Servers(down=frozenset({"api.clerk.com"})), **SECRET)

    assert report.levels["clerk/secret-key-untried"] == "warning"


def test_without_a_secret_key_the_backend_api_is_not_asked(check: Check) -> None:
    servers = Servers()

    asked(check, servers)

    assert "api.clerk.com" not in {each.url.host for each in servers.asked}


@pytest.mark.parametrize(
    ("behind", "code"),
    [
        (0, "clock/right"),
        (5, "clock/right"),
        (-5, "clock/right"),
        (30, "clock/wrong"),
        (-30, "clock/wrong"),
    ],
)
def test_a_clock_that_is_off_is_a_warning(check: Check, behind: int, code: str) -> None:
    report = asked(check, Servers(behind=behind))

    assert code in report.levels
    if code == "clock/wrong":
        assert report.levels[code] == "warning"
        assert f"30 seconds {'ahead of' if behind > 0 else 'behind'}" in report.said(code)


def test_a_server_that_does_not_say_the_time_is_a_note(check: Check) -> None:
    report = asked(check, Servers(says_time=False))

    assert report.levels["clock/unknown"] == "note"
    assert report.failed == set()
