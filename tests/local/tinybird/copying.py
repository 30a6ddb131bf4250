"""Copy pipes for the tests, and how one is run to its end."""

from typing import Any

import httpx

from tests.local.tinybird.process import Tinybird, until


def copy(sql: str, target: str, more: str = "") -> str:
    """Return a pipe of one node that copies into ``target``."""
    lines = "\n".join(f"    {line.strip()}" for line in sql.strip().splitlines())
    return f"NODE copied\nSQL >\n{lines}\n\nTYPE copy\nTARGET_DATASOURCE {target}\n{more}"


def ended(own: Tinybird, answer: httpx.Response) -> dict[str, Any]:
    """Return the job that an answer has, once it has ended."""
    assert answer.status_code == 200, answer.text
    address = answer.json()["job"]["job_url"]
    until(lambda: not own.get(address).json()["is_cancellable"], "the copy does not end")
    job: dict[str, Any] = own.get(address).json()
    return job


def run(own: Tinybird, pipe: str, **asked: str) -> dict[str, Any]:
    return ended(own, own.post(f"/v0/pipes/{pipe}/copy", params=asked))
