"""The Tinybird token on the page: minted when the session calls for it, shown, withdrawn."""

from typing import Any, Final

import reflex as rx

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.tenant_data import holds_tenant_data
from clerk_tinybird_app.tinybird.claim_lines import ClaimLine, claim_lines, claims_json
from clerk_tinybird_app.tinybird.example import LANGUAGES, example_requests
from clerk_tinybird_app.tinybird.token import TinybirdToken, decode
from clerk_tinybird_app.tinybird.workspace import Workspace

_SHOWN: Final = 16


@holds_tenant_data
class TokenState(rx.State):
    """The token that the page shows. Times are seconds since the epoch, 0 without a token."""

    value: str = ""
    claims_json: str = ""
    claim_lines: list[ClaimLine] = []
    issued_at: int = 0
    expires_at: int = 0
    is_anonymous: bool = False
    examples: dict[str, str] = dict.fromkeys(LANGUAGES, "")

    _minted: TinybirdToken | None = None

    @rx.var
    def short_value(self) -> str:
        """The token's beginning, for a readable example."""
        return f"{self.value[:_SHOWN]}…" if self.value else ""

    def _follow(self, session: ClerkSession, running: Services) -> None:
        """Show a token for ``session``, minting when it changed or little life is left."""
        kept = self._minted
        scopes = running.product.policy.scopes(session)
        if (
            kept is None
            or not kept.is_made_for(session, scopes)
            or not kept.is_fresh(running.clock())
        ):
            self._mint(session, running)

    def _scopes(self) -> list[dict[str, Any]]:
        """Return the scopes of the token that the page shows, none without one."""
        scopes: list[dict[str, Any]] = list(self._minted.claims["scopes"]) if self._minted else []
        return scopes

    def _mint(self, session: ClerkSession, running: Services) -> None:
        workspace = running.workspace
        minted = running.mint(session, now=running.clock())
        self.reset()
        self._minted = minted
        self.value = minted.value
        self.issued_at, self.expires_at = minted.issued_at, minted.expires_at
        # Decoded from the token itself, so that what is shown cannot differ from what is sent.
        claims = decode(minted.value, workspace)
        self.claims_json, self.claim_lines = claims_json(claims), claim_lines(claims)
        self.examples = example_requests(workspace.api_url)

    def _show_anonymous(self, key: str, workspace: Workspace) -> None:
        """Show the anonymous key, or nothing without one."""
        self.reset()
        if key:
            self.value, self.is_anonymous = key, True
            self.examples = example_requests(workspace.api_url)
