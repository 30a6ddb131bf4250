"""docs/operations.md and deploy/ name what there is, and all of it."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clerk_tinybird_app.clerk.errors import ClerkError
from clerk_tinybird_app.logs import lines, log_budget
from clerk_tinybird_app.prebuilt.http_protocol import MAX_KEPT, REQUEST_SECONDS
from clerk_tinybird_app.prebuilt.websocket_protocol import MAX_MESSAGES
from clerk_tinybird_app.reflex_internals import connections
from clerk_tinybird_app.reflex_internals.frames import MAX_FRAME
from clerk_tinybird_app.telemetry import refusals
from clerk_tinybird_app.telemetry.metrics import REGISTRY
from clerk_tinybird_app.tinybird.client import TinybirdError

ROOT = Path(__file__).parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DEPLOY = ROOT / "deploy"
SAMPLES = ("_total", "_bucket", "_count", "_sum")


def _kinds(of: type[Exception]) -> Iterator[type[Any]]:
    yield of
    for kind in of.__subclasses__():
        yield from _kinds(kind)


def _logged_codes() -> set[str]:
    clerks = {kind.code for kind in _kinds(ClerkError) if not kind.__subclasses__()}
    tinybirds = {kind.code for kind in _kinds(TinybirdError)}
    own = {
        *(refusals.TOO_MANY_REQUESTS, refusals.HEADERS_TOO_LARGE, refusals.NO_METRICS),
        *(refusals.REQUEST_MALFORMED, refusals.REQUEST_TOO_SLOW, refusals.SESSION_TABS),
        refusals.TOO_MANY_CONNECTIONS,
        *(refusals.POLICY_FAILED, refusals.REQUEST_FAILED, *refusals.WEBSOCKET_CODES),
        *(log_budget.EVENT_FAILED, log_budget.PAGE_ERROR),
        *(refusals.NOT_SEALED, refusals.REDIS_FAILED),
    }
    return clerks | tinybirds | own


def _rows(title: str) -> dict[str, list[str]]:
    """Return the rows of the last table below a heading: what is in its first column -> cells."""
    section = OPERATIONS.partition(f"{title}\n")[2].split("\n## ")[0].split("\n### ")[0]
    rows = re.findall(r"^\| `([\w.]+)` \|(.*)\|$", section, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def _metrics() -> dict[str, str]:
    """Return metric -> kind, as it is named in an answer."""
    return {
        f"{each.name}_total" if each.type == "counter" else each.name: each.type
        for each in REGISTRY.collect()
    }


def _labels(name: str) -> list[str]:
    known = REGISTRY._names_to_collectors
    return list(known[name]._labelnames)  # type: ignore[attr-defined]


def test_every_code_of_the_log_is_explained_and_no_other() -> None:
    assert set(_rows("### Codes")) == _logged_codes()


def test_every_code_says_the_level_that_it_is_logged_with(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "clerk_tinybird_app")
    told = {code: cells[0] for code, cells in _rows("### Codes").items()}
    errors = {code for code, level in told.items() if level == "ERROR"}
    for code in told.keys() - errors:
        refusals.RefusalLog().note("api", code)

    assert {each.code: each.levelname for each in caplog.records} == {  # type: ignore[attr-defined]
        code: level for code, level in told.items() if code not in errors
    }
    assert errors == {
        *(refusals.POLICY_FAILED, refusals.REQUEST_FAILED),
        *(log_budget.EVENT_FAILED, log_budget.PAGE_ERROR),
    }


def test_every_field_of_a_line_is_explained() -> None:
    fields = OPERATIONS.partition("| field |")[2].partition("\n\n")[0]

    explained = set(re.findall(r"`(\w+)`", fields))
    assert explained >= {*lines.FIELDS, "request_id", "event_id", "session_id", "tenant_id"}


def test_every_metric_is_explained_with_its_labels_and_no_other() -> None:
    told = {
        name: [label.strip() for label in cells[0].split(",") if label.strip()]
        for name, cells in _rows("## Metrics").items()
    }

    assert told == {name: _labels(name) for name in _metrics()}


@pytest.mark.parametrize("file", ["grafana-dashboard.json", "prometheus-alerts.yml"])
def test_what_is_shown_and_alerted_is_measured_and_has_the_labels(file: str) -> None:
    text = (DEPLOY / file).read_text(encoding="utf-8").replace('\\"', '"')
    names = set(re.findall(r"\bapp_[a-z_]+", text))

    unknown = {name for name in names if not _is_sample(name)}
    assert names
    assert unknown == set()
    for name, chosen in re.findall(r"\b(app_[a-z_]+)\{([^}]*)\}", text):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", chosen)) - {"job"}
        assert labels <= set(_labels(name)), name


def _is_sample(name: str) -> bool:
    known = _metrics()
    histograms = {name for name, kind in known.items() if kind == "histogram"}
    return name in known or any(
        name == f"{each}{end}" for each in histograms for end in SAMPLES[1:]
    )


def test_the_dashboard_shows_every_metric() -> None:
    text = (DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8")

    assert [name for name in _metrics() if name not in text] == []
    panels = json.loads(text)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["targets"] for panel in panels if panel["type"] != "row")


def test_every_code_that_a_line_of_the_source_can_have_is_known_here() -> None:
    """Whoever adds a constant explains it, or says that it is in answers alone."""
    places = {
        *(refusals.API, refusals.PUSH, refusals.WEBSOCKET, refusals.QUERY, refusals.POLICY),
        *(refusals.METRICS, refusals.REQUEST, refusals.SERVER, refusals.REDIS),
    }
    constants = {
        value
        for name, value in vars(refusals).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    }
    only_answered = OPERATIONS.partition("only in answers")[2].partition("\n")[0]

    assert constants - places - set(re.findall(r"`(\w+)`", only_answered)) <= _logged_codes()
    fields = OPERATIONS.partition("| `code`, `place` |")[2].partition("\n")[0]
    assert places <= set(re.findall(r"`(\w+)`", fields))


def test_the_limits_of_websockets_are_told_as_they_are() -> None:
    told = {code: " ".join(cells) for code, cells in _rows("### Codes").items()}

    assert f"has {connections.MAX_PER_SESSION} websockets" in told["session_tabs"]
    assert (
        f"({connections.SESSION_PER_SECOND} and {connections.ADDRESS_PER_SECOND} messages a second,"
        f" after {connections.SESSION_AT_ONCE} and {connections.ADDRESS_AT_ONCE:,} at once)"
    ) in told["websocket_events"]
    assert f"more than {MAX_MESSAGES} messages" in told["websocket_flood"]
    assert f"within {REQUEST_SECONDS:g} seconds" in told["request_too_slow"]
    assert f"more than {MAX_KEPT // 1024} KiB" in told["headers_too_large"]
    assert f"longer than {MAX_FRAME // 1024} KiB" in told["websocket_frame"]


def test_every_alert_is_explained_with_what_to_do_and_no_other() -> None:
    text = (DEPLOY / "prometheus-alerts.yml").read_text(encoding="utf-8")
    told = _rows("## Alerts")

    assert list(told) == re.findall(r"^ +- alert: (\w+)$", text, re.MULTILINE)
    assert all(len(cells) == 2 and all(cells) for cells in told.values())


def test_every_alert_names_a_code_that_is_logged() -> None:
    text = (DEPLOY / "prometheus-alerts.yml").read_text(encoding="utf-8")
    named = re.findall(r'code=~?"([\w|]+)"', text)

    assert {code for codes in named for code in codes.split("|")} <= _logged_codes()
