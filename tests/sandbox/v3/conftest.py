"""A plain HTTP client of REST 3.0."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from b24orm.sandbox import Sandbox

PREFIX = "BITRIX_REST_V3_EXCEPTION_"


def at(sandbox: Sandbox, method: str) -> str:
    """The address of a method of REST 3.0 behind the webhook."""
    return sandbox.url.replace("/rest/", "/rest/api/") + method


@pytest.fixture
def ask(http: aiohttp.ClientSession) -> Callable[..., Awaitable[Any]]:
    """``await ask(sandbox, method, params)``: the ``result`` of a call that must succeed."""

    async def send(sandbox: Sandbox, method: str, params: Any = None, **headers: str) -> Any:
        async with http.post(at(sandbox, method), json=params or {}, headers=headers) as response:
            body = await response.json()
            assert response.status == 200, body
            assert set(body) == {"result", "time"}
            return body["result"]

    return send


@pytest.fixture
def refused(http: aiohttp.ClientSession) -> Callable[..., Awaitable[tuple[int, str, dict[str, str]]]]:
    """``await refused(sandbox, method, params)``: status, code and blamed fields of a call that must fail.

    The code comes without what most codes begin with; the fields are a map of names to messages.
    """

    async def send(sandbox: Sandbox, method: str, params: Any = None) -> tuple[int, str, dict[str, str]]:
        async with http.post(at(sandbox, method), json=params or {}) as response:
            body = await response.json()
            assert set(body) == {"error"}, body
            error = body["error"]
            assert error["code"]
            assert isinstance(error["message"], str)
            wrong = {problem.get("field", ""): problem["message"] for problem in error.get("validation", ())}
            return response.status, error["code"].removeprefix(PREFIX), wrong

    return send
