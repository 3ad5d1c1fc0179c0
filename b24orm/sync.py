"""One lasting event-loop thread, and bridges between event loops and blocking code.

Makes `with Portal`, `for row in queryset` and `op.run_sync()` work in plain scripts, in threads and in notebooks,
where a loop runs already. Called by portal and queryset; knows neither.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

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
            threading.Thread(target=loop.run_forever, name="b24orm-loop", daemon=True).start()
            _loop = loop
        return _loop


def run_blocking(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs *work* on *loop*, which runs in another thread, and waits for its result.

    An interrupt (Ctrl-C) of the waiting thread cancels the work.

    Raises:
        ConfigurationError: *loop* runs in this very thread, so waiting for it would never end.
    """
    if _running_loop() is loop:
        raise ConfigurationError(
            "a blocking call inside the event loop that the portal lives on would never end: `await` it, or open the "
            "portal with `with Portal(...)` or `connect(...)`, which live on a loop of their own",
        )
    return _wait(asyncio.run_coroutine_threadsafe(work(), loop))


async def run_across(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs *work* on *loop* from whichever loop asks; at home without any detour. Cancelling it cancels the work."""
    if _running_loop() is loop:
        return await work()
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), loop))


async def iterate_across(loop: asyncio.AbstractEventLoop, work: Callable[[], AsyncGenerator[T]]) -> AsyncGenerator[T]:
    """Iterates over *work* on *loop* from whichever loop asks. Leaving early closes the source."""
    source = work()
    if _running_loop() is loop:
        try:
            async for item in source:
                yield item
        finally:
            await _close(source)
        return
    try:
        while True:
            item = await run_across(loop, lambda: _next(source))
            if item is _END:
                return
            yield item
    finally:
        await run_across(loop, lambda: _close(source))


def iterate_blocking(loop: asyncio.AbstractEventLoop, work: Callable[[], AsyncGenerator[T]]) -> Iterator[T]:
    """Iterates over *work* on *loop*, blocking the calling thread. Leaving early closes the source."""
    source = work()
    try:
        while True:
            item = run_blocking(loop, lambda: _next(source))
            if item is _END:
                return
            yield item
    finally:
        run_blocking(loop, lambda: _close(source))


_END: Any = object()


async def _next(source: AsyncGenerator[T]) -> T:
    try:
        return await anext(source)
    except StopAsyncIteration:  # a future cannot carry it
        end: T = _END
        return end


async def _close(source: AsyncGenerator[Any]) -> None:
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _wait(future: concurrent.futures.Future[T]) -> T:
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
