"""What the embedded Tinybird's rows look like: the e-mails of a few shops."""

from typing import Final

from clerk_tinybird_app.sample.vocabulary import (
    Few,
    Id,
    LogNormal,
    Moment,
    OneOf,
    Rhythm,
    Sample,
    Sometimes,
    Traffic,
    Weighted,
)

_FAILURES: Final = Weighted({"bounced": 13, "dropped": 5, "complained": 2})

SAMPLE: Final = Sample(
    source="email_events",
    busy=Traffic(per_day=9_000, growth=2.5, incident_hours=30),
    quiet=Traffic(per_day=1_400, growth=1.6, incident_hours=70),
    alone=Traffic(per_day=260, growth=1.2, incident_hours=150),
    newcomer=Traffic(per_day=900, growth=1.8),
    rhythm=Rhythm(peak=9.5, night=0.12, weekend=0.55),
    columns={
        "sent_at": Moment(),
        "message_id": Id("msg_"),
        "sender": Few(
            ("billing", "hello", "news", "no-reply", "support", "team"), count=4, skew=1.5
        ),
        ("domain", "template"): Weighted(
            {
                ("mail.example.com", "receipt"): 34,
                ("mail.example.com", "password reset"): 18,
                ("mail.example.com", "sign-in code"): 15,
                ("mail.example.com", "welcome"): 7,
                ("news.example.com", "weekly digest"): 16,
                ("news.example.com", "product news"): 8,
                ("news.example.com", "win back"): 2,
            }
        ),
        "recipient_domain": Weighted(
            {
                "gmail.com": 44,
                "outlook.com": 19,
                "icloud.com": 12,
                "yahoo.com": 10,
                "proton.me": 5,
                "example.org": 6,
                "example.net": 4,
            }
        ),
        "outcome": OneOf(
            {
                "win back": Sometimes(0.14, _FAILURES, otherwise="delivered"),
                "product news": Sometimes(0.05, _FAILURES, otherwise="delivered"),
            },
            by="template",
            otherwise=Sometimes(0.012, _FAILURES, otherwise="delivered", rises_in_incidents=True),
        ),
        "delivery_ms": OneOf(
            {"delivered": LogNormal(870, 0.9, rises_in_incidents=True)}, by="outcome", otherwise=0
        ),
        "size_bytes": LogNormal(18_000, 0.6),
    },
)
