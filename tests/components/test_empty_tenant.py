"""The example event that a developer copies into a shell."""

import json
import os
import subprocess

from clerk_tinybird_app.components.dashboard.empty_tenant import TENANT, event_command


def _said(command: str) -> list[str]:
    """Return the words that the shell hands to curl, and last what curl reads."""
    said = subprocess.run(
        ["sh", "-c", 'curl() { printf "%s\\0" "$@"; cat; }\n' + command],
        env={
            "PATH": os.defpath,
            "TINYBIRD_API_URL": "http://tinybird.test",
            "TINYBIRD_APPEND_TOKEN": "p.append",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.split("\0")


def test_the_shell_sends_the_event_as_it_is_with_the_tenant_and_the_present_moment() -> None:
    event = {
        "at": "2001-11-23T10:00:00Z",
        "account": "somebody_else",
        "subject": 'It\'s "here", for $5 or `date` \\',
        "opens": 3,
    }

    url, flag, header, data, source, body = _said(event_command(event, "mails", "account"))

    assert url == "http://tinybird.test/v0/events?name=mails"
    assert (flag, header) == ("-H", "Authorization: Bearer p.append")
    # So curl reads it, and leaves out its line ends.
    assert (data, source) == ("-d", "@-")
    sent = json.loads(body)
    assert sent.pop("at") > event.pop("at")
    assert sent == event | {"account": TENANT}


def test_an_event_that_names_no_tenant_gets_one() -> None:
    *_, body = _said(event_command({"opens": 3}, "mails", "account"))

    assert json.loads(body) == {"opens": 3, "account": TENANT}
