"""What the documents say of the queries of a refresh is what the shipped dashboard asks."""

from clerk_tinybird_app.dashboard.questions import compared
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.settings import REFRESH_SECONDS
from tests.products.product import ROOT, shipped

WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
A_DAY_SECONDS = 86_400


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8").replace("\n# ", " ")


def test_a_refresh_costs_what_is_written_of_it() -> None:
    panels = shipped("demo").dashboard.panels
    queries = len(panels) + len(compared(panels, Settings.tinybird_rps))
    a_day = A_DAY_SECONDS // REFRESH_SECONDS * queries

    assert f"each of {WORDS[queries]} queries" in text(".env.example")
    assert f"({a_day:,} queries a day;" in text(".env.example")
    assert f"each of {WORDS[queries]} queries" in text("docs/configuration.md")
