"""A portal to read from, shared by a module; a small one to write to, made for one test; and a plain HTTP client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

Call = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module")
def portal() -> Iterator[Sandbox]:
    """600 deals, no limits. Tests may not change it."""
    with Sandbox(deals=600, seed=7, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
async def small() -> AsyncIterator[Sandbox]:
    """20 deals, no limits, for tests that write."""
    async with Sandbox(
        deals=20, leads=20, contacts=20, companies=20, quotes=5, invoices=5, limits=Limits.none()
    ) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def call(http: aiohttp.ClientSession) -> Call:
    """``await call(sandbox, method, params)``: a POST with a JSON body; the answer's body with the status in it."""

    async def send(sandbox: Sandbox, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        async with http.post(sandbox.url + method, json=params or {}) as response:
            body = await response.json()
            assert isinstance(body, dict)
            return {"status": response.status, **body}

    return send


@pytest.fixture
def items(call: Call) -> Callable[..., Awaitable[list[int]]]:
    """``await items(sandbox, filter, **more)``: the ids of the deals that crm.item.list finds, by id, all of them."""

    async def read(sandbox: Sandbox, condition: Any, entity_type_id: int = 2, **more: Any) -> list[int]:
        found: list[int] = []
        while True:
            answer = await call(
                sandbox,
                "crm.item.list",
                {
                    "entityTypeId": entity_type_id,
                    "useOriginalUfNames": "Y",
                    "select": ["id"],
                    "order": {"id": "ASC"},
                    "filter": condition,
                    "start": len(found),
                    **more,
                },
            )
            assert "result" in answer, answer
            found += [row["id"] for row in answer["result"]["items"]]
            if "next" not in answer:
                assert len(found) == answer["total"]
                return found

    return read
