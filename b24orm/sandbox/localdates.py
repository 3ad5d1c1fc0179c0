"""Dates as the portal's own pages show them, which some families of methods answer instead of ISO 8601.

The documentation shows those of an English portal (``12/31/2024 11:59:59 pm``); this one is a Russian portal, as its
other texts are. Reading takes either form.
"""

from __future__ import annotations

from datetime import datetime

from b24orm.sandbox.clock import ZONE, read_datetime

__all__ = ["local", "local_of", "seconds_of"]

_FORM = "%d.%m.%Y %H:%M:%S"


def local(moment: str) -> str:
    """An ISO 8601 date and time, as the portal holds them, in the form of its pages."""
    return datetime.fromisoformat(moment).astimezone(ZONE).strftime(_FORM)


def local_of(seconds: float) -> str:
    """Seconds since the epoch in the form of the portal's pages."""
    return datetime.fromtimestamp(seconds, ZONE).strftime(_FORM)


def seconds_of(text: str) -> int | None:
    """Seconds since the epoch of a date and time in any form that the portal reads; None if it is none."""
    moment = read_datetime(text)
    return None if moment is None else int(datetime.fromisoformat(moment).timestamp())
