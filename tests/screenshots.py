"""Makes the pictures of the README and its gallery: ``python -m tests.screenshots``."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.chromium import ADVICE, FLAGS, find_chromium
from tests.e2e.board import ROUTES
from tests.e2e.visitor import SIGN_IN, Visitor
from tests.products.product import CHOICES
from tests.running_app import ROOT, RunningApp

# A machine that does other work beside this may be slow.
expect.set_options(timeout=30_000)

FOLDER: Final = ROOT / "docs"
_Theme = Literal["light", "dark"]
_EMAIL: Final = "admin@acme.test"
_AT_REST: Final = """async () => {
  await document.fonts.ready;
  for (let frame = 0; frame < 5; frame += 1) await new Promise(requestAnimationFrame);
}"""
_DESKTOP: Final = (1280, 900)
_PHONE: Final = (390, 844)


@dataclass(frozen=True)
class Picture:
    """One picture of the running app.

    Attributes:
        name: The file's name in ``docs/``, without its ending.
        path: The page.
        theme: The theme.
        size: Width and least height, in CSS pixels.
        product: One of ``CHOICES``.
    """

    name: str
    path: str
    theme: _Theme = "dark"
    size: tuple[int, int] = _DESKTOP
    product: str = "demo"


PICTURES: Final = (
    Picture("welcome-dark", "/"),
    Picture("token-dark", "/"),
    Picture("dashboard-dark", "/dashboard"),
    Picture("dashboard-light", "/dashboard", theme="light"),
    Picture("dashboard-phone", "/dashboard", size=_PHONE),
    Picture("email-dark", "/dashboard", product="email"),
    *(
        Picture(f"gallery/{product}-{width}-{theme}", "/dashboard", theme, (width, height), product)
        for product in CHOICES
        for width, height in ((360, 780), (768, 1024), (1280, 900), (1920, 1080))
        for theme in get_args(_Theme)
    ),
)


def main() -> int:
    """Take every picture; return the exit status."""
    path = find_chromium()
    if path is None:
        sys.stderr.write(f"{ADVICE}\n")
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for product in dict.fromkeys(picture.product for picture in PICTURES):
            app = RunningApp(Path(folder) / product, CHOICES[product])
            try:
                app.prod().wait_for_tinybird()
                for picture in PICTURES:
                    if picture.product == product:
                        _take(picture, browser, app)
                        sys.stderr.write(f"docs/{picture.name}.png\n")
            finally:
                app.stop()
        browser.close()
    return 0


def _take(picture: Picture, browser: Browser, app: RunningApp) -> None:
    with _tab(picture, browser, app) as visitor:
        page = visitor.page
        if picture.path == "/dashboard":
            visitor.sign_in(_EMAIL)
            visitor.open(picture.path)
            expect(page.locator(".chart svg")).to_have_count(2)
            expect(page.locator("main .skeleton")).to_have_count(0)
        elif picture.name.startswith("token"):
            _run_a_request(visitor, page)
        else:
            visitor.open()
            expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
        page.evaluate("document.activeElement.blur()")
        page.evaluate(_AT_REST)
        page.screenshot(path=FOLDER / f"{picture.name}.png", full_page=True, animations="disabled")


def _run_a_request(visitor: Visitor, page: Page) -> None:
    visitor.sign_in(_EMAIL)
    page.select_option("#pipe", ROUTES)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#query-summary")).to_be_visible()
    for kind, words in (("parameter", "all yours"), ("altered", "403"), ("expired", "403")):
        page.locator(f"#attempt-{kind} button").click()
        expect(page.locator(f"#attempt-{kind} [role=status]")).to_contain_text(words)
    page.evaluate("window.scrollTo(0, 0)")


@contextmanager
def _tab(picture: Picture, browser: Browser, app: RunningApp) -> Iterator[Visitor]:
    width, height = picture.size
    context = browser.new_context(
        color_scheme=picture.theme,
        viewport={"width": width, "height": height},
        timezone_id="Europe/Berlin",
    )
    try:
        yield Visitor(context, app.origin)
    finally:
        context.close()


if __name__ == "__main__":
    sys.exit(main())
