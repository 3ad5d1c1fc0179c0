"""Dates as PHP's ``strtotime`` reads them: the forms that people and programs send.

Written from the PHP manual, "Supported Date and Time Formats". What has no zone is in the zone of *now*; what names a
day without a time is midnight, and what says neither takes both from *now*. A text that is not read as a whole is no
date. Left out, since no client sends them: weeks by number, days of the year, "first monday of", and words for numbers
other than "next" and "last".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

__all__ = ["strtotime"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug"),
            *("september sept sep", "october oct", "november nov", "december dec"),
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "(?P<name>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + ")"
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        ["monday mon", "tuesday tue", "wednesday wed", "thursday thu", "friday fri", "saturday sat", "sunday sun"]
    )
    for name in names.split()
}
_UNITS = {
    "sec": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "fortnight": timedelta(days=14),
}
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?!\d)",
        r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})(?!\d)",
        r"(?P<d>\d{1,2})[.-](?P<m>\d{1,2})[.-](?P<y>\d{4})(?!\d)",
        r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{2})(?![\d:])",
        r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})(?!\d)",  # with slashes the month comes first
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?=t|\s|$)",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ .-]*{_MONTH}[ .,-]*(?P<y>\d{{4}})?(?![\d:])",
        rf"{_MONTH}[ .-]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:[ ,.]+(?P<y>\d{{4}}))?(?![\d:])",
        rf"{_MONTH}[ .-]*(?P<y>\d{{4}})(?P<d>)(?!\d)",
        r"(?P<y>\d{4})-(?P<m>\d{1,2})(?P<d>)(?![\d:])",
    )
)
_TIMES = tuple(
    re.compile(pattern)
    for pattern in (
        r"t?(?P<h>\d{1,2}):(?P<i>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?(?:\s*(?P<half>[ap])\.?m\.?)?(?![\d:])",
        r"(?P<h>\d{1,2})(?P<i>)(?P<s>)\s*(?P<half>[ap])\.?m\b\.?",
        r"t(?P<h>\d{2})(?P<i>\d{2})(?P<s>\d{2})?(?P<half>)(?![\d:])",
        r"(?P<h>[01]\d|2[0-4])(?P<i>[0-5]\d)(?P<s>)(?P<half>)$",  # four digits are no year
    )
)
_ZONE = re.compile(r"(?:gmt|utc)?(?P<sign>[+-])(?P<h>\d{1,2}):?(?P<i>\d{2})?(?![\d:])|(?:gmt|utc|z)\b")
_RELATIVE = re.compile(
    r"(?P<n>[+-]?\s*\d+|next|last|this)\s*"
    r"(?P<unit>sec|second|min|minute|hour|day|week|fortnight|month|year)s?(?P<ago>\s+ago)?\b"
)
_WORD = re.compile(r"(?:now|today|midnight|noon|yesterday|tomorrow)\b")
_WEEKDAY = re.compile(rf"(?:(?P<which>next|last|this)\s+)?(?P<day>{'|'.join(_WEEKDAYS)})\b,?")
_STAMP = re.compile(r"@(-?\d+)(?:\.\d+)?$")
_SEPARATORS = " \t,"


class _Reading:
    """What the parts of a text that were read so far say."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.day: tuple[int, int, int] | None = None
        self.time: tuple[int, int, int] | None = None
        self.timed = False  # whether the text says the time, rather than a word that means midnight
        self.zone: timezone | None = None
        self.shift = timedelta()
        self.months = 0
        self.weekday: tuple[int, str] | None = None

    def part(self, text: str, at: int) -> int:
        """Read one part at *at*; returns where it ends, *at* itself if there is none."""
        # A time comes first: "10:30" begins like a date, too; a zone follows a time only.
        for pattern, take in (
            *((time, self._time) for time in _TIMES[:2]),
            *((date, self._date) for date in _DATES),
            *((time, self._time) for time in _TIMES[2:]),
            (_WORD, self._word),
            (_RELATIVE, self._relative),
            (_WEEKDAY, self._weekday),
            (_ZONE, self._zone),
        ):
            found = pattern.match(text, at)
            if found is not None and take(found):
                return found.end()
        return at

    def _date(self, found: re.Match[str]) -> bool:
        named = found.groupdict()
        month = _MONTHS[named["name"]] if named.get("name") else int(named["m"])
        year = self.now.year if named["y"] is None else int(named["y"])
        if len(named["y"] or "0000") == 2:
            year += 2000 if year < 70 else 1900
        day = int(named["d"] or 1)
        if self.day is not None or not 1 <= month <= 12 or not 0 <= day <= 31:
            return False
        self.day = (year, month, day)
        return True

    def _time(self, found: re.Match[str]) -> bool:
        hour, minute, second = int(found["h"]), int(found["i"] or 0), int(found["s"] or 0)
        if found["half"]:
            if not 1 <= hour <= 12:
                return False
            hour = hour % 12 + (12 if found["half"] == "p" else 0)
        if self.timed or hour > 24 or minute > 59 or second > 59:
            return False
        self.time, self.timed = (hour, minute, second), True
        return True

    def _zone(self, found: re.Match[str]) -> bool:
        if self.zone is not None or (found["sign"] and not self.timed):
            return False
        offset = timedelta(hours=int(found["h"] or 0), minutes=int(found["i"] or 0))
        if offset >= timedelta(hours=24):
            return False
        self.zone = timezone(-offset if found["sign"] == "-" else offset)
        return True

    def _word(self, found: re.Match[str]) -> bool:
        word = found[0]
        if word != "now":
            self.time, self.timed = (12 if word == "noon" else 0, 0, 0), False  # whatever time came before it
        self.shift += timedelta(days={"yesterday": -1, "tomorrow": 1}.get(word, 0))
        return True

    def _relative(self, found: re.Match[str]) -> bool:
        words = {"next": 1, "last": -1, "this": 0}
        count = words[found["n"]] if found["n"] in words else int(re.sub(r"\s", "", found["n"]))
        count = -count if found["ago"] else count
        unit = found["unit"]
        if unit in {"month", "year"}:
            self.months += count * (12 if unit == "year" else 1)
        else:
            self.shift += count * _UNITS[unit]
        return True

    def _weekday(self, found: re.Match[str]) -> bool:
        self.weekday = (_WEEKDAYS[found["day"]], found["which"] or "this")
        self.time = self.time or (0, 0, 0)
        return True

    def moment(self) -> datetime:
        """The moment that all parts together mean."""
        now = self.now if self.zone is None else self.now.astimezone(self.zone)
        day = self.day or (now.year, now.month, now.day)
        time = self.time or ((0, 0, 0) if self.day else (now.hour, now.minute, now.second))
        month = day[0] * 12 + day[1] - 1 + self.months
        first = datetime(month // 12, month % 12 + 1, 1, tzinfo=now.tzinfo)
        # The 31st of a month that has 30 days is the first of the next one.
        moment = first + timedelta(days=day[2] - 1, hours=time[0], minutes=time[1], seconds=time[2]) + self.shift
        if self.weekday is not None and self.day is None:
            wanted, which = self.weekday
            ahead = (wanted - moment.weekday()) % 7
            if which == "next" and ahead == 0:
                ahead = 7
            moment += timedelta(days=ahead - 7 if which == "last" else ahead)
        return moment


def strtotime(text: str, now: datetime) -> datetime | None:
    """The moment that *text* means at *now*, which has a zone; None if it means none."""
    text = text.strip().lower()
    if not text:
        return None
    try:
        stamp = _STAMP.match(text)
        if stamp is not None:
            return datetime.fromtimestamp(int(stamp[1]), UTC)
        reading, at = _Reading(now), 0
        while at < len(text):
            if text[at] in _SEPARATORS:
                at += 1
                continue
            end = reading.part(text, at)
            if end == at:
                return None
            at = end
        return reading.moment()
    except (ValueError, OverflowError, OSError):
        return None
