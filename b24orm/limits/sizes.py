"""`BatchSize`: how many commands of a method fit into one request without making it too long."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

__all__ = ["BatchSize"]

_RISE = 0.3  # weight of a duration above what is expected
_FALL = 0.05  # and of one below: one slow command means more than one that was quick
_LEAP = 4.0  # a single duration counts at most as this many times what is expected,
_STEP = 1.0  # plus this many seconds: one that hung for a minute does not make all batches tiny
_GOOD = 8  # batches as large as they may be, after which they may be twice as large again; more after each timeout


@dataclass(slots=True)
class _Method:
    seconds: float | None = None
    cap: int | None = None
    good: int = 0
    needed: int = _GOOD


class BatchSize:
    """Learns how long the commands of each method take. Safe to share between threads.

    Args:
        target_seconds: how long a request may be expected to last.
        maximum: how many commands the portal takes in one batch.
    """

    __slots__ = ("_lock", "_maximum", "_methods", "_target")

    def __init__(self, target_seconds: float = 20.0, maximum: int = 50) -> None:
        self._target = target_seconds
        self._maximum = maximum
        self._methods: dict[str, _Method] = {}
        self._lock = Lock()

    def observe(self, method: str, duration: float) -> None:
        """One command of *method* took *duration* seconds (``time.duration``)."""
        with self._lock:
            known = self._known(method)
            if known.seconds is None:
                known.seconds = duration
            elif duration > known.seconds:
                known.seconds += (min(duration, _LEAP * known.seconds + _STEP) - known.seconds) * _RISE
            else:
                known.seconds += (duration - known.seconds) * _FALL

    def expected(self, method: str) -> float:
        """Seconds that one command of *method* is expected to take; 0.0 if nothing is known."""
        known = self._methods.get(method.lower())
        return 0.0 if known is None or known.seconds is None else known.seconds

    def fits(self, method: str) -> int:
        """How many commands of *method* fit into one request: 1 or more, the maximum if nothing is known."""
        known = self._methods.get(method.lower())
        return self._maximum if known is None else self._fits(known)

    def too_long(self, method: str, commands: int) -> None:
        """A batch with *commands* commands of *method* ran into the timeout: half as many fit, down to 1.

        Several batches of the same size that were under way together halve it once.
        """
        with self._lock:
            known = self._known(method)
            half = max(1, commands // 2)
            known.good = 0
            if half < self._maximum and (known.cap is None or half < known.cap):
                known.cap = half
                # The next trial may cost a minute: it gets rarer with each one that went wrong.
                known.needed *= 2

    def went_well(self, method: str, commands: int) -> None:
        """A request with *commands* commands of *method* was answered in time.

        After 16 of them that were as large as allowed (32 after a second timeout, and so on), twice as many are
        allowed, until nothing is held back.
        """
        with self._lock:
            known = self._methods.get(method.lower())
            if known is None or known.cap is None or commands < self._fits(known):
                return
            known.good += 1
            if known.good >= known.needed:
                known.good = 0
                known.cap = known.cap * 2 if known.cap * 2 < self._maximum else None

    def _known(self, method: str) -> _Method:
        return self._methods.setdefault(method.lower(), _Method())

    def _fits(self, known: _Method) -> int:
        most = self._maximum if known.cap is None else known.cap
        if known.seconds is None or known.seconds * most <= self._target:
            return most
        return max(1, int(self._target / known.seconds))
