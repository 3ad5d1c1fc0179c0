"""One lasting event-loop thread, and bridges between event loops and blocking code.

Makes `with Portal`, `for row in queryset` and `op.run_sync()` work in plain scripts, in threads and in notebooks,
where a loop runs already. Called by portal and queryset; knows neither.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any, Generic, TypeVar

from typing_extensions import override

from b24orm.errors import ConfigurationError

__all__ = ["background_loop", "iterate_across", "iterate_blocking", "run_across", "run_blocking"]

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def background_loop() -> asyncio.AbstractEventLoop:
    """The event loop of the background thread; started at the first call, lives as long as the process."""
    global _loop
    with _lock:
        if _loop is None or _loop.is_closed():
            loop = asyncio.new_event_loop()
            running = threading.Event()
            loop.call_soon(running.set)
            threading.Thread(target=loop.run_forever, name="b24orm-loop", daemon=True).start()
            running.wait()
            _loop = loop
        return _loop


def run_blocking(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs *work* on *loop*, which runs in another thread, and waits for its result.

    An interrupt (Ctrl-C) of the waiting thread cancels the work.

    Raises:
        ConfigurationError: *loop* runs in this very thread, or not at all, so waiting for it would never end.
    """
    if _running_loop() is loop:
        raise ConfigurationError(
            "a blocking call inside the event loop that the portal lives on would never end: `await` it, or open the "
            "portal with `with Portal(...)` or `connect(...)`, which live on a loop of their own",
        )
    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    try:
        _begin(loop, work, future)
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def run_across(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs *work* on *loop* from whichever loop asks; at home without any detour. Cancelling it cancels the work.

    Raises:
        ConfigurationError: *loop* has ended.
    """
    if _running_loop() is loop:
        return await work()
    return await asyncio.wrap_future(_submit(loop, work))


def iterate_across(loop: asyncio.AbstractEventLoop, work: Callable[[], AsyncGenerator[T]]) -> AsyncGenerator[T]:
    """Iterates over *work* on *loop* from whichever loop asks. Leaving early closes the source."""
    return work() if _running_loop() is loop else _Across(loop, work)


def iterate_blocking(loop: asyncio.AbstractEventLoop, work: Callable[[], AsyncGenerator[T]]) -> Iterator[T]:
    """Iterates over *work* on *loop*, blocking the calling thread. Leaving early closes the source."""
    source = _Source(work)
    try:
        while True:
            item = run_blocking(loop, source.next)
            if item is _END:
                return
            yield item
    finally:
        # An iterator that was left lying about may be disposed of anywhere: when the interpreter ends and its threads
        # stand still already, or by a garbage collection in the very thread of the loop.
        if loop.is_running() and not sys.is_finalizing():
            closing = _submit(loop, source.close)
            if _running_loop() is not loop:
                closing.result()


_END: Any = object()


class _Source(Generic[T]):
    """An asynchronous generator that is asked from another thread, one step at a time."""

    def __init__(self, work: Callable[[], AsyncGenerator[T]]) -> None:
        self._items = work()
        self._step = asyncio.Lock()  # a step that was interrupted takes a moment to end, and closing waits for it

    async def next(self) -> T:
        async with self._step:
            try:
                return await anext(self._items)
            except StopAsyncIteration:  # a future cannot carry it
                end: T = _END
                return end

    async def close(self) -> None:
        async with self._step:
            await self._items.aclose()


class _Across(AsyncGenerator[T, None]):
    """Iteration over a source on another loop.

    A class, since asyncio knows of generators: when a loop ends it closes all of them at once, nested ones too, and
    complains about those that are being closed by others already.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Callable[[], AsyncGenerator[T]]) -> None:
        self._loop = loop
        self._source = _Source(work)

    @override
    async def asend(self, value: None) -> T:
        item = await run_across(self._loop, self._source.next)
        if item is _END:
            raise StopAsyncIteration
        return item

    @override
    async def athrow(self, typ: Any, val: Any = None, tb: Any = None) -> T:
        await self.aclose()
        raise typ if val is None else val

    @override
    async def aclose(self) -> None:
        if self._loop.is_running():
            # Shielded: whoever leaves because of a cancellation still waits until nothing is left running.
            await asyncio.shield(asyncio.wrap_future(_submit(self._loop, self._source.close)))


def _submit(
    loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, T]]
) -> concurrent.futures.Future[T]:
    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    _begin(loop, work, future)
    return future


def _begin(
    loop: asyncio.AbstractEventLoop,
    work: Callable[[], Coroutine[Any, Any, T]],
    future: concurrent.futures.Future[T],
) -> None:
    """Runs *work* on *loop* and hands what comes of it to *future*; cancelling that cancels the work.

    Unlike `asyncio.run_coroutine_threadsafe` it makes the coroutine in the loop's thread, so that an interrupt of this
    one cannot leave a coroutine behind that nobody awaits.
    """
    if not loop.is_running():
        raise ConfigurationError("the event loop that the portal was opened on has ended: open the portal anew")

    def start() -> None:
        if not future.cancelled():
            task = loop.create_task(work())
            task.add_done_callback(finish)
            future.add_done_callback(lambda _: cancel(task))

    def cancel(task: asyncio.Task[T]) -> None:
        if future.cancelled() and loop.is_running():
            loop.call_soon_threadsafe(task.cancel)

    def finish(task: asyncio.Task[T]) -> None:
        with contextlib.suppress(concurrent.futures.InvalidStateError):  # cancelled in this very moment
            if task.cancelled():
                future.cancel()
            elif (error := task.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(task.result())

    loop.call_soon_threadsafe(start)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
