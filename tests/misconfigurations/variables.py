"""Names that nobody reads, values that do not count, and files that cannot be read."""

from pathlib import Path
from typing import Final

from tests.check.environments import CLERK, TINYBIRD
from tests.misconfigurations.case import PRODUCTION, Case, Group
from tests.test_settings import HOST_KEY

_UNREAD: Final = "configuration/unread-variable"
_CONTRADICTED: Final = "configuration/contradicted"


def _unread(what: str, line: str, says: str) -> Case:
    return Case(
        what=what, files={".env": f"{line}\n"}, check=_UNREAD, level="warning", says=says, log=says
    )


def _a_folder(folder: Path) -> None:
    (folder / ".env").mkdir()


VARIABLES: Final = Group(
    "Names, files and logs",
    (
        _unread(
            "a name of the app with a slip",
            "APP_PRODCUT=examples.email",
            "APP_PRODCUT is set, and nothing here reads it. Did you mean APP_PRODUCT?",
        ),
        _unread(
            "a name of the log with a slip",
            "LOG_FROMAT=json",
            "LOG_FROMAT is set, and nothing here reads it. Did you mean LOG_FORMAT?",
        ),
        _unread(
            "the number of workers with a slip",
            "WEB_CONCURENCY=4",
            "WEB_CONCURENCY is set, and nothing here reads it. Did you mean WEB_CONCURRENCY?",
        ),
        _unread(
            "a name in small letters",
            "tinybird_rps=20",
            "tinybird_rps is set, and nothing here reads it. Did you mean TINYBIRD_RPS?",
        ),
        _unread(
            "a name as another kind of frontend spells it",
            f"VITE_CLERK_PUBLISHABLE_KEY={HOST_KEY}",
            "VITE_CLERK_PUBLISHABLE_KEY is set, and nothing here reads it. Did you mean "
            "CLERK_PUBLISHABLE_KEY?",
        ),
        _unread(
            "in a file, what counts in the environment alone",
            "REFLEX_LOGLEVEL=info",
            "REFLEX_LOGLEVEL counts in the environment alone, and not in a file. Set it there.",
        ),
        Case(
            what="the HTTP server's port, which is a setting of the app",
            environ={"UVICORN_PORT": "80"},
            check=_UNREAD,
            level="warning",
            says="UVICORN_PORT is set and not used: REFLEX_FRONTEND_PORT is the port.",
            log="UVICORN_PORT is set and not used",
        ),
        Case(
            what="a variable of Granian, which served before",
            environ={"GRANIAN_WORKERS_MAX_RSS": "512"},
            check=_UNREAD,
            level="warning",
            says="GRANIAN_WORKERS_MAX_RSS is set and not used: WORKER_MAX_MEMORY is what counts.",
            log="GRANIAN_WORKERS_MAX_RSS is set and not used",
        ),
        Case(
            what="one name twice in a file",
            files={".env": "TINYBIRD_RPS=5\nTINYBIRD_RPS=50\n"},
            check=_CONTRADICTED,
            level="warning",
            says="TINYBIRD_RPS is twice in .env, with different values: the last one counts.",
            log="TINYBIRD_RPS is twice in .env",
        ),
        Case(
            what="two names of one setting",
            environ={"TINYBIRD_SIGNING_KEY": "another-key-of-forty-characters-or-more!"},
            check=_CONTRADICTED,
            level="warning",
            says="TINYBIRD_JWT_SECRET and TINYBIRD_SIGNING_KEY are one setting, set differently in "
            "the environment: TINYBIRD_JWT_SECRET counts.",
            log="TINYBIRD_JWT_SECRET and TINYBIRD_SIGNING_KEY are one setting",
        ),
        Case(
            what="an old `.env.local` beside the new `.env`",
            begins_with=CLERK,
            files={
                ".env": "TINYBIRD_RPS=50\n",
                ".env.local": "TINYBIRD_RPS=5\n",
            },
            environ=TINYBIRD,
            check="configuration/overridden",
            level="note",
            says="TINYBIRD_RPS is set differently in .env and .env.local: .env.local counts.",
        ),
        Case(
            what="`.env` with the admin token that everybody on the machine can read",
            begins_with=CLERK,
            files={".env": "".join(f"{name}={value}\n" for name, value in TINYBIRD.items())},
            mode=0o644,
            check="configuration/exposed",
            level="warning",
            says=".env holds TINYBIRD_JWT_SECRET, and all users of this machine can read it",
        ),
        Case(
            what="`.env` in which a line is no `NAME=value`",
            files={".env": "TINYBIRD_RPS: 10\n"},
            start=".env, line 1: expected NAME=value, or a # comment",
        ),
        Case(
            what="`.env` that is not UTF-8",
            files={".env": "TINYBIRD_RPS=3".encode("utf-16")},
            start=".env is not UTF-8 text; save it in that encoding",
        ),
        Case(
            what="a folder in `.env`'s place, as Docker makes one of a file that is not there",
            prepares=_a_folder,
            start=".env cannot be read (Is a directory)",
        ),
        Case(
            what="a log format that there is not",
            environ={"LOG_FORMAT": "yaml"},
            start="LOG_FORMAT must be text or json",
        ),
        Case(
            what="`yes` for a switch",
            environ={"ACCESS_LOG": "yes"},
            start="ACCESS_LOG must be 1 or 0, or be left out",
        ),
        Case(
            what="a scraper's token that can be guessed",
            environ={"METRICS_TOKEN": "secret"},
            start="METRICS_TOKEN must be at least 16 characters without space",
        ),
        Case(
            what="the admin token as the scraper's token",
            begins_with=PRODUCTION,
            environ={"METRICS_TOKEN": PRODUCTION["TINYBIRD_JWT_SECRET"]},
            check="metrics-token/reused",
            says="METRICS_TOKEN is the same text as another secret",
        ),
        Case(
            what="the secret of what lies in Redis as the scraper's token",
            environ={
                "METRICS_TOKEN": "s" * 32,
                "REFLEX_REDIS_URL": "redis://localhost:{closed}",
                "REDIS_SECRET": f"{'t' * 32},{'s' * 32}",
            },
            check="metrics-token/reused",
            says="METRICS_TOKEN is the same text as another secret",
        ),
        Case(
            what="a folder for the workers' numbers where nothing can be kept",
            environ={"PROMETHEUS_MULTIPROC_DIR": "/dev/null/numbers"},
            start="PROMETHEUS_MULTIPROC_DIR names /dev/null/numbers, where nothing can be kept",
            check="metrics/unusable",
        ),
        Case(
            what="traces to what the app does not send to",
            environ={"OTEL_TRACES_EXPORTER": "zipkin"},
            check="traces/none",
            level="warning",
            says="there will be no traces: OTEL_TRACES_EXPORTER must be otlp, console or none",
            log="No traces: OTEL_TRACES_EXPORTER must be otlp, console or none",
            is_later=True,
        ),
    ),
)
