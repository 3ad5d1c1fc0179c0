"""Typed values -> rows as the portal writes them: the way back from `reader`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from b24orm.model.values import File, Multifield
from b24orm.money import Money
from b24orm.narrow import is_list
from b24orm.schema import Entity

__all__ = ["wire_row"]

# Families that call the parts of files and multifields by modern names.
_MODERN = ("crm_item", "controller", "products", "product_rows")
_CLASSIC_PARTS: Mapping[str, str] = {
    "typeId": "TYPE_ID",
    "valueType": "VALUE_TYPE",
    "value": "VALUE",
}


def wire_row(entity: Entity, dialect: str, values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """A row of *dialect*, ready for JSON.

    Args:
        values: typed values by attribute name; fields that the dialect lacks are left out.
        others: fields that no schema knows, by wire name, as they came.
    """
    spec = entity.dialects[dialect]
    encode = _encoder(numbers=spec.numbers, modern=spec.grammar in _MODERN)
    row: dict[str, Any] = {}
    for field in entity.fields:
        if dialect in field.wire and field.name in values:
            value = values[field.name]
            raw = field.kind in ("object", "any")
            row[spec.answered(field.wire[dialect])] = value if raw else encode(value)
    return {**row, **others}


def _encoder(*, numbers: bool, modern: bool) -> Callable[[Any], Any]:
    def encode(value: Any) -> Any:
        if isinstance(value, bool):
            return "Y" if value else "N"
        if isinstance(value, int):
            return value if numbers else str(value)
        if isinstance(value, Decimal):
            return _number(value) if numbers else f"{value:f}"
        if isinstance(value, date):  # and datetime
            return value.isoformat()
        if isinstance(value, Money):
            return str(value)
        if isinstance(value, Multifield):
            return _multifield(value, modern=modern)
        if isinstance(value, File):
            return _file(value, modern=modern)
        if is_list(value):
            return [encode(item) for item in value]
        return value

    return encode


def _number(value: Decimal) -> Any:
    """A JSON number if that holds it exactly, else its digits as text."""
    if value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else f"{value:f}"


def _multifield(value: Multifield, *, modern: bool) -> dict[str, Any]:
    parts = {"typeId": value.type_id, "valueType": value.value_type, "value": value.value}
    if modern:
        return {**({} if value.id is None else {"id": value.id}), **parts, **(value.model_extra or {})}
    classic = {_CLASSIC_PARTS[name]: part for name, part in parts.items()}
    return {**({} if value.id is None else {"ID": str(value.id)}), **classic, **(value.model_extra or {})}


def _file(value: File, *, modern: bool) -> dict[str, Any]:
    url, machine = ("url", "urlMachine") if modern else ("showUrl", "downloadUrl")
    parts = {"id": value.id, url: value.url, machine: value.url_machine}
    return {**{name: part for name, part in parts.items() if part is not None}, **(value.model_extra or {})}
