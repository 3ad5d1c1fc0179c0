"""Events of calendars, over so long a time that some are always near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pydantic_core

from b24orm.sandbox.clock import ZONE
from b24orm.sandbox.localdates import local, seconds_of
from b24orm.sandbox.seeding.words import AWKWARD, PRODUCTS

__all__ = ["events"]


def events(ids: Mapping[str, Sequence[int]], rng: Random) -> list[dict[str, Any]]:
    """Events of the webhook's user, of a group and of the company over ten years, so that some are always near."""
    first = datetime(2025, 1, 9, 9, tzinfo=ZONE)
    rows: list[dict[str, Any]] = []
    for place in range(240):
        kind, owner = (("user", 1), ("user", 1), ("group", 4), ("company_calendar", 0))[place % 4]
        begun = first + timedelta(days=15 * place, hours=rng.randint(0, 8))
        ended = begun + timedelta(hours=1)
        begins, ends = begun.isoformat(), ended.isoformat()
        text = rng.choice(("", *AWKWARD))
        rows.append(
            {
                "id": 1201 + 2 * place,
                "parent_id": 1201 + 2 * place,
                "deleted": "N",
                "cal_type": kind,
                "owner_id": owner,
                "section_id": 4 + place % 4,
                "sect_id": 4 + place % 4,
                "name": f"Встреча: {rng.choice(PRODUCTS)}",
                "description": text,
                "description_formatted": text,
                "date_from": local(begins),
                "date_to": local(ends),
                "date_from_ts_utc": seconds_of(begins),
                "date_to_ts_utc": seconds_of(ends),
                "date_from_formatted": begun.strftime("%a %b %d %Y %H:%M:%S"),
                "date_to_formatted": ended.strftime("%a %b %d %Y %H:%M:%S"),
                **dict.fromkeys(("tz_from", "tz_to"), "Europe/Moscow"),
                **dict.fromkeys(("tz_offset_from", "tz_offset_to", "user_offset_from", "user_offset_to"), 10800),
                "dt_skip_time": "N",
                "dt_length": 3600,
                "location": "",
                "color": "#9dcf00",
                "accessibility": "busy",
                "importance": "normal",
                "private_event": "N",
                "remind": pydantic_core.to_json([{"type": "min", "count": 15}]).decode(),
                "is_meeting": "N",
                "meeting_status": "H",
                "meeting_host": ids["user"][0],
                "created_by": ids["user"][0],
                "date_create": local(begins),
                "timestamp_x": local(begins),
                "version": 1,
                **dict.fromkeys(("g_event_id", "dav_exch_label", "cal_dav_label"), ""),
                **dict.fromkeys(("attendees_codes", "attendee_list", "attendees_entity_list"), "[]"),
                **dict.fromkeys(("uf_crm_cal_event", "uf_webdav_cal_event"), "[]"),
            }
        )
    return rows
