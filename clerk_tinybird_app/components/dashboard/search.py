"""The search in a list of records, from ``search.jsx``."""

from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.components.icon import ICONS
from clerk_tinybird_app.dashboard.address import MOST_SEARCHED
from clerk_tinybird_app.dashboard.declaration import Records
from clerk_tinybird_app.dashboard.view import record_names, search_names
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset

_SEARCH: Final = shared_asset("search.jsx")
_NAMES: Final = search_names(products.current().dashboard)
_RECORDS: Final = record_names(products.current().dashboard)


class _Search(rx.Component):
    library = _SEARCH.importable_path
    lib_dependencies: list[str] = [ICONS]

    parameter: rx.Var[str]
    record: rx.Var[str]


class RecordSearch(_Search):
    """A field whose text becomes the address's once nobody types any more.

    Props: ``parameter`` the text's name in the address, ``record`` that of an open record, which
    is closed, ``label`` the field's name for assistive technology, ``max_length`` how many
    characters are looked for.
    """

    tag = "RecordSearch"

    label: rx.Var[str]
    max_length: rx.Var[int]


class ClearSearch(_Search):
    """A button that takes the text away; see ``RecordSearch``."""

    tag = "ClearSearch"


def search_field(panel: Records) -> list[rx.Component]:
    """Return the field for the text that a list's rows contain; nothing for one without."""
    if not panel.search:
        return []
    field = RecordSearch.create(
        label=f"Search the {panel.noun}",
        max_length=MOST_SEARCHED,
        aria_keyshortcuts="/",
        custom_attrs={"data-key": "search"},
        **_names(panel),
    )
    return [field]


def search_place(panel: Records) -> list[rx.Component]:
    """Return a grey place for the field; nothing for a list without one."""
    grey = rx.el.span(class_name="skeleton w-42 max-w-full h-(--control)")
    return [rx.el.div(grey, class_name="search")] if panel.search else []


def clear_search(panel: Records, *children: Any, **props: Any) -> rx.Component:
    """Return the button that takes a list's search away."""
    return ClearSearch.create(*children, **_names(panel), **props)


def _names(panel: Records) -> dict[str, str]:
    return {"parameter": _NAMES[panel.key], "record": _RECORDS[panel.key]}
