"""All that the app reads from its environment, as one frozen and checked ``Settings``.

Without a configuration the app uses the embedded services, with a complete one the real services.
An incomplete one is an error at start, which says what is missing and where to find it.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from clerk_tinybird_app import routes
from clerk_tinybird_app.clerk.keys import PemKey
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.settings.about import ABOUT
from clerk_tinybird_app.settings.dotenv_files import read_dotenv
from clerk_tinybird_app.settings.environment import (
    Environment,
    SettingsError,
    canonical,
    origin_of,
    respelled,
    spellings,
)
from clerk_tinybird_app.settings.loopback import is_loopback, is_loopback_url
from clerk_tinybird_app.settings.mixed_up import STAND_IN, TOKEN, hint

DOTENV_FILES: Final = (".env.local", ".env")
"""The files in their order. The first value counts, and the environment wins over both files."""

MIN_SIGNING_KEY_BYTES: Final = 32
"""HS256 needs a key that is at least as long as its hash (RFC 7518, section 3.2)."""

REFRESH_SECONDS: Final = 60

LOCAL_REFRESH_SECONDS: Final = 2
"""Short, because a query of the embedded Tinybird costs nothing."""

TINYBIRD_VARIABLES: Final = ("TINYBIRD_API_URL", "TINYBIRD_WORKSPACE_ID", "TINYBIRD_JWT_SECRET")
"""The variables for a real Tinybird: either all are set, or none."""

WHERE_TO_FIND: Final[Mapping[str, str]] = {
    "CLERK_PUBLISHABLE_KEY": "Clerk dashboard > Configure > API keys",
    "CLERK_AUTHORIZED_PARTIES": "the addresses your users open, such as https://app.example.com",
    "TINYBIRD_API_URL": "Tinybird > your workspace > Tokens: the API host of your region",
    "TINYBIRD_WORKSPACE_ID": "Tinybird > workspace settings, or `tb workspace current`",
    "TINYBIRD_JWT_SECRET": "Tinybird > your workspace > Tokens: the workspace admin token",
}
_TINYBIRDS_PAGES: Final = re.compile(r"https://(cloud|ui|www)\b[\w.-]*\.tinybird\.co$")
_TO_CONFIGURE: Final[Mapping[str, tuple[str, ...]]] = {
    "Clerk": ("CLERK_PUBLISHABLE_KEY", "CLERK_AUTHORIZED_PARTIES"),
    "Tinybird": TINYBIRD_VARIABLES,
}

_Key = TypeVar("_Key")

__all__ = ["DOTENV_FILES", "Settings", "SettingsError"]


def _variable(
    name: str, kind: str, default: Any = "", *, secret: bool = False, baked: bool = True
) -> Any:
    """Declare a field that the method ``kind`` of ``Environment`` reads from variable ``name``.

    With ``baked=False`` another value needs no new build: the pages do not depend on the variable.
    No page depends on a secret.
    """
    metadata = {
        "env": name,
        "kind": kind,
        "baked": baked and not secret,
        "secret": secret,
        "about": ABOUT.get(name),
    }
    return field(default=default, repr=not secret, metadata=metadata)


def sources(folder: Path | None = None) -> list[Mapping[str, str | None]]:
    """Return the sources of variables; each one wins over those before it.

    Raises:
        SettingsError: A dotenv file of ``folder`` (the working directory) cannot be read.
    """
    files = [read_dotenv((folder or Path.cwd()) / name) for name in reversed(DOTENV_FILES)]
    return [*files, os.environ]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The app's configuration; secrets stay out of ``repr``.

    Durations are seconds, URLs carry no trailing slash, origins are ``scheme://host[:port]``.
    """

    clerk_publishable_key: str = _variable("CLERK_PUBLISHABLE_KEY", "text")
    clerk_secret_key: str = _variable("CLERK_SECRET_KEY", "token", secret=True)
    clerk_jwt_key: str = _variable("CLERK_JWT_KEY", "pem", secret=True)
    clerk_authorized_parties: tuple[str, ...] = _variable(
        "CLERK_AUTHORIZED_PARTIES", "origins", (), baked=False
    )
    clerk_sign_in_url: str = _variable("CLERK_SIGN_IN_URL", "page", routes.SIGN_IN)
    clerk_sign_up_url: str = _variable("CLERK_SIGN_UP_URL", "page", routes.SIGN_UP)
    clerk_after_sign_in_url: str = _variable("CLERK_AFTER_SIGN_IN_URL", "path", "/")
    clerk_after_sign_up_url: str = _variable("CLERK_AFTER_SIGN_UP_URL", "path", "/")
    clerk_sign_in_force_url: str = _variable("CLERK_SIGN_IN_FORCE_REDIRECT_URL", "optional_path")
    clerk_sign_up_force_url: str = _variable("CLERK_SIGN_UP_FORCE_REDIRECT_URL", "optional_path")
    tinybird_api_url: str = _variable("TINYBIRD_API_URL", "origin", baked=False)
    tinybird_workspace_id: str = _variable("TINYBIRD_WORKSPACE_ID", "token", baked=False)
    tinybird_jwt_secret: str = _variable("TINYBIRD_JWT_SECRET", "token", secret=True)
    tinybird_api_key: str = _variable("TINYBIRD_API_KEY", "token", secret=True)
    tinybird_token_ttl: int = _variable("TINYBIRD_TOKEN_TTL", "token_seconds", 900)
    tinybird_rps: int = _variable("TINYBIRD_RPS", "token_rps", 10)
    tinybird_tokens_per_minute: int = _variable(
        "TINYBIRD_TOKENS_PER_MINUTE", "positive", 60, baked=False
    )
    dashboard_refresh: int | None = _variable("DASHBOARD_REFRESH_SECONDS", "optional_seconds", None)
    embed_ancestors: tuple[str, ...] = _variable("EMBED_ANCESTORS", "origins", ())
    app_product: str = _variable("APP_PRODUCT", "package", "clerk_tinybird_app.product")
    tinybird_project: str = _variable("TINYBIRD_PROJECT", "text", "tinybird")
    token_page: bool | None = _variable("TOKEN_PAGE", "optional_switch", None)
    tb_local_port: int = _variable("TB_LOCAL_PORT", "port", 7181, baked=False)
    frontend_port: int = _variable("REFLEX_FRONTEND_PORT", "port", 3000, baked=False)
    backend_port: int = _variable("REFLEX_BACKEND_PORT", "port", 8000, baked=False)
    backend_host: str = _variable("REFLEX_BACKEND_HOST", "host", "127.0.0.1", baked=False)
    trusted_proxies: tuple[str, ...] = _variable("TRUSTED_PROXIES", "networks", (), baked=False)
    api_url: str = _variable("REFLEX_API_URL", "url")
    deploy_url: str = _variable("REFLEX_DEPLOY_URL", "url", baked=False)
    redis_url: str = _variable("REFLEX_REDIS_URL", "redis", secret=True)
    redis_secret: tuple[str, ...] = _variable(
        "REDIS_SECRET", "sealing_secrets", (), secret=True, baked=False
    )
    web_concurrency: int | None = _variable("WEB_CONCURRENCY", "optional_count", None, baked=False)
    worker_max_memory: int | None = _variable(
        "WORKER_MAX_MEMORY", "optional_count", None, baked=False
    )
    log_format: str = _variable("LOG_FORMAT", "log_format", "text", baked=False)
    access_log: bool | None = _variable("ACCESS_LOG", "optional_switch", None, baked=False)
    metrics_token: str = _variable("METRICS_TOKEN", "long_secret", secret=True, baked=False)

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Read the dotenv files of ``folder`` (the working directory) and the environment.

        The environment of the process is not changed, so the programs that the app starts do not
        get the secrets of the files.

        Raises:
            SettingsError: A value is malformed or a service is half configured.
        """
        environ: dict[str, str] = {}
        spelled: dict[str, str] = {}
        for source in sources(folder):
            environ |= canonical(source)
            spelled |= spellings(source)
        return cls._read(environ, spelled)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Build the settings from ``environ`` alone.

        Raises:
            SettingsError: A value is malformed or a service is half configured.
        """
        return cls._read(canonical(environ), spellings(environ))

    @classmethod
    def _read(cls, environ: Mapping[str, str], spelled: Mapping[str, str]) -> Self:
        read = Environment(environ)
        try:
            settings = cls(
                **{
                    item.name: getattr(read, item.metadata["kind"])(
                        item.metadata["env"], item.default
                    )
                    for item in fields(cls)
                }
            )
            _check_pages(settings)
            _check_clerk(settings)
            _check_tinybird(settings)
            _check_redis(settings)
            _check_workers(settings)
        except SettingsError as error:
            raise SettingsError(respelled(str(error), spelled)) from None
        return settings

    @property
    def signs_in_elsewhere(self) -> bool:
        """True when another site, such as Clerk's account portal, shows the sign-in form."""
        return not self.clerk_sign_in_url.startswith("/")

    @property
    def is_clerk_local(self) -> bool:
        """True when there is no publishable key, so that the embedded Clerk is used."""
        return not self.clerk_publishable_key

    @property
    def is_tinybird_local(self) -> bool:
        """True when there is no workspace, so that the embedded Tinybird is used."""
        return not self.tinybird_workspace_id

    @property
    def refresh_seconds(self) -> int:
        """Seconds between two refreshes of a dashboard: as set, else 2 locally and 60 otherwise.

        A Tinybird workspace of the free plan answers 1,000 queries a day.
        """
        if self.dashboard_refresh:
            return self.dashboard_refresh
        return LOCAL_REFRESH_SECONDS if self.is_tinybird_local else REFRESH_SECONDS

    @property
    def shows_token_page(self) -> bool:
        """True when `/` is the token page with its playground, which are tools for developers.

        When it is not set: true with an embedded service or a test key, false with a live key.
        """
        if self.token_page is not None:
            return self.token_page
        if self.is_clerk_local or self.is_tinybird_local:
            return True
        return not PublishableKey.parse(self.clerk_publishable_key).is_live

    @property
    def afterwards(self) -> dict[str, str]:
        """Where people go after a form of Clerk's, by the name of the variable that says it."""
        paths = {
            "CLERK_AFTER_SIGN_IN_URL": self.clerk_after_sign_in_url,
            "CLERK_AFTER_SIGN_UP_URL": self.clerk_after_sign_up_url,
            "CLERK_SIGN_IN_FORCE_REDIRECT_URL": self.clerk_sign_in_force_url,
            "CLERK_SIGN_UP_FORCE_REDIRECT_URL": self.clerk_sign_up_force_url,
        }
        return {name: path for name, path in paths.items() if path}

    @property
    def baked(self) -> dict[str, Any]:
        """What the built pages depend on, by the name of the variable that decides it.

        What decides by being there or not, or together with others, stands here as decided.
        """
        own = {
            item.metadata["env"]: getattr(self, item.name)
            for item in fields(self)
            if item.metadata["baked"]
        }
        return own | {
            "TINYBIRD_WORKSPACE_ID": bool(self.tinybird_workspace_id),
            "TOKEN_PAGE": self.shows_token_page,
            "DASHBOARD_REFRESH_SECONDS": self.refresh_seconds,
            "EMBED_ANCESTORS": bool(self.embed_ancestors),
        }

    @property
    def origins(self) -> tuple[str, ...]:
        """The app's own origins. Only their pages may call it, and only their tokens are accepted.

        These are ``CLERK_AUTHORIZED_PARTIES`` when it is set, else the origin of the deploy URL,
        else the frontend's port on this machine.
        """
        if self.clerk_authorized_parties:
            return self.clerk_authorized_parties
        if self.deploy_url:
            return (origin_of(self.deploy_url),)
        return tuple(f"http://{host}:{self.frontend_port}" for host in ("localhost", "127.0.0.1"))


def _half_configured(service: str, given: list[str], missing: list[str]) -> SettingsError:
    lines = [f"{service} is half configured: {', '.join(given)} is set. Also set"]
    lines += [f"  {name}   ({WHERE_TO_FIND[name]})" for name in missing]
    lines.append(f"or remove {', '.join(given)} to use the embedded {service}.")
    return SettingsError("\n".join(lines))


def _given(settings: Settings, *names: str) -> list[str]:
    return [
        item.metadata["env"]
        for item in fields(settings)
        if item.metadata["env"] in names and getattr(settings, item.name)
    ]


def _check_pages(settings: Settings) -> None:
    """Refuse a path for a page of Clerk's when the app uses that path for something else."""
    taken = list(routes.PAGES)
    backends = tuple(f"{path}/" for path in routes.NO_PAGES)
    for name, page in (
        ("CLERK_SIGN_IN_URL", settings.clerk_sign_in_url),
        ("CLERK_SIGN_UP_URL", settings.clerk_sign_up_url),
    ):
        # Another site may have both forms at one address, so only paths are compared.
        if page.startswith("/") and (page in taken or f"{page}/".startswith(backends)):
            raise SettingsError(f"{name} must be a path where nothing else of the app is")
        taken.append(page)
    forms = (settings.clerk_sign_in_url, settings.clerk_sign_up_url)
    for name, path in settings.afterwards.items():
        # Who has just signed in would be sent to sign in.
        if path in forms:
            raise SettingsError(f"{name} must be a path where no form of Clerk's is")


def _check_clerk(settings: Settings) -> None:
    if settings.is_clerk_local:
        if given := _given(settings, "CLERK_SECRET_KEY", "CLERK_JWT_KEY"):
            raise _half_configured("Clerk", given, ["CLERK_PUBLISHABLE_KEY"])
        return
    key = _parsed(PublishableKey.parse, settings.clerk_publishable_key)
    if settings.clerk_jwt_key:
        _parsed(PemKey, settings.clerk_jwt_key)
    mode = "live" if key.is_live else "test"
    if settings.clerk_secret_key and not settings.clerk_secret_key.startswith(f"sk_{mode}_"):
        raise SettingsError(
            f"CLERK_SECRET_KEY must start with sk_{mode}_ to belong to CLERK_PUBLISHABLE_KEY "
            f"({WHERE_TO_FIND['CLERK_PUBLISHABLE_KEY']}).{hint(settings.clerk_secret_key)}"
        )
    if key.is_live and not (settings.clerk_authorized_parties or settings.deploy_url):
        raise SettingsError(
            "A live CLERK_PUBLISHABLE_KEY needs CLERK_AUTHORIZED_PARTIES: "
            f"{WHERE_TO_FIND['CLERK_AUTHORIZED_PARTIES']}"
        )


def _parsed(parse: Callable[[str], _Key], value: str) -> _Key:
    try:
        return parse(value)
    except ValueError as error:
        raise SettingsError(f"{error}{hint(value)}") from None


def _check_tinybird(settings: Settings) -> None:
    given = _given(settings, *TINYBIRD_VARIABLES, "TINYBIRD_API_KEY")
    missing = [name for name in TINYBIRD_VARIABLES if name not in given]
    # The example of the Next.js demo sets the address, so the address alone means nothing.
    if missing and given not in ([], ["TINYBIRD_API_URL"]):
        raise _half_configured("Tinybird", given, missing)
    url = settings.tinybird_api_url
    if url.startswith("http:") and not is_loopback_url(url):
        raise SettingsError("TINYBIRD_API_URL must start with https, or tokens travel in the clear")
    if _TINYBIRDS_PAGES.match(url):
        raise SettingsError(
            "TINYBIRD_API_URL is the address of Tinybird's pages for people, not of its API "
            f"({WHERE_TO_FIND['TINYBIRD_API_URL']}, such as https://api.tinybird.co)"
        )
    secret = settings.tinybird_jwt_secret
    if secret and len(secret.encode()) < MIN_SIGNING_KEY_BYTES:
        raise SettingsError(
            f"TINYBIRD_JWT_SECRET must be at least {MIN_SIGNING_KEY_BYTES} bytes long "
            f"({WHERE_TO_FIND['TINYBIRD_JWT_SECRET']})"
        )
    if mixed_up := hint(secret, TOKEN):
        raise SettingsError(
            "TINYBIRD_JWT_SECRET must be the workspace admin token "
            f"({WHERE_TO_FIND['TINYBIRD_JWT_SECRET']}).{mixed_up}"
        )


def _check_redis(settings: Settings) -> None:
    """Refuse to keep states where others may read or change them."""
    if settings.redis_url and not settings.redis_secret:
        raise SettingsError(
            "REFLEX_REDIS_URL is set, but nothing to seal with what lies in that Redis: sessions, "
            "tokens, and states that run code when they are changed. Set REDIS_SECRET to what "
            "`openssl rand -hex 32` prints, the same for all backends, or remove REFLEX_REDIS_URL"
        )


def _check_workers(settings: Settings) -> None:
    """Refuse several workers where each would have something of its own that all must share."""
    if (settings.web_concurrency or 1) == 1:
        return
    if not settings.redis_url:
        raise SettingsError(
            "WEB_CONCURRENCY is more than 1, but without Redis each worker keeps the states of its "
            "own tabs, and a tab that comes back to another worker finds none. Set "
            "REFLEX_REDIS_URL, or WEB_CONCURRENCY to 1"
        )
    if settings.is_tinybird_local:
        raise SettingsError(
            "WEB_CONCURRENCY is more than 1, but the embedded Tinybird belongs to one worker, and "
            f"would end with it. Set {', '.join(TINYBIRD_VARIABLES)} to a Tinybird that runs by "
            "itself, or WEB_CONCURRENCY to 1"
        )


def require_loopback(settings: Settings) -> None:
    """Refuse to start when another machine could reach an embedded service.

    Raises:
        SettingsError: An embedded service is in use and a bind address, an origin or a URL of the
            app is not loopback; the text names it and the keys to set.
    """
    embedded = _embedded(settings)
    public = _not_loopback(settings)
    if not embedded or not public:
        return
    lines = [f"What is embedded ({' and '.join(embedded)}) serves this machine only, but"]
    lines += [f"  {name} is {value}" for name, value in public]
    lines.append("which is not a loopback address. To serve others, configure the real services:")
    keys = [key for name in embedded for key in _TO_CONFIGURE[name]]
    raise SettingsError("\n".join([*lines, *(f"  {key}   ({WHERE_TO_FIND[key]})" for key in keys)]))


def require_served(settings: Settings) -> None:
    """Refuse to serve with what is fit for building pages alone.

    Raises:
        SettingsError: The text that stands for the signing secret where pages are built is in its
            place, or the Tinybird project is not there.
    """
    if settings.tinybird_jwt_secret.startswith(STAND_IN):
        raise SettingsError(
            "TINYBIRD_JWT_SECRET is the text that stands for it where pages are built. Serve with "
            "the configuration of the app, and not with .env.pages: docs/deploy.md"
        )
    if not Path(settings.tinybird_project).is_dir():
        raise SettingsError(
            f"TINYBIRD_PROJECT is '{settings.tinybird_project}', but there is no such folder. Name "
            "the folder of the product's Tinybird project"
        )


def _embedded(settings: Settings) -> list[str]:
    in_use = {"Clerk": settings.is_clerk_local, "Tinybird": settings.is_tinybird_local}
    return [name for name, is_local in in_use.items() if is_local]


def _not_loopback(settings: Settings) -> list[tuple[str, str]]:
    urls = [("an origin (CLERK_AUTHORIZED_PARTIES)", origin) for origin in settings.origins]
    urls += [("REFLEX_API_URL", settings.api_url), ("REFLEX_DEPLOY_URL", settings.deploy_url)]
    public = [(name, url) for name, url in urls if url and not is_loopback_url(url)]
    if not is_loopback(settings.backend_host):
        public.insert(0, ("the bind address (REFLEX_BACKEND_HOST)", settings.backend_host))
    return public
