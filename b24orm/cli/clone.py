"""Reads the layout of a portal, not its data, as the sandbox takes it: see `b24orm.sandbox.layout_file`.

Facts: https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-fields.html,
https://apidocs.bitrix24.com/api-reference/crm/universal/userfieldconfig/userfieldconfig-list.html,
https://apidocs.bitrix24.com/api-reference/crm/universal/category/crm-category-list.html,
https://apidocs.bitrix24.com/api-reference/crm/status/crm-status-list.html,
https://apidocs.bitrix24.com/api-reference/crm/universal/user-defined-object-types/crm-type-list.html,
https://apidocs.bitrix24.com/api-reference/crm/currency/crm-currency-list.html.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from b24orm import Portal
from b24orm.errors import PortalError
from b24orm.narrow import is_list, is_mapping
from b24orm.sandbox.layout import BASES
from b24orm.sandbox.layout_file import FORMAT, VERSION

__all__ = ["clone"]

# What is taken of each answer: no people, no dates, nothing that a portal may have added since.
_TYPE = re.compile(r"id|title|code|entityTypeId|is[A-Z]\w*")
_PIPELINE = re.compile(r"id|name|sort|isDefault")
_STATUS = re.compile(r"ID|ENTITY_ID|STATUS_ID|NAME|NAME_INIT|SORT|SYSTEM|CATEGORY_ID|COLOR|SEMANTICS|EXTRA")
_FIELD = re.compile(r"type|is[A-Z]\w*|title|items|settings|statusType")
_OWN_FIELD = re.compile(r"UF_[A-Z0-9_]+|parentId\d+|PARENT_ID_\d+")
_USER_FIELD = re.compile(r"id|entityId|fieldName|sort")
_CURRENCY = re.compile(
    r"CURRENCY|AMOUNT_CNT|AMOUNT|BASE|SORT|LID|FULL_NAME|FORMAT_STRING|DEC_POINT|THOUSANDS_SEP|DECIMALS"
)
# Types whose settings may name services of others, with the keys to them.
_FOREIGN: Final = re.compile(r"rest_.*")

_Read = Callable[[Any], Sequence[Any]]


async def clone(portal: Portal) -> dict[str, Any]:
    """The layout of a portal: its answers to some ten questions, and as many as it has smart processes.

    Raises:
        PortalError: the webhook may not read the CRM at all.
    """
    missing: list[str] = []

    async def optional(what: str, method: str, params: Mapping[str, Any], rows: _Read) -> list[dict[str, Any]]:
        try:
            return await _all(portal, method, params, rows)
        except PortalError as error:
            missing.append(f"{what}: {method} ({error.code})")
            return []

    numbers = list(BASES.values())
    statuses, types, currencies = await asyncio.gather(
        _all(portal, "crm.status.list", {}, _rows),
        optional("smart processes", "crm.type.list", {"order": {"id": "ASC"}}, lambda result: _rows(result, "types")),
        optional("currencies", "crm.currency.list", {}, _rows),
    )
    types = [row for row in types if int(row["entityTypeId"]) not in numbers]
    numbers += [int(row["entityTypeId"]) for row in types]
    fields, pipelines = await asyncio.gather(
        asyncio.gather(*(_fields(portal, number) for number in numbers)),
        asyncio.gather(*(_pipelines(portal, number) for number in numbers)),
    )
    user_fields = await optional(
        "ids and order of user fields",
        "userfieldconfig.list",
        {"moduleId": "crm", "order": {"id": "ASC"}},
        lambda result: _rows(result, "fields"),
    )
    return {
        "format": FORMAT,
        "version": VERSION,
        "types": [_of(_TYPE, row) for row in types],
        "pipelines": {
            str(n): [_of(_PIPELINE, row) for row in rows] for n, rows in zip(numbers, pipelines, strict=True)
        },
        "statuses": [_of(_STATUS, row) for row in statuses],
        "fields": {str(number): found for number, found in zip(numbers, fields, strict=True)},
        "user_fields": [_of(_USER_FIELD, row) for row in user_fields],
        "currencies": [_of(_CURRENCY, row) for row in currencies],
        "missing": sorted(missing),
    }


def _of(names: re.Pattern[str], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if names.fullmatch(name)}


def _rows(result: Any, name: str = "") -> list[dict[str, Any]]:
    if name:
        result = result.get(name) if is_mapping(result) else None
    return [_named(row) for row in result if is_mapping(row)] if is_list(result) else []


def _named(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in row.items()}


async def _all(portal: Portal, method: str, params: Mapping[str, Any], rows: _Read) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    start: int | None = 0
    while start is not None:
        response = await portal.call(method, {**params, "start": start})
        found += rows(response.result)
        start = response.next
    return found


async def _fields(portal: Portal, number: int) -> dict[str, Any]:
    """The fields of the portal's own, by name."""
    response = await portal.call("crm.item.fields", {"entityTypeId": number, "useOriginalUfNames": "Y"})
    described = response.result.get("fields") if is_mapping(response.result) else None
    found: dict[str, Any] = {}
    for name, about in (_named(described) if is_mapping(described) else {}).items():
        if _OWN_FIELD.fullmatch(name) and is_mapping(about):
            kept = _of(_FIELD, _named(about))
            if _FOREIGN.fullmatch(str(kept.get("type"))):
                kept.pop("settings", None)
            found[name] = kept
    return found


async def _pipelines(portal: Portal, number: int) -> list[dict[str, Any]]:
    """The pipelines of a kind of objects; none where there are none."""
    if number in (BASES["lead"], BASES["quote"]):
        return []
    try:
        return await _all(
            portal, "crm.category.list", {"entityTypeId": number}, lambda result: _rows(result, "categories")
        )
    except PortalError as error:
        if error.code in ("NOT_FOUND", "ENTITY_TYPE_NOT_SUPPORTED"):
            return []
        raise
