"""The proof by running, against a Tinybird that really runs: what leaks fails, the rest passes."""

import socket
from pathlib import Path

import pytest

from tests.check.conftest import Check
from tests.check.pipes import CORRECT, LEAKING
from tests.check.product import product, write_project
from tests.local.tinybird.process import Tinybird, free_port


def local(tinybird: Tinybird) -> dict[str, str]:
    return {"TB_LOCAL_PORT": str(tinybird.port)}


def test_every_pipe_that_leaks_fails_by_name_and_none_that_keeps_tenants_apart(
    check: Check, tinybird: Tinybird
) -> None:
    report = check(local(tinybird), product(tinybird.project, (*LEAKING, *CORRECT)))

    named = [each["text"].partition(",")[0] for each in report.findings if is_leak(each)]
    assert sorted({*named}) == sorted(LEAKING)
    assert report.status == 1
    assert report.failed == {"isolation/leak", "project/lint"}
    assert "isolation/proved" not in report.levels


def is_leak(finding: dict[str, str]) -> bool:
    return finding["code"] == "isolation/leak" and finding["level"] == "failed"


def test_pipes_that_keep_tenants_apart_pass_whatever_they_tell_one_without_rows(
    check: Check, tinybird: Tinybird
) -> None:
    report = check(local(tinybird), product(tinybird.project, tuple(CORRECT)))

    isolation = {c: level for c, level in report.levels.items() if c.startswith("isolation")}
    assert isolation == {"isolation/proved": "ok"}
    assert report.failed == set()
    assert f"{len(CORRECT)} pipes, 3 kinds" in report.said("isolation/proved")


def test_a_leak_that_only_admins_may_read_fails_with_the_name_of_their_kind(
    check: Check, tinybird: Tinybird
) -> None:
    report = check(local(tinybird), product(tinybird.project, ("total",), ("no_filter",)))

    assert report.status == 1
    assert "no_filter, read by 'org:admin':" in report.said("isolation/leak")


def test_no_row_s_value_is_printed_whatever_leaks(check: Check, tinybird: Tinybird) -> None:
    pipes = ("total", "no_filter", "texts", "lists", "known_see_others", "broken")

    report = check(local(tinybird), product(tinybird.project, pipes), is_shown=True)

    for value in ("org_one", "org_two", "person-", "gold", "125"):
        assert value not in report.text
        assert not [each for each in report.findings if value in str(each)]


def test_rows_that_carry_another_tenant_fail_though_one_without_rows_is_told_nothing(
    check: Check, tinybird: Tinybird
) -> None:
    report = check(local(tinybird), product(tinybird.project, ("total", "known_see_others")))

    assert report.status == 1
    assert report.levels["isolation/rows-of-others"] == "failed"
    assert "another tenant's customer" in report.said("isolation/rows-of-others")


@pytest.mark.parametrize("pipe", ["known_customers", "known_beside_own"])
def test_two_tenants_who_are_told_the_same_are_a_warning(
    check: Check, tinybird: Tinybird, pipe: str
) -> None:
    report = check(local(tinybird), product(tinybird.project, ("total", pipe)))

    assert report.levels["isolation/same-answers"] == "warning"
    assert pipe in report.said("isolation/same-answers")


def test_labels_of_a_shared_table_cannot_be_judged_and_say_so(
    check: Check, tinybird: Tinybird
) -> None:
    report = check(local(tinybird), product(tinybird.project, ("total", "labels")))

    assert report.levels["isolation/not-judged"] == "warning"
    assert "labels" in report.said("isolation/not-judged")


def test_what_no_tenant_is_behind_may_be_told_to_all_and_is_a_note(
    check: Check, tinybird: Tinybird
) -> None:
    report = check(local(tinybird), product(tinybird.project, ("total", "price_list")))

    assert report.levels["isolation/shared"] == "note"
    assert "isolation/leak" not in report.levels


def test_a_pipe_that_answers_no_tenant_anything_is_not_called_proved(
    check: Check, tinybird: Tinybird
) -> None:
    report = check(local(tinybird), product(tinybird.project, ("total", "other_person")))

    assert report.levels["isolation/not-proved"] == "warning"
    assert report.said("isolation/not-proved").startswith("other_person: ")


def test_a_required_parameter_that_nothing_can_fill_is_told_and_the_pipe_not_run(
    check: Check, tinybird: Tinybird
) -> None:
    report = check(local(tinybird), product(tinybird.project, ("total", "needs_a_word")))

    assert report.levels["pipes/not-run"] == "warning"
    assert "word" in report.said("pipes/not-run")


def test_a_pipe_whose_query_fails_is_named(check: Check, tinybird: Tinybird) -> None:
    report = check(local(tinybird), product(tinybird.project, ("total", "broken")))

    assert report.status == 1
    assert "broken" in report.said("pipes/failing")
    assert "Mend the file that it names" in report.said("pipes/failing")


def test_without_tenants_that_have_rows_it_says_what_to_do(check: Check, tmp_path: Path) -> None:
    project = write_project(tmp_path / "empty")
    with Tinybird(project, tmp_path / "data") as empty:
        nobody = check(local(empty), product(project))
        row = {"at": "2030-01-01 00:00:00", "customer": "org_one", "person": "p", "amount": 1}
        empty.add(row, name="hits")
        one = check(local(empty), product(project))

    assert (nobody.failed, nobody.levels["isolation/no-rows"]) == (set(), "warning")
    assert "No tenant has rows" in nobody.said("isolation/no-rows")
    assert "/v0/events" in nobody.said("isolation/no-rows")
    assert "sample.py" in nobody.said("isolation/no-rows")
    assert "Only one tenant has rows" in one.said("isolation/no-rows")


def test_a_tinybird_that_does_not_run_yet_is_started_for_the_check_and_stopped(
    check: Check, tmp_path: Path
) -> None:
    port = free_port()
    project = write_project(tmp_path / "own", {"total": CORRECT["total"]})

    report = check({"TB_LOCAL_PORT": str(port)}, product(project, ("total",)))

    assert report.levels["tokens/taken"] == "ok"
    assert free_to_listen(port)


def free_to_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
