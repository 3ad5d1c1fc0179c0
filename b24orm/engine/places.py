"""`Places`: which files may travel, among all requests that are under way at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

__all__ = ["Place", "Places"]


class Place:
    """One of the requests that may be under way at once.

    Attributes:
        left: when it left, monotonic seconds.
    """

    __slots__ = ("_freed", "left")

    def __init__(self, left: float, freed: Callable[[], None]) -> None:
        self.left = left
        self._freed: Callable[[], None] | None = freed

    def leave(self) -> None:
        """From now on another request may have the place. Leaving twice is harmless."""
        freed, self._freed = self._freed, None
        if freed is not None:
            freed()


class Places:
    """Who waits to transfer a file, and how many are at it.

    Args:
        changed: called when somebody comes or goes.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._waiting: deque[asyncio.Future[Place]] = deque()
        self._stepped_back = False  # whether the last turn went to a command
        self.taken = 0

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[Place]:
        """A place, as soon as one is given; until the end of the block, or until it is left."""
        turn: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._changed()
        try:
            place = await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                turn.result().leave()  # given in the very moment in which nobody wanted it any more
            raise
        try:
            yield place
        finally:
            place.leave()

    def wanted(self, limit: int, *, beside: Callable[[], bool] | None = None) -> bool:
        """Whether the next request may be a file.

        Files take long, so they leave one place to commands, unless there is but one.

        Args:
            limit: how many requests may be under way at once.
            beside: whether a command could leave as well: they take turns then.
        """
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        if not self._waiting or self.taken >= max(1, limit - 1):
            return False
        if beside is None:
            return True
        self._stepped_back = not self._stepped_back and beside()
        return not self._stepped_back

    def give(self, left: float) -> None:
        """The first in line may leave, since `wanted` said so just now; *left* is the moment."""
        self.taken += 1
        self._waiting.popleft().set_result(Place(left, self._freed))

    def break_off(self, error: Exception) -> None:
        """Nobody will get a place any more."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(error)

    def _freed(self) -> None:
        self.taken -= 1
        self._changed()
