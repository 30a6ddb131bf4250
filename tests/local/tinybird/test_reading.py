"""How queries are run, as only a process with chDB can show."""

from pathlib import Path

from tests.local.tinybird.reading_scenes import scene


def test_a_good_token_is_verified_once_while_it_holds(tmp_path: Path) -> None:
    good = "someone {'tenant': 'a'}"
    assert scene("known_tokens", tmp_path) == {
        "first time": f"{good}, verified",
        "again": f"{good}, known",
        "forged": "Invalid signature, verified",
        "before its time": "Token is not valid yet, verified",
        "in its time": f"{good}, verified",
        "expired": "Token has expired, verified",
        "of a workspace that was made": [f"{good}, verified", f"{good}, known"],
        "of a workspace that was removed": "Invalid signature, verified",
        "signed with the key of before": "Invalid signature, verified",
        "admin": ["admin {}, verified", "admin {}, verified"],
        "after a thousand others": f"{good}, verified",
        "kept": 1_000,
        "texts kept": 0,
    }


def test_a_client_that_leaves_ends_what_runs_and_starts_nothing(tmp_path: Path) -> None:
    assert scene("leaving", tmp_path) == {
        "waiting": "ClientGone",
        "running": "ClientGone",
        "ran": ["endless"],
        "ended before its time": True,
        "next": "next\n",
    }


def test_an_idle_reader_holds_no_answer(tmp_path: Path) -> None:
    assert scene("idle", tmp_path) == "given away"


def test_a_query_has_its_share_of_half_of_the_machines_memory(tmp_path: Path) -> None:
    told = scene("memory", tmp_path)
    assert told["with enough"] == "answered"
    assert told["with a tenth"] == "MEMORY_LIMIT_EXCEEDED"
    assert told["all readers in halves of the machine"] <= 1
