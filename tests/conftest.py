"""A portal to read from, and a client that is connected to it; both without limits, so that tests do not wait."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from b24orm import Limits, Portal
from b24orm.sandbox import Sandbox

# A shell that runs us in the background makes its children ignore Ctrl-C, and theirs inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
