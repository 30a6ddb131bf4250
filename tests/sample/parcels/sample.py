"""Parcels, of one kind and another."""

from clerk_tinybird_app.sample.vocabulary import (
    Few,
    Id,
    LogNormal,
    Moment,
    OneOf,
    People,
    Sample,
    Sometimes,
    Traffic,
    Weighted,
)

SAMPLE = Sample(
    source="parcels",
    busy=Traffic(per_day=8_000, growth=3, incident_hours=20),
    quiet=Traffic(per_day=900, growth=2, incident_hours=50),
    alone=Traffic(per_day=200, incident_hours=120),
    newcomer=Traffic(per_day=300, growth=2),
    columns={
        "sent": Moment(),
        "parcel": Id("p-"),
        "sender": People(services=("user_shop",)),
        ("carrier", "service"): Weighted(
            {("fast", "day"): 50, ("fast", "night"): 10, ("it's slow", "day"): 40}
        ),
        "state": Sometimes(
            0.01,
            Weighted({"lost": 3, "broken": 1}),
            rises_in_incidents=True,
            otherwise=OneOf(
                {"fast": "here", "it's slow": Sometimes(0.2, "late", otherwise="here")},
                by="carrier",
            ),
        ),
        "hours": OneOf(
            {"lost": 0, "late": LogNormal(90, 0.3, digits=1)},
            by="state",
            otherwise=LogNormal(20, 0.5, digits=1, rises_in_incidents=True),
        ),
        "grams": OneOf(
            {("fast", "day"): LogNormal(300, 0.8), ("fast", "night"): LogNormal(150, 0.2)},
            by=("carrier", "service"),
            otherwise=LogNormal(2_000, 0.4),
        ),
        "depot": Few(("north", "east", "south", "west"), count=2),
        "insured": OneOf(
            {"day": Weighted({0: 3, 1: 1}), "night": Weighted({0: 1, 1: 4})}, by="service"
        ),
    },
)
