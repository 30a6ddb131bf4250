"""What the home page costs a first visitor, as Chromium counts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, Page

from benchmarks.report import Section, goal

_GOAL_KB: Final = 200.0
_BYTES_PER_KB: Final = 1_000
_CLERK_SCRIPTS: Final = "/__clerk/npm/"
_KINDS: Final = {
    "Document": "HTML",
    "Script": "JavaScript before Clerk's own",
    "Stylesheet": "CSS",
    "Font": "fonts",
}
_CLERK: Final = "Clerk's own scripts"
_REST: Final = "icons and calls"
_ORDER: Final = (*_KINDS.values(), _REST, _CLERK)
_COMPRESSIBLE: Final = ("Document", "Script", "Stylesheet")


@dataclass(frozen=True)
class Download:
    """One answer that the page waited for.

    Attributes:
        group: The row of the report it belongs to.
        size: Bytes of its body on the wire, without the head.
        is_plain: True when it could have come compressed and did not.
    """

    group: str
    size: int
    is_plain: bool


def measure(browser: Browser, origin: str) -> Section:
    """Open the home page of ``origin`` in a fresh browser, signed out."""
    downloads = _downloads(browser, origin)
    section = Section("3. Weight of / for a first visitor, signed out, --env prod", ("files", "KB"))
    for group in _ORDER:
        members = [download for download in downloads if download.group == group]
        total = sum(download.size for download in members) / _BYTES_PER_KB
        note = goal(total, _GOAL_KB, "KB") if group == _KINDS["Script"] else ""
        section.add(group, str(len(members)), f"{total:.1f}", note=note)
    plain = sum(download.is_plain for download in downloads)
    section.remarks += [
        "1 KB is 1,000 bytes of body as they came over the wire; the websocket is not counted.",
        f"Not compressed though it could be: {plain} of HTML, JavaScript and CSS.",
    ]
    return section


def _downloads(browser: Browser, origin: str) -> list[Download]:
    context = browser.new_context()
    try:
        page = context.new_page()
        heads: dict[str, dict[str, Any]] = {}
        totals: dict[str, int] = {}
        _listen(page, heads, totals)
        page.goto(origin)
        page.get_by_role("button", name="Sign In", exact=True).wait_for()
        page.wait_for_load_state("networkidle")
        return [_download(heads[id_], total) for id_, total in totals.items() if id_ in heads]
    finally:
        context.close()


def _listen(page: Page, heads: dict[str, dict[str, Any]], totals: dict[str, int]) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.on("Network.responseReceived", lambda e: heads.update({e["requestId"]: e}))
    devtools.on(
        "Network.loadingFinished",
        lambda e: totals.update({e["requestId"]: int(e["encodedDataLength"])}),
    )
    devtools.send("Network.enable")


def _download(received: Mapping[str, Any], total: int) -> Download:
    kind, response = received["type"], received["response"]
    headers = {name.lower() for name in response["headers"]}
    is_clerk = kind == "Script" and _CLERK_SCRIPTS in response["url"]
    return Download(
        group=_CLERK if is_clerk else _KINDS.get(kind, _REST),
        # At this event Chromium has counted the head, at the end head and body.
        size=total - int(response["encodedDataLength"]),
        is_plain=kind in _COMPRESSIBLE and "content-encoding" not in headers,
    )
