"""What the home page costs a first visitor, as Chromium counts it."""

from collections import defaultdict
from typing import Any, Final

from playwright.sync_api import Browser

from benchmarks.report import Section, goal

_GOAL_KB: Final = 200.0
_BYTES_PER_KB: Final = 1_000
_KINDS: Final = {
    "Document": "HTML",
    "Script": "JavaScript before Clerk's own",
    "Stylesheet": "CSS",
    "Font": "fonts",
}
_COMPRESSIBLE: Final = ("Document", "Script", "Stylesheet")
_REST: Final = "icons and calls"
_CLERK: Final = "Clerk's own scripts"


def measure(browser: Browser, origin: str) -> Section:
    """Open the home page of ``origin`` in a fresh browser, signed out."""
    sizes, plain = defaultdict[str, list[int]](list), 0
    for received, total in _downloads(browser, origin):
        kind, response = received["type"], received["response"]
        is_clerk = kind == "Script" and "/__clerk/npm/" in response["url"]
        group = _CLERK if is_clerk else _KINDS.get(kind, _REST)
        # At this event Chromium has counted the head, at the end head and body.
        sizes[group].append(total - int(response["encodedDataLength"]))
        headers = {name.lower() for name in response["headers"]}
        plain += kind in _COMPRESSIBLE and "content-encoding" not in headers
    section = Section("3. Weight of / for a first visitor, signed out, --env prod", ("files", "KB"))
    for group in (*_KINDS.values(), _REST, _CLERK):
        kilobytes = sum(sizes[group]) / _BYTES_PER_KB
        note = goal(kilobytes, _GOAL_KB, "KB") if group == _KINDS["Script"] else ""
        section.add(group, str(len(sizes[group])), f"{kilobytes:.1f}", note=note)
    section.remarks += [
        "1 KB is 1,000 bytes of body as they came over the wire; the websocket is not counted.",
        f"Not compressed though it could be: {plain} of HTML, JavaScript and CSS.",
    ]
    return section


def _downloads(browser: Browser, origin: str) -> list[tuple[dict[str, Any], int]]:
    """Return the head of each answer that the page waited for, and the bytes of all of it."""
    context = browser.new_context()
    heads: dict[str, dict[str, Any]] = {}
    totals: dict[str, int] = {}
    try:
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.on("Network.responseReceived", lambda e: heads.update({e["requestId"]: e}))
        devtools.on(
            "Network.loadingFinished",
            lambda e: totals.update({e["requestId"]: int(e["encodedDataLength"])}),
        )
        devtools.send("Network.enable")
        page.goto(origin)
        page.get_by_role("button", name="Sign In", exact=True).wait_for()
        page.wait_for_load_state("networkidle")
    finally:
        context.close()
    return [(heads[name], total) for name, total in totals.items() if name in heads]
