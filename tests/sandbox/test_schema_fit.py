"""Every answer of the sandbox fits what the schemas say: otherwise client tests would chase ghosts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import pytest

from b24orm.sandbox import Sandbox
from b24orm.sandbox.methods import METHODS
from b24orm.sandbox.rows import is_list
from b24orm.schema import Dialect, Field, entity, entity_keys

# What a method wants to know beside its filter, in as many ways as the portal has kinds of answers. "one of" stands for
# the id of an object that has what is asked for.
ONE_OF = "one of"
# What a select names that asks for everything by name.
ALL = {
    key: [field.wire["default"] for field in entity(key).fields if field.selectable and "default" in field.wire]
    for key in ("workflow_instance", "workflow_template", "workgroup")
}
OWN = ("UF_", "parentId", "PROPERTY_", "property1", "PARENT_ID_")
# Of these no owner in the seeded data has a row; events are for applications alone.
WITHOUT_ROWS = {"lead_contact", "lead_product_row", "quote_product_row", "event_binding", "offline_event"}
CONTEXTS: dict[str, list[dict[str, Any]]] = {
    "category": [{"entityTypeId": 2}, {"entityTypeId": 156}],
    "smart_process_item": [{"entityTypeId": 156}, {"entityTypeId": 1038}],
    "user_field_config": [{"moduleId": "crm", "select": {"0": "*", "language": "ru"}}],
    "deal_user_field": [{}, {"filter": {"LANG": "ru"}}],
    "product_row": [{"filter": {"=ownerType": "D", "=ownerId": f"{ONE_OF} product_row owner_id"}}],
    "deal_product_row": [{"id": f"{ONE_OF} product_row owner_id"}],
    "deal_contact": [{"id": f"{ONE_OF} deal id contact_id"}],
    "quote_contact": [{"id": f"{ONE_OF} quote id contact_id"}],
    "contact_company": [{"id": f"{ONE_OF} contact id company_id"}],
    "company_contact": [{"id": f"{ONE_OF} contact company_id company_id"}],
    "timeline_comment": [{"filter": {"ENTITY_TYPE": "deal", "ENTITY_ID": f"{ONE_OF} timeline_comment entity_id"}}],
    "activity": [{}, {"select": ["*", "COMMUNICATIONS", "BINDINGS"]}],
    "stage_history": [{"entityTypeId": 1}, {"entityTypeId": 2}],
    "calendar_event": [{"type": "user", "ownerId": 1}, {"type": "company_calendar", "ownerId": 0}],
    "catalog_offer": [{"filter": {"iblockId": 16}, "select": ["id", "iblockId", "*"]}],
    "catalog_product": [{"filter": {"iblockId": 14}, "select": ["id", "iblockId", "*"]}],
    "catalog_section": [{"filter": {"iblockId": 14}}],
    "chat_message": [{"DIALOG_ID": "chat60"}, {"DIALOG_ID": f"{ONE_OF} user id id"}],
    "deal_category_stage": [{}, {"id": 1}],
    "list_element": [{"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 31}],
    "universal_list": [{"IBLOCK_TYPE_ID": "lists"}, {"IBLOCK_TYPE_ID": "lists_socnet"}],
    "task_checklist_item": [{"TASKID": 41}],
    "task_comment": [{"TASKID": 41}],
    "task_elapsed_time": [{"TASKID": 41}, {"ORDER": {"ID": "asc"}}],
    "workflow_instance": [{}, {"SELECT": ALL["workflow_instance"]}],
    "workflow_template": [{}, {"SELECT": ALL["workflow_template"]}],
    "workgroup": [{}, {"select": ALL["workgroup"]}],
    "disk_file": [{"id": 3, "filter": {"TYPE": "file"}}],
    "disk_folder": [{"id": 3, "filter": {"TYPE": "folder"}}],
}
CASES = [
    pytest.param(key, name, context, id="-".join([key, name, *map(str, context.values())]))
    for key in entity_keys()
    for name, dialect in entity(key).dialects.items()
    if dialect.version == 2  # tests/sandbox/v3 has the others
    if dialect.methods.get("list", "").lower() in METHODS and key not in WITHOUT_ROWS
    for context in CONTEXTS.get(key, [{}])
]


def _fits_one(field: Field, value: Any, dialect: Dialect) -> bool:
    if value in ("", None):
        return True
    if field.kind == "int":
        return isinstance(value, int) if dialect.numbers else str(value).lstrip("-").isdigit()
    if field.kind == "decimal":
        return isinstance(value, int | float) or (not dialect.numbers and "." in value)
    if field.kind == "bool":
        return value in ("Y", "N", True, False)
    if field.kind in {"date", "datetime"}:
        return datetime.fromisoformat(value).utcoffset() is not None
    if field.kind == "str":
        return isinstance(value, str)
    if field.kind == "multifield":
        return {"id", "value"} <= {name.lower() for name in value}
    return True


def _fits(field: Field, value: Any, dialect: Dialect) -> bool:
    if field.multiple and value is False:
        return True  # what some families answer for no value
    if field.multiple:
        return is_list(value) and all(_fits_one(field, one, dialect) for one in value)
    return (value is not None or field.nullable) and _fits_one(field, value, dialect)


def _filled(portal: Sandbox, value: Any) -> Any:
    """*value* with ids where it asks for one of the rows: ``one of <table> <column> <column that holds something>``."""
    if isinstance(value, dict):
        return {key: _filled(portal, item) for key, item in cast("dict[str, Any]", value).items()}
    if not isinstance(value, str) or not value.startswith(ONE_OF):
        return value
    key, column, *filled = value.removeprefix(ONE_OF).split()
    rows = (portal.row(key, row_id) or {} for row_id in portal.ids(key))
    return next(row[column] for row in rows if all(row[name] for name in filled))


@pytest.mark.parametrize(("key", "name", "context"), CASES)
async def test_rows_fit_the_schema(portal: Sandbox, call: Any, key: str, name: str, context: dict[str, Any]) -> None:
    source = entity(key)
    dialect = source.dialects[name]
    select = {"select": ["*", "UF_*", "PHONE", "EMAIL"]} if name == "classic" else {}
    answer = await call(portal, dialect.methods["list"], {**dialect.fixed, **select, **_filled(portal, context)})
    rows: Any = answer["result"][dialect.paths.rows] if dialect.paths.rows else answer["result"]
    assert rows
    fields = {dialect.answered(field.wire[name]): field for field in source.fields if name in field.wire}
    for row in rows:
        for wire, field in fields.items():
            if wire in row:
                assert _fits(field, row[wire], dialect), (wire, field.type, row[wire])
        # User fields, properties and parents are the portal's own; the schema does not list them.
        known = set(fields) | {wire for wire in row if wire.startswith(OWN)}
        assert set(row) <= known
        if dialect.id is not None:
            own = dialect.answered(source.by_name[dialect.id.name].wire[name])
            assert isinstance(row[own], int if dialect.id.type == "int" else str), row[own]
