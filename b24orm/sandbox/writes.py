"""Values that clients send in ``fields``, as the portal holds them.

Facts: section 10 of the behaviour notes. Unknown and read-only keys are dropped, immutable ones on update too;
dates that cannot be read are ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pydantic_core

from b24orm.sandbox.clock import read_date, read_datetime
from b24orm.sandbox.fields import Column, Form, Storage, Table
from b24orm.sandbox.multifields import derived, merge_classic, merge_item
from b24orm.sandbox.php import as_map, entries, floatval, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal

__all__ = ["Skip", "accepted"]


class Skip(Exception):
    """The value is ignored: the field stays as it is."""


def accepted(
    source: Table,
    form: Form,
    fields: Any,
    *,
    current: dict[str, Any] | None,
    next_id: Callable[[], int],
) -> dict[str, Any]:
    """The values to store, by column name. *current* is the row to be changed, None for a new one."""
    values: dict[str, Any] = {}
    held = current.get("fm") if current else None
    multifields: list[dict[str, Any]] = pydantic_core.from_json(held) if held else []
    touched = False
    for name, value in entries(fields):
        column = source.by_wire[form].get(name)
        if column is None or column.read_only or column.storage == "const":
            continue
        if current is not None and source.immutable(column, form):
            continue
        if column.storage == "fm":
            touched = True
            if form == "classic":
                multifields = merge_classic(multifields, column.wire["classic"], value, next_id)
            else:
                multifields = merge_item(multifields, value, next_id)
            continue
        try:
            values[column.name] = _held(column, form, value, next_id)
        except Skip:
            continue
    if touched:
        values |= derived(source, multifields)
    return values | _bindings(source, values)


def _held(column: Column, form: Form, value: Any, next_id: Callable[[], int]) -> Any:
    if column.storage != "many":
        return _one(column.storage, form, value, next_id, nullable=column.name != "opportunity")
    if value is None or value == "":
        return "[]"
    if not is_array(value):
        raise Refusal("100", f"Expected iterable value for multiple field, but got `{_php_type(value)}` instead")
    assert column.element is not None
    element = column.element
    if element == "file":
        values = entries({"0": value} if _is_file(value) else value)
        kept = [_one("file", form, item, next_id, nullable=True) for _, item in values]
    else:
        kept = list[Any]()
        for _, item in entries(value):
            try:
                kept.append(_one(element, form, item, next_id, nullable=True))
            except Skip:
                continue
    return pydantic_core.to_json([item for item in kept if item not in (None, "")]).decode()


def _php_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "double" if isinstance(value, float) else "string"


def _one(storage: Storage, form: Form, value: Any, next_id: Callable[[], int], *, nullable: bool) -> Any:
    if storage == "flag":
        return "Y" if _yes(form, value) else "N"
    if storage == "bit":
        if value is None or value == "":
            return None
        return 1 if _yes(form, value) else 0
    if storage == "file":
        return _file(value, next_id)
    if value is None or (value == "" and storage not in {"text", "code"}):
        return None if nullable else 0
    if storage == "int":
        return intval(value)
    if storage == "number":
        return round(floatval(value), 2)
    if storage in {"date", "datetime"}:
        moment = read_date(strval(value)) if storage == "date" else read_datetime(strval(value))
        if moment is None:
            raise Skip
        return moment
    if storage == "json":
        return pydantic_core.to_json(value).decode()
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


def _file(value: Any, next_id: Callable[[], int]) -> int | None:
    """``[name, base64]`` or ``{fileData: [name, base64]}`` is a new file, ``{id}`` keeps one, ``remove`` drops it."""
    if not is_array(value):
        return None
    parts = as_map(value)
    if parts.get("remove") == "Y":
        return None
    known = intval(parts.get("id", parts.get("ID", 0)))
    if known:
        return known
    return next_id() if _is_file(parts.get("fileData", value)) else None


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
