"""Tests that need the same app are one worker's, and no worker has two halves of all."""

from dataclasses import dataclass
from typing import Any

from tests.lanes import deal, lane

OF_EVERY_PAGE = "tests/e2e/test_every_page.py::test_a_stranger_sees_what_every_page_is_for"


@dataclass
class Item:
    nodeid: str


def test_what_runs_in_development_shares_the_app_of_the_ways_to_run() -> None:
    ways = lane("tests/e2e/test_ways_to_run.py::test_sign_in_leads_to_the_token[reflex run]")

    assert lane(f"{OF_EVERY_PAGE}[development]") == ways
    assert lane(f"{OF_EVERY_PAGE}[production]") == lane("tests/e2e/test_pages.py::test_a")


def test_tokens_of_short_lives_share_the_app_of_the_declared_panels() -> None:
    assert lane("tests/e2e/test_short_lives.py::test_a") == lane(
        "tests/e2e/test_declared_panels.py::test_b"
    )


def test_the_long_lanes_come_first_and_what_builds_an_app_comes_last() -> None:
    files = ["test_look", "e2e/test_customers", "e2e/test_pages", "e2e/test_ways_to_run"]
    items: list[Any] = [Item(f"tests/{file}.py::test_a") for file in [*files, "e2e/test_charts"]]

    deal(items)

    assert [item.nodeid.removesuffix(".py::test_a").rpartition("test_")[2] for item in items] == [
        *("charts", "pages", "look"),
        *("ways_to_run", "customers"),
    ]
