"""Comments, activities, requisites and addresses of the first deals, contacts and companies: a few of each.

They are made when somebody first asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pydantic_core

from b24orm.sandbox.seeding.words import AWKWARD, CITIES, COMMENTS

__all__ = ["activities", "addresses", "comments", "requisites"]

Ids = Mapping[str, Sequence[int]]
_DEALS, _CLIENTS, _COMPANIES = 30, 10, 40
_TYPE_IDS = {"deal": 2, "contact": 3, "company": 4}
_CALLS = (
    (1, "CRM_MEETING", "MEETING"),
    (2, "VOXIMPLANT_CALL", "CALL"),
    (4, "CRM_EMAIL", "EMAIL"),
    (6, "CRM_TODO", "TODO"),
)
_SUBJECTS = (
    "Исходящий звонок",
    "Встреча у клиента",
    "Отправить КП & договор",
    "Follow-up call",
    "Напомнить об оплате 50%",
)


def _owners(ids: Ids) -> list[tuple[str, int]]:
    """The objects that have something in their timelines."""
    sizes = {"deal": _DEALS, "contact": _CLIENTS, "company": _CLIENTS}
    return [(key, owner_id) for key, size in sizes.items() for owner_id in ids[key][:size]]


def _moment(rng: Random) -> str:
    return (
        f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(8, 20):02}:{rng.randint(0, 59):02}:00+03:00"
    )


def comments(ids: Ids, rng: Random) -> list[dict[str, Any]]:
    """Up to four comments of each."""
    texts = [text for text in (*COMMENTS, *AWKWARD) if text]
    owners = [owner for owner in _owners(ids) for _ in range(rng.randint(0, 4))]
    return [
        {
            "id": 11 + 2 * place,
            "entity_id": owner_id,
            "entity_type": key,
            "created": _moment(rng),
            "comment": rng.choice(texts),
            "author_id": rng.choice(ids["user"]),
            "files": "[]",
        }
        for place, (key, owner_id) in enumerate(owners)
    ]


def activities(ids: Ids, rng: Random) -> list[dict[str, Any]]:
    """One to three activities of each, of the kinds that portals have most of."""
    owners = [owner for owner in _owners(ids) for _ in range(rng.randint(1, 3))]
    return [_activity(ids, rng, place, key, owner_id) for place, (key, owner_id) in enumerate(owners)]


def _activity(ids: Ids, rng: Random, place: int, key: str, owner_id: int) -> dict[str, Any]:
    type_id, provider, kind = rng.choice(_CALLS)
    done, begun, user = rng.random() < 0.6, _moment(rng), rng.choice(ids["user"])
    owner = {"OWNER_TYPE_ID": str(_TYPE_IDS[key]), "OWNER_ID": str(owner_id)}
    talk = {"TYPE": "PHONE", "VALUE": "+7 900 000-00-00", "ENTITY_ID": owner_id, "ENTITY_TYPE_ID": _TYPE_IDS[key]}
    return {
        "id": 21 + 3 * place,
        "owner_id": owner_id,
        "owner_type_id": _TYPE_IDS[key],
        "type_id": type_id,
        "provider_id": provider,
        "provider_type_id": kind,
        "associated_entity_id": 0,
        "subject": rng.choice(_SUBJECTS),
        "start_time": begun,
        "end_time": begun,
        "deadline": begun,
        "completed": "Y" if done else "N",
        "status": 2 if done else 1,
        "responsible_id": user,
        "priority": 2,
        "notify_type": 1,
        "notify_value": 15,
        "description": rng.choice(("", *AWKWARD)),
        "description_type": 1,
        "direction": rng.choice((0, 1, 2)),
        "location": "",
        "created": begun,
        "author_id": user,
        "last_updated": begun,
        "editor_id": user,
        "settings": "[]",
        "provider_params": "[]",
        "result_status": 0,
        "result_stream": 0,
        "result_mark": 0,
        "autocomplete_rule": 0,
        "bindings": pydantic_core.to_json([owner]).decode(),
        "communications": pydantic_core.to_json([talk] if type_id != 6 else []).decode(),
    }


def requisites(ids: Ids, rng: Random) -> list[dict[str, Any]]:
    """The requisites of companies and of a few contacts."""
    owners = [(4, one) for one in ids["company"][:_COMPANIES]] + [(3, one) for one in ids["contact"][:_CLIENTS]]
    return [
        {
            "id": 31 + 2 * place,
            "entity_type_id": type_id,
            "entity_id": owner_id,
            "preset_id": 1 if type_id == 4 else 5,
            "date_create": _moment(rng),
            "created_by_id": rng.choice(ids["user"]),
            "name": "Организация" if type_id == 4 else "Физ. лицо",
            "xml_id": f"b24-{place}",
            "active": "Y",
            "address_only": "N",
            "sort": 500,
            "rq_company_name": f'ООО "Фирма {owner_id}"' if type_id == 4 else None,
            "rq_inn": f"77{owner_id % 10**8:08}",
            "rq_vat_payer": "N",
        }
        for place, (type_id, owner_id) in enumerate(owners)
    ]


def addresses(ids: Ids, rng: Random) -> list[dict[str, Any]]:
    """An address of every other requisite; some have two, of different types."""
    owned = [(one["id"], one["entity_type_id"], one["entity_id"]) for one in requisites(ids, Random(0))[::2]]
    kept = [(type_id, *one) for one in owned for type_id in rng.choice(((1,), (6,), (1, 6)))]
    return [
        {
            "id": place,
            "type_id": type_id,
            "entity_type_id": 8,
            "entity_id": requisite,
            "address_1": f"ул. Ленина, {rng.randint(1, 99)}",
            "city": rng.choice(CITIES),
            "postal_code": f"{rng.randint(101000, 699999)}",
            "country": "Россия",
            "loc_addr_id": 400 + place,
            "anchor_type_id": owner_type,
            "anchor_id": owner_id,
        }
        for place, (type_id, requisite, owner_type, owner_id) in enumerate(kept, start=1)
    ]
