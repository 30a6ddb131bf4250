"""Whether what operators look at is there: the numbers of all workers, and traces."""

from collections.abc import Iterator, Mapping

from clerk_tinybird_app.check.finding import Finding, failed, note, warning
from clerk_tinybird_app.telemetry import SHARED_VARIABLE, why_unusable
from clerk_tinybird_app.telemetry.tracing import why_none


def unusable_numbers() -> Iterator[Finding]:
    """Yield that the numbers of the workers cannot be kept where they are to be kept."""
    if trouble := why_unusable():
        yield failed("metrics/unusable", trouble, "Until then the app refuses to start.")


def from_outside(environ: Mapping[str, str], workers: int) -> Iterator[Finding]:
    """Yield what would not be seen of the running app.

    Args:
        environ: The environment: what libraries read by themselves counts there alone.
        workers: How many processes would serve.
    """
    if workers > 1 and not environ.get(SHARED_VARIABLE) and not why_unusable():
        yield note(
            "metrics/one-worker",
            f"each of {workers} workers counts for itself, and /api/metrics answers with the "
            "numbers of whichever is asked",
            f"Set {SHARED_VARIABLE} in the environment to a folder of their own: "
            "docs/operations.md. Nothing is wrong if deploy/'s unit or compose.yaml sets it.",
        )
    if trouble := why_none(environ):
        yield warning(
            "traces/none", f"there will be no traces: {trouble}", "Correct it, or leave it out."
        )
