"""The layout of a portal in a file: what ``b24orm sandbox clone`` wrote of the answers of a real one.

The file is one JSON object: ``types`` (crm.type.list), ``pipelines`` (crm.category.list, by entityTypeId), ``statuses``
(crm.status.list), ``fields`` (crm.item.fields with original names, by entityTypeId), ``user_fields``
(userfieldconfig.list), ``currencies`` (crm.currency.list), and ``missing``, what could not be read. Each part holds
what the portal answered, in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pydantic_core

from b24orm.errors import ConfigurationError
from b24orm.narrow import is_list, is_mapping
from b24orm.sandbox.fields import Column, table
from b24orm.sandbox.layout import BASES, Layout
from b24orm.sandbox.php import intval, strval
from b24orm.sandbox.pipelines import placed
from b24orm.sandbox.smart import PROCESSES, SmartProcess
from b24orm.sandbox.userfields import USER_FIELDS, UserField
from b24orm.schema import entity

__all__ = ["FORMAT", "VERSION", "read_layout", "read_layout_text"]

FORMAT: Final = "b24orm sandbox layout"
VERSION: Final = 1

_USER_FIELD = re.compile(r"UF_[A-Z0-9_]+")
_PARENT = re.compile(r"parentId(\d+)|PARENT_ID_(\d+)")
_FIRST_ID = 100_001  # of user fields whose id the file does not tell
_DAY = "2024-02-05T10:15:00+03:00"

Answer = Mapping[str, Any]


def read_layout(path: Path) -> Layout:
    """The layout in a file.

    Raises:
        ConfigurationError: the file cannot be read, or holds no layout.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the layout {path}: {error}") from error
    try:
        return read_layout_text(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def read_layout_text(text: str) -> Layout:
    """The layout that a JSON text describes.

    Raises:
        ConfigurationError: it describes none, or one of another version.
    """
    try:
        read = pydantic_core.from_json(text)
    except ValueError as error:
        raise ConfigurationError(f"a layout is JSON, and this is none: {error}") from None
    if not is_mapping(read) or read.get("format") != FORMAT:
        raise ConfigurationError("this is no layout; `b24orm sandbox clone` makes one")
    if read.get("version") != VERSION:
        raise ConfigurationError(f"this version of b24orm reads layouts of version {VERSION}: clone the portal anew")
    try:
        return _layout({str(name): value for name, value in read.items()}, text)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"the layout is damaged: {type(error).__name__}: {error}") from error


def _layout(said: Answer, text: str) -> Layout:
    statuses = _statuses(said)
    pipelines = list(_pipelines(said))
    described = {int(number): fields for number, fields in _mapping(said.get("fields")).items()}
    processes = {process.key: process for process in _processes(said, pipelines, statuses, described)}
    numbers = {**BASES, **{key: process.entity_type_id for key, process in processes.items()}}
    for process in processes.values():
        known = {row["id"] for row in pipelines if row["entity_type_id"] == process.entity_type_id}
        pipelines += [
            _pipeline(process.entity_type_id, {"id": number, "name": name, "isDefault": "Y"})
            for number, name in process.pipelines
            if number not in known
        ]
    rows: dict[str, Sequence[Answer]] = {
        "status": statuses,
        "category": placed(pipelines),
        "crm_type": list(_types(said, processes)),
        "currency": list(_currencies(said)),
    }
    facts = {(strval(row.get("entityId")), strval(row.get("fieldName"))): row for row in _rows(said.get("user_fields"))}
    # What the file says nothing of is as in every sandbox: the fields of requisites.
    user_fields = {key: fields for key, fields in USER_FIELDS.items() if key not in BASES and key not in PROCESSES}
    made_up = _FIRST_ID
    for key, number in numbers.items():
        own = processes.get(key)
        entity_id = own.user_field_entity if own else f"CRM_{key.upper()}"
        documented = {wire for f in entity("smart_process_item" if own else key).fields for wire in f.wire.values()}
        found: list[UserField] = []
        for wire, about in _mapping(described.get(number)).items():
            if _USER_FIELD.fullmatch(wire) and wire not in documented and is_mapping(about):
                found.append(_user_field(wire, about, facts.get((entity_id, wire), {}), made_up))
                made_up += 1
        user_fields[key] = tuple(found)
    parents = {key: tuple(_parents(_mapping(described.get(number)))) for key, number in numbers.items()}
    return Layout(user_fields, processes, parents, {key: some for key, some in rows.items() if some}, text)


def _mapping(value: Any) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if is_mapping(value) else {}


def _rows(value: Any) -> list[Answer]:
    return [_mapping(row) for row in value if is_mapping(row)] if is_list(value) else []


def _yes(value: Any) -> bool:
    return value is True or value in ("Y", "true", "1", 1)


def _held(column: Column, value: Any) -> Any:
    """A value of an answer as the table holds it."""
    if column.storage == "json":
        return None if value is None else pydantic_core.to_json(value).decode()
    if value is None:
        return None
    if column.storage == "int":
        return intval(value)
    if column.storage == "flag":
        return "Y" if _yes(value) else "N"
    return value if column.storage == "number" else strval(value)


def _row(key: str, answer: Answer) -> dict[str, Any]:
    columns = table(key).by_wire["default"].items()
    return {column.name: _held(column, answer[wire]) for wire, column in columns if wire in answer}


def _statuses(said: Answer) -> list[dict[str, Any]]:
    usual = {"name_init": "", "sort": 10, "system": "N", "color": "", "category_id": None, "semantics": None}
    rows = [{**usual, "extra": None, **_row("status", row)} for row in _rows(said.get("statuses"))]
    for row in rows:
        # An open stage has no semantics, or the letter of its kind, as each portal likes.
        row["semantics"] = row["semantics"] or None
    last = max((intval(row.get("id")) for row in rows), default=0)
    return [{**row, "id": row.get("id") or last + place} for place, row in enumerate(rows, start=1)]


def _pipelines(said: Answer) -> Iterator[dict[str, Any]]:
    every = {int(number): _rows(rows) for number, rows in _mapping(said.get("pipelines")).items()}
    for number in sorted(every, key=lambda number: (number != BASES["deal"], number)):
        yield from (_pipeline(number, row) for row in every[number])


def _pipeline(number: int, row: Answer) -> dict[str, Any]:
    usual = {"name": "", "sort": 500, "is_default": "N", "origin_id": "", "originator_id": ""}
    held = {name: value for name, value in _row("category", row).items() if value is not None}
    return {**usual, "is_locked": "N", "created_date": _DAY, **held, "entity_type_id": number}


def _processes(
    said: Answer,
    pipelines: Sequence[Answer],
    statuses: Sequence[Answer],
    described: Mapping[int, Any],
) -> Iterator[SmartProcess]:
    switches = {c.wire["default"]: c.name for c in table("crm_type").columns if c.storage == "flag" and c.wire}
    for row in _rows(said.get("types")):
        number = int(row["entityTypeId"])
        if number in BASES.values():
            continue
        mine = sorted((p for p in pipelines if p["entity_type_id"] == number), key=lambda p: p["is_default"] != "Y")
        dictionaries = sorted(
            {s["entity_id"] for s in statuses if s["entity_id"].startswith(f"DYNAMIC_{number}_STAGE_")}
        )
        staged = [(int(name.rpartition("_")[2]), "") for name in dictionaries]
        yield SmartProcess(
            id=int(row["id"]),
            entity_type_id=number,
            title=strval(row.get("title")),
            enabled=frozenset(name for wire, name in switches.items() if _yes(row.get(wire))),
            pipelines=tuple((p["id"], p["name"]) for p in mine) or tuple(staged) or ((0, ""),),
            parents=tuple(_parents(_mapping(described.get(number)))),
        )


def _types(said: Answer, processes: Mapping[str, SmartProcess]) -> Iterator[dict[str, Any]]:
    answers = {int(row["id"]): row for row in _rows(said.get("types"))}
    for process in processes.values():
        relations = {
            "parent": [
                {"entityTypeId": number, "isChildrenListEnabled": "Y", "isPredefined": "N"}
                for number, _ in process.parents
            ],
            "child": [],
        }
        yield {
            "code": "",
            "created_by": 1,
            "created_time": _DAY,
            "updated_by": 1,
            "updated_time": _DAY,
            **_row("crm_type", answers[process.id]),
            "relations": pydantic_core.to_json(relations).decode(),
            "linked_user_fields": "[]",
            "custom_sections": "[]",
        }


def _currencies(said: Answer) -> Iterator[dict[str, Any]]:
    for place, row in enumerate(_rows(said.get("currencies")), start=1):
        yield {"lang": "[]", **_row("currency", row), "id": place}


def _parents(fields: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for wire, about in fields.items():
        matched = _PARENT.fullmatch(wire)
        if matched and is_mapping(about):
            yield int(matched[1] or matched[2]), strval(about.get("title"))


def _user_field(wire: str, about: Mapping[Any, Any], facts: Answer, made_up: int) -> UserField:
    items = _rows(about.get("items"))
    return UserField(
        id=intval(facts.get("id")) or made_up,
        name=wire,
        type=strval(about.get("type")) or "string",
        label=strval(about.get("title")) or wire,
        multiple=_yes(about.get("isMultiple")),
        items=tuple((intval(item["ID"]), strval(item.get("VALUE"))) for item in items),
        settings=_mapping(about.get("settings")),
        mandatory=_yes(about.get("isRequired")),
        read_only=_yes(about.get("isReadOnly")),
        sort=intval(facts.get("sort")) or 100,
    )
