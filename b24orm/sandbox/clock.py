"""The portal's time: a clock that tests can move, and the one way dates are read and written.

The portal lives at +03:00. Every date is held as ISO text with that offset, so that text order is time order.
A bare date is held as midnight shifted by the offset (``2024-05-01T03:00:00+03:00``): this is how real portals answer
it, since they format a date as if it were midnight UTC.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from functools import lru_cache

__all__ = ["ZONE", "Clock", "iso", "read_date", "read_datetime"]

ZONE = timezone(timedelta(hours=3))
_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S%z")


class Clock:
    """Seconds since the epoch as the portal sees them."""

    def __init__(self) -> None:
        self._shift = 0.0

    def time(self) -> float:
        """The portal's time, in epoch seconds."""
        return time.time() + self._shift

    def advance(self, seconds: float) -> None:
        """Move the portal's clock forward: its buckets leak and its operating time expires."""
        self._shift += seconds


@lru_cache(maxsize=64)
def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, ZONE).isoformat()


def iso(moment: float) -> str:
    """*moment* (epoch seconds) as the portal writes it, to the second."""
    return _iso(int(moment))


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime | None:
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        for form in _FORMATS:
            try:
                moment = datetime.strptime(text, form)
                break
            except ValueError:
                continue
        else:
            return None
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
