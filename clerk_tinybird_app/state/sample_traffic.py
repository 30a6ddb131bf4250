"""Made-up rows for a tenant that has none, with the embedded Tinybird."""

from collections.abc import Collection

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.dashboard.questions import any_row
from clerk_tinybird_app.dashboard.times import Tick
from clerk_tinybird_app.services import TinybirdUnavailable
from clerk_tinybird_app.state.grant import (
    UNCONFIRMED,
    AskingState,
    Grant,
    answering,
    ask,
    asking,
    end_turn,
)
from clerk_tinybird_app.state.queries import StoppedError
from clerk_tinybird_app.state.session import holds_tenant_data
from clerk_tinybird_app.tinybird.client import TinybirdError


@holds_tenant_data
class SampleTrafficState(AskingState, rx.State):
    """Whether sample traffic is on its way, and why it did not come."""

    is_adding: bool = False
    problem: str = ""

    @rx.event(background=True)
    async def add(self) -> None:
        """Give the signed-in tenant made-up rows, if it has none of its own: a developer's tool."""
        if not services.current().settings.shows_token_page:
            return
        async with asking(self) as grant:
            if grant is None:
                self.problem = UNCONFIRMED.message
                return
            if self.is_adding:
                return
            turn = self._take_turn()
            self.is_adding, self.problem = True, ""
        try:
            problem = await self._add(grant)
            async with answering(self, grant, turn):
                self.problem = problem
        except StoppedError:
            return
        finally:
            await end_turn(self, turn, is_adding=False)

    def _let_go(self, pipes: Collection[str], allowed: Collection[str]) -> None:
        """Keep what it says, which is of no pipe."""

    async def _add(self, grant: Grant) -> str:
        """Return why nothing was added, "" when it was or need not be."""
        running = services.current()
        # Once more: another tab, or the tenant's backend, may have been faster.
        tick = Tick.of(running.clock(), 1)
        asked = any_row(running.product.dashboard, tick, services.pipe_parameters())
        answer = await ask(self, grant, asked.pipe, asked.parameters)
        if isinstance(answer, TinybirdError):
            return str(answer)
        try:
            if not answer.rows:
                await running.add_sample_traffic(grant.tenant_id, grant.user_id)
        except TinybirdUnavailable as error:
            return str(error)
        return ""
