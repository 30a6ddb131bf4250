"""The part of tracing that needs OpenTelemetry's packages; imported only when traces are on."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Span, Status, StatusCode, Tracer

from clerk_tinybird_app.logs.log_budget import LogBudget
from clerk_tinybird_app.telemetry.tracing import CONSOLE, OTLP


def provider_for(exporter: str, service: str) -> TracerProvider:
    """Return what makes spans and sends them; the SDK reads all other variables by itself.

    Args:
        exporter: ``otlp`` (by HTTP) or ``console``.
        service: The service's name where ``OTEL_SERVICE_NAME`` names none.

    Raises:
        ValueError: There is no such exporter.
        ImportError: Its package is not installed.
    """
    resource = Resource.create()
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: service}))
    # `tracing.stop` ends it: at the exit it would wait for a collector that is gone.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(_exporter(exporter)))
    return provider


def _exporter(name: str) -> SpanExporter:
    if name == CONSOLE:
        return ConsoleSpanExporter()
    if name == OTLP:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        # It writes several lines for each batch that is not taken.
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(LogBudget())
        exporter: SpanExporter = OTLPSpanExporter()
        return exporter
    raise ValueError(f"OTEL_TRACES_EXPORTER must be {OTLP}, {CONSOLE} or none")


@contextmanager
def named_span(tracer: Tracer, name: str, attributes: Mapping[str, str]) -> Iterator[Span]:
    """Trace a block. Of an error only the name is kept: its text may hold a token."""
    with tracer.start_as_current_span(
        name, attributes=dict(attributes), record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
