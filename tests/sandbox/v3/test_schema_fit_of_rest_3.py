"""What the schemas say of REST 3.0 is there, and of the right types."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from b24orm.sandbox import Sandbox
from b24orm.sandbox.v3.methods import METHODS
from b24orm.schema import Field, entity, entity_keys

CASES = [(key, name) for key in entity_keys() for name, said in entity(key).dialects.items() if said.version == 3]
WORDS = {"status", "priority"}  # numbers in the classic API, words here
ALWAYS_NULL = {"addInReport"}  # in every sample of the documentation


def _fits(field: Field, value: Any) -> bool:
    if field.multiple:
        return isinstance(value, list)
    if value is None:
        return field.nullable
    if field.kind == "int":
        return type(value) is int
    if field.kind == "bool":
        return type(value) is bool
    if field.kind == "datetime":
        return datetime.fromisoformat(value).utcoffset() is not None
    return field.kind == "any" or isinstance(value, str if field.kind == "str" else dict)


def test_there_are_such_dialects() -> None:
    assert ("task", "v3") in CASES


@pytest.mark.parametrize(("key", "name"), CASES)
async def test_rows_fit_the_schema(portal: Sandbox, ask: Any, key: str, name: str) -> None:
    source, dialect = entity(key), entity(key).dialects[name]
    assert set(dialect.methods.values()) <= set(METHODS)
    fields = {field.wire[name]: field for field in source.fields if name in field.wire}
    params = {"filter": [["userId", 1]]} if key == "timeman_record" else {}
    if "list" in dialect.methods:
        found = (await ask(portal, dialect.methods["list"], {"select": list(fields), **params}))[dialect.paths.rows]
    else:
        found = [(await ask(portal, dialect.methods["get"], {"id": portal.ids(key)[0]}))[dialect.paths.row]]
    assert found
    for row in found:
        assert set(row) == set(fields)
        for wire, field in fields.items():
            if wire in WORDS:
                assert isinstance(row[wire], str)
            elif wire in ALWAYS_NULL:
                assert row[wire] is None
            else:
                assert _fits(field, row[wire]), (wire, field.type, row[wire])


@pytest.mark.parametrize(("key", "name"), CASES)
async def test_what_the_schema_calls_writable_is(portal: Sandbox, ask: Any, key: str, name: str) -> None:
    source, dialect = entity(key), entity(key).dialects[name]
    described = (await ask(portal, dialect.methods["fields"]))["items"]
    editable = {one["name"] for one in described if one["editable"] or "add" in (one["requiredGroups"] or ())}
    wires = {field.name: field.wire.get(name) for field in source.fields}
    assert {wires[one] for one in dialect.writes or ()} <= editable
    assert {wires[one] for one in dialect.filters or ()} <= {one["name"] for one in described if one["filterable"]}
