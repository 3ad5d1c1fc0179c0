"""What the portal puts into new rows that belong to others: activities, comments, requisites and so on.

The defaults of ``crm.item.*`` depend on stages and pipelines and are in `b24orm.sandbox.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pydantic_core

from b24orm.sandbox.clock import iso
from b24orm.sandbox.products import priced
from b24orm.sandbox.state import State

__all__ = ["DEFAULTS"]


def _product_row(state: State, given: dict[str, Any]) -> dict[str, Any]:
    del state
    return priced(given)


def _comment(state: State, given: dict[str, Any]) -> dict[str, Any]:
    return {"created": iso(state.clock.time()), "author_id": state.user_id, "files": "[]", **given}


def _activity(state: State, given: dict[str, Any]) -> dict[str, Any]:
    now, user = iso(state.clock.time()), state.user_id
    owner = {"OWNER_TYPE_ID": str(given.get("owner_type_id")), "OWNER_ID": str(given.get("owner_id"))}
    return {
        "provider_id": {1: "CRM_MEETING", 2: "VOXIMPLANT_CALL", 4: "CRM_EMAIL"}.get(given.get("type_id") or 0, ""),
        "provider_type_id": {1: "MEETING", 2: "CALL", 4: "EMAIL"}.get(given.get("type_id") or 0, ""),
        "associated_entity_id": 0,
        "start_time": now,
        "end_time": now,
        "deadline": given.get("end_time") or now,
        "completed": "N",
        "status": 2 if given.get("completed") == "Y" else 1,
        "responsible_id": user,
        "priority": 2,
        "notify_type": 0,
        "notify_value": 0,
        "description": "",
        "description_type": 1,
        "direction": 0,
        "location": "",
        "created": now,
        "last_updated": now,
        "author_id": user,
        "editor_id": user,
        "settings": "[]",
        "provider_params": "[]",
        "result_status": 0,
        "result_stream": 0,
        "result_mark": 0,
        "autocomplete_rule": 0,
        "bindings": pydantic_core.to_json([owner]).decode(),
        "is_incoming_channel": "N",
        **given,
    }


def _requisite(state: State, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "preset_id": 1,
        "date_create": iso(state.clock.time()),
        "created_by_id": state.user_id,
        "active": "Y",
        "address_only": "N",
        "sort": 500,
        **given,
    }


def _bank_detail(state: State, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "country_id": 1,
        "date_create": iso(state.clock.time()),
        "created_by_id": state.user_id,
        "active": "Y",
        "sort": 500,
        **given,
    }


def _task(state: State, given: dict[str, Any]) -> dict[str, Any]:
    now, user = iso(state.clock.time()), state.user_id
    return {
        "description": "",
        "description_in_bbcode": "Y",
        "priority": 1,
        "status": 2,
        "multitask": "N",
        "not_viewed": "N",
        "replicate": "N",
        "group_id": 0,
        "stage_id": 0,
        "created_by": user,
        "created_date": now,
        "changed_by": user,
        "changed_date": now,
        "status_changed_date": now,
        "activity_date": now,
        "guid": f"{{{uuid5(NAMESPACE_OID, str(state.next_id()))}}}",
        "chat_id": state.next_id(),
        "allow_change_deadline": "N",
        "allow_time_tracking": "N",
        "task_control": "N",
        "add_in_report": "N",
        "time_estimate": 0,
        "match_work_time": "N",
        "site_id": "s1",
        "subordinate": "N",
        "favorite": "N",
        "is_muted": "N",
        "is_pinned": "N",
        "is_pinned_in_group": "N",
        "outlook_version": 1,
        "duration_type": "days",
        "accomplices": "[]",
        "auditors": "[]",
        "uf_crm_task": "[]",
        "uf_task_webdav_files": "[]",
        **given,
    }


def _department(state: State, given: dict[str, Any]) -> dict[str, Any]:
    del state
    return {"sort": 500, **given}


def _user(state: State, given: dict[str, Any]) -> dict[str, Any]:
    now = iso(state.clock.time())
    texts = ("second_name", "personal_gender", "personal_city", "work_phone", "work_position", "time_zone")
    return {
        **dict.fromkeys(texts, ""),
        "active": "Y",
        "date_register": now,
        "timestamp_x": now,
        "is_online": "N",
        "user_type": "employee",
        "time_zone_offset": "0",
        "uf_department": "[1]",
        **given,
    }


DEFAULTS: Mapping[str, Callable[[State, dict[str, Any]], dict[str, Any]]] = {
    "product_row": _product_row,
    "timeline_comment": _comment,
    "activity": _activity,
    "requisite": _requisite,
    "bank_detail": _bank_detail,
    "requisite_preset": _bank_detail,
    "task": _task,
    "department": _department,
    "user": _user,
}
"""What makes a whole row of what is given, by the key of the table."""
