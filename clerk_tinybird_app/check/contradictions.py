"""Settings that are each well-formed, and do not go together."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from clerk_tinybird_app import routes
from clerk_tinybird_app.check.finding import Finding, failed, note, warning
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.dashboard.declaration import Dashboard
from clerk_tinybird_app.dashboard.questions import pace
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.environment import origin_of
from clerk_tinybird_app.settings.loopback import is_loopback_url
from clerk_tinybird_app.settings.mixed_up import STAND_IN

_FREE_PLAN: Final = 1000
"""Queries a day of Tinybird's free plan."""

_DAY: Final = 86_400
_FAST_SECONDS: Final = 10
_SITE_WORDS: Final = 2


def contradictions(settings: Settings) -> Iterator[Finding]:
    """Yield what no setting alone shows."""
    yield from _of_clerk(settings)
    yield from _of_frames(settings)
    if settings.tinybird_jwt_secret.startswith(STAND_IN):
        yield failed(
            "signing-key/stand-in",
            "TINYBIRD_JWT_SECRET is the text that stands for it where pages are built",
            "Serve with the configuration of the app, and not with .env.pages: docs/deploy.md.",
        )
    if settings.redis_secret and not settings.redis_url:
        yield note(
            "redis/secret-alone",
            "REDIS_SECRET is set, and no REFLEX_REDIS_URL: there is no Redis, and nothing to seal",
            "Set both, or none. Nothing is wrong if deploy/compose.yaml is to set the address.",
        )
    if settings.metrics_token in _others_secrets(settings):
        yield failed(
            "metrics-token/reused",
            "METRICS_TOKEN is the same text as another secret, which whoever scrapes would have",
            "Make one of its own: openssl rand -hex 24.",
        )


def with_dashboard(settings: Settings, dashboard: Dashboard) -> Iterator[Finding]:
    """Yield what does not go together with what the product declares."""
    yield from _unknown_pages(settings, dashboard)
    seconds = settings.refresh_seconds
    if not settings.is_tinybird_local and seconds < _FAST_SECONDS:
        queries = pace(dashboard.panels, seconds, settings.tinybird_rps).queries
        a_day = queries * _DAY // seconds
        yield note(
            "refresh/often",
            f"an open dashboard asks some {a_day:,} queries a day; a free plan has {_FREE_PLAN:,}",
            "Compare DASHBOARD_REFRESH_SECONDS with your plan: docs/scale.md.",
        )


def _unknown_pages(settings: Settings, dashboard: Dashboard) -> Iterator[Finding]:
    """Yield where people are sent after a form of Clerk's, and no page is."""
    pages = {routes.HOME, *routes.dashboard_pages(dashboard.pages)}
    if not settings.embed_ancestors:
        pages = {page for page in pages if not routes.is_embedded(page)}
    for name, path in settings.afterwards.items():
        if (urlsplit(path).path.rstrip("/") or routes.HOME) not in pages:
            yield warning(
                "pages/unknown",
                f"{name} leads to {path}, where this app has no page",
                f"Name one of its pages: {', '.join(sorted(pages))}.",
            )


def _of_clerk(settings: Settings) -> Iterator[Finding]:
    if settings.is_clerk_local:
        return
    key = PublishableKey.parse(settings.clerk_publishable_key)
    if key.is_live and settings.is_tinybird_local:
        yield warning(
            "services/live-and-embedded",
            "a live key is used with the embedded Tinybird, whose rows are made up",
            "Use a test key here, or configure the real Tinybird.",
        )
    if key.is_live and settings.token_page:
        yield note(
            "token-page/live",
            "customers see the token page, a developer's tools, with their token on it",
            "Leave TOKEN_PAGE out, unless they are developers.",
        )
    # A production instance is `clerk.` and the app's domain, and answers pages of that alone.
    domain = key.host.removeprefix("clerk.")
    if key.is_live and domain != key.host:
        others = [
            origin
            for origin in settings.origins
            if not is_loopback_url(origin) and not f".{_host(origin)}".endswith(f".{domain}")
        ]
        if others:
            yield warning(
                "origins/another-domain",
                f"{', '.join(others)}: the live key is for {domain} and what is below it, so "
                "nobody can sign in there",
                "Take the key of the instance with that domain, or correct "
                "CLERK_AUTHORIZED_PARTIES.",
            )
    if settings.deploy_url and origin_of(settings.deploy_url) not in settings.origins:
        yield warning(
            "origins/deploy-url",
            f"REFLEX_DEPLOY_URL is {origin_of(settings.deploy_url)}, which "
            "CLERK_AUTHORIZED_PARTIES does not name: pages there stay without data",
            "Name it in both, or leave REFLEX_DEPLOY_URL out.",
        )


def _of_frames(settings: Settings) -> Iterator[Finding]:
    public = [origin for origin in settings.origins if not is_loopback_url(origin)]
    for site in settings.embed_ancestors:
        if site.startswith("http:") and not is_loopback_url(site):
            yield warning(
                "embed/not-https",
                f"{site} may show the dashboard in a frame, and travels unprotected",
                "Write its https address into EMBED_ANCESTORS.",
            )
        elif public and not any(_site(site) == _site(origin) for origin in public):
            yield warning(
                "embed/another-site",
                f"{site} is another site than {', '.join(public)}: in its frames, a browser that "
                "keeps the cookies of other sites out shows everybody as signed out",
                "Serve both below one domain, such as app.example.com in www.example.com.",
            )


def _host(origin: str) -> str:
    return urlsplit(origin).hostname or ""


def _site(origin: str) -> str:
    """Return the last words of a name: nearly what browsers call a site."""
    return ".".join(_host(origin).split(".")[-_SITE_WORDS:])


def _others_secrets(settings: Settings) -> set[str]:
    keys = (settings.tinybird_jwt_secret, settings.tinybird_api_key, settings.clerk_secret_key)
    return {each for each in (*keys, *settings.redis_secret) if each}
