"""A portal to read from, and a client that is connected to it; both without limits, so that tests do not wait."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from b24orm import Limits, Portal
from b24orm.limits import SystemClock
from b24orm.sandbox import Sandbox

# A shell that runs us in the background makes its children ignore Ctrl-C, and theirs inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the tests, slow ones go first, so that none is left to wait for at the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """260 deals with holes in their ids. Tests of a module share it, and may not change it."""
    with Sandbox(deals=260, seed=5, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
async def portal(sandbox: Sandbox) -> AsyncIterator[Portal]:
    """The current portal of the test, at the module's sandbox."""
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        yield portal
