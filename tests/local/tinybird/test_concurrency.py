"""Many readers at once: no answer holds another's, none waits for a slow one."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.local.tinybird.process import Tinybird, running, until

THREADS = 8
REQUESTS = 400
FAILING = 0.3


def test_errors_never_leak_into_other_answers(project: Path, tmp_path: Path) -> None:
    """A failed query's partial output must not precede the next answer on its connection.

    With the usual limit on time: on a busy machine, a second is too short for such a query.
    """
    fails_late = "SELECT number, throwIf(number = 200000, 'on purpose') FROM numbers(300000)"

    def one(number: int) -> str:
        if random.Random(number).random() < FAILING:
            answer = own.get("/v0/sql", q=f"{fails_late} FORMAT JSONEachRow")
            return "error" if answer.status_code == 400 else "contaminated"
        text = f"only {number}"
        answer = own.get("/v0/pipes/echo.ndjson", text=text, rows=3)
        expected = "".join(f'{{"text":"{text}","number":{n}}}\n' for n in range(3))
        return "right" if answer.text == expected else "contaminated"

    with (
        Tinybird(project, tmp_path / "data") as own,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        results = Counter(threads.map(one, range(REQUESTS)))
    assert results["contaminated"] == 0
    assert results["error"] > REQUESTS * FAILING / 2


def test_a_slow_query_holds_up_no_other(tinybird: Tinybird) -> None:
    with ThreadPoolExecutor(3) as threads:
        for _ in range(3):
            threads.submit(tinybird.get, "/v0/pipes/slow.json")
        until(lambda: running(tinybird) != [], "none of them runs")
        assert tinybird.get("/v0/pipes/echo.json", text="x").status_code == 200
        assert running(tinybird) != []


def test_one_name_makes_one_workspace_however_many_ask_at_once(tinybird: Tinybird) -> None:
    def make(_: int) -> int:
        return tinybird.post("/v1/workspaces", params={"name": "wanted"}).status_code

    with ThreadPoolExecutor(THREADS) as threads:
        results = Counter(threads.map(make, range(THREADS)))
    tinybird.http.delete("/v1/workspaces/wanted", headers=tinybird.bearer(None))
    assert results == {200: 1, 400: THREADS - 1}
