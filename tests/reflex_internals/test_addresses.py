"""Every address that the app makes can be sent to it."""

from clerk_tinybird_app.dashboard import view
from clerk_tinybird_app.reflex_internals.frames import MAX_ADDRESS, MAX_FRAME, MAX_TEXT
from clerk_tinybird_app.tinybird import pipe_request

SHARE_OF_A_FRAME = 4
"""It stands in an event's arguments, in its router data twice, and leaves room for the rest."""


def test_an_address_of_a_view_or_a_request_fits_a_frame_as_often_as_a_page_sends_it() -> None:
    for most in (view.MOST_CHARACTERS, pipe_request.MOST_CHARACTERS):
        assert most <= min(MAX_TEXT, MAX_ADDRESS)
        assert most * SHARE_OF_A_FRAME <= MAX_FRAME
