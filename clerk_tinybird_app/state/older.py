"""The rows below a list of records, which a viewer asks for."""

import reflex as rx

from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.grant import (
    UNCONFIRMED,
    AskingState,
    answering,
    ask,
    asking,
    end_turn,
)
from clerk_tinybird_app.state.lists import LISTS
from clerk_tinybird_app.state.queries import StoppedError
from clerk_tinybird_app.state.session import holds_tenant_data
from clerk_tinybird_app.state.wording import told
from clerk_tinybird_app.tinybird.client import TinybirdError


@holds_tenant_data
class OlderState(AskingState, rx.State):
    """What is being loaded: ``loading`` is a list's key, its search and the view's address.

    It is "" while nothing is.
    """

    loading: str = ""

    @rx.event(background=True)
    async def load_older(self, panel: str) -> None:
        """Ask for the next rows below a list."""
        if panel not in LISTS:
            return
        async with asking(self) as grant:
            board = await self.get_state(DashboardState)
            if grant is None:
                board._tell_list(panel, problem=UNCONFIRMED.message)
                return
            asked = board._older_question(panel)
            loading = board._list_and_view(panel)
            if asked is None or self.loading == loading:
                return
            turn = self._take_turn()
            self.loading = loading
            board._tell_list(panel, problem="")
        try:
            answer = await ask(self, grant, LISTS[panel].pipe, asked)
            async with answering(self, grant, turn):
                board = await self.get_state(DashboardState)
                if loading != board._list_and_view(panel):
                    return
                if isinstance(answer, TinybirdError):
                    board._tell_list(panel, problem=told(answer).message)
                else:
                    board._take_older(panel, asked, answer.rows)
        except StoppedError:
            return
        finally:
            await end_turn(self, turn, loading="")
