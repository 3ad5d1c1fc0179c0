"""The portal's users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from b24orm.sandbox.seeding.frame import Frame
from b24orm.sandbox.seeding.words import CITIES, FIRST_NAMES, LAST_NAMES, POSITIONS, SECOND_NAMES

__all__ = ["users"]


def users(frame: Frame) -> dict[str, Iterable[Any]]:
    """Users; the first is the owner of the webhook, and always active."""
    active = ["N" if place % 7 == 3 else "Y" for place in range(frame.n)]
    return frame.columns(
        {
            "active": active,
            "name": frame.pick(FIRST_NAMES),
            "last_name": frame.pick(LAST_NAMES),
            "second_name": frame.pick(SECOND_NAMES),
            "email": [f"user{user_id}@example.test" for user_id in frame.ids],
            "last_login": frame.moments(200),
            "date_register": frame.moments(),
            "timestamp_x": frame.moments(100),
            "last_activity_date": frame.moments(200),
            "time_zone": frame.sparse(("Europe/Moscow", "Asia/Almaty"), 0.3, ""),
            "time_zone_offset": frame.pick(("0", "7200")),
            "is_online": frame.pick("YN", (20, 80)),
            "user_type": frame.pick(("employee", "extranet"), (95, 5)),
            "personal_gender": frame.pick(("", "M", "F")),
            "personal_birthday": frame.birthdays(0.6),
            "personal_city": frame.sparse(CITIES, 0.6, ""),
            "personal_mobile": [f"+7 900 000-{n % 100:02}-{n // 100 % 100:02}" for n in frame.ids],
            "personal_photo": [file_id if file_id % 3 == 0 else None for file_id in frame.ids],
            "work_phone": frame.sparse(("+7 495 111-22-33", "8 (812) 444-55-66"), 0.5, ""),
            "work_position": frame.pick(POSITIONS),
            "uf_department": frame.pick(("[1]", "[1,3]", "[5]", "[7]")),
            "uf_employment_date": frame.days(30, 0.5),
            "uf_phone_inner": [str(100 + place) for place in range(frame.n)],
        }
    )
