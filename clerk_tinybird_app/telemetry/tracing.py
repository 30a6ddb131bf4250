"""Traces by OpenTelemetry's standard variables, off without ``OTEL_TRACES_EXPORTER``.

The packages are in requirements-otel.txt. When traces are off, they are not imported, and a span is
one object that does nothing.
"""

import logging
import os
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any, Final, Protocol

_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_SERVICE: Final = "clerk-tinybird-app"
_INSTALL: Final = f"{_EXPORTER} is set, but not what it needs: install requirements-otel.txt"
STOP_SECONDS: Final = 2.0
"""The longest that the last spans may take to be sent."""

OTLP: Final = "otlp"
CONSOLE: Final = "console"
_MODULES: Final = {
    OTLP: "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    CONSOLE: "opentelemetry.sdk.trace.export",
}
"""What the variable may say beside ``none`` -> the module that it needs."""

_logger = logging.getLogger(__name__)


class Span(Protocol):
    """What a block may add to its span."""

    def set_attribute(self, key: str, value: str) -> None:
        """Add an attribute: never a token, or a parameter's value."""


class _NoSpan:
    def set_attribute(self, key: str, value: str) -> None:
        """Do nothing."""


_OFF: Final[AbstractContextManager[Span]] = nullcontext(_NoSpan())
_provider: Any = None
_tracer: Any = None


def span(name: str, **attributes: str) -> AbstractContextManager[Span]:
    """Return a block's span; its parent is the span of the block around it."""
    if _tracer is None:
        return _OFF
    # The text of an error may hold a token, so only its name is kept, by `_named`.
    return _named(name, attributes)


def _named(name: str, attributes: dict[str, str]) -> AbstractContextManager[Span]:
    from clerk_tinybird_app.telemetry.spans import named_span  # noqa: PLC0415 - only when on

    return named_span(_tracer, name, attributes)


def why_none(environ: Mapping[str, str]) -> str:
    """Return why there would be no traces where an environment asks for some; "" for no reason."""
    wanted = environ.get(_EXPORTER) or "none"
    if wanted == "none":
        return ""
    if wanted not in _MODULES:
        return f"{_EXPORTER} must be {OTLP}, {CONSOLE} or none"
    try:
        is_there = find_spec(_MODULES[wanted]) is not None
    except ModuleNotFoundError:
        is_there = False
    return "" if is_there else _INSTALL


def start() -> None:
    """Begin to trace, if the environment asks for it; each worker does when it starts."""
    global _provider, _tracer  # noqa: PLW0603 - a process has one tracer
    # As OpenTelemetry has it, an empty variable is one that is not set.
    wanted = os.environ.get(_EXPORTER) or "none"
    if wanted == "none" or _provider is not None:
        return
    try:
        from clerk_tinybird_app.telemetry.spans import provider_for  # noqa: PLC0415 - only when on

        _provider = provider_for(wanted, _SERVICE)
    except ImportError:
        _logger.warning("No traces: %s", _INSTALL)
    except ValueError as error:
        _logger.warning("No traces: %s", error)
    else:
        _tracer = _provider.get_tracer(_SERVICE)


def stop() -> None:
    """Send what is left, if that is done soon, and trace no more."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        # A collector that does not answer must not keep the app from stopping.
        sending = threading.Thread(target=provider.shutdown, daemon=True)
        sending.start()
        sending.join(STOP_SECONDS)
