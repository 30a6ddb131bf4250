"""A worker looks at itself from time to time."""

import asyncio

import pytest

from clerk_tinybird_app.telemetry import pulse, refusals
from clerk_tinybird_app.telemetry.metrics import REGISTRY
from tests.clock import Clock


@pytest.mark.anyio
async def test_memory_and_lag_are_measured_and_refusals_summed_up_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    sums: list[float] = []
    monkeypatch.setattr(refusals, "sum_up", lambda: sums.append(clock()))
    began, lags = clock(), list[float | None]()

    async def sleep(seconds: float) -> None:
        lags.append(REGISTRY.get_sample_value("app_event_loop_lag_seconds"))
        clock.advance(seconds + 0.5)
        if len(lags) > 12:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await pulse.watch_process(sleep, clock)

    assert lags[0] == 0
    assert lags[1:] == [pytest.approx(0.5)] * 12
    assert [round(at - began) for at in sums] == [63, 126]
    memory = REGISTRY.get_sample_value("app_memory_bytes")
    assert memory
    assert memory > 10_000_000
