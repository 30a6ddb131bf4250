"""The picture of a dashboard on the welcome page tells a story that holds."""

import re

import pytest

from clerk_tinybird_app.components import picture
from clerk_tinybird_app.dashboard.declaration import Figure, Figures, Good, Tone, Unit


def _values(*figures: Figure) -> list[str]:
    """Return the values that the picture gives these figures."""
    drawn = str(picture._figures(Figures(pipe="totals", figures=figures)))
    known = [each for kind in (picture._RATES, picture._GOOD_RATES, picture._FEW) for each in kind]
    found = [value for value, *_ in (*known, *picture._COUNTS) if f'"{value}"' in drawn]
    return sorted(found, key=lambda value: drawn.index(f'"{value}"'))


def test_a_share_of_what_is_good_is_high_and_of_what_is_bad_low() -> None:
    good = Figure(label="Delivered", column="good", unit=Unit.PERCENT, good=Good.UP)
    bad = Figure(label="Lost", column="bad", unit=Unit.PERCENT, good=Good.DOWN)

    assert _values(good, bad) == ["98.6", "3.28"]
    assert _values(bad, good) == ["3.28", "98.6"]


def test_what_is_told_as_a_difference_is_few() -> None:
    events = Figure(label="Events", column="events")
    sites = Figure(label="Sites", column="sites", is_absolute=True)

    assert _values(events, sites) == ["31,926", "10"]


@pytest.mark.parametrize("place", [1, 2, 3])
def test_what_rises_in_the_incident_are_the_errors(place: int) -> None:
    tones = [Tone.CALM, Tone.INFO, Tone.WARNING]
    tones.insert(place, Tone.ERROR)

    paths = dict(zip(reversed(tones), picture._bars(tones), strict=True))
    heights = {tone: _highest(str(path)) for tone, path in paths.items() if tone is not Tone.CALM}

    assert max(heights, key=lambda tone: heights[tone]) is Tone.ERROR


def _highest(path: str) -> int:
    """Return the greatest height of a bar of a drawn path."""
    (drawn,) = re.findall(r'd:"([^"]+)"', path)
    return max(int(floor) - int(top) for floor, top in re.findall(r"(\d+)V(-?\d+)", drawn))
