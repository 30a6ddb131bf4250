"""The links of a dashboard, each to another view of it."""

from collections.abc import Collection
from dataclasses import dataclass

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.period import LENGTHS
from clerk_tinybird_app.dashboard.view import FILTERS, SORTS, STATUS_CLASSES, View


@dataclass(frozen=True)
class Choice:
    """A link to another view.

    Attributes:
        label: What it says.
        href: Where it leads.
        is_current: True when that view is shown.
    """

    label: str
    href: str
    is_current: bool = False


def ranges(view: View, path: str) -> list[Choice]:
    """Return a link for every period that ends now."""
    return [
        Choice(
            f"{name[:-1]} {name[-1]}", view.changed(range=name).address(path), name == view.range
        )
        for name in LENGTHS
    ]


def chips(view: View, path: str, *, fixed: Collection[str]) -> list[Choice]:
    """Return a link for every filter that is set; it leads to the view without it.

    Args:
        view: What is shown.
        path: The page.
        fixed: Filters that make the page what it is, and cannot be taken away on it.
    """
    return [
        Choice(f"{_word(name)} = {texts.named(value)}", view.changed(**{name: None}).address(path))
        for name, value in view.filters.items()
        if name not in fixed
    ]


def without_filters(view: View, path: str, *, fixed: Collection[str]) -> str:
    """Return the address of the view without any filter but the ``fixed`` ones."""
    cleared = dict.fromkeys(name for name in FILTERS if name not in fixed)
    return view.changed(**cleared).address(path)


def status_classes(view: View, path: str) -> list[Choice]:
    """Return a link for every class of status: to it alone, or from it back to all."""
    return [
        Choice(
            name,
            view.changed(status_class=None if name == view.status_class else name).address(path),
            name == view.status_class,
        )
        for name in STATUS_CLASSES
    ]


def sorts(view: View, path: str) -> list[Choice]:
    """Return a link for every order of the routes."""
    return [
        Choice(name, view.changed(sort=name).address(path), name == view.sort) for name in SORTS
    ]


def _word(name: str) -> str:
    return "status" if name == "status_class" else name
