"""Departments, tasks and the disk: what people have to do with each other outside the CRM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from b24orm.sandbox.files import made_up
from b24orm.sandbox.seeding.words import AWKWARD, PRODUCTS

__all__ = ["TASK_IDS", "departments", "disk_objects", "disk_storages", "tasks"]

TASK_IDS = range(41, 10**9, 2)
"""The ids of tasks, of as many as there are."""

# The users of the sandbox are in departments 1, 3, 5 and 7.
_DEPARTMENTS = (
    (1, "ООО «Песочница»", None),
    (3, "Отдел продаж", 1),
    (5, "Бухгалтерия", 1),
    (7, "Разработка & поддержка", 1),
    (9, "Первая линия", 7),
    (12, "Marketing", 1),
)


def departments(ids: Mapping[str, Sequence[int]], rng: Random) -> list[dict[str, Any]]:
    """A tree with one root."""
    users = ids["user"]
    return [
        {"id": one, "name": name, "sort": 500, "parent": parent, "uf_head": rng.choice((*users, None))}
        for one, name, parent in _DEPARTMENTS
    ]


def tasks(ids: Mapping[str, Sequence[int]], rng: Random, count: int) -> list[dict[str, Any]]:
    """*count* tasks, some of them done, some overdue, some of a project, some about deals."""
    return [_task(ids, rng, place) for place in range(count)]


def _task(ids: Mapping[str, Sequence[int]], rng: Random, place: int) -> dict[str, Any]:
    users, deals = ids["user"], ids["deal"]
    day = f"2025-{place % 12 + 1:02}-{rng.randint(1, 28):02}"
    status = rng.choices((2, 3, 4, 5, 6), (40, 20, 5, 30, 5))[0]
    creator, created = rng.choice(users), f"{day}T{rng.randint(8, 19):02}:{rng.randint(0, 59):02}:00+03:00"
    deadline = rng.choice((None, f"{day}T19:00:00+03:00", "2035-01-15T19:00:00+03:00"))
    helpers = sorted(rng.sample(users, min(len(users), rng.randint(0, 2))))
    done = status == 5
    return {
        "id": TASK_IDS[place],
        "title": rng.choice((*(f"{product}: подготовить договор" for product in PRODUCTS), AWKWARD[0])),
        "description": rng.choice(("", *AWKWARD)),
        "description_in_bbcode": "Y",
        "priority": rng.choice((0, 1, 1, 2)),
        "status": status,
        "group_id": rng.choice((0, 0, 0, 2, 4)),
        "stage_id": 0,
        "created_by": creator,
        "created_date": created,
        "responsible_id": rng.choice(users),
        "accomplices": f"[{','.join(map(str, helpers))}]",
        "auditors": f"[{creator}]" if rng.random() < 0.2 else "[]",
        "changed_by": creator,
        "changed_date": created,
        "status_changed_date": created,
        "closed_by": creator if done else None,
        "closed_date": created if done else None,
        "activity_date": created,
        "deadline": deadline,
        "site_id": "s1",
        "time_estimate": 0,
        "duration_type": "days",
        "chat_id": 2501 + 2 * place,
        "outlook_version": 1,
        "uf_crm_task": f'["D_{rng.choice(deals)}"]' if deals and rng.random() < 0.4 else "[]",
        **dict.fromkeys(("multitask", "not_viewed", "replicate", "allow_change_deadline", "favorite"), "N"),
        **dict.fromkeys(("allow_time_tracking", "task_control", "add_in_report", "match_work_time"), "N"),
        **dict.fromkeys(("subordinate", "is_muted", "is_pinned", "is_pinned_in_group"), "N"),
    }


_COMMON_ROOT, _OWN_ROOT, _PROJECT = 3, 7, 21


def disk_storages(ids: Mapping[str, Sequence[int]], rng: Random) -> list[dict[str, Any]]:
    """The storage of the company and that of the webhook's user."""
    del ids, rng
    return [
        {"id": 1, "name": "Общий диск", "code": "shared_files_s1", "module_id": "disk", "entity_type": "common",
         "entity_id": "shared_files_s1", "root_object_id": _COMMON_ROOT},
        {"id": 3, "name": "Мой диск", "code": None, "module_id": "disk", "entity_type": "user", "entity_id": "1",
         "root_object_id": _OWN_ROOT},
    ]  # fmt: skip


def disk_objects(ids: Mapping[str, Sequence[int]], rng: Random) -> list[dict[str, Any]]:
    """Two roots, some folders, and some files whose contents follow from their ids."""
    del ids
    folders = (
        (_COMMON_ROOT, "Общий диск", 0, 1),
        (_OWN_ROOT, "Мой диск", 0, 3),
        (_PROJECT, "Договоры & акты", _COMMON_ROOT, 1),
        (23, "Архив 2025", _PROJECT, 1),
        (25, "Tmp", _OWN_ROOT, 3),
    )
    rows = [
        _object(one, name, "folder", parent, storage) | {"real_object_id": one}
        for one, name, parent, storage in folders
    ]
    for place in range(6):
        file_id = 8001 + place
        row = _object(31 + 2 * place, f"file{file_id}.txt", "file", rng.choice((_PROJECT, _COMMON_ROOT)), 1)
        rows.append(row | {"file_id": file_id, "size": len(made_up(file_id).content), "global_content_version": 1})
    return rows


def _object(row_id: int, name: str, kind: str, parent: int, storage: int) -> dict[str, Any]:
    day = "2025-03-01T10:00:00+03:00"
    return {
        "id": row_id,
        "name": name,
        "type": kind,
        "storage_id": storage,
        "parent_id": parent,
        "deleted_type": 0,
        "create_time": day,
        "update_time": day,
        "created_by": 1,
        "updated_by": 1,
        "deleted_by": 0,
    }
