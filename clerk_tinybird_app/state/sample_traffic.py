"""Made-up requests for a tenant that has none, with the embedded Tinybird."""

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.dashboard.questions import any_row
from clerk_tinybird_app.services import TinybirdUnavailable
from clerk_tinybird_app.state.grant import Grant, current_grant, still_holds
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.state.tenant_data import holds_tenant_data
from clerk_tinybird_app.tinybird.client import TinybirdError
from clerk_tinybird_app.tinybird.policy import tenant_id


@holds_tenant_data
class SampleTrafficState(rx.State):
    """Whether sample traffic is on its way, and why it did not come."""

    is_adding: bool = False
    problem: str = ""

    @rx.event(background=True)
    async def add(self) -> None:
        """Give the signed-in tenant made-up requests, if it has no request of its own."""
        async with self:
            grant = await current_grant(self)
            session = (await self.get_state(SessionState))._current_session()
            if grant is None or session is None or self.is_adding:
                return
            self.is_adding, self.problem = True, ""
        problem = ""
        try:
            if not await _has_a_row(grant):
                running = services.current()
                await running.add_sample_traffic(tenant_id(session), session.user_id)
        except (TinybirdUnavailable, TinybirdError) as error:
            problem = str(error)
        finally:
            async with self:
                # Whoever's page it is by now has nothing under way.
                self.is_adding = False
                if await still_holds(self, grant):
                    self.problem = problem


async def _has_a_row(grant: Grant) -> bool:
    """Ask once more: another tab, or the tenant's backend, may have been faster."""
    running = services.current()
    asked = any_row(running.clock())
    return bool((await running.tinybird.query(asked.pipe, asked.parameters, grant.token)).rows)
