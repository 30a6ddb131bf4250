"""ASGI middleware that reads the body of a request before it is answered."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WITH_BODY: Final = frozenset((b"content-length", b"transfer-encoding"))
_MOST_BYTES: Final = 20_000_000
"""Twice the largest body that is taken: who sends more loses its connection."""


class WholeBodies:
    """Reads what a refusal has left unread.

    Granian closes a connection with an unread body, mostly without telling the client, whose next
    request on it then fails.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; its answer begins once the body is read."""
        if not any(name in _WITH_BODY for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        is_read, size = False, 0

        async def received() -> Message:
            nonlocal is_read, size
            message = await receive()
            is_read = is_read or not message.get("more_body", False)
            size += len(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            while not is_read and size < _MOST_BYTES:
                await received()
            await send(message)

        await self._app(scope, received, sent)
