"""A portal of an ordinary tariff over https, made for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from b24orm.sandbox import Sandbox


@pytest.fixture
async def secure() -> AsyncIterator[Sandbox]:
    async with Sandbox(deals=300, seed=1, tls=True) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []
        assert sandbox.books.refusals == 0
