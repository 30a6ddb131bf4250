"""A downloaded CSV can be opened in a spreadsheet."""

import csv
import io
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk_tinybird_app.tinybird.csv_cells import harmless

CELLS = st.text(alphabet="=+-@\uff1d\uff20\t\r\n;,\"' a15.e", max_size=8)


@pytest.mark.parametrize(
    ("cell", "opened"),
    [
        ('"=HYPERLINK(""http://x"",""y"")"', '"\'=HYPERLINK(""http://x"",""y"")"'),
        ("\"+1+cmd|' /C calc'!A0\"", "\"'+1+cmd|' /C calc'!A0\""),
        ('"-2+3"', '"\'-2+3"'),
        ('"@SUM(A1)"', '"\'@SUM(A1)"'),
        ('"\t=1"', "\"'\t'=1\""),
        ('"\r=1"', "\"'\r'=1\""),
        ('"\uff1d1+1"', '"\'\uff1d1+1"'),
        ("=1+1", "'=1+1"),
        ('"a;=1+1"', '"a;\'=1+1"'),
        ('"a\n=1+1"', '"a\n\'=1+1"'),
    ],
)
def test_what_a_spreadsheet_would_run_becomes_text(cell: str, opened: str) -> None:
    assert harmless(f'"name"\n{cell},5\n'.encode()).decode() == f'"name"\n{opened},5\n'


@pytest.mark.parametrize(
    "cell",
    [
        *("-5", "+5", "-5.25", "-1e-7", "-.5", "-inf", "-nan", '"-5"', "0", "5", "\\N"),
        *(
            '"/v1/a=b"',
            '"a-b@c"',
            '"a\tb"',
            '"a;-5;b"',
            '"two\r\nlines"',
            '""',
            '"a"",=""b"',
            '"a""=b"',
        ),
    ],
)
def test_a_number_stays_a_number_and_plain_text_as_it_is(cell: str) -> None:
    answer = f'"name","other"\r\n{cell},{cell}\r\n'.encode()

    assert harmless(answer) == answer


@given(st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=4))
def test_no_cell_begins_like_a_formula_and_none_is_moved(rows: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(rows)

    read = list(csv.reader(io.StringIO(harmless(written.getvalue().encode()).decode(), newline="")))

    assert [len(row) for row in read] == [len(row) for row in rows]
    for before, after in zip(chain(*rows), chain(*read), strict=True):
        assert after.replace("'", "") == before.replace("'", "")
        assert not after.startswith(("=", "@", "\uff1d", "\uff20", "\t", "\r"))
        if after.startswith(("+", "-")):
            float(after.split(";")[0].split()[0])
