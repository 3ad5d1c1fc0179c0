"""The portal's two meters: the leaky bucket of requests, and the operating time of each client and method.

Facts: settings/performance/limits.md of the vendor's documentation, and section 4 of the behaviour notes. The bucket is
one of the portal and the address that asks; it gains 1 per HTTP request and leaks at a constant rate; a batch counts
once. Operating time is kept per client (webhook or application) and method in baskets of one minute of the clock, of
which the last ten count, none for longer than 600 s after its first call. The check precedes the call and refuses when
the sum is greater than the limit.

What a request used is booked at its end, if its calls of the method took more than 0.1 s together. Until then each of
its calls counts by itself, if it took more than 0.1 s alone. A call that ended in an error is not counted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable

from b24orm.limits import Limits
from b24orm.sandbox.caller import Caller
from b24orm.sandbox.refusal import out_of_time

__all__ = ["Bucket", "Buckets", "Hit", "OperatingTime"]

_BASKETS = 10  # the window consists of
_NEGLIGIBLE = 0.1


class Bucket:
    """The leaky bucket of one address' HTTP requests."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._level = 0.0
        self._at = now()

    @property
    def level(self) -> float:
        """How full the bucket is now, in requests."""
        now = self._now()
        if math.isinf(self._limits.rate):
            return 0.0
        self._level = max(0.0, self._level - (now - self._at) * self._limits.rate)
        self._at = now
        return self._level

    def admit(self) -> bool:
        """Count one request; False if the bucket would rise above its limit. A refused request adds nothing."""
        if math.isinf(self._limits.rate):
            return True
        if self.level + 1 > self._limits.burst:
            return False
        self._level += 1
        return True


class Buckets:
    """The buckets of all addresses that ask."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._buckets: dict[str, Bucket] = {}

    @property
    def level(self) -> float:
        """How full the fullest of them is now, in requests."""
        return max((bucket.level for bucket in tuple(self._buckets.values())), default=0.0)

    def admit(self, address: str) -> bool:
        """Count one request from *address*; False if its bucket is full."""
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = Bucket(self._limits, self._now)
        return bucket.admit()


class OperatingTime:
    """Server time used by each client and method within the last *window* seconds: ten minutes on real portals."""

    def __init__(self, limits: Limits, now: Callable[[], float], window: float = 600.0) -> None:
        self.limit = limits.operating
        self._window = window
        self._basket = window / _BASKETS
        self._now = now
        # By the number of the minute: when its first call began, and the seconds.
        self._baskets: defaultdict[tuple[str, str], dict[int, list[float]]] = defaultdict(dict)

    def _current(self, client: str, method: str) -> dict[int, list[float]]:
        """The baskets that count now; the others are dropped."""
        baskets = self._baskets[client, method]
        now = self._now()
        last = int(now // self._basket) - _BASKETS
        for number, (first, _) in tuple(baskets.items()):
            if number <= last or first + self._window <= now:
                del baskets[number]
        return baskets

    def used(self, client: str, method: str) -> float:
        """Seconds of *method* that have not expired."""
        return sum(basket[1] for basket in self._current(client, method).values())

    def by_method(self) -> dict[str, float]:
        """Seconds that have not expired by method, of the client that used most."""
        found: dict[str, float] = {}
        for client, method in tuple(self._baskets):
            seconds = self.used(client, method)
            if seconds:
                found[method] = max(seconds, found.get(method, 0.0))
        return found

    def reset_at(self, client: str, method: str) -> int:
        """When the oldest seconds of *method* expire, in epoch seconds."""
        baskets = self._current(client, method)
        first = baskets[min(baskets)][0] if baskets else self._now()
        return int(first + self._window)

    def add(self, client: str, method: str, seconds: float, first: float) -> None:
        """Book *seconds* of calls, the first of which began at *first*, into the basket of that minute."""
        baskets = self._current(client, method)
        basket = baskets.setdefault(int(first // self._basket), [first, 0.0])
        basket[1] += seconds


class Hit:
    """One HTTP request: who sends it, and its use of operating time, booked per method when it ends.

    Attributes:
        caller: who sends it.
        modelled: seconds that its commands took so far without using the processor; the answer waits for them.
    """

    def __init__(self, operating: OperatingTime, caller: Caller) -> None:
        self.caller = caller
        self.modelled = 0.0
        self._operating = operating
        self._calls: dict[str, list[float]] = {}  # seconds of each call that ended well, by method
        self._first: dict[str, float] = {}  # when the first of them began

    def _used(self, method: str) -> float:
        alone = sum(seconds for seconds in self._calls.get(method, ()) if seconds > _NEGLIGIBLE)
        return self._operating.used(self.caller.client, method) + alone

    def check(self, method: str) -> None:
        """Raise OPERATION_TIME_LIMIT if *method* has used up its time."""
        limit = self._operating.limit
        if limit is not None and self._used(method) > limit:
            raise out_of_time()

    def spend(self, method: str, seconds: float, began: float) -> dict[str, float]:
        """Count a call of *method* that ended well, *seconds* after it *began*; returns the operating part of ``time``.

        That part is empty where the meter is off.
        """
        if self._operating.limit is None:
            return {}
        self._calls.setdefault(method, []).append(seconds)
        self._first.setdefault(method, began)
        return self.report(method)

    def report(self, method: str) -> dict[str, float]:
        """``operating`` and ``operating_reset_at`` of *method*; empty where the meter is off."""
        if self._operating.limit is None:
            return {}
        return {
            "operating_reset_at": self._operating.reset_at(self.caller.client, method),
            "operating": self._used(method),
        }

    def close(self) -> None:
        """Book what the request used."""
        for method, calls in self._calls.items():
            if sum(calls) > _NEGLIGIBLE:
                self._operating.add(self.caller.client, method, sum(calls), self._first[method])
        self._calls.clear()
