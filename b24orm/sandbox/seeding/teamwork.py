"""What people do together: groups, lists, chats, calls and workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pydantic_core

from b24orm.sandbox.localdates import local
from b24orm.sandbox.seeding.words import AWKWARD, PRODUCTS

__all__ = ["TEAMWORK"]

Ids = Mapping[str, Sequence[int]]
Rows = list[dict[str, Any]]

_GROUPS = (
    (2, "Продажи & маркетинг", "N", "N"),
    (4, "Внедрение CRM", "Y", "N"),
    (6, "Website redesign", "Y", "N"),
    (8, "Архив 2023", "N", "Y"),
    (11, "Новости", "N", "N"),
)
_LISTS = (
    (31, "lists", "suppliers", "Поставщики"),
    (33, "lists", "equipment", "Оборудование"),
    (35, "bitrix_processes", "trips", "Командировки"),
    (37, "lists_socnet", "plans", "Планы группы"),
)
_LONG_LIST, _ELEMENTS = 31, 60


def _day(place: int, hour: int = 10) -> str:
    return f"2025-{place % 12 + 1:02}-{place % 28 + 1:02}T{hour:02}:15:00+03:00"


def _json(value: Any) -> str:
    return pydantic_core.to_json(value).decode()


def _groups(ids: Ids, rng: Random) -> Rows:
    return [
        {
            "id": one,
            "site_id": "s1",
            "name": name,
            "description": rng.choice((None, *AWKWARD)),
            "date_create": _day(place),
            "date_update": _day(place, 12),
            "date_activity": _day(place, 18),
            "active": "Y",
            "visible": "Y",
            "opened": rng.choice("YN"),
            "closed": closed,
            "subject_id": 1,
            "subject_name": "Рабочие группы",
            "owner_id": rng.choice(ids["user"]),
            "keywords": "crm, 2025" if place % 2 else None,
            "number_of_members": 3 + place,
            "number_of_moderators": 1,
            "project": project,
            "is_extranet": "N",
            "initiate_perms": "K",
            "landing": "N",
            "image_id": 0,
            "avatar_type": "folder",
            "avatar": "",
            "scrum_owner_id": 0,
            "scrum_master_id": 0,
            "scrum_sprint_duration": 0,
            "type": "project" if project == "Y" else "group",
            "dialog_id": f"chat{200 + one}",
        }
        for place, (one, name, project, closed) in enumerate(_GROUPS)
    ]


def _lists(ids: Ids, rng: Random) -> Rows:
    del ids, rng
    fields = {
        "PROPERTY_101": {"NAME": "Город", "TYPE": "S", "MULTIPLE": "N"},
        "PROPERTY_103": {"NAME": "Сумма", "TYPE": "N", "MULTIPLE": "N"},
        "PROPERTY_105": {"NAME": "Ответственные", "TYPE": "S:employee", "MULTIPLE": "Y"},
    }
    return [
        {
            "id": one,
            "timestamp_x": local(_day(place)),
            "iblock_type_id": kind,
            "lid": "s1",
            "code": code,
            "name": name,
            "active": "Y",
            "sort": 500,
            "description": "",
            "description_type": "text",
            "rss_ttl": 24,
            "rss_active": "Y",
            "rss_file_active": "N",
            "rss_yandex_active": "N",
            "index_element": "Y",
            "index_section": "N",
            "workflow": "N",
            "bizproc": "Y" if kind == "bitrix_processes" else "N",
            "section_chooser": "L",
            "rights_mode": "E",
            "version": 1,
            "last_conv_element": 0,
            "socnet_group_id": 4 if kind == "lists_socnet" else None,
            "sections_name": "Разделы",
            "section_name": "Раздел",
            "elements_name": "Элементы",
            "element_name": "Элемент",
            "rest_on": "N",
            "fulltext_index": "N",
            "lang_dir": "/",
            "properties": _json(fields),
        }
        for place, (one, kind, code, name) in enumerate(_LISTS)
    ]


def _elements(ids: Ids, rng: Random) -> Rows:
    owners = [one for one, *_ in _LISTS for _ in range(_ELEMENTS if one == _LONG_LIST else 3)]
    rows: Rows = []
    for place, block in enumerate(owners):
        people = rng.sample(ids["user"], min(2, len(ids["user"])))
        properties = {
            "PROPERTY_101": {str(7001 + 4 * place): rng.choice(("Москва", "Berlin", "Казань"))},
            "PROPERTY_103": {str(7002 + 4 * place): str(rng.choice((100, 2500, 90_000)))},
            "PROPERTY_105": {str(7003 + 4 * place + at): str(one) for at, one in enumerate(people)},
        }
        author = rng.choice(ids["user"])
        rows.append(
            {
                "id": 6001 + 2 * place,
                "iblock_id": block,
                "code": f"element_{place}",
                "name": f"{rng.choice(PRODUCTS)} {place}",
                "created_by": author,
                "created_user_name": f"(user{author})",
                "date_create": local(_day(place)),
                "sort": 500,
                "bp_published": "Y",
                "preview_text": rng.choice((None, *AWKWARD)),
                "preview_text_type": "text",
                "detail_text_type": "text",
                "properties": _json(properties),
            }
        )
    return rows


def _chats(ids: Ids, rng: Random) -> Rows:
    """Chats of several people; dialogs of two need no row."""
    users = ids["user"]
    names = ("Отдел продаж", "Чат по сделке", "Website & CRM")
    rows: Rows = []
    for place, name in enumerate(names):
        number = 60 + 30 * place
        deal = ids["deal"][0] if place == 1 and ids["deal"] else None
        rows.append(
            {
                "id": number,
                "chat_id": number,
                "dialog_id": f"chat{number}",
                "name": name,
                "description": "",
                "owner": rng.choice(users),
                "type": "crm" if deal else "chat",
                "color": "#f76187",
                "user_counter": min(3, len(users)),
                "message_count": number,
                "entity_type": "CRM" if deal else "",
                "entity_id": f"DEAL|{deal}" if deal else "",
                "date_create": _day(place),
            }
        )
    return rows


def _calls(ids: Ids, rng: Random) -> Rows:
    rows: Rows = []
    for place in range(70):
        missed = rng.random() < 0.2
        rows.append(
            {
                "id": 101 + 2 * place,
                "call_id": f"externalCall.{place:08x}",
                "call_category": "external",
                "call_type": rng.choice((1, 2)),
                "portal_user_id": rng.choice(ids["user"]),
                "portal_number": "reg1000",
                "phone_number": f"+7900{rng.randint(1_000_000, 9_999_999)}",
                "call_start_date": _day(place),
                "call_duration": 0 if missed else rng.randint(5, 900),
                "call_failed_code": "304" if missed else "200",
                "call_failed_reason": "Skipped call" if missed else "Success call",
                "cost": rng.choice((0, 1.25, 3.4)),
                "cost_currency": "RUB",
                "transcript_pending": "N",
                "crm_entity_type": "CONTACT" if ids["contact"] else None,
                "crm_entity_id": rng.choice(ids["contact"]) if ids["contact"] else None,
                "comment": rng.choice((None, *AWKWARD)),
            }
        )
    return rows


def _templates(ids: Ids, rng: Random) -> Rows:
    del rng
    return [
        {
            "id": one,
            "name": name,
            "description": "",
            "module_id": "crm",
            "entity": f"CCrmDocument{kind.title()}",
            "document_type": kind,
            "auto_execute": automatic,
            "template": _json([{"Type": "SequentialWorkflowActivity", "Name": "Template", "Children": []}]),
            **dict.fromkeys(("parameters", "variables", "constants"), "[]"),
            "modified": _day(one % 12),
            "is_modified": "N",
            "user_id": ids["user"][0],
            "system_code": None,
        }
        for one, name, kind, automatic in (
            (12, "Согласование скидки", "DEAL", 0),
            (14, "Обработка лида", "LEAD", 1),
            (17, "Проверка контрагента", "COMPANY", 0),
        )
    ]


def _workflows(ids: Ids, rng: Random) -> Rows:
    return [
        {
            "id": place,
            "workflow_id": f"66e4{rng.randrange(16**9):09x}.{rng.randrange(10**8):08d}",
            "template_id": 12,
            "module_id": "crm",
            "entity": "CCrmDocumentDeal",
            "document_id": f"DEAL_{deal}",
            "started": _day(place),
            "started_by": ids["user"][0],
            "modified": _day(place, 11),
        }
        for place, deal in enumerate(ids["deal"][:6], start=1)
    ]


TEAMWORK = {
    "sonet_group": _groups,
    "universal_list": _lists,
    "list_element": _elements,
    "chat": _chats,
    "call_statistic": _calls,
    "workflow_template": _templates,
    "workflow_instance": _workflows,
}
"""What makes the rows of each table."""
