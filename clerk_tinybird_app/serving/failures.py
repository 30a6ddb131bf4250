"""ASGI middleware that answers when the app has failed: no stack, and no text of the error."""

from html import escape
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clerk_tinybird_app import routes
from clerk_tinybird_app.logs.context import ids
from clerk_tinybird_app.telemetry import refusals

_MESSAGE: Final = "The server could not answer. Try again in a moment."
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Something went wrong</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/look/tokens.css">
<link rel="stylesheet" href="/look/base.css">
<link rel="stylesheet" href="/look/frame.css">
<link rel="stylesheet" href="/look/controls.css">
<link rel="stylesheet" href="/look/pages.css">
</head>
<body>
<main class="content wrap"><div class="lost">
<p class="tag">500</p>
<h1 class="title-1">Something went wrong</h1>
<p>The server could not show this page. Load it again in a moment. If this stays, tell whoever runs
this app the number <code>{number}</code>.</p>
<div class="ways-in"><a class="primary" href="/">To the home page</a></div>
</div></main>
</body>
</html>
"""


class Failures:
    """Answers 500 for an error that nobody has caught: JSON below ``/api``, else a page.

    Reflex's servers answer with a plain text and raise the error again. So an answer of status 500
    waits until the app has returned or raised.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []
        has_begun = False

        async def held_send(message: Message) -> None:
            nonlocal has_begun
            is_failure = message.get("status") == HTTPStatus.INTERNAL_SERVER_ERROR
            if held or (is_failure and not has_begun):
                held.append(message)
            else:
                has_begun = True
                await send(message)

        try:
            await self._app(scope, receive, held_send)
        except Exception as error:
            refusals.failed(refusals.REQUEST, refusals.REQUEST_FAILED, error)
            if has_begun:
                # The answer is half sent: the server has to end the connection.
                raise
            await _answer(scope["path"])(scope, receive, send)
        else:
            for message in held:
                await send(message)


def _answer(path: str) -> Response:
    if path.startswith(f"{routes.API}/"):
        body = {"error": {"code": refusals.REQUEST_FAILED, "message": _MESSAGE}}
        return JSONResponse(body, status_code=HTTPStatus.INTERNAL_SERVER_ERROR)
    page = _PAGE.format(number=escape(ids().get("request_id", "no number")))
    return HTMLResponse(page, status_code=HTTPStatus.INTERNAL_SERVER_ERROR)
