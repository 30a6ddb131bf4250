"""Each misconfiguration of the table, set up: what the start says, and what the check says.

The start is the command's own, up to the pages, which are not built here: whoever gets so far
starts. What the running app logs and sends to pages is in ``test_misconfigured_app.py``; what a
browser shows without being sent anything, in ``tests/e2e/test_misconfigured.py``.
"""

import io
import json
import os
import time
from functools import partial

import pytest

from clerk_tinybird_app import products, services
from clerk_tinybird_app.check import Surroundings
from clerk_tinybird_app.commands import main
from clerk_tinybird_app.reflex_internals.configuration import ask_for_changes, reflex_variables
from clerk_tinybird_app.settings.exposed_files import exposed
from clerk_tinybird_app.settings.shadowed_variables import contradicted, overridden
from clerk_tinybird_app.settings.unread_variables import unread_variables
from clerk_tinybird_app.tinybird.client import connections
from tests.check.cases import CASES, Enter, names
from tests.check.servers import NOW
from tests.misconfigurations import Case

NOT_BUILT = "There are no pages to serve"

pytestmark = pytest.mark.usefixtures("own_logging")


@pytest.mark.parametrize("case", CASES, ids=names)
def test_the_start_refuses_it_by_name_or_starts_and_says_it_in_the_log(
    case: Case,
    enter: Enter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    enter(case)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    if "REFLEX_FRONTEND_PORT" not in os.environ:
        # Another program of this machine may have the usual port.
        monkeypatch.setattr("clerk_tinybird_app.commands.require_free", lambda *_, **__: None)
    for kept in (services.current, products.current):
        monkeypatch.setattr(f"{kept.__module__}.current", kept.__wrapped__)
    monkeypatch.setattr("clerk_tinybird_app.services.trusted", connections.trusted.__wrapped__)

    status: object = 1
    try:
        status = main(["serve", "--built"], around=Surroundings(), out=io.StringIO())
        told = capsys.readouterr().err
    except SystemExit as ended:
        told = str(ended.code)

    assert status == 1
    assert "Traceback" not in told
    assert case.start in told
    assert (NOT_BUILT in told) is not bool(case.start)
    if " " in case.log and not case.is_later:
        assert "WARNING" in told
        assert case.log in told


@pytest.mark.parametrize("case", CASES, ids=names)
def test_the_check_says_it_by_its_code_and_what_to_do(case: Case, enter: Enter) -> None:
    enter(case)
    is_alone = case.is_real or case.check.startswith("port/")
    around = Surroundings(
        unread=partial(unread_variables, reflex_variables()),
        contradicted=contradicted,
        overridden=overridden,
        exposed=exposed,
        cores=lambda: 2,
        ask_for_changes=ask_for_changes,
        transport=None if is_alone else case.servers.transport,
        clock=time.time if is_alone else lambda: NOW,
    )
    out = io.StringIO()

    status = main(["check", "--json"], around=around, out=out)

    found = json.loads(out.getvalue())
    own = [each for each in found if each["code"] == case.check]
    assert {each["level"] for each in own} == {case.level}, found
    said = "\n".join(f"{each['text']} {each['advice']}" for each in own)
    assert case.told in said
    assert all(each["advice"] for each in own)
    assert status == (1 if any(each["level"] == "failed" for each in found) else 0)
    if case.level == "failed":
        assert status == 1
