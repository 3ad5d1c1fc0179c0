"""One renewal of the same tokens at a time: among all portals of this process, and among processes if the store can."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from b24orm.oauth.stores import LockingStore, TokenStore

__all__ = ["asked", "turn"]

_LOOK: Final = 0.02  # seconds; those who wait may belong to different event loops and processes, so they look again
_turns: weakref.WeakKeyDictionary[Any, dict[str, threading.Lock]] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


@contextlib.asynccontextmanager
async def turn(store: TokenStore, key: str) -> AsyncGenerator[None]:
    """Enters when nobody else does anything about the tokens called *key*."""
    lock = _lock(store, key)
    takes: list[Callable[[], Callable[[], None] | None]] = [
        lambda: lock.release if lock.acquire(blocking=False) else None
    ]
    if isinstance(store, LockingStore):
        takes.append(lambda: store.try_lock(key))
    with contextlib.ExitStack() as held:
        for take in takes:
            while (release := take()) is None:  # noqa: ASYNC110 - no event reaches other loops and processes
                await asyncio.sleep(_LOOK)
            held.callback(release)
        yield


def _lock(store: TokenStore, key: str) -> threading.Lock:
    with _guard:
        try:
            return _turns.setdefault(store, {}).setdefault(key, threading.Lock())
        except TypeError:  # a store that cannot be told apart from others that are equal, or remembered at all
            return threading.Lock()


async def asked(function: Callable[..., Any], *args: Any) -> Any:
    """What a function of the program's answers, plain or ``async``; a plain one may block."""
    if inspect.iscoroutinefunction(function):
        return await function(*args)
    answer = await asyncio.to_thread(function, *args)
    return await answer if inspect.isawaitable(answer) else answer
