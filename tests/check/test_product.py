"""The product by its files: a policy for every kind of session, a project, a dashboard."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clerk_tinybird_app import products
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.products import Product, ProductError
from clerk_tinybird_app.tinybird.policy import Policy, Scope, Tenant
from tests.check.conftest import Check
from tests.check.environments import WHOLE
from tests.check.product import KINDS, TENANT, Scopes, product, tenant, write_project
from tests.check.servers import NOW, Servers
from tests.conftest import CHOICE

Granted = Callable[[ClerkSession], Iterator[Scope]]


def with_policy(folder: Path, **changes: Any) -> Product:
    plain: dict[str, Any] = {
        "tenant": TENANT,
        "tenant_of": tenant,
        "granted": Scopes(("total",), ()),
        "kinds": KINDS,
    }
    return product(write_project(folder), ("total",), policy=Policy(**plain | changes))


def for_admins(scopes: Callable[[ClerkSession], list[Scope]]) -> Granted:
    """Return a policy's ``scopes`` that is right for everybody but admins."""

    def granted(session: ClerkSession) -> Iterator[Scope]:
        yield from Scopes(("total",), ())(session)
        if session.has_role("org:admin"):
            yield from scopes(session)

    return granted


def raising(_: ClerkSession) -> list[Scope]:
    raise KeyError("no such role")


@pytest.mark.parametrize(
    ("scopes", "code", "words"),
    [
        (raising, "policy/raises", "KeyError"),
        (lambda s: [Scope("*", {TENANT.parameter: tenant(s)})], "policy/refused", "no wildcard"),
        (lambda s: [Scope("latest", {})], "policy/refused", "does not fix customer_id"),
        (
            lambda s: [Scope("latest", {TENANT.parameter: "org_other"})],
            "policy/refused",
            "does not fix customer_id",
        ),
    ],
)
def test_a_policy_that_is_wrong_for_one_kind_of_session_fails_with_its_name(
    check: Check, tmp_path: Path, scopes: Callable[..., list[Scope]], code: str, words: str
) -> None:
    about = with_policy(tmp_path / "own", granted=for_admins(scopes))

    report = check(WHOLE, about, transport=Servers().transport, now=NOW)

    assert (report.status, report.levels[code]) == (1, "failed")
    assert "'org:admin'" in report.said(code)
    assert words in report.said(code)
    # The other kinds are tried all the same.
    assert report.levels["isolation/proved"] == "ok"


def test_a_policy_that_makes_one_tenant_of_all_fails(check: Check, tmp_path: Path) -> None:
    def granted(_: ClerkSession) -> Iterator[Scope]:
        yield Scope("total", {TENANT.parameter: "everybody"})

    about = with_policy(tmp_path / "own", tenant_of=lambda _: "everybody", granted=granted)

    report = check(WHOLE, about, transport=Servers().transport, now=NOW)

    assert (report.status, report.levels["policy/one-tenant"]) == (1, "failed")


def test_a_kind_of_session_that_may_read_nothing_is_a_warning_with_its_name(
    check: Check, tmp_path: Path
) -> None:
    def granted(session: ClerkSession) -> Iterator[Scope]:
        if session.organization:
            yield from Scopes(("total",), ())(session)

    report = check(
        WHOLE,
        with_policy(tmp_path / "own", granted=granted),
        transport=Servers().transport,
        now=NOW,
    )

    assert report.levels["policy/grants-nothing"] == "warning"
    assert "'no organization'" in report.said("policy/grants-nothing")


def test_a_policy_without_kinds_of_session_fails(check: Check, tmp_path: Path) -> None:
    about = with_policy(tmp_path / "own", kinds=())

    report = check(WHOLE, about, transport=Servers().transport, now=NOW)

    assert (report.status, report.levels["policy/no-kinds"]) == (1, "failed")


def test_a_pipe_of_any_kind_that_the_project_does_not_have_fails(
    check: Check, tmp_path: Path
) -> None:
    about = product(write_project(tmp_path / "own"), ("total",), ("no_such",))

    report = check(WHOLE, about, transport=Servers().transport, now=NOW)

    assert (report.status, report.levels["project/lint"]) == (1, "failed")
    assert "no_such" in report.said("project/lint")


def test_a_project_that_cannot_be_read_fails_with_file_and_line(
    check: Check, tmp_path: Path
) -> None:
    folder = write_project(tmp_path / "own")
    (folder / "total.pipe").write_text("DESCRIPTION x\n")

    report = check(WHOLE, product(folder), transport=Servers().transport, now=NOW)

    assert (report.status, report.levels["project/unreadable"]) == (1, "failed")
    assert "own/total.pipe:1: " in report.said("project/unreadable")


def test_a_project_that_is_not_there_fails(check: Check, tmp_path: Path) -> None:
    report = check(WHOLE, product(tmp_path / "nowhere"), transport=Servers().transport, now=NOW)

    assert (report.status, report.levels["project/unreadable"]) == (1, "failed")
    assert f"no folder {(tmp_path / 'nowhere').as_posix()}\n" in report.said("project/unreadable")
    assert "TINYBIRD_PROJECT" in report.said("project/unreadable")


def test_a_tenant_column_that_no_data_source_has_fails(check: Check, tmp_path: Path) -> None:
    about = with_policy(tmp_path / "own", tenant=Tenant(TENANT.parameter, column="custumer"))

    report = check(WHOLE, about, transport=Servers().transport, now=NOW)

    assert (report.status, report.levels["policy/tenant-column"]) == (1, "failed")
    assert "'custumer'" in report.said("policy/tenant-column")


@pytest.mark.parametrize("error", [ProductError("there is no module"), NameError("Tenannt")])
def test_a_product_that_cannot_be_loaded_fails_and_leaves_the_rest_to_be_checked(
    check: Check, error: Exception
) -> None:
    def load(*_: object) -> Product:
        raise error

    report = check(WHOLE, load, transport=Servers().transport, now=NOW)

    assert (report.status, report.levels["product/unusable"]) == (1, "failed")
    assert str(error) in report.said("product/unusable")
    assert report.levels["clerk/keys"] == "ok"


def test_what_a_products_own_code_raises_is_told_with_its_line(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "faulty_product"
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    folder.joinpath("policy.py").write_text("A = 1\nTENANT = int('acme')\n")
    monkeypatch.syspath_prepend(tmp_path)

    chosen = WHOLE | {"APP_PRODUCT": "faulty_product"}
    report = check(chosen, products.assemble, transport=Servers().transport)

    assert "ValueError in faulty_product.policy, line 2: " in report.said("product/unusable")


def test_a_package_that_is_not_there_is_named(check: Check) -> None:
    report = check(
        WHOLE | {"APP_PRODUCT": "no_such_product"}, products.assemble, transport=Servers().transport
    )

    assert report.status == 1
    assert "no_such_product" in report.said("product/unusable")


def test_a_product_that_is_loaded_as_the_app_loads_it_passes_whole(check: Check) -> None:
    quiet = Servers(tenants={}, everybody=[])

    report = check(WHOLE | CHOICE, products.assemble, transport=quiet.transport, now=NOW)

    assert report.status == 0
    assert set(report.levels.values()) <= {"ok", "warning"}
    assert report.levels["project/requires-tenant"] == "ok"
