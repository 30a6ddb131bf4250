"""A record says all that its row says, so that it can be read, copied and followed."""

import json
from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clerk_tinybird_app import routes
from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.address import read_view
from clerk_tinybird_app.dashboard.chosen import Chosen
from clerk_tinybird_app.dashboard.declaration import Column
from clerk_tinybird_app.dashboard.questions import older, one_record, questions
from clerk_tinybird_app.dashboard.record import Record, shown_record
from clerk_tinybird_app.dashboard.shown import UnfitRowsError
from clerk_tinybird_app.dashboard.times import Tick
from clerk_tinybird_app.dashboard.view import View, record_names
from tests.dashboard.declared import LATEST, MANY, NOW, SITE, TOP, shaper, view
from tests.dashboard.test_shown import RECORD

ROW = {**RECORD, "agent_name": "curl", "tags": ["a", "b"], "note": None, "is_first": True}


def record(seen: View | None = None, **changes: object) -> Record:
    found = shaper(seen, zone=ZoneInfo("Asia/Kolkata"))
    return shown_record(found, LATEST, ROW | changes)


def test_every_field_is_there_once_and_those_that_the_list_shows_come_first() -> None:
    found = record()

    assert [(field.label, field.text) for field in found.fields] == [
        ("timestamp", "Tue 24 Nov 2026, 04:29:59.007 UTC+5:30"),
        ("code", "503"),
        ("kind", "GET"),
        ("site", "/a"),
        ("took", "3.3 ms"),
        ("country", "eu"),
        ("visit", "7"),
        ("outcome", "lost"),
        ("agent name", "curl"),
        ("tags", '["a", "b"]'),
        ("note", texts.NONE),
        ("is first", "true"),
    ]
    assert (found.mark, found.tone, found.name) == ("503", "error", "GET /a")
    assert json.loads(found.json) == ROW


def test_what_is_copied_is_what_the_pipe_answers_and_a_time_in_utc() -> None:
    copied = {field.label: field.copied for field in record().fields}

    assert copied["timestamp"] == "2026-11-23T22:59:59.007Z"
    assert (copied["took"], copied["note"], copied["tags"]) == ("3.25", "null", '["a", "b"]')
    assert [field.title for field in record().fields[:2]] == ["2026-11-23T22:59:59.007Z", ""]


def test_only_this_leads_to_the_view_of_a_value_unless_it_is_that_already() -> None:
    only = {field.label: (field.only_href, field.only) for field in record().fields}

    # The line filters by a column that it does not show, which has a field of its own.
    assert only["code"] == ("", "")
    assert only["outcome"] == ("/dashboard?outcome=lost", "result = lost")
    assert only["kind"] == ("/dashboard?kind=GET", "kind = GET")
    assert only["site"] == ("/dashboard?site=/a", "site = /a")
    assert only["took"] == only["agent name"] == ("", "")
    filtered = {field.label: field.only_href for field in record(view(site="/a")).fields}
    assert filtered["site"] == ""
    assert filtered["kind"] == "/dashboard?kind=GET&site=/a"
    # A value that its filter cannot have leads nowhere.
    odd = {field.label: field.only_href for field in record(outcome="1xx").fields}
    assert odd["outcome"] == ""


def test_what_no_line_shows_can_be_filtered_by_where_it_is_declared() -> None:
    panel = replace(LATEST, filters={"agent": "agent_name"})

    found = {each.label: each for each in shown_record(shaper(), panel, ROW).fields}

    agent = found["agent name"]
    assert (agent.only_href, agent.only) == ("/dashboard?agent=curl", "agent = curl")


def test_a_field_of_a_line_that_filters_by_two_filters_by_its_own_value_alone() -> None:
    page = Column(of=("site",), filters={"site": "site", "kind": "kind"})
    panel = replace(LATEST, columns=(page,))

    seen = replace(shaper(), dashboard=MANY)
    found = {each.label: each for each in shown_record(seen, panel, ROW).fields}

    assert (found["site"].only, found["site"].not_href) == ("site = /a", "/dashboard?site_not=/a")
    assert found["kind"].only == "kind = GET"


def test_what_happened_around_a_record_is_a_view_that_has_it_open() -> None:
    seen = view(site="/a").changed(range="7d", searches={"search": "x"})

    address = record(seen).around_href

    assert address == (
        "/dashboard?range=custom&start=2026-11-23T22:49:59Z&end=2026-11-23T23:00:59Z"
        "&site=/a&record=7"
    )


def test_not_this_leaves_one_more_value_out_where_a_filter_takes_several() -> None:
    def left_out(seen: View, page: str = "") -> dict[str, str]:
        found = replace(shaper(seen), dashboard=MANY, page=page)
        return {each.label: each.not_href for each in shown_record(found, LATEST, ROW).fields}

    assert {each.not_href for each in record().fields} == {""}
    assert left_out(view())["site"] == "/dashboard?site_not=/a"
    others = view().filtered({"site": Chosen(("/b",), is_excluded=True)})
    assert left_out(others)["site"] == "/dashboard?site_not=/b&site_not=/a"
    some = view().filtered({"site": Chosen(("/a", "/b"))})
    assert left_out(some)["site"] == "/dashboard?site=/b"
    # Nothing would be left.
    assert left_out(view(site="/a"))["site"] == ""
    most = view().filtered({"site": Chosen(tuple(map(str, range(20))), is_excluded=True)})
    assert left_out(most)["site"] == ""
    # What makes a page what it is stays.
    assert left_out(view(), page="site")["site"] == ""


def test_not_this_stays_among_the_pages_in_a_frame() -> None:
    found = replace(shaper(view().changed(overview=routes.EMBED)), dashboard=MANY)

    left_out = {each.label: each.not_href for each in shown_record(found, LATEST, ROW).fields}

    assert left_out["site"] == "/embed?site_not=/a"


def test_a_value_of_any_length_and_kind_can_be_seen() -> None:
    long = "/long" * 400
    found = {field.label: field.text for field in record(site=long, agent_name="a\tb").fields}

    assert found["site"] == long
    assert found["agent name"] == "a\\tb"
    assert {field.label: field.text for field in record(site="").fields}["site"] == "(empty)"


def test_a_list_without_texts_names_a_record_by_its_id() -> None:
    numbers = replace(LATEST, columns=tuple(each for each in LATEST.columns if each.unit != "text"))

    assert shown_record(shaper(), numbers, ROW).name == "7"


@pytest.mark.parametrize("changes", [{"timestamp": "soon"}, {"took": "long"}])
def test_a_row_that_does_not_fit_is_said_to_be_so(changes: dict[str, Any]) -> None:
    with pytest.raises(UnfitRowsError, match="its row"):
        record(**changes)


def test_the_address_of_a_record_is_that_of_its_view_with_the_id_at_its_end() -> None:
    seen = view(site="/a b")

    (address,) = seen.links_to("/dashboard", "record", ["a&b=/c"])

    assert address == f"{seen.address('/dashboard')}&record=a%26b%3D/c"
    assert read_view(address.partition("?")[2], SITE) == (seen, "")
    of_all, too_long = View.of(SITE).links_to("/dashboard", "record", ["1", "x" * 12_000])
    assert (of_all, too_long) == ("/dashboard?record=1", "")


def test_a_search_is_in_the_address_and_asks_its_lists_pipe_alone() -> None:
    panel = replace(LATEST, search="q")
    board = replace(SITE, panels=(TOP, panel), pages={})

    seen, problem = read_view("?search=+a%26b+&site=/a", board)

    assert (seen.searches, problem) == ({"search": "a&b"}, "")
    assert seen.address("/d") == "/d?site=/a&search=a%26b"
    assert read_view(seen.address("").removeprefix("?"), board) == (seen, "")
    assert read_view(f"?search={'x' * 300}", board)[0].searches == {"search": "x" * 100}
    assert read_view("?search=+", board)[0] == View.of(board)
    tick = Tick.of(NOW.timestamp(), 2)
    asked = questions(board, seen, [TOP, panel], zone=UTC, tick=tick, takes={})
    assert [each.parameters.get("q") for each in asked] == [None, "a&b"]


def test_each_list_has_a_name_of_its_own_for_its_open_record() -> None:
    second = replace(LATEST, name="others")
    board = replace(SITE, panels=(*SITE.panels, second))

    assert record_names(board) == {"latest": "record", "others": "record_others"}


def test_a_record_is_asked_for_by_its_id_whatever_the_view_shows() -> None:
    takes = {"latest": {"start", "end", "limit", "visit"}}

    asked = one_record(SITE, LATEST, "7", NOW.timestamp(), takes)

    assert asked == {"start": "2026-10-25 12:00:00", "visit": "7"}
    # A pipe that does not know the parameter would answer any row.
    assert one_record(SITE, LATEST, "7", NOW.timestamp(), {"latest": {"start", "end"}}) is None


def test_older_rows_are_asked_for_as_the_newest_were_from_the_last_one_on() -> None:
    panel = replace(LATEST, cursor=("before_at", "before_id"))
    tick = Tick.of(NOW.timestamp(), 2)
    (asked,) = questions(SITE, view(site="/a"), [panel], zone=UTC, tick=tick, takes={})

    assert older(panel, asked, RECORD, 50) == {
        **asked.parameters,
        "before_at": "2026-11-23 22:59:59.007",
        "before_id": "7",
        "limit": "50",
    }
