"""How wide a table's columns are, and where they stand in a narrow panel."""

from clerk_tinybird_app.components.dashboard.table_columns import (
    AUTO,
    Place,
    places_of_ranking,
    places_of_records,
    room,
    width,
)
from clerk_tinybird_app.dashboard.declaration import Column, Ranking, Records, Unit

NAME = Column(of=("site",))
COUNT = Column(of=("visits",), unit=Unit.COUNT, sort="visits")
SHARE = Column(of=("lost",), unit=Unit.PERCENT)
TOOK = Column(of=("took_ms",), label="p95", unit=Unit.MILLISECONDS)


def test_a_column_of_numbers_has_room_for_them_and_for_its_heading() -> None:
    assert width(SHARE) == "calc(8ch + 16px)"
    assert width(COUNT) == "calc(9ch + 16px)"
    assert width(Column(of=("a_long_heading",), unit=Unit.COUNT)) == "calc(14ch + 16px)"
    assert width(NAME) == AUTO


def test_a_ranking_in_two_lines_has_its_first_number_above_and_the_others_below() -> None:
    panel = Ranking(pipe="top", title="Top", by=("site",), columns=(COUNT, SHARE, TOOK))

    assert places_of_ranking(panel) == [
        Place("side"),
        Place("sub", "lost"),
        Place("sub end", "p95"),
    ]


def test_a_column_for_a_wide_panel_takes_no_place_in_two_lines() -> None:
    user = Column(of=("user",), is_extra=True)
    panel = Records(pipe="new", title="New", id="id", columns=(user, NAME, TOOK))

    assert places_of_records(panel) == [Place("sub"), Place("extra"), Place("lead"), Place("side")]
    assert (room(user), room(NAME)) == ("extra", "")


def test_records_in_two_lines_have_their_first_text_and_number_above_and_the_time_below() -> None:
    panel = Records(pipe="new", title="New", id="id", columns=(NAME, TOOK, Column(of=("country",))))

    assert places_of_records(panel) == [
        Place("sub"),
        Place("lead"),
        Place("side"),
        Place("sub end"),
    ]
