"""One at a time: what looks for a row and creates it if there is none must not do so twice side by side."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

__all__ = ["at_most_once"]

_Key = tuple[int, type[Any], str]
_held: dict[_Key, tuple[asyncio.Lock, int]] = {}


@asynccontextmanager
async def at_most_once(portal: object, model: type[Any], lookups: Mapping[str, Any]) -> AsyncGenerator[None]:
    """Within it, nobody else of this process is in it for the same rows.

    It keeps tasks of one program apart, not programs: those need a field that the portal keeps unique.
    """
    import asyncio  # here, since programs that only define models and queries have no event loop

    key = (id(portal), model, repr(sorted(lookups.items())))
    lock, users = _held.get(key) or (asyncio.Lock(), 0)
    _held[key] = lock, users + 1
    try:
        async with lock:
            yield
    finally:
        lock, users = _held[key]
        if users == 1:
            del _held[key]
        else:
            _held[key] = lock, users - 1
