"""What made-up jobs look like."""

from typing import Final

from clerk_tinybird_app.sample.vocabulary import (
    Few,
    Id,
    LogNormal,
    Moment,
    Sample,
    Traffic,
    Weighted,
)

SAMPLE: Final = Sample(
    source="jobs",
    busy=Traffic(per_day=600, growth=2, incident_hours=20),
    quiet=Traffic(per_day=200, growth=1, incident_hours=50),
    alone=Traffic(per_day=50, growth=1, incident_hours=100),
    columns={
        "ended": Moment(),
        "id": Id("job_"),
        "queue": Weighted({"mail": 3, "bills": 1}),
        "worker": Few(("north", "south", "east", "west")),
        "result": Weighted({"ok": 9, "failed": 1}),
        "ms": LogNormal(80, 0.5),
    },
)
