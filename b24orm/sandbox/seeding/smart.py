"""The smart processes of the portal and their items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import pydantic_core

from b24orm.sandbox.fields import table
from b24orm.sandbox.layout import ORDINARY, Layout
from b24orm.sandbox.seeding.dictionaries import codes
from b24orm.sandbox.seeding.frame import Frame
from b24orm.sandbox.seeding.words import AWKWARD
from b24orm.sandbox.smart import EQUIPMENT, PROCESSES, REPAIRS, STAGES, SmartProcess

__all__ = ["items_of", "types"]

_CREATED = "2024-02-05T10:15:00+03:00"
_DEVICES = ("Принтер", "Сканер штрихкодов", "Ноутбук", "Касса", "Сервер", "Coffee machine", "Станок №4")
_AMOUNTS = ("1500|RUB", "12000.50|RUB", "99.99|USD", "300|EUR")
_CLIENT = (3, 4)  # contacts and companies are parents by themselves where the client field is on


def types() -> dict[str, Iterable[Any]]:
    """The rows of ``crm.type.list``."""
    processes = list(PROCESSES.values())
    switches = [c.name for c in table("crm_type").columns if c.storage == "flag" and c.name != "is_external"]
    linked = {"CALENDAR_EVENT|UF_CRM_CAL_EVENT": "N", "TASKS_TASK|UF_CRM_TASK": "Y"}
    return {
        "id": [process.id for process in processes],
        "title": [process.title for process in processes],
        "code": [""] * len(processes),
        "entity_type_id": [process.entity_type_id for process in processes],
        **{name: ["Y" if name in process.enabled else "N" for process in processes] for name in switches},
        "created_by": [1] * len(processes),
        "created_time": [_CREATED] * len(processes),
        "updated_by": [1] * len(processes),
        "updated_time": [_CREATED] * len(processes),
        "relations": [_json(_relations(process)) for process in processes],
        "linked_user_fields": [_json(linked)] * len(processes),
        "custom_sections": ["[]"] * len(processes),
    }


def _json(value: Any) -> str:
    return pydantic_core.to_json(value).decode()


def _relations(process: SmartProcess) -> dict[str, Any]:
    client = _CLIENT if "is_client_enabled" in process.enabled else ()
    every = [(type_id, "Y") for type_id in client] + [(type_id, "N") for type_id, _ in process.parents]
    return {
        "parent": [
            {"entityTypeId": type_id, "isChildrenListEnabled": "Y", "isPredefined": predefined}
            for type_id, predefined in every
        ],
        "child": [],
    }


def _staged(frame: Frame, process: SmartProcess) -> dict[str, Iterable[Any]]:
    pipelines = frame.pick([pipeline for pipeline, _ in process.pipelines])
    drawn = frame.pick([code for code, _, _ in STAGES], (25, 20, 15, 30, 10))
    return {
        "category_id": pipelines,
        "stage_id": [process.stage(pipeline, code) for pipeline, code in zip(pipelines, drawn, strict=True)],
        "previous_stage_id": [
            "" if code == "NEW" else process.stage(pipeline, "NEW")
            for pipeline, code in zip(pipelines, drawn, strict=True)
        ],
        "moved_by": frame.refer("user"),
        "moved_time": frame.moments(20),
        "xml_id": frame.sparse(("sp-1", ""), 0.2),
    }


def _repairs(frame: Frame) -> dict[str, Iterable[Any]]:
    contact_ids = frame.refer("contact", 0.7)
    users = frame.all_ids["user"]
    return {
        "title": [f"{device}: ремонт {row_id}" for device, row_id in zip(frame.pick(_DEVICES), frame.ids, strict=True)],
        "begindate": frame.days(5),
        "closedate": frame.days(30, 0.9),
        "company_id": frame.refer("company", 0.5),
        "contact_id": contact_ids,
        "contact_ids": [f"[{one}]" if one else "[]" for one in contact_ids],
        "opportunity": frame.amounts(),
        "is_manual_opportunity": frame.pick("YN", (60, 40)),
        "tax_value": frame.sparse((20, 1333.33), 0.2, 0),
        "currency_id": frame.pick(("RUB", "USD"), (90, 10)),
        "source_id": frame.sparse(codes("SOURCE"), 0.8),
        "source_description": frame.sparse(AWKWARD, 0.1),
        "observers": frame.pick(("[]", f"[{users[0]}]", f"[{users[-1]},{users[0]}]")),
        "parent_id_2": frame.refer("deal", 0.6),
        "uf_crm_7_1760000001": [f"SN-{row_id:05}" for row_id in frame.ids],
        "uf_crm_7_1760000002": frame.sparse((111, 112, 113), 0.8),
        "uf_crm_7_1760000003": frame.days(10, 0.7),
        "uf_crm_7_1760000004": frame.sparse(_AMOUNTS, 0.6),
        "uf_crm_7_1760000005": frame.pick((0, 1, None), (50, 30, 20)),
        "uf_crm_7_1760000006": frame.refer("user", 0.6),
        "uf_crm_7_1760000007": frame.pick(("[]", '["не включается"]', '["шум","запах & дым"]'), (40, 40, 20)),
        "uf_crm_7_1760000008": frame.pick(("[]", "[121]", "[121,122]")),
        "uf_crm_7_1760000009": frame.sparse(AWKWARD, 0.3),
        "uf_crm_7_1760000010": frame.sparse(("срочно", "хрупкое"), 0.3),
        "uf_crm_7_1760000011": frame.sparse(frame.moments(10), 0.5),
        "uf_crm_7_1760000012": frame.sparse(("A", "B"), 0.3),
        "uf_crm_7_1760000013": frame.sparse(range(1, 48), 0.4),
    }


def _equipment(frame: Frame) -> dict[str, Iterable[Any]]:
    return {
        "title": [f"{device} {row_id}" for device, row_id in zip(frame.pick(_DEVICES), frame.ids, strict=True)],
        "uf_crm_9_1760000001": [f"ИНВ-{row_id:04}" for row_id in frame.ids],
        "uf_crm_9_1760000002": frame.sparse((131, 132, 133, 134), 0.9),
        "uf_crm_9_1760000003": frame.days(400, 0.5),
        "uf_crm_9_1760000004": frame.sparse(_AMOUNTS, 0.8),
        "uf_crm_9_1760000005": frame.pick((0, 1)),
        "uf_crm_9_1760000006": frame.refer("user", 0.5),
        "uf_crm_9_1760000007": frame.sparse((0.5, 2.25, 120), 0.6),
        "uf_crm_9_1760000008": frame.pick(("[]", '["склад"]', '["склад","B&W"]')),
    }


def _rows(
    process: SmartProcess, of_its_own: Callable[[Frame], dict[str, Iterable[Any]]], frame: Frame
) -> dict[str, Iterable[Any]]:
    return frame.columns({**frame.authors(), **_staged(frame, process), **of_its_own(frame)})


_ITEMS: Mapping[str, Callable[[Frame], dict[str, Iterable[Any]]]] = {
    REPAIRS.key: partial(_rows, REPAIRS, _repairs),
    EQUIPMENT.key: partial(_rows, EQUIPMENT, _equipment),
}


def _general(process: SmartProcess, frame: Frame) -> dict[str, Iterable[Any]]:
    """Items of a process that this module knows nothing of."""
    contact_ids = frame.refer("contact", 0.7)
    return {
        "title": [f"{process.title} №{row_id}" for row_id in frame.ids],
        "begindate": frame.days(5),
        "closedate": frame.days(30, 0.9),
        "company_id": frame.refer("company", 0.5),
        "contact_id": contact_ids,
        "contact_ids": [f"[{one}]" if one else "[]" for one in contact_ids],
        "opportunity": frame.amounts(),
        "is_manual_opportunity": frame.pick("YN", (60, 40)),
        "tax_value": [0] * frame.n,
    }


def items_of(layout: Layout) -> Mapping[str, Callable[[Frame], dict[str, Iterable[Any]]]]:
    """What draws the items of each smart process, by the key of its table."""
    if layout is ORDINARY:
        return _ITEMS
    return {key: partial(_rows, process, partial(_general, process)) for key, process in layout.processes.items()}
