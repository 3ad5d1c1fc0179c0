"""Phones, e-mail addresses and the like: how changes are merged, and what other columns follow from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pydantic_core

from b24orm.sandbox.fields import Table
from b24orm.sandbox.php import as_map, entries, intval, strval

__all__ = ["TYPES", "derived", "merge_classic", "merge_item"]

Multifields = list[dict[str, Any]]
TYPES = ("PHONE", "EMAIL", "WEB", "IM", "LINK")
_BY_TYPE = (
    ("phone_work", "PHONE", "WORK"),
    ("phone_mobile", "PHONE", "MOBILE"),
    ("phone_mailing", "PHONE", "MAILING"),
    ("email_work", "EMAIL", "WORK"),
    ("email_home", "EMAIL", "HOME"),
    ("email_mailing", "EMAIL", "MAILING"),
)


def merge_item(current: Multifields, changes: Any, next_id: Callable[[], int]) -> Multifields:
    """``fm`` of crm.item: the key of a known id updates, with an empty value deletes; ``n0`` and the like add."""
    cleaned = [{"id": key, **as_map(change)} for key, change in entries(changes)]
    return _merge(current, cleaned, next_id, ("id", "value", "valueType", "typeId"))


def merge_classic(current: Multifields, type_id: str, changes: Any, next_id: Callable[[], int]) -> Multifields:
    """A classic PHONE or EMAIL list: ID updates, ID with DELETE=Y or an empty VALUE deletes, without ID adds."""
    cleaned: list[dict[str, Any]] = []
    for _, change in entries(changes):
        one = {**as_map(change), "TYPE_ID": type_id}
        if one.get("DELETE") == "Y":
            one["VALUE"] = ""
        cleaned.append(one)
    return _merge(current, cleaned, next_id, ("ID", "VALUE", "VALUE_TYPE", "TYPE_ID"))


def _merge(
    current: Multifields, changes: list[dict[str, Any]], next_id: Callable[[], int], keys: tuple[str, str, str, str]
) -> Multifields:
    key_id, key_value, key_value_type, key_type = keys
    merged = {entry["id"]: dict(entry) for entry in current}
    for change in changes:
        known = merged.get(intval(change.get(key_id)))
        value = strval(change.get(key_value))
        if known is None:
            type_id = strval(change.get(key_type)).upper()
            if value and type_id in TYPES:
                value_type = strval(change.get(key_value_type)) or "WORK"
                new = next_id()
                merged[new] = {"id": new, "typeId": type_id, "valueType": value_type, "value": value}
        elif key_value in change and not value:
            del merged[known["id"]]
        else:
            known["value"] = value or known["value"]
            known["valueType"] = strval(change.get(key_value_type)) or known["valueType"]
    return list(merged.values())


def derived(source: Table, fields: Multifields) -> dict[str, Any]:
    """The columns that follow from the multifields: ``fm`` itself, has_phone, phone_work and so on."""

    def first(type_id: str, value_type: str | None = None) -> str:
        return next(
            (f["value"] for f in fields if f["typeId"] == type_id and value_type in {None, f["valueType"]}),
            "",
        )

    values: dict[str, Any] = {
        "fm": pydantic_core.to_json(fields).decode(),
        "has_phone": "Y" if first("PHONE") else "N",
        "has_email": "Y" if first("EMAIL") else "N",
        "has_imol": "N",
        "phone": first("PHONE"),
        "email": first("EMAIL"),
    }
    values |= {name: first(type_id, value_type) for name, type_id, value_type in _BY_TYPE}
    return {name: value for name, value in values.items() if name in source.by_name}
