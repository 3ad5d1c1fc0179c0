from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from b24orm import Limits
from b24orm.limits import SystemClock
from b24orm.sandbox import Sandbox


class HurriedClock(SystemClock):
    """Real time, but sleeping takes none of it: it moves this clock forward instead."""

    __slots__ = ("ahead", "portal", "slept")

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []
        self.portal: Sandbox | None = None  # whose clock moves along

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def time(self) -> float:
        return super().time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ahead += seconds
        if self.portal is not None:
            self.portal.advance(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> HurriedClock:
    """Lets every portal of the test wait without waiting."""
    clock = HurriedClock()
    monkeypatch.setattr("b24orm.engine.dispatcher.SystemClock", lambda: clock)
    return clock


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A fresh portal of 700 deals without limits."""
    with Sandbox(deals=700, seed=5, limits=Limits.none()) as portal:
        yield portal
