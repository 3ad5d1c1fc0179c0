"""Comments, time records and checklists of the first tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from b24orm.sandbox.seeding.words import AWKWARD, COMMENTS, FIRST_NAMES, LAST_NAMES, PRODUCTS

__all__ = ["TASK_ITEMS"]

Ids = Mapping[str, Sequence[int]]
Rows = list[dict[str, Any]]

_TASKS = 8  # how many of the tasks have something
_LONG_TASK, _HOURS = 0, 55


def _day(place: int) -> str:
    return f"2025-{place % 12 + 1:02}-{place % 28 + 1:02}T10:15:00+03:00"


def _comments(ids: Ids, rng: Random) -> Rows:
    """Three of each of the first tasks."""
    texts = [text for text in (*COMMENTS, *AWKWARD) if text]
    return [
        {
            "id": 3101 + 2 * place,
            "task_id": task,
            "author_id": rng.choice(ids["user"]),
            "author_name": f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
            "author_email": "",
            "post_date": _day(place),
            "post_message": rng.choice(texts),
            "attached_objects": "{}",
        }
        for place, task in enumerate(task for task in ids["task"][:_TASKS] for _ in range(3))
    ]


def _hours(ids: Ids, rng: Random) -> Rows:
    """More than a page of the first task, two records of the next ones."""
    tasks = [
        task for place, task in enumerate(ids["task"][:_TASKS]) for _ in range(2 if place != _LONG_TASK else _HOURS)
    ]
    rows: Rows = []
    for place, task in enumerate(tasks):
        seconds = 60 * rng.randint(1, 240)
        rows.append(
            {
                "id": 11 + 2 * place,
                "task_id": task,
                "user_id": rng.choice(ids["user"]),
                "comment_text": rng.choice(("", "Звонок клиенту", *AWKWARD)),
                "seconds": seconds,
                "minutes": seconds // 60,
                "source": 2,
                **dict.fromkeys(("created_date", "date_start", "date_stop"), _day(place)),
            }
        )
    return rows


def _checklists(ids: Ids, rng: Random) -> Rows:
    """A list with three points in each of the first tasks."""
    rows: Rows = []
    for task in ids["task"][:_TASKS]:
        root = 401 + 2 * len(rows)
        for place in range(4):
            done = place > 0 and rng.random() < 0.5
            rows.append(
                {
                    "id": root + 2 * place,
                    "task_id": task,
                    "parent_id": root if place else 0,
                    "created_by": rng.choice(ids["user"]),
                    "title": rng.choice(PRODUCTS) if place else "Чек-лист 1",
                    "sort_index": max(0, place - 1),
                    "is_complete": "Y" if done else "N",
                    "is_important": "N",
                    "toggled_by": rng.choice(ids["user"]) if done else None,
                    "toggled_date": _day(place) if done else None,
                    "members": "[]",
                    "attachments": "[]",
                }
            )
    return rows


TASK_ITEMS = {"task_comment": _comments, "task_elapsed_time": _hours, "task_checklist_item": _checklists}
"""What makes the rows of each table."""
