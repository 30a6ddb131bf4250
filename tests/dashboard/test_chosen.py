"""A filter may have several values, or all but some; the address says which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk_tinybird_app.dashboard.address import read_view
from clerk_tinybird_app.dashboard.chosen import MOST_VALUES, Chosen
from clerk_tinybird_app.dashboard.view import View
from tests.dashboard.declared import MANY, OUTCOMES, SITE

values = st.text(st.characters(codec="utf-8"), max_size=20)


def many(of: st.SearchStrategy[str]) -> st.SearchStrategy[Chosen]:
    several = st.lists(of, min_size=1, max_size=MOST_VALUES, unique=True)
    return st.builds(lambda found, *, no: Chosen(tuple(found), no), several, no=st.booleans())


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "kind": many(values),
            "site": many(values),
            "outcome": st.builds(
                lambda found, *, no: Chosen(tuple(each for each in OUTCOMES if each in found), no),
                st.sets(st.sampled_from(list(OUTCOMES)), min_size=1),
                no=st.booleans(),
            ),
        },
    )
)
def test_an_address_reads_back_as_the_view_that_it_says(filters: dict[str, Chosen]) -> None:
    seen = View.of(MANY, filters=filters)

    assert read_view(seen.address("").removeprefix("?"), MANY) == (seen, "")


def test_each_value_stands_once_and_those_of_a_fixed_list_in_its_order() -> None:
    seen, problem = read_view("kind=PUT&outcome=lost&kind=GET&kind=PUT&outcome=fine", MANY)

    assert problem == ""
    assert seen.address("/d") == "/d?kind=PUT&kind=GET&outcome=fine&outcome=lost"


def test_what_is_left_out_has_an_address_of_its_own() -> None:
    seen, problem = read_view("kind_not=GET&kind_not=PUT", MANY)

    assert problem == ""
    assert seen.filters == {"kind": Chosen(("GET", "PUT"), is_excluded=True)}
    assert seen.only == {}
    assert seen.address("/d") == "/d?kind_not=GET&kind_not=PUT"


@pytest.mark.parametrize(
    ("search", "left", "words"),
    [
        ("kind=GET&kind_not=PUT", "kind=GET", "kind either is something or is not"),
        ("outcome=lost&outcome=gone", "outcome=lost", "outcome must be one of fine, odd, lost."),
        ("outcome_not=gone", "", "outcome must be one of fine, odd, lost."),
        (
            "&".join(f"kind={n}" for n in range(MOST_VALUES + 1)),
            "&".join(f"kind={n}" for n in range(MOST_VALUES)),
            "kind may have 20 values at most",
        ),
    ],
)
def test_what_cannot_be_is_said_and_the_rest_holds(search: str, left: str, words: str) -> None:
    seen, problem = read_view(search, MANY)

    assert words in problem
    assert (seen.address("?"), problem.count(".")) == (f"??{left}" if left else "?", 1)


def test_a_filter_of_one_value_takes_the_last_and_knows_no_not() -> None:
    seen, problem = read_view("kind=GET&kind=PUT&site_not=/a", SITE)

    assert (seen.only, problem) == ({"kind": "PUT"}, "")


def test_a_click_on_what_is_not_chosen_shows_it_alone_and_on_what_is_takes_it_away() -> None:
    seen = View.of(MANY, filters={"kind": Chosen(("GET", "PUT")), "site": "/a"})

    def after(**values: str) -> str:
        return seen.toggled(values).address("")

    assert after(kind="POST") == "?kind=POST&site=/a"
    assert after(kind="GET") == "?kind=PUT&site=/a"
    assert after(site="/a") == "?kind=GET&kind=PUT"
    assert after(kind="GET", site="/a") == ""
    assert after(kind="GET", site="/b") == "?kind=GET&site=/b"
