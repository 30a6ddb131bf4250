"""Reads environment variables with types and checks."""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from clerk_tinybird_app.settings.mixed_up import ADDRESS, HEADER, PLACEHOLDER, hint, looks_like

NEXT: Final = "NEXT_PUBLIC_"
"""The prefix in the Next.js demo of variables that are sent to browsers."""

UVICORN: Final = "UVICORN_"
"""The prefix of the variables that the HTTP server reads by itself."""

TUNABLE: Final = ("backlog", "limit_concurrency", "timeout_keep_alive", "uds")
"""The options of uvicorn that its variables may set. The app decides the others."""

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    **{
        name: (f"{NEXT}{name}",)
        for name in (
            "CLERK_PUBLISHABLE_KEY",
            "CLERK_SIGN_IN_URL",
            "CLERK_SIGN_UP_URL",
            "CLERK_SIGN_IN_FORCE_REDIRECT_URL",
            "CLERK_SIGN_UP_FORCE_REDIRECT_URL",
            "TINYBIRD_API_URL",
            "TINYBIRD_API_KEY",
        )
    },
    **{
        f"CLERK_AFTER_{action}_URL": (
            f"CLERK_{action}_FALLBACK_REDIRECT_URL",
            f"{NEXT}CLERK_{action}_FALLBACK_REDIRECT_URL",
            f"{NEXT}CLERK_AFTER_{action}_URL",
        )
        for action in ("SIGN_IN", "SIGN_UP")
    },
    "TINYBIRD_JWT_SECRET": ("TINYBIRD_SIGNING_KEY",),
    "WEB_CONCURRENCY": ("GRANIAN_WORKERS",),
}
"""Other accepted names: those of the Next.js demo, newer names by Clerk and Tinybird, Granian's."""

_SECONDS_EXAMPLE: Final = 60
_WHITE_SPACE: Final = " \t\r\n"
_SWITCHES: Final = {"1": True, "true": True, "0": False, "false": False}
_LAST_PORT: Final = 65535
_LOG_FORMATS: Final = ("text", "json")
_QUOTES: Final = ('"', "'")
_SLASHES: Final = 2
"""In an origin."""

_NO_TOKEN: Final = (PLACEHOLDER, HEADER, ADDRESS)
_LEAST_PREFIX: Final = 7
"""The shortest prefix of a network of proxies: that of private IPv6 addresses, fc00::/7."""

MIN_SECRET: Final = 16
"""The least characters of a secret that this app alone checks."""

MIN_SEALING_SECRET: Final = 32
"""The least characters of a secret that somebody can try to guess at leisure."""

TOKEN_SECONDS: Final = (15, 24 * 60 * 60)
"""The shortest and the longest life of a token.

Pages would renew a shorter one all the time. A longer one could be used for more than a day by
somebody who stole it, or who has lost the role that it was made for.
"""

TOKEN_RPS: Final = (1, 1000)
"""The least and the most requests per second of a token. For Tinybird 0 means no limit."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class SettingsError(ValueError):
    """The configuration cannot be used; the text says what to change and never holds a value."""


def origin_of(url: str) -> str:
    """Return ``scheme://host[:port]`` of an http(s) URL, or "" when ``url`` is not one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or parts.username is not None:
        return ""
    if not re.fullmatch(r"[a-z0-9.:_-]+", host):
        return ""
    bracketed = f"[{host}]" if ":" in host else host
    # Browsers leave out the default port of the scheme.
    shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{bracketed}{shown}"


def _why_no_origin(value: str) -> str:
    """Return what is wrong with a text that should be an origin, as the end of a sentence."""
    reasons = (
        ("*" in value, "has a wildcard: name each"),
        (" " in value or ";" in value, "is several: divide them by commas"),
        ("://" not in value, "has no scheme"),
        (value != value.lower(), "is not in lower case"),
        (bool(urlsplit(origin_of(value)).netloc) and value.count("/") > _SLASHES, "has a path"),
        (bool(origin_of(value)), "has the port that its scheme implies"),
    )
    return next((reason for is_so, reason in reasons if is_so), "is none")


def _is_redis(value: str) -> bool:
    """Tell whether it is the address of a Redis; raises ``ValueError`` or returns false if not."""
    # Few name a Redis, and to import its client takes a tenth of the embedded Tinybird's start.
    from redis.connection import parse_url  # noqa: PLC0415

    parse_url(value)  # type: ignore[no-untyped-call]
    parts = urlsplit(value)
    if parts.fragment:
        return False
    # The client would take any other path for the first database.
    return parts.scheme == "unix" or not re.search(r"[^0-9]", parts.path.removeprefix("/"))


def canonical(source: Mapping[str, str | None]) -> dict[str, str]:
    """Return the values that are set, with each alias replaced by the name it stands for.

    When one source has a name and its alias, the name wins. The results of several sources can
    then be merged: an alias in a stronger source wins over the name in a weaker one.
    """
    spelled = spellings(source)
    stood_for = {alias for aliases in ALIASES.values() for alias in aliases}
    own = {name: value for name, value in source.items() if value and name not in stood_for}
    return own | {name: source[spelling] or "" for name, spelling in spelled.items()}


def spellings(source: Mapping[str, str | None]) -> dict[str, str]:
    """Return name -> the spelling in ``source``, for each name that is set and has aliases."""
    return {
        name: next(spelling for spelling in (name, *aliases) if source.get(spelling))
        for name, aliases in ALIASES.items()
        if any(source.get(spelling) for spelling in (name, *aliases))
    }


def respelled(text: str, spelled: Mapping[str, str]) -> str:
    """Return ``text`` with every variable spelled as the user has spelled it."""
    if not spelled:
        return text
    names = re.compile(rf"\b({'|'.join(map(re.escape, spelled))})\b")
    return names.sub(lambda match: spelled[match[1]], text)


class Environment:
    """Reads values by name from ``environ``; an empty value counts as not set.

    Every method raises ``SettingsError`` when the value is not of the method's kind.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = canonical(environ)

    def text(self, name: str, default: str = "") -> str:
        """Return the value under ``name``, without surrounding space."""
        return self._visible(name, but_for="") or default

    def pem(self, name: str, default: str = "") -> str:
        """Return a text of one or several lines, or ``default``."""
        return self._visible(name, but_for=_WHITE_SPACE) or default

    def url(self, name: str, default: str = "") -> str:
        """Return an http(s) URL without a trailing slash, or ``default``."""
        value = self.text(name).rstrip("/")
        if value and not origin_of(value):
            raise SettingsError(
                f"{name} must be a URL with its scheme, such as https://example.com"
            )
        return value or default

    def origin(self, name: str, default: str = "") -> str:
        """Return an origin, ``scheme://host[:port]``, or ``default``."""
        value = self.url(name)
        if value and origin_of(value) != value:
            raise SettingsError(f"{name} must be scheme://host[:port] with nothing behind it")
        return value or default

    def path(self, name: str, default: str) -> str:
        """Return a path of this app. It has one leading slash: two would lead to another site."""
        value = self.text(name) or default
        if not re.fullmatch(r"/(?![/\\])[^\s\\]*", value):
            raise SettingsError(f"{name} must be a path of this app that starts with one '/'")
        return value

    def optional_path(self, name: str, default: str = "") -> str:
        """Return a path of this app, ``default`` when none is given."""
        return self.path(name, default) if self.text(name) else default

    def page(self, name: str, default: str) -> str:
        """Return the place of a page: a path of this app, or an address of another site."""
        value = self.text(name, default)
        value = value.rstrip("/") or value
        is_path = re.fullmatch(r"(/[A-Za-z0-9][A-Za-z0-9._~-]*)+", value)
        is_elsewhere = value.startswith("https:") and origin_of(value)
        if not (is_path or is_elsewhere):
            raise SettingsError(
                f"{name} must be a path of this app, such as {default}, or a whole address, such "
                "as https://accounts.example.com/sign-in"
            )
        return value

    def origins(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a comma-separated list of origins."""
        parts = (part.strip(" ") for part in self.text(name).split(","))
        values = tuple(part.rstrip("/") for part in parts if part)
        for number, value in enumerate(values, 1):
            if origin_of(value) != value:
                which = f"number {number} " if len(values) > 1 else "this "
                raise SettingsError(
                    f"{name} must be origins divided by commas, each scheme://host[:port] as "
                    f"browsers write them: https://app.example.com; {which}{_why_no_origin(value)}"
                )
        return values or default

    def networks(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a comma-separated list of addresses and networks, without the whole internet."""
        parts = (part.strip(" ") for part in self.text(name).split(","))
        values = tuple(part for part in parts if part)
        for value in values:
            try:
                is_everybody = ip_network(value).prefixlen < _LEAST_PREFIX
            except ValueError:
                raise SettingsError(
                    f"{name} must be addresses and networks divided by commas, such as "
                    "10.0.0.7,172.18.0.0/16; a network's address is its first one, and a name is "
                    "none: give the proxy a fixed address"
                ) from None
            if is_everybody:
                raise SettingsError(
                    f"{name} names everybody with {value}: then anybody could say to be anybody. "
                    "Name the addresses of your proxies"
                )
        return values or default

    def host(self, name: str, default: str) -> str:
        """Return an address of this machine to listen on, or its name."""
        value = self.text(name, default)
        try:
            ip_address(value)
        except ValueError:
            if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", value):
                raise SettingsError(
                    f"{name} must be an address to listen on, such as 127.0.0.1 or 0.0.0.0, "
                    "without scheme and port; REFLEX_FRONTEND_PORT is the port"
                ) from None
        return value

    def token(self, name: str, default: str = "") -> str:
        """Return a token or a key, as a header can carry it."""
        value = self.text(name, default)
        if looks_like(value) in _NO_TOKEN:
            raise SettingsError(f"{name} is no key.{hint(value)} Copy the key itself.")
        if not re.fullmatch(r"[\x21-\x7e]*", value):
            raise SettingsError(
                f"{name} holds a space, or a character that no key has, such as a curly quote; "
                "copy the key itself"
            )
        return value

    def redis(self, name: str, default: str = "") -> str:
        """Return the address of a Redis; it may hold a password."""
        value = self.text(name, default)
        try:
            is_one = not value or _is_redis(value)
        except ValueError:
            is_one = False
        if not is_one:
            raise SettingsError(
                f"{name} is no address of a Redis: write redis://host:6379, rediss:// for TLS, or "
                "unix:///path, with a number of a database after a / at most. In a password, "
                "write @ as %40, / as %2F, # as %23"
            )
        return value

    def positive(self, name: str, default: int) -> int:
        """Return a whole number above zero."""
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) == 0:
            raise SettingsError(f"{name} must be a positive whole number, such as {default}")
        return int(value)

    def optional_seconds(self, name: str, default: None) -> int | None:
        """Return whole seconds above zero, ``default`` when they are not given."""
        return self.positive(name, _SECONDS_EXAMPLE) if self.text(name) else default

    def optional_count(self, name: str, default: None) -> int | None:
        """Return a whole number above zero, ``default`` when none is given."""
        return self.positive(name, 1) if self.text(name) else default

    def token_seconds(self, name: str, default: int) -> int:
        """Return how many seconds a token lives."""
        return self._within(name, default, TOKEN_SECONDS, "seconds")

    def token_rps(self, name: str, default: int) -> int:
        """Return how many requests per second a token may make."""
        return self._within(name, default, TOKEN_RPS, "requests per second")

    def package(self, name: str, default: str) -> str:
        """Return the dotted name of a Python package."""
        value = self.text(name, default)
        if not all(word.isidentifier() for word in value.split(".")):
            raise SettingsError(f"{name} must be the name of a Python package, such as {default}")
        return value

    def optional_switch(self, name: str, default: bool | None) -> bool | None:
        """Return whether something is switched on; ``default`` when the value is not set."""
        value = self.text(name).lower()
        if value in _SWITCHES:
            return _SWITCHES[value]
        if value:
            raise SettingsError(f"{name} must be 1 or 0, or be left out")
        return default

    def log_format(self, name: str, default: str) -> str:
        """Return the form of the log's lines."""
        value = self.text(name, default).lower()
        if value not in _LOG_FORMATS:
            raise SettingsError(f"{name} must be {' or '.join(_LOG_FORMATS)}")
        return value

    def long_secret(self, name: str, default: str = "") -> str:
        """Return a secret that nobody can guess, as far as its length tells."""
        value = self.text(name, default)
        if value and not re.fullmatch(rf"[\x21-\x7e]{{{MIN_SECRET},}}", value):
            raise SettingsError(
                f"{name} must be at least {MIN_SECRET} characters without space, such as `openssl "
                "rand -hex 24` prints"
            )
        return value

    def sealing_secrets(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a comma-separated list of secrets that nobody can guess."""
        parts = (part.strip(" ") for part in self.text(name).split(","))
        values = tuple(part for part in parts if part)
        if not all(re.fullmatch(rf"[\x21-\x7e]{{{MIN_SEALING_SECRET},}}", each) for each in values):
            raise SettingsError(
                f"{name} must be at least {MIN_SEALING_SECRET} characters without space or comma, "
                "such as `openssl rand -hex 32` prints; several are divided by commas"
            )
        return values or default

    def port(self, name: str, default: int) -> int:
        """Return a port number."""
        value = self.positive(name, default)
        if value > _LAST_PORT:
            raise SettingsError(f"{name} must be a port number from 1 to {_LAST_PORT}")
        return value

    def _within(self, name: str, default: int, bounds: tuple[int, int], unit: str) -> int:
        least, most = bounds
        value = self.text(name) or str(default)
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise SettingsError(
                f"{name} must be a whole number of {unit} from {least} to {most}, such as {default}"
            )
        return int(value)

    def _visible(self, name: str, *, but_for: str) -> str:
        """Return the value without surrounding space; refuse characters that cannot be seen."""
        value = self._environ.get(name, "").strip(_WHITE_SPACE)
        for char in value:
            if not char.isprintable() and char not in but_for:
                raise SettingsError(
                    f"{name} holds a character that cannot be seen (U+{ord(char):04X}), as copying "
                    "from a page or a chat leaves behind; type the value's ends anew"
                )
        # A shell and a dotenv file take quotes away; `docker run --env-file` leaves them.
        if len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES:
            raise SettingsError(
                f"{name} is between quotes, which are a part of it where it comes from; write the "
                "value without them"
            )
        return value
