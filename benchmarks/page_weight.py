"""What the home page costs a first visitor, as Chromium counts it."""

from contextlib import closing
from typing import Final

from playwright.sync_api import Browser, Request

from benchmarks.report import Section, goal
from tests.e2e.visitor import SIGN_IN

_GOAL_KB: Final = 200.0
_BYTES_PER_KB: Final = 1_000
_SCRIPTS: Final = "JavaScript before Clerk's own"
_KINDS: Final = {"document": "HTML", "script": _SCRIPTS, "stylesheet": "CSS", "font": "fonts"}
_COMPRESSIBLE: Final = ("document", "script", "stylesheet")
_REST: Final = "icons and calls"
_CLERK: Final = "Clerk's own scripts"


def measure(browser: Browser, origin: str) -> Section:
    """Open the home page of ``origin`` in a fresh browser, signed out."""
    finished, plain = list[Request](), 0
    sizes: dict[str, list[int]] = {group: [] for group in (*_KINDS.values(), _REST, _CLERK)}
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.on("requestfinished", lambda it: finished.append(it))  # noqa: PLW0108 - no builtins
        page.goto(origin)
        page.get_by_role("button", name=SIGN_IN).wait_for()
        page.wait_for_load_state("networkidle")
        # Clerk's workers come out of blobs that have been loaded with its scripts.
        for each in [one for one in finished if not one.url.startswith("blob:")]:
            kind, response = each.resource_type, each.response()
            is_clerk = kind == "script" and "/__clerk/npm/" in each.url
            group = _CLERK if is_clerk else _KINDS.get(kind, _REST)
            sizes[group].append(each.sizes()["responseBodySize"])
            is_encoded = response and response.header_value("content-encoding")
            plain += kind in _COMPRESSIBLE and not is_encoded
    title = "3. Weight of / for a first visitor, signed out, --env prod"
    section = Section(title, {"files": "d", "KB": ".1f"})
    for group, bodies in sizes.items():
        kilobytes = sum(bodies) / _BYTES_PER_KB
        note = goal(kilobytes, _GOAL_KB, "KB") if group == _SCRIPTS else ""
        section.add(group, len(bodies), kilobytes, note=note)
    section.remarks += [
        "1 KB is 1,000 bytes of body as they came over the wire; the websocket is not counted.",
        f"Not compressed though it could be: {plain} of HTML, JavaScript and CSS.",
    ]
    return section
