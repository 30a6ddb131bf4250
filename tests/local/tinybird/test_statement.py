"""SQL that reads from named queries."""

from pathlib import Path

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.scenes import STATEMENTS, scene


def test_a_select_and_a_describe_read_from_named_queries(tmp_path: Path) -> None:
    assert scene("named_queries", tmp_path) == STATEMENTS


@pytest.mark.parametrize(
    ("path", "asked", "first"),
    [
        ("/v0/pipes/pages.csv", "DESCRIBE _", '"page","LowCardinality(String)"'),
        ("/v0/sql", "DESCRIBE pages FORMAT CSVWithNames", '"page","LowCardinality(String)"'),
        ("/v0/sql", "DESCRIBE visits FORMAT CSVWithNames", '"at","DateTime64(3)"'),
    ],
)
def test_what_may_be_read_can_be_described(
    tinybird: Tinybird, path: str, asked: str, first: str
) -> None:
    own = {"type": "DATASOURCES:READ", "resource": "visits", "filter": "tenant = 'a'"}
    answer = tinybird.get(path, tinybird.token(reads("pages", tenant="a"), own), q=asked)
    assert answer.status_code == 200
    assert answer.text.splitlines()[1].startswith(first)


def test_what_may_not_be_read_cannot_be_described(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    assert tinybird.get("/v0/sql", token, q="DESCRIBE visits").status_code == 403
    assert tinybird.get("/v0/pipes/pages.json", token, q="DESCRIBE visits").status_code == 403
