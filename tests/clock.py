"""A clock that a test moves."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Seconds since the epoch, moved by hand."""

    now: float

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
