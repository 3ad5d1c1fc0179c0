"""`Ledger`: when a method's operating time was used, to know how much of it the portal will have forgotten later."""

from __future__ import annotations

from collections import deque

__all__ = ["WINDOW", "Ledger"]

WINDOW = 600.0
"""Seconds that the portal remembers operating time, in ten baskets (``settings/performance/limits.md``)."""

_BASKET = 0.08  # of the window; a little less than the tenth it is, as our clocks and the portal's differ
_MOST = 700  # entries


class Ledger:
    """The operating time of one method, as told by its answers.

    Attributes:
        total: seconds used, by the latest answer.
    """

    __slots__ = ("_entries", "total")

    def __init__(self) -> None:
        self.total = 0.0
        self._entries: deque[list[float]] = deque()  # [when we last heard of them, seconds], oldest first

    def tell(self, total: float, now: float, *, own: float = 0.0) -> None:
        """The method has used *total* seconds; what was not known before was used by *now*.

        *own* is what the command that tells so is expected to have cost itself: if the sum grew by less, as much was
        forgotten at the same time.
        """
        new = max(0.0, total - self.total, min(own, total))
        forgotten = self.total + new - total
        self.total = total
        if new and self._entries and int(self._entries[-1][0]) == int(now):
            self._entries[-1][0] = now
            self._entries[-1][1] += new
        elif new:
            self._entries.append([now, new])
        while forgotten > 0 and self._entries:  # the oldest first
            forgotten -= self._entries[0][1]
            if forgotten < 0:
                self._entries[0][1] = -forgotten
            else:
                self._entries.popleft()
        while len(self._entries) > _MOST:
            seconds = self._entries.popleft()[1]
            self._entries[0][1] += seconds

    def remembered(self, now: float, reset: float, window: float) -> float:
        """Seconds that the portal still counts at *now*, if it tells nothing new: an estimate on the safe side.

        Args:
            now: monotonic seconds, as all times here.
            reset: when the oldest basket is, or was, forgotten as a whole.
            window: how long the portal remembers, seconds.
        """
        return sum(seconds for at, seconds in self._entries if self._expiry(at, reset, window) > now)

    def next_change(self, now: float, reset: float, window: float) -> float:
        """When `remembered` falls for the next time after *now*; *now* if nothing is remembered."""
        expiries = (self._expiry(at, reset, window) for at, _ in self._entries)
        return min((expiry for expiry in expiries if expiry > now), default=now)

    @staticmethod
    def _expiry(at: float, reset: float, window: float) -> float:
        # A basket goes with its first call; those after the oldest one began later, and at the latest when we heard.
        return reset if at <= reset - window + _BASKET * window else at + window
