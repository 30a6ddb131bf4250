"""What the environment, the dotenv files and the product's package say, without asking anybody."""

from collections.abc import Iterator

from clerk_tinybird_app.check.finding import Finding, failed, note, ok, warning
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.settings.loopback import is_loopback, is_loopback_url


def refused(error: SettingsError) -> Finding:
    """Return that the settings cannot be read."""
    return failed("configuration/refused", str(error), "Change it in .env, or in the environment.")


def configuration(settings: Settings) -> Iterator[Finding]:
    """Say which services are used, and what no setting alone can show."""
    yield ok("configuration/services", f"{_clerk(settings)}, {_tinybird(settings)}")
    if settings.tinybird_api_key and settings.tinybird_api_key == settings.tinybird_jwt_secret:
        yield failed(
            "anonymous-key/signing-key",
            "TINYBIRD_API_KEY, which every visitor is given, is the workspace's signing key.",
            "Use a static token that may read public pipes alone, and replace the signing key: "
            "it may be known.",
        )
    yield from _proxies(settings)
    problems = [*_clear(settings), *_keys_and_origins(settings)]
    yield from problems or [ok("origins/fit", ", ".join(settings.origins))]


def _clerk(settings: Settings) -> str:
    if settings.is_clerk_local:
        return "the embedded Clerk"
    key = PublishableKey.parse(settings.clerk_publishable_key)
    return f"Clerk {key.host} ({'production' if key.is_live else 'development'})"


def _tinybird(settings: Settings) -> str:
    if settings.is_tinybird_local:
        return f"the Tinybird of this machine, port {settings.tb_local_port}"
    return f"Tinybird {settings.tinybird_api_url}, workspace {settings.tinybird_workspace_id}"


def _proxies(settings: Settings) -> Iterator[Finding]:
    if settings.trusted_proxies:
        yield ok("proxies/trusted", f"{', '.join(settings.trusted_proxies)}, and this machine")
    elif not is_loopback(settings.backend_host):
        yield note(
            "proxies/none",
            "the app listens beyond this machine, and no proxy elsewhere is trusted",
            "If one is in front of it, name it in TRUSTED_PROXIES: until then all who come "
            "through it count as one client.",
        )


def _clear(settings: Settings) -> Iterator[Finding]:
    addresses = (*settings.origins, settings.api_url, settings.deploy_url)
    clear = [url for url in addresses if url.startswith("http:") and not is_loopback_url(url)]
    if clear:
        yield warning(
            "origins/not-https",
            f"sessions travel unprotected to {', '.join(dict.fromkeys(clear))}",
            "Serve these addresses over https, or take them out of CLERK_AUTHORIZED_PARTIES, "
            "REFLEX_API_URL\nand REFLEX_DEPLOY_URL.",
        )


def _keys_and_origins(settings: Settings) -> Iterator[Finding]:
    if settings.is_clerk_local:
        return
    is_live = PublishableKey.parse(settings.clerk_publishable_key).is_live
    public = [origin for origin in settings.origins if not is_loopback_url(origin)]
    if public and not is_live:
        yield warning(
            "origins/test-key",
            f"a test key serves {', '.join(public)}: Clerk's development instances hold few users, "
            "share a weaker session, and are no place for customers",
            "Put a pk_live_ key of the production instance there.",
        )
    if is_live and not public:
        yield warning(
            "origins/live-key",
            f"a live key is for this machine alone ({', '.join(settings.origins)}): the sessions "
            "of your users are refused",
            "Name the app's public addresses in CLERK_AUTHORIZED_PARTIES; here, use a test key.",
        )
