"""Takes events to their handlers: POST requests as forms, one attempt each, in order for each handler.

Facts: api-reference/events/index.md. A real portal hands events to a queue server, which calls the handlers a little
later; what is not answered by 2xx is written down and not sent again. Here no REST answer waits for a delivery either.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import aiohttp

from b24orm.sandbox.books import Books, Delivery
from b24orm.sandbox.php import entries, is_array, strval

__all__ = ["Courier", "Parcel", "form_of"]

TIMEOUT = 10.0
"""Seconds that a handler may take; how long a real portal waits is not documented."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """An event on its way: the handler's address, and the fields of the form once it leaves."""

    event: str
    handler: str
    fields: Callable[[], Mapping[str, Any]]
    after: float = 0.0


def form_of(fields: Mapping[str, Any]) -> str:
    """What PHP's ``http_build_query`` makes of *fields*: nested keys in brackets, true is 1; null and what is empty is
    left out."""
    return "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in _pairs("", fields))


def _pairs(prefix: str, value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not is_array(value):
        return [(prefix, "0" if value is False else strval(value))]
    return [pair for key, one in entries(value) for pair in _pairs(f"{prefix}[{key}]" if prefix else key, one)]


class Courier:
    """Delivers while it runs; what is given to it before waits until then. Parcels may come from any thread."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._changed = threading.Condition()
        self._pending = 0
        self._waiting: dict[str, deque[Parcel]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Delivers until the end of the block; what is still under way then is dropped."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as self._session:
            self._loop = asyncio.get_running_loop()
            self._start()
            try:
                yield
            finally:
                self._loop = None
                tasks = list(self._tasks.values())
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                with self._changed:
                    self._pending = 0
                    self._waiting.clear()
                    self._changed.notify_all()

    def send(self, parcel: Parcel) -> None:
        """Takes a parcel; returns at once."""
        with self._changed:
            self._pending += 1
            self._waiting.setdefault(parcel.handler, deque()).append(parcel)
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop ends in this very moment
                loop.call_soon_threadsafe(self._start)

    def wait(self, timeout: float) -> bool:
        """Blocks until nothing is under way; False if that takes longer than *timeout* seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pending == 0, timeout)

    def _start(self) -> None:
        with self._changed:
            handlers = [handler for handler, waiting in self._waiting.items() if waiting]
        for handler in handlers:
            if handler not in self._tasks:
                self._tasks[handler] = asyncio.create_task(self._deliver(handler))

    async def _deliver(self, handler: str) -> None:
        try:
            while True:
                with self._changed:
                    waiting = self._waiting.get(handler)
                    if not waiting:
                        return
                    parcel = waiting.popleft()
                status = await self._post(parcel)
                self._books.delivered(Delivery(parcel.event, handler, status))
                with self._changed:
                    self._pending -= 1
                    self._changed.notify_all()
        finally:
            self._tasks.pop(handler, None)

    async def _post(self, parcel: Parcel) -> int:
        if parcel.after:
            await asyncio.sleep(parcel.after)
        assert self._session is not None
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Bitrix24 Webhook Engine"}
        body = form_of(parcel.fields()).encode()
        try:
            async with self._session.post(parcel.handler, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return 0
