"""The embedded Clerk as the rest of the program uses it."""

import multiprocessing
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from jwt.types import Options

from clerk_tinybird_app.local.clerk import ACCOUNTS, EmbeddedClerk, UnknownAccountError
from clerk_tinybird_app.local.clerk.seed import ACME_ID, ORGANIZATIONS
from clerk_tinybird_app.local.clerk.session_tokens import SigningKeyError
from clerk_tinybird_app.local.clerk.store.database import DatabaseError
from tests.clock import Clock
from tests.local.clerk.browser import ADMIN, APP, EXPORTED, FOREIGN, GLOBEX_ADMIN, SOLO, Browser

CLERK_ID = re.compile(r"(?:org|user)_[0-9A-Za-z]{27}")


def read(clerk: EmbeddedClerk, token: str) -> dict[str, Any]:
    options: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    return jwt.decode(token, clerk.public_key_pem, algorithms=["RS256"], options=options)


def test_everything_is_kept_for_the_owner_alone(folder: Path, clerk: EmbeddedClerk) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "clerk-signing-key.pem").stat().st_mode & 0o777 == 0o600
    assert (folder / "clerk.sqlite3").is_file()


def test_the_key_is_made_once(start: Callable[[], EmbeddedClerk]) -> None:
    assert start().public_key_pem == start().public_key_pem


def test_a_damaged_key_is_named_with_the_way_out(
    folder: Path, start: Callable[[], EmbeddedClerk]
) -> None:
    (folder / "clerk-signing-key.pem").write_text("no key")
    with pytest.raises(SigningKeyError, match="delete it and start again"):
        start()


def test_a_database_of_a_newer_version_is_left_alone(
    folder: Path, start: Callable[[], EmbeddedClerk]
) -> None:
    with sqlite3.connect(folder / "clerk.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatabaseError, match="newer version"):
        start()


def test_an_app_without_origins_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one origin"):
        EmbeddedClerk(tmp_path, origins=[])


def test_the_ids_of_local_accounts_look_like_clerks_and_never_change() -> None:
    ids = [each.user_id for each in ACCOUNTS] + [each.id for each in ORGANIZATIONS]
    assert all(CLERK_ID.fullmatch(each) for each in ids)
    assert len(set(ids)) == len(ids)
    assert ACME_ID == "org_2RwC6lguZd9HmihUdyYghiIpd6M"


def test_a_token_is_issued_without_a_browser(clerk: EmbeddedClerk) -> None:
    claims = read(clerk, clerk.issue(ADMIN, "globex"))
    assert claims["azp"] == APP
    assert claims["o"]["rol"] == "member"
    assert "o" not in read(clerk, clerk.issue(ADMIN))
    assert read(clerk, clerk.issue(SOLO, origin=EXPORTED))["azp"] == EXPORTED


def test_an_issued_token_belongs_to_a_session_that_can_be_revoked(clerk: EmbeddedClerk) -> None:
    clerk.issue(ADMIN)
    clerk.issue(ADMIN, "acme")
    clerk.issue(GLOBEX_ADMIN)
    assert clerk.revoke_sessions(ADMIN) == 2


@pytest.mark.parametrize(
    ("email", "organization"), [("nobody@nowhere.test", None), (SOLO, "acme"), (ADMIN, "nowhere")]
)
def test_no_token_is_issued_for_unknown_accounts_or_organizations(
    clerk: EmbeddedClerk, email: str, organization: str | None
) -> None:
    with pytest.raises(UnknownAccountError):
        clerk.issue(email, organization)


def test_no_token_is_issued_for_a_foreign_origin(clerk: EmbeddedClerk) -> None:
    with pytest.raises(ValueError, match="own origins"):
        clerk.issue(ADMIN, origin=FOREIGN)


def test_two_backends_share_one_database(
    browser: Browser, start: Callable[[], EmbeddedClerk]
) -> None:
    browser.sign_in(ADMIN)
    browser.visit(start(), browser.cookies)
    assert browser.claims()["o"]["id"] == ACME_ID


def test_processes_that_start_together_end_with_the_same_key_and_accounts(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        keys = pool.map(_start, [tmp_path / "local"] * 2)
    assert keys[0] == keys[1]
    assert EmbeddedClerk(tmp_path / "local", origins=[APP], clock=Clock(now=1_900_000_000.0)).issue(
        ADMIN, "acme"
    )


def _start(folder: Path) -> str:
    """Start on a new folder, in a process of its own."""
    return EmbeddedClerk(folder, origins=[APP], clock=Clock(now=1_900_000_000.0)).public_key_pem


def test_several_workers_write_at_the_same_time_and_lose_nothing(folder: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        begun = sum(pool.map(_sign_in_often, [folder] * 3))

    assert begun == 3 * 20
    assert EmbeddedClerk(folder, origins=[APP]).revoke_sessions(ADMIN) == begun


def _sign_in_often(folder: Path) -> int:
    clerk = EmbeddedClerk(folder, origins=[APP])
    return len({clerk.issue(ADMIN, "acme") for _ in range(20)})
