"""What the product is called, and what its customers read."""

from typing import Final

NAME: Final = "Email delivery"
TAGLINE: Final = "Every email that you send, and what became of it."
WELCOME: Final = (
    "See within seconds whether your emails arrive: what was delivered, what bounced and why it "
    "took so long, for each domain and template."
)
INVITATION: Final = "Sign in to watch the emails of your own workspace; nobody else's."

EMPTY_TITLE: Final = "No emails yet"
EMPTY_TEXT: Final = (
    "As soon as the first email is sent, its delivery, bounces and templates are shown here."
)

EVENT_SOURCE: Final = "email_events"
EVENT: Final = {
    "sent_at": "2026-11-23T10:00:00Z",
    "workspace_id": "org_2RwC6",
    "sender": "hello@mail.example.com",
    "message_id": "msg_1",
    "domain": "mail.example.com",
    "template": "welcome",
    "recipient_domain": "example.org",
    "outcome": "delivered",
    "delivery_ms": 850,
    "size_bytes": 20480,
}
"""The data source that a tenant's first event goes to, and one event; for developers alone."""
