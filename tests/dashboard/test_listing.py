"""While somebody reads a list, nothing new moves it; older rows come below; nothing is left out."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clerk_tinybird_app.dashboard import listing
from clerk_tinybird_app.dashboard.listing import PAGE, ListedRows, Listing, as_csv


def rows(first: int, last: int) -> ListedRows:
    """Return the rows with these numbers and all between, newest first."""
    return tuple({"id": number} for number in range(first, last - 1, -1))


def numbers(found: ListedRows) -> list[int]:
    return [row["id"] for row in found]


def listed(first: int, last: int, **changes: object) -> Listing:
    return replace(Listing("id", rows(first, last)), **changes)  # type: ignore[arg-type]


def test_new_rows_just_appear_while_nobody_reads() -> None:
    found = listed(20, 11).with_newest(rows(23, 14), limit=10, is_read=False)

    assert numbers(found.shown) == numbers(rows(23, 14))
    assert (found.new, found.is_own) == (0, False)


def test_new_rows_wait_above_what_is_read_until_they_are_wanted() -> None:
    first = listed(20, 11).with_newest(rows(23, 14), limit=10, is_read=True)
    found = first.with_newest(rows(25, 16), limit=10, is_read=True)

    assert numbers(found.shown) == numbers(rows(20, 11))
    assert found.new == 5
    shown = found.with_new()
    assert numbers(shown.shown) == numbers(rows(25, 11))
    assert shown.new == 0


def test_a_refresh_keeps_older_rows_that_were_loaded() -> None:
    loaded = listed(20, 11).with_older(rows(10, 6))

    found = loaded.with_newest(rows(22, 13), limit=10, is_read=True)

    assert numbers(found.shown) == numbers(rows(20, 6))
    assert numbers(found.with_new().shown) == numbers(rows(22, 6))
    # And the next refresh leaves them there too.
    assert found.with_new().with_newest(rows(22, 13), limit=10, is_read=True).new == 0


def test_new_rows_just_appear_above_older_ones_while_nobody_reads() -> None:
    loaded = listed(20, 11).with_older(rows(10, 6))

    found = loaded.with_newest(rows(22, 13), limit=10, is_read=False)

    assert (numbers(found.shown), found.new) == (numbers(rows(22, 6)), 0)
    # What does not change anything is the same rows, which are not sent again.
    assert found.with_newest(rows(22, 13), limit=10, is_read=False).shown is found.shown
    # Nor do rows that came with a gap put an end to what was loaded.
    cut = found.with_newest(rows(90, 81), limit=10, is_read=False)
    for _ in range(2):
        assert (numbers(cut.shown), cut.new) == (numbers(rows(22, 6)), len(cut.waiting))
        cut = cut.with_newest(rows(92, 83), limit=10, is_read=False)


def test_a_list_without_older_rows_is_again_what_its_pipe_answers() -> None:
    assert not listed(20, 11).with_older(()).has_older


def test_older_rows_that_come_while_new_ones_wait_are_below_both() -> None:
    waiting = listed(20, 11).with_newest(rows(22, 13), limit=10, is_read=True)

    found = waiting.with_older(rows(10, 6))

    assert numbers(found.shown) == numbers(rows(20, 6))
    assert numbers(found.with_new().shown) == numbers(rows(22, 6))


def test_more_new_rows_than_one_answer_has_leave_no_hole_in_the_list() -> None:
    loaded = listed(20, 11, is_whole=True).with_older(rows(10, 6))

    found = loaded.with_newest(rows(90, 81), limit=10, is_read=True)

    assert (found.new, found.is_cut) == (10, True)
    assert numbers(found.shown) == numbers(rows(20, 6))
    shown = found.with_new()
    assert numbers(shown.shown) == numbers(rows(90, 81))
    assert (shown.has_older, shown.is_whole, shown.is_cut) == (False, False, False)


def test_a_row_that_comes_late_takes_its_place_among_the_others() -> None:
    held = Listing("id", ({"id": 9}, {"id": 7}, {"id": 6}))

    found = held.with_newest(rows(9, 7), limit=3, is_read=True)

    assert found.new == 1
    assert numbers(found.with_new().shown) == [9, 8, 7, 6]


def test_an_answer_without_a_row_of_a_period_that_moved_on_leaves_what_is_read() -> None:
    found = listed(20, 11).with_newest((), limit=10, is_read=True)

    assert (found.new, numbers(found.shown)) == (0, numbers(rows(20, 11)))
    assert found.with_new() == found


def test_fewer_rows_than_were_asked_for_are_all_there_are() -> None:
    assert listed(0, 1).with_newest(rows(9, 1), limit=10, is_read=False).is_whole
    assert not listed(0, 1).with_newest(rows(10, 1), limit=10, is_read=False).is_whole
    # What a pipe answers at the most is not known without a limit.
    assert not listed(0, 1).with_newest(rows(9, 1), limit=0, is_read=False).is_whole
    assert listed(20, 11).with_older(rows(10, 1)).is_whole
    assert not listed(80, 61).with_older(rows(60, 61 - PAGE)).is_whole


def test_a_list_has_so_many_rows_and_no_more() -> None:
    almost = listed(listing.MOST + 10, 21)

    full = almost.with_older(rows(20, 1)).with_older(rows(0, -40))

    assert len(full.shown) == listing.MOST
    assert full.is_full
    assert full.told("visits") == "The newest 1,000 visits. Choose a shorter period to see others."
    newer = full.with_newest(rows(listing.MOST + 12, 1_000), limit=13, is_read=True).with_new()
    assert (len(newer.shown), newer.is_whole) == (listing.MOST, False)


def test_a_list_says_how_many_rows_it_has_and_whether_they_are_all() -> None:
    assert listed(20, 11).told("visits") == "The newest 10 visits"
    assert listed(20, 11, is_whole=True).told("visits") == "These are all 10 visits"
    # That there are none is said in their place.
    assert Listing("id", is_whole=True).told("visits") == ""


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 14)), max_size=12), st.integers(1, 9))
def test_what_is_shown_has_no_hole_and_nothing_twice(
    steps: list[tuple[bool, int]], limit: int
) -> None:
    newest = 20
    held = Listing("id").with_newest(rows(newest, newest - limit + 1), limit=limit, is_read=False)
    for shows, more in steps:
        newest += more
        held = held.with_newest(rows(newest, newest - limit + 1), limit=limit, is_read=True)
        last = held.shown[-1]["id"]
        held = held.with_new() if shows else held.with_older(rows(last - 1, last - PAGE))

        shown = numbers(held.shown)
        assert shown == list(range(shown[0], shown[-1] - 1, -1))


def test_a_download_of_a_list_has_no_formula_and_is_written_as_the_pipes_own() -> None:
    first = {"id": 1, "name": '=1+1, "x"', "ms": 2.5, "is_cached": True}
    found = as_csv((first, {"id": 2, "name": None, "ms": -3, "is_cached": False}))

    assert found.decode().splitlines() == [
        '"id","name","ms","is_cached"',
        '1,"\'=1+1, ""x""",2.5,"true"',
        '2,"",-3,"false"',
    ]
