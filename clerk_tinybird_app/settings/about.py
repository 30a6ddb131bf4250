"""What each setting does and who needs it; docs/configuration.md and .env.example come from it."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class About(NamedTuple):
    """What is told of a setting.

    Attributes:
        does: What it does, in sentences.
        who: Who needs to set it.
        unset: What holds when it is not set, where its default does not say so.
    """

    does: str
    who: str
    unset: str = ""


_FORMS: Final = "who has pages at other paths"
_EVERY_PRODUCTION: Final = "production"
_TUNING: Final = "who tunes it"

ABOUT: Final[Mapping[str, About]] = {
    "CLERK_PUBLISHABLE_KEY": About(
        "The Clerk instance's publishable key (Clerk dashboard > Configure > API keys).",
        _EVERY_PRODUCTION,
        "the embedded Clerk",
    ),
    "CLERK_SECRET_KEY": About(
        "The instance's secret key. Sessions are verified without it; it is only checked to belong "
        "to the publishable key.",
        "nobody; for `make check` alone",
        "not checked",
    ),
    "CLERK_JWT_KEY": About(
        'The instance\'s PEM public key ("JWKS Public Key" on the same page), to verify sessions '
        "without any network.",
        "a server that cannot reach Clerk",
        "fetched from Clerk",
    ),
    "CLERK_AUTHORIZED_PARTIES": About(
        "The app's own origins, divided by commas: the only ones that may call it and whose "
        "sessions it accepts. Needed with a live key.",
        _EVERY_PRODUCTION,
        "the origin of `REFLEX_DEPLOY_URL`, else this machine",
    ),
    "CLERK_SIGN_IN_URL": About(
        "Path of the sign-in page, or the whole address of another site that has it, such as "
        "Clerk's account portal.",
        _FORMS,
    ),
    "CLERK_SIGN_UP_URL": About("The same of the sign-up page.", _FORMS),
    "CLERK_AFTER_SIGN_IN_URL": About(
        "Path to go to after signing in, when no page was open before.", _FORMS
    ),
    "CLERK_AFTER_SIGN_UP_URL": About("The same after signing up.", _FORMS),
    "CLERK_SIGN_IN_FORCE_REDIRECT_URL": About(
        "Path to go to after signing in, wherever one was.", _FORMS, "where one was"
    ),
    "CLERK_SIGN_UP_FORCE_REDIRECT_URL": About(
        "The same after signing up.", _FORMS, "where one was"
    ),
    "TINYBIRD_API_URL": About(
        "The API host of the workspace's region (such as https://api.tinybird.co).",
        _EVERY_PRODUCTION,
        "the embedded Tinybird",
    ),
    "TINYBIRD_WORKSPACE_ID": About(
        "The Tinybird workspace's id.", _EVERY_PRODUCTION, "made under `.local/`"
    ),
    "TINYBIRD_JWT_SECRET": About(
        "The workspace admin token, which signs every token. It goes to the server alone.",
        _EVERY_PRODUCTION,
        "made under `.local/`",
    ),
    "TINYBIRD_API_KEY": About(
        "The token that signed-out visitors get, if they may read anything. Public by nature.",
        "who shows something to everybody",
        "visitors get none",
    ),
    "TINYBIRD_TOKEN_TTL": About(
        "Seconds that a minted token lives, from 15 to 86400; also how long a leaked one can be "
        "used.",
        _TUNING,
    ),
    "TINYBIRD_RPS": About(
        "Requests per second that one user's token may make, from 1 to 1000.", _TUNING
    ),
    "TINYBIRD_TOKENS_PER_MINUTE": About(
        "Requests a minute to /api/tinybird-token that one session may make; one address, ten "
        "times as many. With Redis all workers count together.",
        _TUNING,
    ),
    "APP_PRODUCT": About(
        "The package that says what the app is about: its policy, dashboard, sample and words "
        "(see docs/adapt.md).",
        "who has a product of their own",
    ),
    "TINYBIRD_PROJECT": About(
        "The folder of its Tinybird project.", "who has a product of their own"
    ),
    "TOKEN_PAGE": About(
        "1 or 0: whether the token page, a developer's tools, is at /; else / is the dashboard.",
        "whose customers are developers",
        "1 with a test key or an embedded service, 0 with a live key",
    ),
    "DASHBOARD_REFRESH_SECONDS": About(
        "Seconds between two refreshes of an open dashboard, each of eight queries, until its "
        "viewer chooses others.",
        "production, by its Tinybird plan",
        "2 with the embedded Tinybird, 60 with a real one (11,520 queries a day; the free plan has "
        "1,000)",
    ),
    "EMBED_ANCESTORS": About(
        "The sites that may show /embed, the dashboard alone, in a frame: origins divided by "
        "commas.",
        "who shows the dashboard in another page",
        "there is no such page",
    ),
    "TB_LOCAL_PORT": About("The port of the embedded Tinybird.", "whose port is taken"),
    "REFLEX_FRONTEND_PORT": About(
        "The port of the pages; in production, of everything.", "whose port is taken"
    ),
    "REFLEX_BACKEND_PORT": About(
        "The port of the backend in development, and of a backend that runs alone; production with "
        "pages has one port.",
        "whose port is taken",
    ),
    "REFLEX_BACKEND_HOST": About(
        "The address to listen on; anything but loopback needs both services configured.",
        "a container, or a proxy elsewhere",
    ),
    "TRUSTED_PROXIES": About(
        "The proxies in front of the app, addresses and networks divided by commas "
        "(10.0.0.7,172.18.0.0/16): what they say of clients and of https counts. This machine is "
        "always trusted, and nobody else. Each must write X-Forwarded-For itself: one that passes "
        "the client's own on makes limits per address worthless.",
        "a proxy elsewhere",
        "this machine alone",
    ),
    "REFLEX_API_URL": About(
        "Where the backend is, built into an exported frontend.",
        "an exported frontend whose host cannot say it",
        "its host says it, in `/backend.js`",
    ),
    "REFLEX_DEPLOY_URL": About(
        "Where the app is reached in production; stands in for CLERK_AUTHORIZED_PARTIES when that "
        "is empty.",
        "nobody with `CLERK_AUTHORIZED_PARTIES`",
        "not used",
    ),
    "REFLEX_REDIS_URL": About(
        "Redis for the states, when more than one backend process serves, and for the queries and "
        "limits that these share. deploy/compose.yaml sets it, and wants REDIS_PASSWORD in its "
        "place.",
        "several workers or machines",
        "states live in memory, and each process asks for itself",
    ),
    "REDIS_SECRET": About(
        "What seals all that lies in Redis, needed with it and the same for all backends, of 32 "
        "characters at least: what `openssl rand -hex 32` prints. Several, divided by commas: the "
        'first seals, all open (docs/deploy.md, "Rotate a secret").',
        "several workers or machines",
    ),
    "WEB_CONCURRENCY": About(
        "Backend processes (workers). More than one needs Redis and a Tinybird that is not "
        "embedded.",
        _TUNING,
        "1; with both, one for each core that this process may use, 8 at most",
    ),
    "WORKER_MAX_MEMORY": About(
        "The MiB of memory from which a worker is renewed, as Linux counts them.",
        _TUNING,
        "no limit",
    ),
    "LOG_FORMAT": About(
        "How log lines are written, of all libraries: text for people, json for programs.",
        "who collects logs",
    ),
    "ACCESS_LOG": About(
        "1 or 0: whether each request and websocket is logged, without its query.",
        "who collects logs",
        "1 in production, 0 in development",
    ),
    "METRICS_TOKEN": About(
        "The bearer token that /api/metrics asks for, of 16 characters at least.",
        "who scrapes from another machine",
        "`/api/metrics` answers this machine alone",
    ),
}
"""Variable -> what is told of it."""
