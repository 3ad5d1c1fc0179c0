"""A clock that only moves when told to."""

from __future__ import annotations


class VirtualClock:
    def __init__(self, *, epoch: float = 1_700_000_000.0) -> None:
        self.now = 0.0
        self.epoch = epoch

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.epoch + self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def advance(self, seconds: float) -> None:
        self.now += seconds
