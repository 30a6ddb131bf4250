"""No app: it answers each frame with what a tab waits for. What is left is the server's own."""

from starlette.types import ASGIApp, Receive, Scope, Send

_OPENED = '0{"sid":"x"}'
_ANSWER = '42/_event,["event",{"delta":{}}]"is_hydrated"text_rx_state_'


def app() -> ASGIApp:
    """Return what answers."""
    return _answer


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer websockets, and the server's own questions."""
    if scope["type"] == "lifespan":
        while True:
            asked = (await receive())["type"]
            await send({"type": f"{asked}.complete"})
            if asked == "lifespan.shutdown":
                return
    await receive()
    if scope["type"] != "websocket":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": _OPENED})
    while (await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": _ANSWER})
