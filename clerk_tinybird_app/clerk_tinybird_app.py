"""Assembles the app; nothing else."""

import contextlib
from collections.abc import AsyncIterator, Callable

import reflex as rx

from clerk_tinybird_app import __version__, routes, services
from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.background import in_background
from clerk_tinybird_app.clerk.components import ClerkRoot, SessionBridge
from clerk_tinybird_app.components.look import CLERK_APPEARANCE, CLERK_WORDS, STYLE_SHEETS
from clerk_tinybird_app.components.pulse import Pulse, PulseState
from clerk_tinybird_app.logs.log_budget import event_error_log, page_error_log
from clerk_tinybird_app.logs.redaction import redact_logs
from clerk_tinybird_app.pages.clerk_forms import sign_in, sign_up
from clerk_tinybird_app.pages.dashboard import dashboard_page, tab_title
from clerk_tinybird_app.pages.not_found import not_found, page_failed
from clerk_tinybird_app.reflex_internals.configuration import unify_logs
from clerk_tinybird_app.reflex_internals.frontend_build import is_export
from clerk_tinybird_app.reflex_internals.gate import guard_websockets
from clerk_tinybird_app.reflex_internals.redis_states import StatesInRedis
from clerk_tinybird_app.reflex_internals.served_app import ServedApp, error_boundary
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.session import (
    SIGNED_OUT,
    SessionState,
    SocketBinding,
    session_seconds,
)
from clerk_tinybird_app.telemetry import metrics, refusals, tracing
from clerk_tinybird_app.telemetry.pulse import watch_process
from clerk_tinybird_app.tinybird.token import heartbeat_seconds

redact_logs()
running = services.current()
settings = running.settings
product = running.product


def _forced_redirects() -> dict[str, str]:
    forced = {
        "sign_in_force_redirect_url": settings.clerk_sign_in_force_url,
        "sign_up_force_redirect_url": settings.clerk_sign_up_force_url,
    }
    return {prop: path for prop, path in forced.items() if path}


def _clerk_root(_stateful: bool) -> rx.Component:
    return ClerkRoot.create(
        publishable_key=running.publishable_key.value,
        sign_in_url=settings.clerk_sign_in_url,
        sign_up_url=settings.clerk_sign_up_url,
        sign_in_fallback_redirect_url=settings.clerk_after_sign_in_url,
        sign_up_fallback_redirect_url=settings.clerk_after_sign_up_url,
        after_sign_out_url=routes.HOME,
        **_forced_redirects(),
        appearance=CLERK_APPEARANCE,
        localization=CLERK_WORDS,
        telemetry=False,
        **running.embedded.clerk_proxy(settings.api_url),
    )


def _session_bridge(_stateful: bool) -> rx.Component:
    return SessionBridge.create(
        accepted=SessionState.accepted,
        signed_out=SIGNED_OUT,
        refused=SessionState.error_code,
        heartbeat=heartbeat_seconds(settings.tinybird_token_ttl),
        on_push=SessionState.sync,
    )


def _pulse(_stateful: bool) -> rx.Component:
    return Pulse.create(answered=PulseState.answered, on_ask=PulseState.answer)


@contextlib.asynccontextmanager
async def _resources() -> AsyncIterator[None]:
    # Not awaited, so that the pages do not wait for the sample data of the first start.
    starting = in_background(running.embedded.start(), "the start of the local services")
    try:
        yield
    finally:
        starting.cancel()
        await running.close()


@contextlib.asynccontextmanager
async def _telemetry() -> AsyncIterator[None]:
    # Here, because the server has set up its own log handlers by now, and each worker is a process.
    unify_logs(settings.log_format)
    metrics.forget_dead_workers()
    metrics.version(__version__)
    tracing.start()
    watching = in_background(watch_process(), "the watch over this process")
    try:
        yield
    finally:
        watching.cancel()
        refusals.sum_up()
        tracing.stop()


states = StatesInRedis(running.redis.sealer, session_seconds) if running.redis else None
failed_event = event_error_log(counted=metrics.failed)
app = ServedApp(
    api_transformer=create_api(running),
    frontend_exception_handler=page_error_log(counted=metrics.failed),
    backend_exception_handler=states.trouble.instead_of(failed_event) if states else failed_event,
    app_wraps={
        **error_boundary(page_failed()),
        (30, "ClerkRoot"): _clerk_root,
        (29, "SessionBridge"): _session_bridge,
        (28, "Pulse"): _pulse,
    },
    head_components=[
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        # Without `async`: it says to all scripts after it where the backend is.
        *([rx.el.script(src=routes.BACKEND_SCRIPT)] if is_export() else []),
    ],
    html_lang="en",
    stylesheets=list(STYLE_SHEETS),
    toaster=None,
)
guard_websockets(
    app,
    settings.origins,
    redis=running.redis,
    states=states,
    patched_states=[DashboardState.get_full_name()],
)
app.add_middleware(SocketBinding())
app.register_lifespan_task(_telemetry)
app.register_lifespan_task(_resources)
if states:
    app.register_lifespan_task(states.watch)


def _add_page(
    page: Callable[[], rx.Component], route: str, title: str | rx.Var[str], about: str = ""
) -> None:
    description = about or product.words.tagline
    app.add_page(page, route=route, title=title, description=description, image="/favicon.svg")


if settings.shows_token_page:
    # Imported only here: without the token page, nobody can call the states of its tools.
    from clerk_tinybird_app.pages.token_page import DESCRIPTION, TITLE, token_page

    _add_page(token_page, routes.HOME, TITLE, DESCRIPTION)
else:
    _add_page(dashboard_page(), routes.HOME, tab_title())
for path, name in routes.dashboard_pages(product.dashboard.pages).items():
    is_embedded = routes.is_embedded(path)
    # No site may show these pages in a frame unless it is named.
    if settings.embed_ancestors or not is_embedded:
        _add_page(dashboard_page(name, is_embedded=is_embedded), path, tab_title(name))
if settings.clerk_sign_in_url.startswith("/"):
    _add_page(sign_in, settings.clerk_sign_in_url, "Sign in")
if settings.clerk_sign_up_url.startswith("/"):
    _add_page(sign_up, settings.clerk_sign_up_url, "Sign up")
_add_page(not_found, routes.NOT_FOUND, "Page not found")
