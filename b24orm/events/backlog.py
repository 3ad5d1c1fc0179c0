"""Events that were taken and wait to be handled, where the portal is not to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from b24orm.errors import ConfigurationError
from b24orm.events.base import Event

__all__ = ["Backlog"]


class Backlog:
    """A bounded queue of events, and the workers that handle them. It lives on the event loop that first uses it.

    Args:
        handle: handles one event; it does not raise.
        size: how many may wait; whoever brings one more waits.
        workers: how many are handled at once.

    Raises:
        ConfigurationError: a number below 1.
    """

    def __init__(self, handle: Callable[[Event], Awaitable[object]], *, size: int, workers: int) -> None:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ConfigurationError(f"queue_size is a whole number of events, 1 or more, not {size!r}")
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
            raise ConfigurationError(f"concurrency is a whole number of events, 1 or more, not {workers!r}")
        self._handle = handle
        self._size = size
        self._count = workers
        self._queue: asyncio.Queue[Event] | None = None
        self._workers: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> int:
        """How many events wait now."""
        return 0 if self._queue is None else self._queue.qsize()

    async def put(self, event: Event) -> None:
        """Takes an event, as soon as there is room for it."""
        queue = self._queue
        if queue is None:
            queue = self._queue = asyncio.Queue(self._size)
            self._workers = [asyncio.create_task(self._work(queue)) for _ in range(self._count)]
        await queue.put(event)

    async def drain(self) -> None:
        """Returns when all events that were taken are handled; the workers have ended then."""
        queue = self._queue
        if queue is None:
            return
        await queue.join()
        workers, self._workers, self._queue = self._workers, [], None
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, queue: asyncio.Queue[Event]) -> None:
        while True:
            event = await queue.get()
            try:
                await self._handle(event)
            finally:
                queue.task_done()
