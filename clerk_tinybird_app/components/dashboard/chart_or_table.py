"""A chart with the same numbers as a table behind it, from ``chart_or_table.jsx``."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.popover import MENU_ITEM

_VIEWS: Final = rx.asset("chart_or_table.jsx", shared=True)


class _View(rx.Component):
    library = _VIEWS.importable_path


class ChartOrTable(_View):
    """Remembers by its ``name`` which of the two is shown in it: at first the chart."""

    tag = "ChartOrTable"

    name: rx.Var[str]


class TableToggle(_View):
    """Changes between the two."""

    tag = "TableToggle"


class AsChart(_View):
    """Shown while the chart is."""

    tag = "AsChart"


class AsTable(_View):
    """Shown while the table is."""

    tag = "AsTable"


def table_toggle() -> rx.Component:
    """Return the action of a panel's menu that changes between chart and table."""
    return TableToggle.create(class_name=MENU_ITEM)
