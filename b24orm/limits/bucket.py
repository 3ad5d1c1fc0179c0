"""`LeakyBucket`: when the next HTTP request may leave, so that the portal never has to refuse one.

The portal counts requests when they *arrive*: each adds one, ``rate`` of them are forgotten per second, and what
would rise above ``burst`` is refused with ``QUERY_LIMIT_EXCEEDED`` (``settings/performance/limits.md``). We know
only when they *leave*. Two things make the portal's count higher than ours:

- latency is uneven: a request that left half a second ago may arrive together with the one that leaves now;
- the portal forgets "``rate`` once per second", in steps, so up to a second later than a smooth leak would.

Both mean the same: a request may still be counted in full ``LAG`` seconds after it left. So it is poured into our
bucket only then, and until then it counts as under way. The portal can count no more than
``level(now - LAG) + requests that left in the last LAG seconds``, in whatever order they arrive: for each moment u,
of the requests since u at least ``rate * (now - u - LAG)`` are forgotten, and that sum is the maximum over all u.
This is what must stay within ``burst``. A cold bucket has nothing under way, so the whole burst may leave at once; at
saturation ``rate * LAG`` requests of the burst stay unused, which is paid once, and the full rate is kept.
"""

from __future__ import annotations

from collections import deque
from threading import Lock

from b24orm.limits.clock import Clock
from b24orm.limits.settings import Limits

__all__ = ["LAG", "LeakyBucket"]

_STEP = 1.0  # seconds by which the portal may forget later than a smooth leak would
LAG = _STEP + 0.5
"""Seconds that a request may be on its way into the portal's count: 1.0 for the portal's steps, 0.5 for latency."""

_FIRST_PENALTY = 1.0  # seconds
_LAST_PENALTY = 60.0
_ROUNDING = 1e-6  # requests; what floating-point clocks may add up to


class LeakyBucket:
    """Our view of one portal's bucket. Pure arithmetic, safe to share between threads; it never sleeps.

    The one who sends asks `wait_time`, waits so long, asks again, calls `take` at the moment the request leaves, and
    reports the answer with `accepted` or `refused`.
    """

    __slots__ = (
        "_capacity",
        "_clock",
        "_hold_until",
        "_lag",
        "_lock",
        "_penalty",
        "_poured",
        "_poured_at",
        "_rate",
        "_under_way",
    )

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._rate = 0.0 if limits.unlimited else limits.rate
        self._capacity = float(limits.burst)
        # A bucket too small for the lag gives half of itself to it, and keeps the full rate that way.
        self._lag = 0.0 if limits.unlimited else min(LAG, (limits.burst - 1) / 2 / limits.rate)
        self._under_way: deque[float] = deque()  # when each left, oldest first
        self._poured = 0.0  # the level, `_lag` seconds ago
        self._hold_until = clock.monotonic()
        self._poured_at = self._hold_until - self._lag
        self._penalty = 0.0

    @property
    def level(self) -> float:
        """How many requests the portal counts at most at this moment; 0.0 where requests are not metered."""
        with self._lock:
            self._advance()
            return self._poured + len(self._under_way)

    @property
    def penalty(self) -> float:
        """How long the latest refusal holds everything back, in seconds; 0.0 when the portal has been content."""
        return self._penalty

    def wait_time(self) -> float:
        """Seconds until one request may leave, 0.0 for at once. It grows if others take in the meantime: ask again."""
        with self._lock:
            now = self._advance()
            hold = max(0.0, self._hold_until - now)
            if not self._rate:
                return hold
            return max(hold, self._until_room())

    def take(self) -> float:
        """Account for one HTTP request. Call it when the request leaves, however many commands it carries.

        Returns:
            when it left, monotonic seconds: `refused` can use it.
        """
        with self._lock:
            now = self._advance()
            if self._rate:
                self._under_way.append(now)
            return now

    def accepted(self) -> None:
        """The portal let a request pass: the penalty of earlier refusals is halved, and soon forgotten."""
        with self._lock:
            if self._penalty and self._clock.monotonic() >= self._hold_until:
                self._penalty = self._penalty / 2 if self._penalty > _FIRST_PENALTY else 0.0

    def refused(self, left: float | None = None) -> None:
        """The portal said ``QUERY_LIMIT_EXCEEDED``: someone else behind our address fills the same bucket.

        The bucket was full then, and starts to leak within a second; nothing leaves for 1, 2, 4 … 60 seconds. What is
        under way comes on top, for it may arrive later and be counted. Refusals of several requests that were under
        way together count as one penalty.

        Args:
            left: what `take` returned for that request: it was not counted by the portal, so it is taken out again.
        """
        with self._lock:
            now = self._advance()
            if self._rate:
                if left is not None and left in self._under_way:
                    self._under_way.remove(left)
                self._poured = max(self._poured, self._capacity + self._rate * _STEP)
            if now >= self._hold_until:
                self._penalty = min(_LAST_PENALTY, self._penalty * 2 or _FIRST_PENALTY)
                self._hold_until = now + self._penalty

    def _advance(self) -> float:
        """Pour in what is no longer under way, and leak, up to `_lag` seconds ago; returns now."""
        now = self._clock.monotonic()
        upto = now - self._lag
        while self._under_way and self._under_way[0] <= upto:
            self._leak(self._under_way.popleft())
            self._poured += 1.0
        self._leak(upto)
        return now

    def _leak(self, upto: float) -> None:
        if upto > self._poured_at:
            self._poured = max(0.0, self._poured - (upto - self._poured_at) * self._rate)
            self._poured_at = upto

    def _until_room(self) -> float:
        """Seconds until one more fits, if none is taken before: the future of `_advance`, without its effects."""
        poured, at = self._poured, self._poured_at
        excess = poured + len(self._under_way) + 1.0 - self._capacity
        if excess <= _ROUNDING:
            return 0.0
        for left in self._under_way:
            # Pouring in moves a request from one addend to the other; the sum falls by what leaks in between.
            leaked = min(poured, (left - at) * self._rate)
            if leaked >= excess:
                break
            excess -= leaked
            poured += 1.0 - leaked
            at = left
        return at + excess / self._rate - self._poured_at
