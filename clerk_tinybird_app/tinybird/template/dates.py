"""Differences between dates: `day_diff` and `date_diff_in_...`."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from clerk_tinybird_app.tinybird.template.run import Run, syntax_error

ISO_DAY = "%Y-%m-%d"
ISO_SECOND = "%Y-%m-%d %H:%M:%S"

_USUAL = (ISO_DAY, ISO_SECOND)
_USUAL_WORK = 1000
_FORMAT_WORK = 10_000
"""Python makes a pattern of each format that it does not know yet."""

_MAX_FORMAT = 64
_MAX_DATE = 64
_ANCHOR = "#date_diff_in_"
_WRONG_TIME = (
    "invalid date_format in function `date_diff_in_{name}`, defaults to YYYY-MM-DD hh:mm:ss. "
    "Or %Y-%m-%d %H:%M:%S [.ssssss]Z, e.g. ms: 2022-12-19T18:42:22.591Z s:2022-12-19T18:42:22Z"
)
_WRONG_DAY = (
    "invalid date format in function `{name}`, it must be ISO format date YYYY-MM-DD, "
    "e.g. 2018-09-26"
)


def _parsed(text: Any, formats: tuple[Any, ...]) -> datetime:
    if not isinstance(text, str) or len(text) > _MAX_DATE:
        raise ValueError
    for date_format in formats:
        if not isinstance(date_format, str) or len(date_format) > _MAX_FORMAT:
            continue
        try:
            return datetime.strptime(text, date_format)
        except (ValueError, re.error):
            continue
    raise ValueError


def _seconds(run: Run, dates: tuple[Any, Any], formats: tuple[Any, ...]) -> float:
    """Return the seconds between two dates.

    Raises:
        ValueError: A date fits none of the formats.
    """
    is_usual = all(one is None or one in _USUAL for one in formats)
    run.spend(_USUAL_WORK if is_usual else _FORMAT_WORK)
    first, second = (_parsed(date, formats) for date in dates)
    if (first.tzinfo is None) != (second.tzinfo is None):
        raise ValueError
    return abs((second - first).total_seconds())


def _date_diff(unit: str, size: int, error_unit: str) -> Callable[..., Any]:
    def difference(  # noqa: PLR0917 (Tinybird's signature)
        run: Run,
        date_1: Any,
        date_2: Any,
        date_format: Any = ISO_SECOND,
        backup_date_format: Any = None,
        none_if_error: Any = False,
    ) -> int | None:
        try:
            passed = _seconds(run, (date_1, date_2), (date_format, backup_date_format))
        except ValueError:
            if none_if_error:
                return None
            text = _WRONG_TIME.format(name=error_unit)
            raise syntax_error(text, anchor=_ANCHOR + unit) from None
        return int(passed // size)

    return difference


def date_diff_in_days(  # noqa: PLR0917 (Tinybird's signature)
    run: Run,
    date_1: Any,
    date_2: Any,
    date_format: Any = ISO_DAY,
    backup_date_format: Any = None,
    none_if_error: Any = False,
) -> int | None:
    """Return the whole days between two dates, never negative."""
    try:
        passed = _seconds(run, (date_1, date_2), (date_format, backup_date_format))
    except ValueError:
        if none_if_error:
            return None
        raise syntax_error(
            _WRONG_DAY.format(name="date_diff_in_days"), anchor=_ANCHOR + "days"
        ) from None
    return int(passed // 86400)


def day_diff(run: Run, d0: Any, d1: Any) -> int:
    """Return the days between two dates `YYYY-MM-DD`, never negative."""
    try:
        return int(_seconds(run, (d0, d1), (ISO_DAY,)) // 86400)
    except ValueError:
        # "fotmats" is how Tinybird spells it.
        raise syntax_error(
            _WRONG_DAY.format(name="day_diff") + ". For other fotmats, try `date_diff_in_days`",
            anchor=_ANCHOR + "days",
        ) from None


DATE_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "day_diff": day_diff,
    "date_diff_in_days": date_diff_in_days,
    "date_diff_in_hours": _date_diff("hours", 3600, "hours"),
    # Tinybird's text for minutes says "seconds".
    "date_diff_in_minutes": _date_diff("minutes", 60, "seconds"),
    "date_diff_in_seconds": _date_diff("seconds", 1, "seconds"),
}
