"""Records that belong to CRM objects and speak the classic dialect: activities, requisites and what goes with these.

Facts: api-reference/crm/timeline/activities/activity-base/*.md, and universal, bank-detail and presets in
api-reference/crm/requisites. All that tells them apart is in `Records`; their fields are those of the schemas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from b24orm.sandbox import rules
from b24orm.sandbox.clock import read_datetime
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.listing import classic_list
from b24orm.sandbox.methods.parameters import classic_fields, classic_id, required
from b24orm.sandbox.php import intval, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]


@dataclass(frozen=True, slots=True)
class Records:
    """One family of records.

    Attributes:
        key: the key of the schema and the table.
        method: what the names of the methods begin with.
        gone: what the portal says about an id that no record has.
        check: refuses a record, given as it would be held, that lacks something.
        used: refuses to delete a record, given by its id, that others need.
        order: the order of a list that asks for none.
    """

    key: str
    method: str
    gone: Callable[[int], Refusal]
    check: Callable[[State, dict[str, Any]], None]
    order: str = ""
    used: Callable[[State, int], None] | None = None


def _list(records: Records, state: State, params: dict[str, Any]) -> Answer:
    ignored = state.options.ignore_id_filter
    return classic_list(state, records.key, params, ignore_id=ignored, default_order=records.order)


def _known(records: Records, state: State, params: dict[str, Any]) -> dict[str, Any]:
    row_id = classic_id(params)
    row = state.store.row(records.key, row_id)
    if row is None:
        raise records.gone(row_id)
    return row


def _get(records: Records, state: State, params: dict[str, Any]) -> Answer:
    row = _known(records, state, params)
    source = state.table(records.key)
    shown = [column for column in source.columns if column.storage != "many"]
    return Answer(fetch(state.store, source, "default", shown, ("id = ?", [row["id"]]))[0])


def _add(records: Records, state: State, params: dict[str, Any]) -> Answer:
    source = state.table(records.key)
    values = accepted(state, source, "default", classic_fields(params), current=None)
    records.check(state, values)
    new = rules.create(state, source, values)
    state.wrote(records.key, new, "add")
    return Answer(new)


def _update(records: Records, state: State, params: dict[str, Any]) -> Answer:
    source = state.table(records.key)
    row_id = classic_id(params)
    fields = classic_fields(params)
    row = _known(records, state, {"id": row_id})
    values = accepted(state, source, "default", fields, current=row)
    if values.get("completed") is not None and records.key == "activity":
        values["status"] = 2 if values["completed"] == "Y" else 1
    records.check(state, {**row, **values})
    changed = rules.update(state, source, row, values)
    state.wrote(records.key, row_id, "update", changed=changed)
    return Answer(True)


def _delete(records: Records, state: State, params: dict[str, Any]) -> Answer:
    row = _known(records, state, params)
    if records.used is not None:
        records.used(state, row["id"])
    rules.delete(state, state.table(records.key), row["id"])
    state.wrote(records.key, row["id"], "delete")
    return Answer(True)


def _fields(records: Records, state: State, params: dict[str, Any]) -> Answer:
    del params
    return Answer({wire: describe(column) for wire, column in state.table(records.key).by_wire["default"].items()})


def _owned(state: State, type_id: Any, owner_id: Any) -> bool:
    """Whether the portal has the object."""
    owner = state.layout.owners.by_type_id.get(intval(type_id))
    return owner is not None and bool(state.store.select(owner.key, "id", ("id = ?", [intval(owner_id)])))


# --------------------------------------------------------------------------------------------------------- activities

_BY_PROVIDER = 6  # the TYPE_ID of activities whose provider says what they are; they need nobody to talk to


def _check_activity(state: State, values: dict[str, Any]) -> None:
    if not values.get("subject"):
        raise Refusal("", "The field SUBJECT is not defined or empty.")
    for name in ("responsible_id", "type_id"):
        if not values.get(name):
            raise Refusal("", f"The field {name.upper()} is not defined or invalid.")
    if values["type_id"] != _BY_PROVIDER and values.get("communications") in (None, "", "[]"):
        raise Refusal("", "The field COMMUNICATIONS is not defined or invalid.")
    if not _owned(state, values.get("owner_type_id"), values.get("owner_id")):
        text = "Could not build binding. Please ensure that owner info and communications are defined correctly."
        raise Refusal("", text)


def _todo(state: State, params: dict[str, Any]) -> Answer:
    type_id, owner_id = required(params, "ownerTypeId"), required(params, "ownerId")
    deadline = read_datetime(strval(required(params, "deadline")))
    if deadline is None:
        raise Refusal("WRONG_DATETIME_FORMAT", "Wrong datetime format")
    if not _owned(state, type_id, owner_id):
        raise Refusal("OWNER_NOT_FOUND", "Owner was not found")
    values = {
        "owner_type_id": intval(type_id),
        "owner_id": intval(owner_id),
        "type_id": _BY_PROVIDER,
        "provider_id": "CRM_TODO",
        "provider_type_id": "TODO",
        "subject": strval(params.get("title")),
        "description": strval(params.get("description")),
        "deadline": deadline,
        "responsible_id": intval(params.get("responsibleId")) or state.user_id,
    }
    new = rules.create(state, state.table("activity"), values)
    state.wrote("activity", new, "add")
    return Answer({"id": new})


# --------------------------------------------------------------------------------------------------------- requisites


def _check_requisite(state: State, values: dict[str, Any]) -> None:
    if values.get("entity_type_id") not in (3, 4):
        raise Refusal("", "ENTITY_TYPE_ID is not defined or invalid.")
    for name in ("entity_id", "preset_id"):
        if (values.get(name) or 0) <= 0:
            raise Refusal("", f"{name.upper()} is not defined or invalid.")
    if not _owned(state, values["entity_type_id"], values["entity_id"]):
        raise Refusal("", "Entity not found.")


# ------------------------------------------------------------------------------------- what goes with requisites

_REQUISITES = 8  # presets are of requisites alone


def _check_bank_detail(state: State, values: dict[str, Any]) -> None:
    if not state.store.select("requisite", "id", ("id = ?", [values.get("entity_id")])):
        raise Refusal("", "ENTITY_ID is not defined or invalid.")


def _check_preset(state: State, values: dict[str, Any]) -> None:
    del state
    if values.get("entity_type_id") != _REQUISITES:
        raise Refusal("", "ENTITY_TYPE_ID is not defined or invalid.")


def _used_preset(state: State, row_id: int) -> None:
    if state.store.select("requisite", "id", ("preset_id = ?", [row_id]), " LIMIT 1"):
        raise Refusal("", "You cannot delete the template because requisites have already been created for it")


_FAMILIES = (
    Records(
        "activity",
        "crm.activity",
        lambda row_id: Refusal("", "Activity is not found."),
        _check_activity,
        order=" ORDER BY start_time, id",
    ),
    Records(
        "requisite",
        "crm.requisite",
        lambda row_id: Refusal("", f"The Requisite with ID '{row_id}' is not found"),
        _check_requisite,
    ),
    Records(
        "bank_detail",
        "crm.requisite.bankdetail",
        lambda row_id: Refusal("", f"The RequisiteBankDetail with ID '{row_id}' is not found"),
        _check_bank_detail,
    ),
    Records(
        "requisite_preset",
        "crm.requisite.preset",
        lambda row_id: Refusal("", f"The Preset with ID '{row_id}' is not found"),
        _check_preset,
        used=_used_preset,
    ),
)

METHODS: dict[str, Handler] = {
    "crm.activity.todo.add": _todo,
    **{
        f"{records.method}.{verb}": partial(handler, records)
        for records in _FAMILIES
        for verb, handler in (
            ("list", _list),
            ("get", _get),
            ("add", _add),
            ("update", _update),
            ("delete", _delete),
            ("fields", _fields),
        )
    },
}
"""Handlers of these families."""
