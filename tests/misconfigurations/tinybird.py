"""The workspace, its keys, its pipes and what they answer."""

import base64
from typing import Final

from tests.check.servers import ANONYMOUS, KEY, Servers
from tests.misconfigurations.case import PRODUCTION, Case, Group

_REAL: Final = {
    "TINYBIRD_API_URL": "{url}",
    "TINYBIRD_WORKSPACE_ID": "{workspace}",
    "TINYBIRD_JWT_SECRET": "{key}",
}
_WHERE: Final = (
    base64.urlsafe_b64encode(b'{"u":"x","id":"y","host":"us_east"}').decode().rstrip("=")
)
_JWT: Final = "eyJhbGciOiJIUzI1NiJ9.eyJuYW1lIjoieCJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
_MUST_BE: Final = "TINYBIRD_JWT_SECRET must be the workspace admin token"


def _real(**changes: str) -> dict[str, str]:
    return _REAL | changes


TINYBIRD: Final = Group(
    "Tinybird",
    (
        Case(
            what="a workspace without its admin token",
            environ={"TINYBIRD_JWT_SECRET": ""},
            start="Tinybird is half configured: TINYBIRD_API_URL, TINYBIRD_WORKSPACE_ID is set. "
            "Also set",
        ),
        Case(
            what="an API host without a scheme",
            environ={"TINYBIRD_API_URL": "api.tinybird.co"},
            start="TINYBIRD_API_URL must be a URL with its scheme",
        ),
        Case(
            what="an API host over http",
            environ={"TINYBIRD_API_URL": "http://api.tinybird.co"},
            start="TINYBIRD_API_URL must start with https, or tokens travel in the clear",
        ),
        Case(
            what="an API host with `/v0`",
            environ={"TINYBIRD_API_URL": "https://api.tinybird.co/v0"},
            start="TINYBIRD_API_URL must be scheme://host[:port] with nothing behind it",
        ),
        Case(
            what="the address of Tinybird's pages in place of its API's",
            environ={"TINYBIRD_API_URL": "https://cloud.tinybird.co"},
            start="TINYBIRD_API_URL is the address of Tinybird's pages for people, not of its API",
        ),
        Case(
            what="an address where something else answers",
            servers=Servers(is_tinybird=False),
            check="tinybird/another-server",
            says="is not Tinybird's API",
        ),
        Case(
            what="a Tinybird that cannot be reached",
            servers=Servers(down=frozenset({"api.tinybird.co"})),
            check="tinybird/unreachable",
            says="Check the network and TINYBIRD_API_URL.",
            code="tinybird_unreachable",
        ),
        Case(
            what="a workspace's id between quotes",
            environ={"TINYBIRD_WORKSPACE_ID": "'7afc6330-3aae-4df5-8712-eaad216c5d7d'"},
            start="TINYBIRD_WORKSPACE_ID is between quotes",
        ),
        Case(
            what="an admin token that is too short to be one",
            environ={"TINYBIRD_JWT_SECRET": "p.not-whole"},
            start="TINYBIRD_JWT_SECRET must be at least 32 bytes long",
        ),
        Case(
            what="a whole `Authorization` header for the admin token",
            environ={"TINYBIRD_JWT_SECRET": f"Bearer {KEY}"},
            start="TINYBIRD_JWT_SECRET is no key. What is there looks like a whole Authorization "
            "header. Copy the key itself.",
        ),
        Case(
            what="a token that was signed, in place of the key that signs",
            environ={"TINYBIRD_JWT_SECRET": _JWT},
            start="What is there looks like a JWT, which ends by its own time.",
        ),
        Case(
            what="Clerk's secret key in the admin token's place",
            environ={"TINYBIRD_JWT_SECRET": "sk_test_" + "a" * 40},
            start=f"{_MUST_BE} (Tinybird > your workspace > Tokens: the workspace admin token). "
            "What is there looks like a secret key of Clerk's.",
        ),
        Case(
            what="`.env.pages` served, with the text that stands for the admin token",
            environ={"TINYBIRD_JWT_SECRET": "stands-for-the-one-that-only-the-app-has"},
            start="TINYBIRD_JWT_SECRET is the text that stands for it where pages are built",
            check="signing-key/stand-in",
        ),
        Case(
            what="an admin token of another region, or one that was refreshed",
            environ=_real(TINYBIRD_JWT_SECRET=f"p.{_WHERE}.secret-of-another-region"),
            is_real=True,
            check="signing-key/unknown",
            says="does not know TINYBIRD_JWT_SECRET; its own text names the region 'us_east'",
            code="tinybird_forbidden",
        ),
        Case(
            what="a token that may only read, in the admin token's place",
            environ=_real(TINYBIRD_JWT_SECRET="{reader}"),
            is_real=True,
            check="signing-key/no-admin",
            says="TINYBIRD_JWT_SECRET is a token of this Tinybird, but not the workspace admin "
            "token",
            code="tinybird_forbidden",
        ),
        Case(
            what="the admin token of another workspace",
            environ=_real(TINYBIRD_JWT_SECRET="{other_key}"),
            is_real=True,
            check="signing-key/another-workspace",
            says="Take both from the same workspace.",
            code="tinybird_forbidden",
        ),
        Case(
            what="the id of another workspace",
            environ=_real(TINYBIRD_WORKSPACE_ID="{other_workspace}"),
            is_real=True,
            check="signing-key/another-workspace",
            says="Take both from the same workspace.",
            code="tinybird_forbidden",
        ),
        Case(
            what="pipes that are not deployed",
            environ=_real(
                TINYBIRD_WORKSPACE_ID="{empty_workspace}", TINYBIRD_JWT_SECRET="{empty_key}"
            ),
            is_real=True,
            check="pipes/missing",
            says="Deploy the project with `tb --cloud deploy`, or take the pipe out of the policy.",
            code="tinybird_not_found",
        ),
        Case(
            what="an older project deployed, without a column that the dashboard shows",
            environ=_real(
                TINYBIRD_WORKSPACE_ID="{older_workspace}", TINYBIRD_JWT_SECRET="{older_key}"
            ),
            is_real=True,
            check="pipes/columns",
            says="queues, as it is deployed, does not answer ms, which the dashboard shows",
            code="tinybird_unexpected_rows",
        ),
        Case(
            what="a pipe deployed that does not filter by the tenant",
            environ=_real(
                TINYBIRD_WORKSPACE_ID="{leaking_workspace}", TINYBIRD_JWT_SECRET="{leaking_key}"
            ),
            is_real=True,
            check="isolation/leak",
            says="a tenant without rows is told something",
            browser="the numbers of everybody",
        ),
        Case(
            what="a pipe that fails",
            servers=Servers(refusals={"queues": (400, "[Error] no such (UNKNOWN_IDENTIFIER)")}),
            check="pipes/failing",
            says="Mend the file that it names, or the pipe's SQL.",
            code="tinybird_bad_request",
        ),
        Case(
            what="the admin token as the key of visitors",
            environ={"TINYBIRD_API_KEY": KEY},
            check="anonymous-key/signing-key",
            says="TINYBIRD_API_KEY, which every visitor is given, is the workspace's signing key.",
        ),
        Case(
            what="a visitors' key that may list the workspace's tokens",
            environ={"TINYBIRD_API_KEY": ANONYMOUS},
            servers=Servers(anonymous={"/v0/tokens": 200}),
            check="anonymous-key/admin",
            says="can list the workspace's tokens",
        ),
        Case(
            what="a visitors' key that reads a pipe of customers",
            environ={"TINYBIRD_API_KEY": ANONYMOUS},
            servers=Servers(anonymous={"/v0/pipes/queues.json": 200}),
            check="anonymous-key/reads-pipes",
            says="can read queues, for whichever tenant a visitor names",
        ),
        Case(
            what="a visitors' key of another workspace",
            environ={"TINYBIRD_API_KEY": ANONYMOUS},
            servers=Servers(anonymous=None),
            check="anonymous-key/refused",
            says="Tinybird does not take TINYBIRD_API_KEY",
        ),
        Case(
            what="a token's life as `15m`",
            environ={"TINYBIRD_TOKEN_TTL": "15m"},
            start="TINYBIRD_TOKEN_TTL must be a whole number of seconds from 15 to 86400",
        ),
        Case(
            what="no requests per second, which means no limit to Tinybird",
            environ={"TINYBIRD_RPS": "0"},
            start="TINYBIRD_RPS must be a whole number of requests per second from 1 to 1000",
        ),
        Case(
            what="a refresh each second on a real Tinybird",
            environ={"DASHBOARD_REFRESH_SECONDS": "1"},
            check="refresh/often",
            level="note",
            says="queries a day; a free plan has 1,000",
        ),
        Case(
            what="a live key with the embedded Tinybird on this machine",
            begins_with=PRODUCTION,
            environ=dict.fromkeys(_REAL, "")
            | {"CLERK_AUTHORIZED_PARTIES": "http://localhost:3000"},
            servers=Servers(down=frozenset({"localhost"})),
            check="services/live-and-embedded",
            level="warning",
            says="a live key is used with the embedded Tinybird, whose rows are made up",
        ),
        Case(
            what="a live key and a public address with the embedded Tinybird",
            begins_with=PRODUCTION,
            environ=dict.fromkeys(_REAL, ""),
            check="starting/refused",
            start="What is embedded (Tinybird) serves this machine only, but",
        ),
        Case(
            what="a public address with the embedded Clerk",
            environ={
                "CLERK_PUBLISHABLE_KEY": "",
                "CLERK_AUTHORIZED_PARTIES": "https://app.example.com",
            },
            check="starting/refused",
            start="What is embedded (Clerk) serves this machine only, but",
        ),
    ),
)
