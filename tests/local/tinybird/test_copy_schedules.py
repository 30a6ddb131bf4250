"""Copy pipes run at their times, in UTC, while the process runs."""

from pathlib import Path

from tests.local.tinybird.copy_scenes import scene


def test_copies_run_at_their_times_once_however_late_anybody_looks(tmp_path: Path) -> None:
    told = scene("schedules", tmp_path)
    # The one on demand never runs; the nightly one not for a night in which nothing ran.
    assert told == {
        "before": [],
        "on the hour": ["hourly"],
        "looked at again": [],
        "a second later": [],
        "five hours at once": ["hourly"],
        "an hour back": [],
        "the same hour again": [],
        "paused": [],
        "resumed": ["hourly"],
        "while it runs": ["hourly"],
        "paused, after a start": [],
        "resumed, after a start": ["hourly"],
        "a day later": ["hourly", "nightly"],
        "ticks": 6,
    }


def test_none_is_left_out_where_more_are_due_at_once_than_may_wait(tmp_path: Path) -> None:
    first, then, last = scene("many", tmp_path)
    assert (len(first), len(then), last) == (21, 2, [])
    assert len({*first, *then}) == 23


def test_a_copy_ends_before_the_disk_is_full(tmp_path: Path) -> None:
    *ended, done = scene("full", tmp_path)
    text = "The disk is almost full, so the copy was ended before it wrote a row."
    assert ended == [["error", text]] * 2
    assert done == ["done", ""]
