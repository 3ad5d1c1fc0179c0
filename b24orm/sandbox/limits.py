"""The portal's two meters: the leaky bucket of requests, and the operating time of each client and method.

Facts: settings/performance/limits.md of the vendor's documentation. The bucket gains 1 per HTTP request and leaks at
a constant rate; a batch counts once. Operating time is kept per client (webhook or application) and method in ten
one-minute baskets; the check precedes the call and refuses when the sum is greater than the limit; a basket expires
600 s after its first call; a method whose total within one hit is 0.1 s or less adds nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable

from b24orm.limits import Limits
from b24orm.sandbox.caller import Caller
from b24orm.sandbox.refusal import Refusal

__all__ = ["Bucket", "Hit", "OperatingTime"]

_BASKETS = 10  # the window consists of
_NEGLIGIBLE = 0.1


class Bucket:
    """The leaky bucket of the portal's HTTP requests."""

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


class OperatingTime:
    """Server time used by each client and method within the last *window* seconds: ten minutes on real portals."""

    def __init__(self, limits: Limits, now: Callable[[], float], window: float = 600.0) -> None:
        self.limit = limits.operating
        self._window = window
        self._basket = window / _BASKETS
        self._now = now
        self._baskets: defaultdict[tuple[str, str], deque[list[float]]] = defaultdict(deque)  # [first call, seconds]

    def used(self, client: str, method: str) -> float:
        """Seconds of *method* that have not expired."""
        baskets = self._baskets[client, method]
        edge = self._now() - self._window
        while baskets and baskets[0][0] <= edge:
            baskets.popleft()
        return sum(basket[1] for basket in baskets)

    def reset_at(self, client: str, method: str) -> int:
        """When the oldest seconds of *method* expire, in epoch seconds."""
        self.used(client, method)
        baskets = self._baskets[client, method]
        return int((baskets[0][0] if baskets else self._now()) + self._window)

    def add(self, client: str, method: str, seconds: float) -> None:
        """Book *seconds* into the basket of the current minute (tenth of the window)."""
        now = self._now()
        baskets = self._baskets[client, method]
        if baskets and now - baskets[-1][0] < self._basket:
            baskets[-1][1] += seconds
        else:
            baskets.append([now, seconds])


class Hit:
    """One HTTP request: who sends it, and its use of operating time, booked per method once it exceeds 0.1 s.

    Attributes:
        caller: who sends it.
        modelled: seconds that its commands took so far without using the processor; the answer waits for them.
    """

    def __init__(self, operating: OperatingTime, caller: Caller) -> None:
        self.caller = caller
        self.modelled = 0.0
        self._operating = operating
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._booked: defaultdict[str, float] = defaultdict(float)

    def check(self, method: str) -> None:
        """Raise OPERATION_TIME_LIMIT if *method* has used up its time."""
        limit = self._operating.limit
        if limit is not None and self._operating.used(self.caller.client, method) > limit:
            raise Refusal("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)

    def spend(self, method: str, seconds: float) -> dict[str, float]:
        """Count *seconds* for *method*; returns the operating part of ``time``, empty where the meter is off."""
        if self._operating.limit is None:
            return {}
        self._seconds[method] += seconds
        if self._seconds[method] > _NEGLIGIBLE:
            self._operating.add(self.caller.client, method, self._seconds[method] - self._booked[method])
            self._booked[method] = self._seconds[method]
        return self.report(method)

    def report(self, method: str) -> dict[str, float]:
        """``operating`` and ``operating_reset_at`` of *method*; empty where the meter is off."""
        if self._operating.limit is None:
            return {}
        return {
            "operating_reset_at": self._operating.reset_at(self.caller.client, method),
            "operating": self._operating.used(self.caller.client, method),
        }
