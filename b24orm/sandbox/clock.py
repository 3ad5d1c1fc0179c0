"""The portal's time: a clock that tests can move, and the one way dates are read and written.

The portal lives at +03:00. Every date is held as ISO text with that offset, so that text order is time order.
A bare date is held as midnight shifted by the offset (``2024-05-01T03:00:00+03:00``): this is how real portals answer
it, since they format a date as if it were midnight UTC.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from b24orm.sandbox.strtotime import strtotime

__all__ = ["ZONE", "Clock", "iso", "read_by", "read_date", "read_datetime"]

ZONE = timezone(timedelta(hours=3))


class Clock:
    """Seconds since the epoch as the portal sees them.

    Args:
        speed: how many of the portal's seconds pass while the world's clock shows one.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._started = time.time()
        self._shift = 0.0

    def time(self) -> float:
        """The portal's time, in epoch seconds: the world's when the clock was made."""
        now = time.time()
        return now + (now - self._started) * (self._speed - 1) + self._shift

    def advance(self, seconds: float) -> None:
        """Move the portal's clock forward: its buckets leak and its operating time expires."""
        self._shift += seconds


@lru_cache(maxsize=64)
def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, ZONE).isoformat()


def iso(moment: float) -> str:
    """*moment* (epoch seconds) as the portal writes it, to the second."""
    return _iso(int(moment))


_ruling: ContextVar[Clock | None] = ContextVar("the clock that words such as yesterday are read by", default=None)


def read_by(clock: Clock) -> None:
    """Let words such as ``yesterday`` mean the days of *clock*, in all that this task goes on to do."""
    _ruling.set(clock)


def _moment(text: str) -> datetime | None:
    try:
        return _iso_moment(text)
    except ValueError:
        clock = _ruling.get()
        moment = strtotime(text, datetime.fromtimestamp(time.time() if clock is None else clock.time(), ZONE))
    try:
        return None if moment is None else moment.astimezone(ZONE)
    except OverflowError:
        return None


@lru_cache(maxsize=4096)
def _iso_moment(text: str) -> datetime | None:
    moment = datetime.fromisoformat(text.strip())
    try:
        # Without a zone the portal means its own, as strtotime does.
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(ZONE)
    except OverflowError:
        return None


def read_datetime(text: str) -> str | None:
    """*text* in any of the forms that the portal reads, as it holds it; None if it is no date."""
    moment = _moment(text)
    return None if moment is None else moment.replace(microsecond=0).isoformat()


def read_date(text: str) -> str | None:
    """The day of *text* in the portal's zone, as the portal answers bare dates; None if it is no date."""
    moment = _moment(text)
    return None if moment is None else f"{moment.date().isoformat()}T03:00:00+03:00"
