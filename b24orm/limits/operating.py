"""`OperatingBudget`: the server time each method has used, and how long an exhausted one must rest.

The portal adds up the execution time of each method over ten minutes, in ten baskets of one minute, and refuses the
method (that one only) with ``OPERATION_TIME_LIMIT`` while the sum is above the limit. Each answer says in its
``time`` block how much is used (``operating``, seconds) and when the oldest basket is forgotten
(``operating_reset_at``, seconds since the epoch). Source: ``settings/performance/limits.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from b24orm.limits.clock import Clock
from b24orm.limits.settings import Limits

__all__ = ["OperatingBudget"]

_CAUTION = 0.95  # of the limit: what is under way would carry it over
_UNKNOWN_REST = 60.0  # seconds, one basket: the portal did not say how long
_LONGEST_REST = 600.0  # seconds, the whole window: nothing is remembered longer


@dataclass(slots=True)
class _Method:
    used: float = 0.0
    reset_at: float = 0.0  # by the portal's clock
    rest_until: float = 0.0  # by our monotonic clock; when `used` is no longer what the portal counts
    blocked: bool = False


class OperatingBudget:
    """What the portal told about each method's server time. Safe to share between threads; it never sleeps."""

    __slots__ = ("_ceiling", "_clock", "_lock", "_methods")

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._clock = clock
        self._ceiling = None if limits.operating is None else limits.operating * _CAUTION
        self._lock = Lock()
        self._methods: dict[str, _Method] = {}

    @property
    def operating(self) -> dict[str, float]:
        """The latest known operating time of each method (lower case), in seconds."""
        with self._lock:
            return {name: method.used for name, method in self._methods.items()}

    def observe(
        self, method: str, operating: float, reset_at: float | None = None, *, portal_time: float | None = None
    ) -> None:
        """Learn from the ``time`` block of one command's answer.

        Args:
            method: the REST method, in any case.
            operating: ``time.operating``, seconds.
            reset_at: ``time.operating_reset_at``, epoch seconds; None if the portal did not send it.
            portal_time: ``time.finish``, epoch seconds: makes the rest independent of how our clocks differ.
        """
        with self._lock:
            known = self._methods.setdefault(method.lower(), _Method())
            now = self._clock.monotonic()
            if reset_at is not None and now < known.rest_until:
                # Answers overtake each other; the oldest basket only ever gets younger, and grows until it is dropped.
                if reset_at < known.reset_at:
                    return
                if reset_at == known.reset_at:
                    operating = max(operating, known.used)
                    known.used = operating
                    return
            known.used = operating
            known.reset_at = reset_at or 0.0
            known.rest_until = now + self._rest(reset_at, portal_time)
            known.blocked = False

    def blocked(self, method: str, reset_at: float | None = None, *, portal_time: float | None = None) -> None:
        """The portal refused *method* with ``OPERATION_TIME_LIMIT``: let it rest.

        Until *reset_at* (epoch seconds) if given and still ahead, otherwise until the reset that the last answer
        announced, otherwise for 60 seconds; never longer than the window of 600 seconds.
        """
        with self._lock:
            known = self._methods.setdefault(method.lower(), _Method())
            known.blocked = True
            now = self._clock.monotonic()
            if reset_at is not None or known.rest_until <= now:
                known.rest_until = now + self._rest(reset_at, portal_time)

    def wait_time(self, method: str) -> float:
        """Seconds that *method* must rest; 0.0 if it may be called. No other method waits for it."""
        with self._lock:
            known = self._methods.get(method.lower())
            if known is None:
                return 0.0
            if not known.blocked and (self._ceiling is None or known.used <= self._ceiling):
                return 0.0
            return max(0.0, known.rest_until - self._clock.monotonic())

    def _rest(self, reset_at: float | None, portal_time: float | None) -> float:
        if reset_at is None:
            return _UNKNOWN_REST
        rest = reset_at - (self._clock.time() if portal_time is None else portal_time)
        return min(rest, _LONGEST_REST) if rest > 0 else _UNKNOWN_REST
