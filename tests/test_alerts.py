"""The alerts of ``deploy/`` are well-formed, and each of them tells of what it is for."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.running_app import ROOT
from tests.web_servers import path_of

DEPLOY: Final = ROOT / "deploy"
ALERTS: Final = DEPLOY / "prometheus-alerts.yml"
NAMES: Final = re.findall(r"^ +- alert: (\w+)$", ALERTS.read_text(encoding="utf-8"), re.MULTILINE)
STEP: Final = 15
"""Seconds between two looks of Prometheus."""


@dataclass(frozen=True)
class Case:
    """What an alert is for.

    Attributes:
        done: What a worker does then, as Python.
        keeps_on: Whether it does so again and again; else it is the first time and the last.
        seconds: When it begins.
    """

    done: str
    keeps_on: bool = False
    seconds: int = 120


CASES: Final = {
    "ClerkKeysUnavailable": Case("metrics.refused('push', 'keys_unavailable')"),
    "ClerkKeysOld": Case("metrics.keys_fetched(None)", seconds=3 * 3600 + 600),
    "OwnClockWrong": Case("metrics.refused('api', 'session_clock_ahead')"),
    "PolicyFails": Case("metrics.failed('policy_failed')"),
    "EventsOrRequestsFail": Case("metrics.failed('event_failed')"),
    "PagesFail": Case("for _ in range(10): metrics.failed('page_error')"),
    "RedisFails": Case("metrics.failed('redis_failed')"),
    "TinybirdFails": Case("ask(None)", keeps_on=True),
    "TinybirdRefusesTokens": Case(
        "for _ in range(10): metrics.refused('query', 'tinybird_forbidden')"
    ),
    "TinybirdSlow": Case("ask(200, seconds=4)", keeps_on=True),
    "ServerErrors": Case("for _ in range(10): metrics.request('page', 500, 0.1)"),
    "EventLoopBlocked": Case("metrics.process(1, 2.0)"),
    "RefusalsInMasses": Case(
        "for _ in range(500): metrics.refused('api', 'session_malformed')", keeps_on=True
    ),
}

_WORKER: Final = """
import json, sys
from clerk_tinybird_app.telemetry import metrics

def ask(status, seconds=0):
    metrics.perf_counter = iter([0, seconds]).__next__
    with watch("total") as answered:
        if status:
            answered(status)

# As in every worker that has served somebody.
watch = metrics.TinybirdWatch(["total"])
metrics.keys_fetched(1)
metrics.process(1, 0)
metrics.request("page", 200, 0.1)
ask(200)
said = {}
for name, done in json.load(sys.stdin).items():
    before = metrics.exposition().decode()
    exec(done)
    said[name] = before, metrics.exposition().decode()
    metrics.process(1, 0)
print(json.dumps(said))
"""


def _samples(exposition: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in exposition.splitlines() if line[0] != "#")
    return {name: float(value) for name, _, value in lines}


def _series(before: dict[str, float], after: dict[str, float], case: Case) -> list[dict[str, str]]:
    """Return what Prometheus sees of a worker: nothing of what is not there yet."""
    steps = case.seconds // STEP
    told = []
    for name, value in after.items():
        change = value - before.get(name, 0) if case.keeps_on else 0
        earlier = f"{before[name]}x{steps}" if name in before else f"_x{steps + 1}"
        own = name if "{" in name else f"{name}{{}}"
        labels = own.replace("{", '{instance="a",', 1).replace(",}", "}")
        told.append({"series": labels, "values": f"{earlier} {value}+{change}x100"})
    return told


def _rule_test(
    name: str, series: list[dict[str, str]], begins: int, seconds: int
) -> dict[str, Any]:
    """Return a test in which nothing is on until it begins, and then this alert alone."""
    alone = {"labels": f"{{alertname='{name}'}}", "value": 1}
    return {
        "interval": f"{STEP}s",
        "name": name,
        "input_series": series,
        "promql_expr_test": [
            {"expr": "ALERTS", "eval_time": f"{begins}s", "exp_samples": []},
            {
                "expr": "group by (alertname) (ALERTS{alertstate='firing'})",
                "eval_time": f"{begins + seconds}s",
                "exp_samples": [alone],
            },
        ],
    }


def _run(*words: str | Path) -> None:
    done = subprocess.run(
        [path_of("promtool"), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_its_configuration_and_the_alerts(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t")
    text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(text.replace("/etc/prometheus/metrics-token", str(token)))
    (tmp_path / ALERTS.name).symlink_to(ALERTS)

    _run("check", "config", "--lint-fatal", configuration)


def test_each_alert_tells_of_what_it_is_for_the_first_time_that_it_happens(tmp_path: Path) -> None:
    assert [*CASES, "AppDown"] == [*NAMES[1:], NAMES[0]]
    told = subprocess.run(
        [sys.executable, "-c", _WORKER], input=json.dumps({k: v.done for k, v in CASES.items()}),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    tests = []
    for name, (before, after) in json.loads(told.stdout).items():
        case = CASES[name]
        series = _series(_samples(before), _samples(after), case)
        seconds = 20 * 60 if case.keeps_on else 2 * 60
        tests.append(_rule_test(name, series, case.seconds, seconds))
    down = {"series": 'up{job="clerk-tinybird-app",instance="a"}', "values": "1x8 0x100"}
    tests.append(_rule_test("AppDown", [down], 120, 180))
    file = tmp_path / "tests.yml"
    # JSON is YAML too.
    file.write_text(
        json.dumps({"rule_files": [str(ALERTS)], "evaluation_interval": f"{STEP}s", "tests": tests})
    )

    _run("test", "rules", file)
