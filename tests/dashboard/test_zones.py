"""The zones to choose from are each offered once, by area and city."""

from datetime import UTC, datetime

import pytest

from clerk_tinybird_app.dashboard import zones


def test_a_zone_is_offered_by_the_one_name_that_is_in_use() -> None:
    names = zones.names()

    assert {"Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York"} <= set(names)
    assert not {"Asia/Calcutta", "US/Eastern", "Etc/GMT-3", "Japan", "posixrules"} & set(names)
    assert list(names) == sorted(names)


def test_each_says_how_far_it_is_from_utc_at_the_time() -> None:
    winter = dict(zones.choices(datetime(2026, 11, 24, tzinfo=UTC).timestamp()))
    summer = dict(zones.choices(datetime(2026, 7, 24, tzinfo=UTC).timestamp()))

    assert next(iter(winter)) == "UTC"
    assert (winter["Europe/Berlin"], summer["Europe/Berlin"]) == ("UTC+1", "UTC+2")
    assert winter["Asia/Kathmandu"] == "UTC+5:45"


def test_the_distances_are_worked_out_once_a_quarter_of_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Half past an hour of UTC, the clocks of Adelaide go back.
    before = datetime(2026, 4, 4, 16, 15, tzinfo=UTC).timestamp()
    first = zones.choices(before)
    first.clear()
    with monkeypatch.context() as patch:
        patch.setattr(zones, "offset_name", lambda _: pytest.fail("worked out again"))
        assert dict(zones.choices(before + 899))["Australia/Adelaide"] == "UTC+10:30"

    assert dict(zones.choices(before + 900))["Australia/Adelaide"] == "UTC+9:30"


def test_older_names_are_known_and_other_texts_are_not() -> None:
    assert all(map(zones.is_zone, ("UTC", "Asia/Calcutta", "Europe/Berlin")))
    assert not any(map(zones.is_zone, ("", "utc", "Mars/Base", "../etc/passwd", "Europe")))
