"""What the tables of REST 3.0 hold from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

__all__ = ["SEEDS"]

Ids = Mapping[str, Sequence[int]]

_EVENTS = 130
_DAYS = 70
_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
_KINDS = (
    ("SECURITY", "USER_AUTHORIZE", "main", "/bitrix/tools/oauth/bitrix24net.php"),
    ("SECURITY", "USER_LOGOUT", "main", "/auth/"),
    ("INFO", "FILE_CHANGE", "fileman", "/docs/"),
    ("WARNING", "USER_EDIT", "main", "/company/personal/user/1/edit/"),
)


def events(ids: Ids, rng: Random) -> list[dict[str, Any]]:
    """The event log: ids and times ascend together, and have holes."""
    rows: list[dict[str, Any]] = []
    row_id, minute = 4100, 0
    for _ in range(_EVENTS):
        row_id += rng.choice((1, 1, 1, 2, 7))
        minute += rng.randint(1, 40)
        severity, kind, module, address = rng.choice(_KINDS)
        user = rng.choice(ids["user"])
        rows.append(
            {
                "id": row_id,
                "timestamp_x": f"2026-01-{20 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:24+03:00",
                "severity": severity,
                "audit_type_id": kind,
                "module_id": module,
                "item_id": str(user),
                "remote_addr": f"203.0.113.{rng.randint(1, 250)}",
                "user_agent": _AGENT,
                "request_uri": address,
                "site_id": "s1",
                "user_id": user,
                "guest_id": 0,
                "description": f'{{"userId":{user},"method":"external"}}',
            }
        )
    return rows


def time_records(ids: Ids, rng: Random) -> list[dict[str, Any]]:
    """Seventy days of work of the first two users."""
    rows: list[dict[str, Any]] = []
    for day in range(_DAYS):
        for user in ids["user"][:2]:
            hour, minute, pause = rng.randint(8, 10), rng.randint(0, 59), rng.choice((0, 1800, 3600))
            date = f"2026-{3 + day // 28:02}-{day % 28 + 1:02}"
            rows.append(
                {
                    "id": 101 + 3 * len(rows),
                    "user_id": user,
                    "start_time": f"{date}T{hour:02}:{minute:02}:00+03:00",
                    "end_time": f"{date}T{hour + 8:02}:{minute:02}:00+03:00",
                    "duration": 8 * 3600 - pause,
                    "break_length": pause,
                    "state": "closed",
                    "is_approved": rng.choice("YYN"),
                }
            )
    return rows


_BASES = ("Регламенты", "Product documentation", "Рецепты & советы")
_CHAPTERS = ("Введение", "Chapter 1", "Как принимать заказ", "Ordering", "Возврат денег")


def collections(ids: Ids, rng: Random) -> list[dict[str, Any]]:
    """Knowledge bases, two of which share a position."""
    return [
        {"id": 11 + 4 * place, "name": name, "position": 100 if place else 50, "policy_level": "view"}
        | _stamps(ids, rng)
        for place, name in enumerate(_BASES)
    ]


def documents(ids: Ids, rng: Random) -> list[dict[str, Any]]:
    """A tree of documents in each base: two chapters, the others below the first."""
    rows: list[dict[str, Any]] = []
    for base in range(len(_BASES)):
        first = 21 + 20 * base
        for place, title in enumerate(_CHAPTERS):
            rows.append(
                {
                    "id": first + 2 * place,
                    "collection_id": 11 + 4 * base,
                    "parent_id": None if place < 2 else first,
                    "title": title,
                    "markdown": f"# {title}\n\nТекст главы {place + 1}. Borscht recipe {base + 1}.",
                    "position": place + 1,
                    **_stamps(ids, rng),
                }
            )
    return rows


def _stamps(ids: Ids, rng: Random) -> dict[str, Any]:
    author = rng.choice(ids["user"])
    made, changed = "2026-04-20T15:00:00+03:00", f"2026-04-{rng.randint(21, 28)}T12:15:30+03:00"
    return {"created_by": author, "created_at": made, "updated_by": author, "updated_at": changed}


SEEDS = {
    "event_log": events,
    "timeman_record": time_records,
    "note_collection": collections,
    "note_document": documents,
}
"""What makes the rows of a table, of the ids of other tables and a generator."""
