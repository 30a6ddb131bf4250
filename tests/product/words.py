"""What the product is called, and what its customers read."""

from typing import Final

NAME: Final = "Jobs"
TAGLINE: Final = "Every job, in every queue."
WELCOME: Final = "See what ran, how long it took, and what failed."
INVITATION: Final = "Sign in to watch the jobs of your own account."

EMPTY_TITLE: Final = "No jobs yet"
EMPTY_TEXT: Final = "As soon as the first job has run, it is shown here."

EVENT_SOURCE: Final = "jobs"
EVENT: Final = {
    "ended": "2026-11-23T10:00:00Z",
    "account": "org_2RwC6",
    "id": "job_1",
    "queue": "mail",
    "worker": "w1",
    "result": "ok",
    "ms": 42,
}
