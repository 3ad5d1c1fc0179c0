"""`Throttle`: the foot off, for as long as somebody asks for it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

from b24orm.limits.clock import Clock
from b24orm.limits.settings import Limits

__all__ = ["Throttle"]

NO_LIMIT = 1_000_000  # requests under way: more than anyone has


class Throttle:
    """While it is active, few requests are under way at once and they leave at an even pace, without any burst.

    It comes on top of the bucket. Those who ask for it may overlap, the strictest counts, and it ends with the last of
    them. Safe to share between threads; it never sleeps.

    Args:
        limits: of the portal: unless told otherwise, half its rate is used; one request a second if it has none.
        clock: whose ``monotonic`` tells when requests left.
    """

    __slots__ = ("_active", "_clock", "_left_at", "_lock", "_rate")

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._clock = clock
        self._rate = 1.0 if limits.unlimited else limits.rate / 2
        self._active: Counter[tuple[int, float]] = Counter()
        self._left_at = -math.inf
        self._lock = Lock()

    @contextmanager
    def slow(self, *, concurrency: int = 1, rate: float | None = None) -> Generator[None]:
        """Be slow until the block is left.

        Args:
            concurrency: how many requests may be under way at once, 1 or more.
            rate: how many may leave in a second, above zero.
        """
        wish = (max(1, concurrency), self._rate if rate is None else rate)
        with self._lock:
            self._active[wish] += 1
        try:
            yield
        finally:
            with self._lock:
                self._active[wish] -= 1
                self._active += Counter()  # drops what nobody wishes any more

    @property
    def active(self) -> bool:
        """Whether anybody asks to be slow."""
        return bool(self._active)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once; more than anyone has while it is not active."""
        with self._lock:
            return min((concurrency for concurrency, _ in self._active), default=NO_LIMIT)

    @property
    def rate(self) -> float:
        """How many requests may leave in a second; infinite while it is not active."""
        with self._lock:
            return min((rate for _, rate in self._active), default=math.inf)

    def wait_time(self) -> float:
        """Seconds until one request may leave, 0.0 for at once."""
        return max(0.0, self._left_at + 1 / self.rate - self._clock.monotonic())

    def take(self) -> None:
        """Account for one HTTP request. Call it when the request leaves, active or not."""
        self._left_at = self._clock.monotonic()
