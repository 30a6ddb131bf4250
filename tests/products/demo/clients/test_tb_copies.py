"""``tb --local copy``: run, paused and resumed."""

import json

from tests.local.tinybird.copying import copy
from tests.products.demo.clients.tb import Tb

KEPT = 'SCHEMA >\n    `word` String\n\nENGINE "MergeTree"\nENGINE_SORTING_KEY "word"\n'
WORD = "%\nSELECT {{ String(word, 'none') }} AS word"
FILES = {
    "datasources/kept.datasource": KEPT,
    "copies/keep.pipe": copy(WORD, "kept", "COPY_MODE append\nCOPY_SCHEDULE 0 3 1 1 *\n"),
    "copies/fail.pipe": copy("SELECT toString(throwIf(1)) AS word", "kept"),
    "sinks/out.pipe": "NODE out\nSQL >\n    SELECT word FROM kept\n\nTYPE sink\n"
    "EXPORT_SERVICE kafka\nEXPORT_CONNECTION_NAME k\nEXPORT_KAFKA_TOPIC t\n"
    "EXPORT_SCHEDULE @on-demand\n",
}


def test_copies_are_run_paused_and_resumed_and_a_sink_is_refused_by_name(tb: Tb) -> None:
    for name, text in FILES.items():
        (tb.project / name).parent.mkdir(exist_ok=True)
        (tb.project / name).write_text(text, encoding="utf-8")
    assert tb.local("build").status == 0

    run = ("copy", "run", "keep", "--yes", "--wait", "--param")
    for more in (("word=one",), ("word=two", "--mode", "replace")):
        said = tb.local(*run, *more)
        assert (said.status, "Data copied to 'kept'" in said.text) == (0, True), said.text
    answer = tb.local("--output", "json", "sql", "SELECT word FROM kept")
    assert [row["word"] for row in json.loads(answer.stdout)["data"]] == ["two"]
    for action in ("pause", "resume"):
        assert tb.local("copy", action, "keep").status == 0

    for command, told in (
        (("copy", "run", "fail", "--yes", "--wait"), "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        (("sink", "run", "out"), "A sink to Kafka does not run in the embedded Tinybird"),
    ):
        said = tb.local(*command)
        assert (said.status, told in said.text) == (1, True), said.text
