"""The dashboard's five pipes asked straight over HTTP: no page can be filled sooner."""

import time
from datetime import UTC
from typing import Final
from urllib.parse import urlencode

from benchmarks.kept_connection import KeptConnection, request
from benchmarks.samples import Samples
from benchmarks.tinybird_queries import WrongAnswerError
from clerk_tinybird_app import products, services
from clerk_tinybird_app.dashboard.questions import questions
from clerk_tinybird_app.dashboard.view import View

_CALLS: Final = 7
_SECONDS_BETWEEN: Final = 0.6
"""Five queries at a time: below the ten a second that a token may make."""

_MILLISECONDS: Final = 1_000
_OK: Final = 200


def slowest_pipe(port: int, token: str) -> tuple[str, float]:
    """Ask each pipe of the default view one after the other; return the slowest and its median.

    Args:
        port: The embedded Tinybird's.
        token: A person's Tinybird token.

    Raises:
        WrongAnswerError: A pipe refused.
    """
    taken: dict[str, list[float]] = {}
    dashboard, takes = products.current().dashboard, services.pipe_parameters()
    view = View.of(dashboard)
    with KeptConnection(port) as connection:
        for _ in range(_CALLS):
            for question in questions(
                dashboard, view, dashboard.panels, zone=UTC, now=time.time(), takes=takes
            ):
                path = f"/v0/pipes/{question.pipe}.json?{urlencode(question.parameters)}"
                started = time.perf_counter()
                status, body = connection.ask(request("GET", path, token))
                taken.setdefault(question.pipe, []).append(time.perf_counter() - started)
                if status != _OK:
                    raise WrongAnswerError(f"{status}: {body[:200]!r}")
            time.sleep(_SECONDS_BETWEEN)
    medians = {pipe: Samples(values).median * _MILLISECONDS for pipe, values in taken.items()}
    name = max(medians, key=lambda pipe: medians[pipe])
    return name, medians[name]
