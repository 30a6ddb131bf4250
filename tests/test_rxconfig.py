"""What Reflex is configured with."""

import runpy
from pathlib import Path

import pytest
import reflex as rx

RXCONFIG = Path(__file__).parent.parent / "rxconfig.py"


def _config() -> rx.Config:
    config: rx.Config = runpy.run_path(str(RXCONFIG))["config"]
    return config


def test_a_tab_has_five_minutes_to_come_back() -> None:
    assert _config().redis_token_expiration == 300


def test_redis_does_not_end_a_part_of_a_state_that_is_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REFLEX_REDIS_URL", "redis://127.0.0.1:6379")

    assert _config().redis_token_expiration == 3600
