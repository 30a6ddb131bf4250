"""A server of the states, for tests that bring a Tinybird of their own."""

from collections.abc import AsyncIterator

import pytest

from clerk_tinybird_app.services import Services
from tests.state.tab import AnswersQueries, Server, served


@pytest.fixture
async def server(
    running: Services, tinybird: AnswersQueries, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Server]:
    async with served(running, tinybird, monkeypatch) as server:
        yield server
