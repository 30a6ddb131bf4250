"""One misconfiguration, and what is said of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.check.environments import WHOLE
from tests.check.servers import Servers
from tests.test_settings import LIVE_KEY
from tests.test_settings import TINYBIRD as REAL_TINYBIRD

REFUSED: Final = "configuration/refused"
ORIGIN: Final = "https://app.example.com"
PRODUCTION: Final[Mapping[str, str]] = {
    **REAL_TINYBIRD,
    "CLERK_PUBLISHABLE_KEY": LIVE_KEY,
    "CLERK_AUTHORIZED_PARTIES": ORIGIN,
}
"""A live key and a real Tinybird: what a case of production begins with."""


def _nothing(_: Path) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Case:
    """One misconfiguration.

    Attributes:
        what: What is wrong, as somebody would tell it.
        start: What the refused start says, a part of it; "" when the app starts.
        check: The code of what ``make check`` says; "" when it has nothing to say.
        says: A part of that, when it is not what the start says.
        level: How bad it is.
        code: What the running app refuses or fails with: in its log, and in the browser as that
            code's text.
        browser: What the browser shows besides.
        log: What the log says besides, a part of it.
        is_later: Whether it says so only once the app serves.
        environ: The variables, beside those that it begins with; "" leaves one out.
            ``{…}`` in a value stands for something that only the test knows.
        begins_with: The rest of the configuration.
        files: Dotenv file -> its text.
        mode: The rights of those files.
        prepares: Does something to the folder that the app is started in.
        servers: What Clerk and Tinybird answer to the check.
        redis: The options of the Redis that ``{redis}`` stands for.
        is_real: Whether the check asks a Tinybird that runs, and no Clerk.
    """

    what: str
    start: str = ""
    check: str = REFUSED
    says: str = ""
    level: str = "failed"
    code: str = ""
    browser: str = ""
    log: str = ""
    is_later: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    begins_with: Mapping[str, str] = field(default_factory=lambda: WHOLE)
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    mode: int = 0o600
    prepares: Callable[[Path], None] = _nothing
    servers: Servers = field(default_factory=Servers)
    redis: tuple[str, ...] | None = None
    is_real: bool = False

    @property
    def told(self) -> str:
        """A part of what the check says."""
        return self.says or self.start


@dataclass(frozen=True)
class Group:
    """What belongs together: a heading, and its cases."""

    title: str
    cases: tuple[Case, ...]
