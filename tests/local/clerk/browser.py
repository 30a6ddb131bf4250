"""A browser for tests: one cookie jar, one page, and requests like those of Clerk's SDK."""

from functools import partial
from typing import Any

import httpx
import jwt
from anyio.from_thread import BlockingPortal
from httpx import Response

from clerk_tinybird_app.local.clerk import PASSWORD, EmbeddedClerk
from clerk_tinybird_app.routes import CLERK_PROXY

APP = "http://localhost:3000"
EXPORTED = "http://localhost:3100"
FOREIGN = "http://localhost:9999"

ADMIN = "admin@acme.test"
MEMBER = "member@acme.test"
GLOBEX_ADMIN = "admin@globex.test"
SOLO = "solo@example.test"
CODE = "424242"

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"


class Browser:
    """Talks to the embedded Clerk as the SDK on a page at ``origin`` does."""

    def __init__(
        self,
        clerk: EmbeddedClerk,
        portal: BlockingPortal,
        *,
        origin: str = APP,
        user_agent: str = CHROME,
    ) -> None:
        self.portal = portal
        self.origin = origin
        self.headers = {"user-agent": user_agent}
        self.session_id: str | None = None
        self.visit(clerk)

    def visit(self, clerk: EmbeddedClerk, cookies: httpx.Cookies | None = None) -> None:
        """Open a page of this run of the backend, with these cookies or none."""
        self.clerk = clerk
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(clerk.app), base_url=APP, cookies=cookies
        )

    @property
    def cookies(self) -> httpx.Cookies:
        return self.http.cookies

    def send(self, method: str, path: str, **request: Any) -> Response:
        """Send a request as it is."""
        return self.portal.call(
            partial(self.http.request, method, f"{CLERK_PROXY}{path}", **request)
        )

    def get(self, path: str, **query: str) -> Response:
        headers = self.headers | {"referer": f"{self.origin}/dashboard"}
        return self.send("GET", f"/v1{path}", params=self._query(path) | query, headers=headers)

    def post(self, path: str, **form: str) -> Response:
        return self.call("POST", path, **form)

    def call(self, method: str, path: str, **form: str) -> Response:
        override = {} if method == "POST" else {"_method": method}
        return self.send(
            "POST",
            f"/v1{path}",
            params=self._query(path) | override,
            data=form or None,
            headers=self.headers
            | {"origin": self.origin, "content-type": "application/x-www-form-urlencoded"},
        )

    def sign_in(self, email: str, password: str = PASSWORD) -> Response:
        reply = self.post("/client/sign_ins", identifier=email, password=password)
        if reply.status_code == 200:
            self.session_id = reply.json()["response"]["created_session_id"]
        return reply

    def sign_up(self, email: str, password: str = "a-fine-password") -> Response:
        begun = self.post("/client/sign_ups", email_address=email, password=password)
        path = f"/client/sign_ups/{begun.json()['response']['id']}"
        self.post(f"{path}/prepare_verification", strategy="email_code")
        done = self.post(f"{path}/attempt_verification", strategy="email_code", code=CODE)
        self.session_id = done.json()["response"]["created_session_id"]
        return done

    def switch(self, organization_id: str) -> Response:
        return self.post(
            f"/client/sessions/{self.session_id}/touch",
            active_organization_id=organization_id,
            intent="select_org",
        )

    def token(self, **form: str) -> Response:
        return self.post(f"/client/sessions/{self.session_id}/tokens", **form)

    def claims(self, **form: str) -> dict[str, Any]:
        return self.read(self.token(**form).json()["jwt"])

    def read(self, token: str) -> dict[str, Any]:
        """Verify a token's signature and issuer, but not its times: the clock is a test's own."""
        return jwt.decode(
            token,
            self.clerk.public_key_pem,
            algorithms=["RS256"],
            issuer=self.clerk.issuer,
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )

    def client(self) -> Any:
        return self.get("/client").json()["response"]

    def _query(self, path: str) -> dict[str, str]:
        named = self.session_id and not path.startswith("/client")
        return {"_clerk_session_id": self.session_id} if named and self.session_id else {}


def error(reply: Response) -> tuple[int, str, str | None]:
    """Return status, code and form field of a refusal."""
    first = reply.json()["errors"][0]
    assert first["message"]
    assert first["long_message"]
    assert reply.json()["clerk_trace_id"]
    return reply.status_code, first["code"], first["meta"].get("param_name")
