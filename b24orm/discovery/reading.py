"""Asks a portal for what it has of its own.

Facts: https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-fields.html,
https://apidocs.bitrix24.com/api-reference/crm/status/crm-status-list.html,
https://apidocs.bitrix24.com/api-reference/crm/universal/category/crm-category-list.html,
https://apidocs.bitrix24.com/api-reference/crm/universal/user-defined-object-types/crm-type-list.html.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from b24orm.command import Command
from b24orm.context import PortalLike
from b24orm.discovery.layout import Choice, Layout, OwnEntity, OwnField, Stage
from b24orm.discovery.names import natural
from b24orm.errors import AccessDenied, MethodNotFound, NotFound, PortalError
from b24orm.narrow import is_list, is_mapping
from b24orm.schema import entity

__all__ = ["BASES", "SMART_PROCESS", "read_entity", "read_layout"]

BASES: Mapping[str, int] = {"lead": 1, "deal": 2, "contact": 3, "company": 4, "quote": 7, "smart_invoice": 31}
"""The portal's own entities that may have user fields, with the numbers of their types."""

SMART_PROCESS = "smart_process_item"
"""Key of the schema that serves all smart processes."""

# The dictionaries of stages: of the default pipeline, and the beginning of those of the others.
_STAGES = {"lead": "STATUS", "deal": "DEAL_STAGE", "quote": "QUOTE_STATUS", "smart_invoice": "SMART_INVOICE_STAGE"}
_PARENT = re.compile(r"parentId(\d+)|PARENT_ID_(\d+)")


async def read_layout(portal: PortalLike) -> Layout:
    """All that *portal* adds to the CRM: two requests for most portals.

    Raises:
        PortalError: the webhook may not read the CRM.
    """
    bases = [(base, number, "") for base, number in BASES.items() if _served(base, portal)]
    dictionaries, (types, missing), first = await asyncio.gather(
        _dictionaries(portal), _types(portal), _all_described(portal, bases)
    )
    processes = [(SMART_PROCESS, number, title) for number, title in sorted(types.items())]
    second = await _all_described(portal, processes)
    found = zip([*bases, *processes], [*first, *second], strict=True)
    return Layout(tuple(_entity(*one, described, dictionaries) for one, described in found), tuple(missing))


async def read_entity(portal: PortalLike, base: str, entity_type_id: int) -> OwnEntity:
    """What *portal* adds to one entity of the CRM: one request.

    Raises:
        NotFound: there is no such smart process.
        PortalError: the webhook may not read it.
    """
    dictionaries, described = await asyncio.gather(_dictionaries(portal), _described(portal, base, entity_type_id))
    return _entity(base, entity_type_id, "", described, dictionaries)


def _served(base: str, portal: PortalLike) -> bool:
    return portal.crm_api == "item" or "classic" in entity(base).dialects


async def _answer(portal: PortalLike, method: str, params: Mapping[str, Any]) -> Any:
    return (await portal.submit(Command(method, params))).unwrap()


async def _dictionaries(portal: PortalLike) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    response = await _answer(portal, "crm.status.list", {"order": {"SORT": "ASC", "ID": "ASC"}})
    for row in _rows(response.result):
        found.setdefault(str(row.get("ENTITY_ID")), []).append(row)
    return found


async def _types(portal: PortalLike) -> tuple[dict[int, str], list[str]]:
    """The smart processes by number, and what could not be read: an administrator's right is needed."""
    types: dict[int, str] = {}
    if portal.crm_api != "item":
        return types, []
    start: int | None = 0
    while start is not None:
        try:
            response = await _answer(portal, "crm.type.list", {"order": {"id": "ASC"}, "start": start})
        except (AccessDenied, MethodNotFound) as error:
            return types, [f"smart processes: crm.type.list is for administrators of newer portals ({error.code})"]
        for row in _rows(_at(response.result, "types")):
            number = int(row["entityTypeId"])
            if number not in BASES.values():
                types[number] = str(row.get("title") or "")
        start = response.next
    return types, []


@dataclass(frozen=True, slots=True)
class _Described:
    """What the portal says of one entity: its fields by wire name, and the names of its pipelines by id."""

    fields: Any
    pipelines: Mapping[str, str]


async def _described(portal: PortalLike, base: str, entity_type_id: int) -> _Described:
    if portal.crm_api == "item":
        params = {"entityTypeId": entity_type_id, "useOriginalUfNames": "Y"}
        asked = _answer(portal, "crm.item.fields", params)
    else:
        asked = _answer(portal, f"crm.{base}.fields", {})
    response, pipelines = await asyncio.gather(asked, _pipelines(portal, entity_type_id))
    return _Described(_at(response.result, "fields") if portal.crm_api == "item" else response.result, pipelines)


async def _all_described(portal: PortalLike, wanted: Sequence[tuple[str, int, str]]) -> list[_Described]:
    return await asyncio.gather(*(_described(portal, base, number) for base, number, _ in wanted))


def _entity(
    base: str,
    entity_type_id: int,
    title: str,
    described: _Described,
    dictionaries: Mapping[str, Sequence[Mapping[str, Any]]],
) -> OwnEntity:
    prefix = _STAGES.get(base) or (f"DYNAMIC_{entity_type_id}_STAGE" if base == SMART_PROCESS else "")
    return OwnEntity(
        base,
        entity_type_id,
        title,
        tuple(_own_fields(base, described.fields)),
        tuple(_stages(prefix, dictionaries, described.pipelines)),
    )


async def _pipelines(portal: PortalLike, entity_type_id: int) -> Mapping[str, str]:
    """The names of pipelines by id, as text; none for entities that have no pipelines."""
    if entity_type_id in (BASES["lead"], BASES["quote"]) or portal.crm_api != "item":
        return {}
    try:
        response = await _answer(portal, "crm.category.list", {"entityTypeId": entity_type_id})
    except NotFound:
        return {}
    except PortalError as error:
        if error.code == "ENTITY_TYPE_NOT_SUPPORTED":
            return {}
        raise
    return {str(row["id"]): str(row.get("name") or "") for row in _rows(_at(response.result, "categories"))}


def _stages(
    prefix: str, dictionaries: Mapping[str, Sequence[Mapping[str, Any]]], pipelines: Mapping[str, str]
) -> Iterator[Stage]:
    if not prefix:
        return
    several = sum(1 for key in dictionaries if re.fullmatch(rf"{prefix}(_\d+)?", key)) > 1
    for key in sorted(dictionaries, key=natural):
        match = re.fullmatch(rf"{prefix}(?:_(\d+))?", key)
        if match is None:
            continue
        pipeline = pipelines.get(match[1] or "0", "") if several else ""
        for row in dictionaries[key]:
            yield Stage(str(row["STATUS_ID"]), str(row.get("NAME") or ""), pipeline)


def _own_fields(base: str, described: Any) -> Iterator[OwnField]:
    schema = entity(base)
    documented = {wire for field in schema.fields for wire in field.wire.values()}
    fields: Mapping[Any, Any] = described if is_mapping(described) else {}
    found: dict[str, OwnField] = {}
    for key, about in fields.items():
        wire = str(key)
        parent = _PARENT.fullmatch(wire)
        if parent is not None:
            wire = f"PARENT_ID_{parent[1] or parent[2]}"
        elif wire in documented or not wire.startswith("UF_"):
            continue
        if is_mapping(about):
            found[wire] = _own_field(wire, about)
    yield from (found[wire] for wire in sorted(found, key=natural))


def _own_field(wire: str, about: Mapping[Any, Any]) -> OwnField:
    labels = (about.get(key) for key in ("formLabel", "listLabel", "filterLabel", "title"))
    label = next((str(text).strip() for text in labels if text and str(text).strip()), wire)
    items: Any = about.get("items")
    return OwnField(
        wire,
        "integer" if wire.startswith("PARENT_ID_") else str(about.get("type") or "string"),
        wire if label.upper() == wire else label,
        multiple=_is_true(about.get("isMultiple")),
        read_only=_is_true(about.get("isReadOnly")),
        choices=tuple(Choice(int(item["ID"]), str(item.get("VALUE") or "")) for item in _rows(items)),
    )


def _is_true(value: Any) -> bool:
    return value is True or value in ("Y", "true", 1, "1")


def _at(result: Any, name: str) -> Any:
    return result.get(name) if is_mapping(result) else None


def _rows(value: Any) -> list[Mapping[str, Any]]:
    if is_mapping(value):
        value = list(value.values())
    return [row for row in value if is_mapping(row)] if is_list(value) else []
