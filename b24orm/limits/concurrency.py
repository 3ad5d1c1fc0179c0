"""`Concurrency`: how many HTTP requests may be under way at once, adapted to what the portal can take."""

from __future__ import annotations

from threading import Lock

from b24orm.limits.clock import Clock

__all__ = ["Concurrency"]

_TARGET = 20.0  # seconds; a request may last 60 s in the cloud
_CROWDED = 2.0  # times the best seen: what is under way queues at the portal
_AGE = 0.1  # weight of a new request in the best, where that was seen: slower work becomes the measure
_SMOOTH = 0.3  # weight of a new request


class _Pace:
    """Seconds per command of requests of about one size."""

    __slots__ = ("best", "best_at", "latest")

    def __init__(self, seconds: float, limit: int) -> None:
        self.latest = self.best = seconds
        self.best_at = limit


class Concurrency:
    """The limit of requests under way: grows while that helps, shrinks when the portal shows trouble or queues.

    Safe to share between threads; it never sleeps.

    Args:
        maximum: the limit never rises above this, 1 or more.
        start: the limit to begin with.
        clock: whose ``monotonic`` tells when requests landed.
    """

    __slots__ = ("_clock", "_cut_at", "_level", "_lock", "_maximum", "_paces")

    def __init__(self, maximum: int, *, start: int = 4, clock: Clock) -> None:
        self._clock = clock
        self._maximum = max(1, maximum)
        self._level = float(min(max(1, start), self._maximum))
        self._cut_at: float | None = None
        self._paces: dict[int, _Pace] = {}
        self._lock = Lock()

    @property
    def limit(self) -> int:
        """How many requests may be under way at once, 1 or more."""
        return int(self._level)

    def landed(
        self,
        seconds: float,
        *,
        commands: int = 1,
        trouble: bool = False,
        departed_at: float | None = None,
        under_way: int | None = None,
    ) -> None:
        """Learn from one HTTP request, however it ended.

        Args:
            seconds: how long it was under way.
            commands: how many commands it carried.
            trouble: whether it ended in a timeout, a lost connection or the status 502, 503 or 504.
            departed_at: when it left, monotonic seconds; *seconds* ago if not given.
            under_way: how many were under way when it landed, itself included; the limit does not grow while it is
                not made use of. None if that is not known.
        """
        with self._lock:
            departed = self._clock.monotonic() - seconds if departed_at is None else departed_at
            if self._cut_at is not None and departed < self._cut_at:
                return  # it says what the cut was made for, once more
            if trouble:
                self._cut(self._level / 2)
            elif seconds > _TARGET or self._crowded(seconds / max(1, commands), commands):
                self._cut(int(self._level) - 1)
            elif under_way is None or under_way >= self.limit:
                self._level = min(float(self._maximum), self._level + 1 / self._level)

    def _cut(self, level: float) -> None:
        self._level = max(1.0, level)
        self._cut_at = self._clock.monotonic()

    def _crowded(self, seconds: float, commands: int) -> bool:
        """Whether a command takes much longer than at a lower limit."""
        limit = self.limit
        size = max(1, commands).bit_length()  # a command of a full batch costs less than a call of its own
        pace = self._paces.get(size)
        if pace is None:
            self._paces[size] = _Pace(seconds, limit)
            return False
        pace.latest += (seconds - pace.latest) * _SMOOTH
        if pace.latest <= pace.best:
            pace.best, pace.best_at = pace.latest, limit
        elif limit <= pace.best_at:
            pace.best += (pace.latest - pace.best) * _AGE
        return limit > pace.best_at and pace.latest > pace.best * _CROWDED
