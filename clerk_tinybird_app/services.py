"""The two services that the app uses, each embedded or real, built once from the settings.

This is the only module outside ``local/`` that imports ``local/``.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import Event
from typing import Final

import httpx

from clerk_tinybird_app import products
from clerk_tinybird_app.clerk.keys import JwksKeys, KeySource, PemKey
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.verifier import SessionVerifier
from clerk_tinybird_app.local import LOCAL_FOLDER
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from clerk_tinybird_app.local.embedded_services import Embedded, empty_tinybird
from clerk_tinybird_app.local.tinybird import EmbeddedTinybird, TinybirdUnavailable
from clerk_tinybird_app.logs import context
from clerk_tinybird_app.own_clock import OwnClock
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.sealing import Sealer
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.settings.loopback import is_loopback_url
from clerk_tinybird_app.settings.outgoing import usable_network
from clerk_tinybird_app.settings.settings import require_loopback
from clerk_tinybird_app.shared_redis import SharedRedis
from clerk_tinybird_app.telemetry import metrics, refusals, tracing, why_unusable
from clerk_tinybird_app.tinybird.client import TinybirdClient
from clerk_tinybird_app.tinybird.client.connections import (
    Connections,
    connections_by,
    trusted,
)
from clerk_tinybird_app.tinybird.pipe_request import Field, fields_of
from clerk_tinybird_app.tinybird.policy import PolicyFailedError, Scope
from clerk_tinybird_app.tinybird.project import ProjectError, load_project
from clerk_tinybird_app.tinybird.shared_answers import SharedAnswers
from clerk_tinybird_app.tinybird.shared_queries import SharedQueries
from clerk_tinybird_app.tinybird.template import TemplateError
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace

__all__ = [
    "LOCAL_FOLDER",
    "Services",
    "TinybirdUnavailable",
    "build",
    "current",
    "empty_tinybird",
    "pipe_fields",
    "pipe_parameters",
]

_logger = logging.getLogger(__name__)

KEY_LIMITS: Final = httpx.Limits(max_connections=2, max_keepalive_connections=1)
"""Connections to Clerk's key server. The app sends it one request at a time."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the states and the HTTP API work with.

    Attributes:
        settings: The configuration all of this was built from.
        product: What the app is about.
        publishable_key: The Clerk instance's key, which the browser is given too.
        verifier: Turns a session token into a verified ``ClerkSession``.
        tinybird: Queries the workspace's pipes.
        shared_queries: Queries them once for all pages that ask the same.
        redis: The Redis for what backend processes share; None without one.
        embedded: What runs here instead of the real services.
        probe_http: Asks whether Tinybird is there.
        closing: All connections, closed at the end. Clerk's key server, the probe and the queries
            have their own: a Tinybird that hangs takes all of the queries', and people must be able
            to sign in all the same.
        stopping: Set when the app has begun to stop.
        clock: Seconds since the epoch.
    """

    settings: Settings
    product: Product
    publishable_key: PublishableKey
    verifier: SessionVerifier
    tinybird: TinybirdClient
    shared_queries: SharedQueries
    redis: SharedRedis | None = None
    embedded: Embedded
    probe_http: httpx.AsyncClient
    closing: tuple[httpx.AsyncClient | Connections, ...]
    stopping: Event = field(default_factory=Event)
    clock: Callable[[], float] = time.time

    @property
    def is_stopping(self) -> bool:
        """True once the app has begun to stop."""
        return self.stopping.is_set()

    @property
    def workspace(self) -> Workspace:
        """The Tinybird workspace that tokens are minted for at the moment.

        It can change with the embedded Tinybird: a Tinybird Local that is found at its port has a
        workspace of its own.
        """
        ttl, rps = self.settings.tinybird_token_ttl, self.settings.tinybird_rps
        if self.embedded_tinybird is not None:
            return self.embedded_tinybird.workspace(token_ttl=ttl, rps=rps)
        return Workspace(
            api_url=self.settings.tinybird_api_url,
            workspace_id=self.settings.tinybird_workspace_id,
            signing_key=self.settings.tinybird_jwt_secret,
            token_ttl=ttl,
            rps=rps,
        )

    async def verify(self, token: str) -> ClerkSession:
        """Return the session that a token proves; raises as ``SessionVerifier.verify``."""
        with tracing.span("clerk.verify"):
            session = await self.verifier.verify(token)
        # Its tenant is not known yet, and the policy that names it may fail.
        context.is_for(session.session_id, "")
        return session

    def tenant_of(self, session: ClerkSession) -> str:
        """Return the tenant of a session.

        Raises:
            PolicyFailedError: The product's policy raised an error.
        """
        with _policy():
            return self.product.policy.tenant_of(session)

    def scopes(self, session: ClerkSession) -> tuple[Scope, ...]:
        """Return what a session may read.

        Raises:
            PolicyFailedError: The product's policy raised an error, or its scopes are unsafe.
        """
        with _policy():
            return self.product.policy.scopes(session)

    def mint(self, session: ClerkSession, *, now: float, place: str) -> TinybirdToken:
        """Mint a token for a verified session that is current at ``now``, as the policy says.

        Args:
            session: Whose token it is.
            now: Seconds since the epoch.
            place: Who asks for it, as it is counted: ``api`` or ``page``.

        Raises:
            PolicyFailedError: As for ``scopes``.
        """
        with tracing.span("tinybird.mint"):
            scopes = self.scopes(session)
            token = TinybirdToken.mint(session, scopes, self.workspace, now=now)
        metrics.minted(place)
        return token

    @property
    def embedded_clerk(self) -> EmbeddedClerk | None:
        """The embedded Clerk, None with a real one."""
        return self.embedded.clerk

    @property
    def embedded_tinybird(self) -> EmbeddedTinybird | None:
        """The embedded Tinybird, None with a real one."""
        return self.embedded.tinybird

    async def close(self) -> None:
        """Stop what was started and close the connections; none waits for another."""
        self.stopping.set()
        closing = [self.embedded.stop(), *(each.aclose() for each in self.closing)]
        if self.redis is not None:
            closing.append(self.redis.close())
        try:
            await asyncio.gather(*closing)
        finally:
            self.embedded.close()

    @property
    def has_sample_traffic(self) -> bool:
        """True when made-up rows can be added for a tenant without rows."""
        return self.embedded_tinybird is not None and self.product.sample is not None

    async def add_sample_traffic(self, tenant: str, user_id: str) -> int:
        """Add two months of made-up rows for a tenant and return their number.

        Raises:
            TinybirdUnavailable: They cannot be added; the text says why.
        """
        if self.embedded_tinybird is None:
            raise TinybirdUnavailable("Sample traffic is for the embedded Tinybird alone.")
        return await self.embedded_tinybird.add_sample_traffic(tenant, user_id)


def build(
    settings: Settings,
    *,
    product: Product | None = None,
    folder: Path = LOCAL_FOLDER,
    clock: Callable[[], float] = time.time,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Services:
    """Build the services that ``settings`` ask for.

    Args:
        settings: A checked configuration.
        product: What the app is about; None for the one that the settings choose.
        folder: Where the embedded services keep their data.
        clock: Seconds since the epoch.
        transport: How to reach Clerk's key server and Tinybird, None for the network.

    Raises:
        SettingsError: An embedded service would be reachable from another machine, its folder
            cannot be used, or the environment names authorities, a proxy or a folder for the
            numbers of workers that cannot be.
    """
    require_loopback(settings)
    if trouble := why_unusable():
        raise SettingsError(trouble)
    product = product or products.load(settings)
    embedded = Embedded.build(settings, product, folder=folder, clock=clock)
    clerk, tinybird = embedded.clerk, embedded.tinybird
    key = clerk.publishable_key if clerk else settings.clerk_publishable_key
    publishable_key = PublishableKey.parse(key)
    tinybird_url = tinybird.url if tinybird else settings.tinybird_api_url
    own_clock = OwnClock(clock)
    is_near = is_loopback_url(tinybird_url)
    with usable_network():
        key_http = httpx.AsyncClient(
            transport=transport,
            verify=trusted(),
            limits=KEY_LIMITS,
            event_hooks={"response": [own_clock.compare_answer]},
        )
        probe_http = httpx.AsyncClient(transport=transport, verify=trusted(), trust_env=not is_near)
    connections = connections_by(transport, is_near=is_near)
    verifier = SessionVerifier(
        issuer=publishable_key.issuer,
        authorized_parties=settings.origins,
        keys=_keys(settings, publishable_key, clerk, key_http, clock),
        clock=clock,
        clock_ahead=own_clock.ahead,
    )
    watch = metrics.TinybirdWatch(_known_pipes(product))
    client = TinybirdClient(
        tinybird_url,
        connections=connections,
        watch=watch,
        heard=partial(own_clock.compare, tinybird_url),
    )
    redis = _redis(settings)
    others = SharedAnswers(redis, lambda: built.workspace, clock=clock) if redis else None
    built = Services(
        settings=settings,
        product=product,
        publishable_key=publishable_key,
        verifier=verifier,
        tinybird=client,
        shared_queries=SharedQueries(
            client, clock=clock, others=others, answered_by=metrics.answered_by
        ),
        redis=redis,
        embedded=embedded,
        probe_http=probe_http,
        closing=(key_http, probe_http, connections),
        clock=clock,
    )
    return built


def _redis(settings: Settings) -> SharedRedis | None:
    if not settings.redis_url:
        return None
    return SharedRedis.at(settings.redis_url, Sealer(settings.redis_secret))


def _keys(
    settings: Settings,
    publishable_key: PublishableKey,
    embedded: EmbeddedClerk | None,
    http: httpx.AsyncClient,
    clock: Callable[[], float],
) -> KeySource:
    if pem := embedded.public_key_pem if embedded else settings.clerk_jwt_key:
        return PemKey(pem)

    def fetched(has_come: bool) -> None:
        metrics.keys_fetched(clock() if has_come else None)

    return JwksKeys(publishable_key.jwks_url, http=http, fetched=fetched)


def _known_pipes(product: Product) -> tuple[str, ...]:
    """Return the pipes that may be labels of metrics; none with a policy that fails."""
    try:
        return product.policy.pipes
    except Exception:  # noqa: BLE001 - the check still builds the services, to tell what is wrong
        return ()


@contextmanager
def _policy() -> Iterator[None]:
    """Make an error of the product's policy one of ours, and log where it came from."""
    try:
        yield
    except Exception as error:
        refusals.failed(refusals.POLICY, PolicyFailedError.code, error)
        raise PolicyFailedError from error


@cache
def current() -> Services:
    """Return the running app's services, built from the environment on the first call.

    Raises:
        SystemExit: The configuration cannot be used; the text says why.
    """
    try:
        return build(Settings.load(), product=products.current())
    except SettingsError as error:
        raise SystemExit(f"Configuration error: {error}") from None


@cache
def pipe_fields() -> dict[str, list[Field]]:
    """Return pipe -> inputs for every pipe of the policy, from the project's files.

    When the project cannot be read, there are no forms, the app still works, and the reason is
    logged.
    """
    product = products.current()
    try:
        project = load_project(product.project)
        period = (product.dashboard.start, product.dashboard.end)
        return {
            name: fields_of(project, name, first=period, without=fixed)
            for name, fixed in product.policy.fixed.items()
            if name in project.pipes
        }
    except (ProjectError, TemplateError, OSError) as error:
        _logger.warning("The Tinybird project's parameters cannot be read: %s", error)
        return {}


@cache
def pipe_parameters() -> dict[str, frozenset[str]]:
    """Return pipe -> the parameters that a request may set, for every pipe of ``pipe_fields``."""
    return {pipe: frozenset(each.name for each in fields) for pipe, fields in pipe_fields().items()}
