"""Every answer of the sandbox fits what the schemas say: otherwise client tests would chase ghosts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import pytest

from b24orm.sandbox import Sandbox
from b24orm.sandbox.rows import is_list
from b24orm.schema import Field, entity, entity_keys

SERVED = {
    *("crm.item.productrow.list", "crm.deal.productrows.get", "crm.deal.contact.items.get"),
    *("crm.contact.company.items.get", "crm.company.contact.items.get"),
    *("crm.timeline.comment.list", "crm.activity.list", "crm.requisite.list", "crm.address.list"),
    *("tasks.task.list", "department.get", "disk.storage.getlist", "disk.folder.getchildren"),
    *("crm.item.list", "user.get", "crm.status.list", "crm.category.list", "crm.type.list", "userfieldconfig.list"),
    *(f"crm.{key}.userfield.list" for key in ("deal", "lead", "contact", "company", "quote")),
}
# What a method wants to know beside its filter, in as many ways as the portal has kinds of answers. "one of" stands for
# the id of an object that has what is asked for.
ONE_OF = "one of"
CONTEXTS: dict[str, list[dict[str, Any]]] = {
    "category": [{"entityTypeId": 2}, {"entityTypeId": 156}],
    "smart_process_item": [{"entityTypeId": 156}, {"entityTypeId": 1038}],
    "user_field_config": [{"moduleId": "crm", "select": {"0": "*", "language": "ru"}}],
    "deal_user_field": [{}, {"filter": {"LANG": "ru"}}],
    "product_row": [{"filter": {"=ownerType": "D", "=ownerId": f"{ONE_OF} product_row owner_id"}}],
    "deal_product_row": [{"id": f"{ONE_OF} product_row owner_id"}],
    "deal_contact": [{"id": f"{ONE_OF} deal id contact_id"}],
    "contact_company": [{"id": f"{ONE_OF} contact id company_id"}],
    "company_contact": [{"id": f"{ONE_OF} contact company_id company_id"}],
    "timeline_comment": [{"filter": {"ENTITY_TYPE": "deal", "ENTITY_ID": f"{ONE_OF} timeline_comment entity_id"}}],
    "activity": [{}, {"select": ["*", "COMMUNICATIONS", "BINDINGS"]}],
    "disk_file": [{"id": 3, "filter": {"TYPE": "file"}}],
    "disk_folder": [{"id": 3, "filter": {"TYPE": "folder"}}],
}
CASES = [
    pytest.param(key, name, context, id="-".join([key, name, *map(str, context.values())]))
    for key in entity_keys()
    for name, dialect in entity(key).dialects.items()
    if dialect.methods.get("list") in SERVED or name == "classic"
    for context in CONTEXTS.get(key, [{}])
]


def _fits_one(field: Field, value: Any, dialect: str) -> bool:
    if value in ("", None):
        return True
    if field.kind == "int":
        return isinstance(value, int) if dialect == "item" else str(value).lstrip("-").isdigit()
    if field.kind == "decimal":
        return isinstance(value, int | float) or (dialect != "item" and "." in value)
    if field.kind == "bool":
        return value in ("Y", "N", True, False)
    if field.kind in {"date", "datetime"}:
        return datetime.fromisoformat(value).utcoffset() is not None
    if field.kind == "str":
        return isinstance(value, str)
    if field.kind == "multifield":
        return {"id", "value"} <= {name.lower() for name in value}
    return True


def _fits(field: Field, value: Any, dialect: str) -> bool:
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
                assert _fits(field, row[wire], name), (wire, field.type, row[wire])
        # User fields and parents are the portal's own; the schema does not list them.
        known = set(fields) | {wire for wire in row if wire.startswith(("UF_", "parentId"))}
        assert set(row) <= known
