"""`RetryBudget` and `backoff`: how often, and when, a portal is asked again after a failure.

The budget is that of the whole portal, not of a command: while a few requests fail among many that succeed it never
runs out, and a portal that is down gets a bounded number of retries, however many commands wait for it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Lock

__all__ = ["RetryBudget", "backoff"]

_ROUNDING = 1e-9  # tokens


class RetryBudget:
    """A bucket of tokens: a retried request costs one, each request that succeeds gives some back.

    Safe to share between threads.

    Args:
        start: tokens to begin with.
        earned: tokens for each success. With 0.6, a fault at every third request still gains 0.2 per three requests.
        most: tokens are not saved beyond this; it is how many retries a portal gets that went down.
    """

    __slots__ = ("_earned", "_lock", "_most", "_tokens")

    def __init__(self, start: float = 20.0, *, earned: float = 0.6, most: float = 60.0) -> None:
        self._tokens = min(start, most)
        self._earned = earned
        self._most = most
        self._lock = Lock()

    @property
    def left(self) -> float:
        """How many tokens there are."""
        return self._tokens

    def earn(self) -> None:
        """A request succeeded."""
        with self._lock:
            self._tokens = min(self._most, self._tokens + self._earned)

    def spend(self) -> bool:
        """Pay for sending one request again; False if that is no longer allowed."""
        with self._lock:
            if self._tokens < 1.0 - _ROUNDING:
                return False
            self._tokens = max(0.0, self._tokens - 1.0)
            return True


def backoff(
    attempt: int, *, first: float = 0.5, last: float = 30.0, jitter: Callable[[], float] = random.random
) -> float:
    """Seconds to wait after a failed attempt: twice as long each time, of which the second half is up to chance.

    Args:
        attempt: how many attempts failed so far, 1 or more.
        first: the longest wait after the first one, seconds.
        last: the longest wait at all, seconds.
        jitter: a number from 0 to 1, so that not all clients come back at the same moment.
    """
    longest: float = min(last, first * 2.0 ** min(max(0, attempt - 1), 60))
    return longest * (0.5 + 0.5 * jitter())
