"""Made-up requests for a tenant that has none, with the embedded Tinybird."""

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.services import TinybirdUnavailable
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.grant import current_grant, still_holds
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.state.tenant_data import holds_tenant_data
from clerk_tinybird_app.tinybird.policy import tenant_id


@holds_tenant_data
class SampleTrafficState(rx.State):
    """Whether sample traffic is on its way, and why it did not come."""

    is_adding: bool = False
    problem: str = ""

    @rx.event(background=True)
    async def add(self) -> None:
        """Give the signed-in tenant made-up requests, if it has none of its own."""
        async with self:
            grant = await current_grant(self)
            session = (await self.get_state(SessionState))._current_session()
            has_no_rows = (await self.get_state(DashboardState)).has_no_rows
            if grant is None or session is None or self.is_adding or not has_no_rows:
                return
            self.is_adding, self.problem = True, ""
        problem = ""
        try:
            await services.current().add_sample_traffic(tenant_id(session), session.user_id)
        except TinybirdUnavailable as error:
            problem = str(error)
        async with self:
            if await still_holds(self, grant):
                self.is_adding, self.problem = False, problem
