"""A portal to read from, and a client that is connected to it; both without limits, so that tests do not wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from b24orm import Limits, Portal
from b24orm.sandbox import Sandbox


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
