"""Every answer of the sandbox fits what the schemas say: otherwise client tests would chase ghosts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from b24orm.sandbox import Sandbox
from b24orm.schema import Field, entity, entity_keys

CASES = [
    (key, name)
    for key in entity_keys()
    for name, dialect in entity(key).dialects.items()
    if dialect.methods.get("list") in {"crm.item.list", "user.get", "crm.status.list", "crm.category.list"}
    or name == "classic"
    if key != "smart_process_item"
]

# Whose rows, where the method wants to know.
BESIDE = {"category": {"entityTypeId": 2}}


def _fits_one(field: Field, value: Any, dialect: str) -> bool:
    if value in ("", None):
        return True
    if field.kind == "int":
        return isinstance(value, int) if dialect == "item" else str(value).lstrip("-").isdigit()
    if field.kind == "decimal":
        return isinstance(value, int | float) if dialect == "item" else "." in value
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
        return isinstance(value, list) and all(_fits_one(field, one, dialect) for one in value)
    return (value is not None or field.nullable) and _fits_one(field, value, dialect)


@pytest.mark.parametrize(("key", "name"), CASES)
async def test_rows_fit_the_schema(portal: Sandbox, call: Any, key: str, name: str) -> None:
    source = entity(key)
    dialect = source.dialects[name]
    select = {"select": ["*", "UF_*", "PHONE", "EMAIL"]} if name == "classic" else {}
    answer = await call(portal, dialect.methods["list"], {**dialect.fixed, **select, **BESIDE.get(key, {})})
    rows: Any = answer["result"][dialect.paths.rows] if dialect.paths.rows else answer["result"]
    assert rows
    fields = {field.wire[name]: field for field in source.fields if name in field.wire}
    for row in rows:
        for wire, field in fields.items():
            if wire in row:
                assert _fits(field, row[wire], name), (wire, field.type, row[wire])
        known = set(fields) | {wire for wire in row if wire.startswith("UF_")}
        assert set(row) <= known
