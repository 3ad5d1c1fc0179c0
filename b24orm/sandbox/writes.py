"""Values that clients send in ``fields``, as the portal holds them.

Facts: section 10 of the behaviour notes. Unknown and read-only keys are dropped, immutable ones on update too;
dates that cannot be read are ignored.
"""

from __future__ import annotations

from typing import Any

import pydantic_core

from b24orm.sandbox.clock import read_date, read_datetime
from b24orm.sandbox.fields import Column, Form, Storage, Table
from b24orm.sandbox.files import decode
from b24orm.sandbox.multifields import derived, merge_classic, merge_item
from b24orm.sandbox.php import as_map, entries, floatval, intval, is_array, shaped, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import State

__all__ = ["Skip", "accepted"]


_NEVER_NULL = frozenset({"opportunity"})


class Skip(Exception):
    """The value is ignored: the field stays as it is."""


def accepted(
    state: State,
    source: Table,
    form: Form,
    fields: Any,
    *,
    current: dict[str, Any] | None,
    lifted: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The values to store, by column name. *current* is the row to be changed, None for a new one.

    Read-only fields are dropped except those that are *lifted*.
    """
    values: dict[str, Any] = {}
    held = current.get("fm") if current else None
    multifields: list[dict[str, Any]] = pydantic_core.from_json(held) if held else []
    touched = False
    for name, value in entries(fields):
        column = source.by_wire[form].get(name)
        if column is None or column.storage == "const" or (column.read_only and column.name not in lifted):
            continue
        if current is not None and source.immutable(column, form):
            continue
        if column.storage == "fm":
            touched = True
            if form == "classic":
                multifields = merge_classic(multifields, column.wire["classic"], value, state.next_id)
            else:
                multifields = merge_item(multifields, value, state.next_id)
            continue
        try:
            values[column.name] = _held(state, column, form, value, _files_of(column, current))
        except Skip:
            continue
    if touched:
        values |= derived(source, multifields)
    return values | _bindings(source, values)


def _files_of(column: Column, current: dict[str, Any] | None) -> frozenset[int] | None:
    """The files that the field holds; None for a new row, and for fields that hold none."""
    if current is None or "file" not in (column.storage, column.element):
        return None
    held = current.get(column.name)
    many: list[int] = pydantic_core.from_json(held or "[]") if column.storage == "many" else [held] if held else []
    return frozenset(many)


def _held(state: State, column: Column, form: Form, value: Any, files: frozenset[int] | None) -> Any:
    if column.storage != "many":
        if column.storage == "file":
            return _file(state, value, files)
        return _one(column.storage, form, value, column.name not in _NEVER_NULL, column.digits)
    if value is None or value == "":
        return "[]"
    if not is_array(value):
        raise Refusal("100", f"Expected iterable value for multiple field, but got `{_php_type(value)}` instead")
    assert column.element is not None
    kept = list[Any]()
    if column.element == "json":
        kept = [shaped(item) for _, item in entries(value)]
    elif column.element == "file":
        values = entries({"0": value} if _is_file(value) else value)
        kept = [_file(state, item, files) for _, item in values]
    else:
        for _, item in entries(value):
            try:
                kept.append(_one(column.element, form, item, digits=column.digits))
            except Skip:
                continue
    return pydantic_core.to_json([item for item in kept if item not in (None, "")]).decode()


def _php_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "double" if isinstance(value, float) else "string"


def _one(storage: Storage, form: Form, value: Any, nullable: bool = True, digits: int = 2) -> Any:
    if storage == "flag":
        return "Y" if _yes(form, value) else "N"
    if storage == "bit":
        if value is None or value == "":
            return None
        return 1 if _yes(form, value) else 0
    if value is None or (value == "" and storage not in {"text", "code"}):
        return None if nullable else 0
    if storage == "int":
        return intval(value)
    if storage == "number":
        return round(floatval(value), digits)
    if storage in {"date", "datetime"}:
        moment = read_date(strval(value)) if storage == "date" else read_datetime(strval(value))
        if moment is None:
            raise Skip
        return moment
    if storage == "json":
        return pydantic_core.to_json(shaped(value)).decode()
    if is_array(value):
        raise Skip
    return strval(value)


def _yes(form: Form, value: Any) -> bool:
    if form in {"item", "item_camel"}:
        # crm.item.* takes exactly these for yes; 1 is stored as no.
        return value is True or value in ("true", "y", "Y")
    return value is True or value in ("Y", "1", 1)


def _is_file(value: Any) -> bool:
    pair = [item for _, item in entries(value)]
    return len(pair) == 2 and all(isinstance(item, str) for item in pair)


def _file(state: State, value: Any, held: frozenset[int] | None) -> int | None:
    """``[name, base64]`` or ``{fileData: [name, base64]}`` is a new file, ``{id}`` keeps one, ``remove`` drops it.

    An update keeps only what the field *held*: with any other id the field is emptied.
    """
    if not is_array(value):
        return None
    parts = as_map(value)
    if parts.get("remove") == "Y":
        return None
    known = intval(parts.get("id", parts.get("ID", 0)))
    if known:
        return known if held is None or known in held else None
    given = parts.get("fileData", value)
    if not _is_file(given):
        return None
    name, content = (item for _, item in entries(given))
    return state.keep(name, decode(content))


def _bindings(source: Table, values: dict[str, Any]) -> dict[str, Any]:
    """The primary contact (company) and the list of contacts (companies) follow each other."""
    extra: dict[str, Any] = {}
    for one, many in (("contact_id", "contact_ids"), ("company_id", "company_ids")):
        if many not in source.by_name:
            continue
        if many in values:
            ids = pydantic_core.from_json(values[many])
            if one in source.by_name:
                extra[one] = ids[0] if ids else None
        elif one in values:
            extra[many] = f"[{values[one]}]" if values[one] else "[]"
    return extra
