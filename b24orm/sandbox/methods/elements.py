"""``lists.element.*``: the elements of universal lists.

Facts: api-reference/lists/elements/*.md; what a filter may hold, and that an update clears what it is not sent, is the
server's own doing. One element is a list with its id (``ELEMENT_ID``) or code. Values of a list's own fields have ids:
``PROPERTY_101`` is ``{"7001": "Москва"}``. The pages name no text for an element without a name; that here is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pydantic_core

from b24orm.sandbox.conditions import all_of
from b24orm.sandbox.fields import Column
from b24orm.sandbox.filters_prefix import LISTS, compile_filter, compile_order, named
from b24orm.sandbox.localdates import local_of
from b24orm.sandbox.methods.lists import block_of, missing, needed, own_fields
from b24orm.sandbox.methods.parameters import classic, classic_array, names
from b24orm.sandbox.paging import CLASSIC, page
from b24orm.sandbox.php import as_map, entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import Sql
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_ELEMENT = "list_element"
# What elements are found by beside the filter, and say nothing about in their rows.
_CONTEXT = frozenset({"iblock_type_id", "iblock_id", "iblock_code"})


def _refused(key: str) -> Refusal:
    sign = re.match(r"[^a-zA-Z]*", key)
    operation = sign[0] if sign else ""
    if LISTS.key.fullmatch(operation) is None or _leftover(operation):
        return Refusal("ERROR_ARGUMENT", f"Filter operation not allowed: {operation}", argument="")
    return Refusal("ERROR_ARGUMENT", f"Filter field not allowed: {key[len(operation) :].upper()}", argument="")


def _leftover(operation: str) -> bool:
    matched = LISTS.key.fullmatch(operation)
    return matched is not None and bool(matched[2])


def _condition(block: Mapping[str, Any], state: State, raw: Any) -> Sql:
    """The filter: the list's own fields by their values, the others as columns."""
    own, plain = own_fields(block), dict[str, Any]()
    parts: list[Sql] = []
    columns = {name: c for name, c in named(state.table(_ELEMENT)).items() if c.name not in _CONTEXT}
    for key, value in entries(raw):
        matched = LISTS.key.fullmatch(key.upper())
        assert matched is not None
        if matched[2] in own:
            parts.append(_of_property(matched[2], matched[1] or "", value))
        else:
            plain[key] = value
    found = compile_filter(columns, plain, LISTS, unknown=_refused, ignore_id=state.options.ignore_id_filter)
    return all_of(found, *parts)


def _of_property(name: str, sign: str, value: Any) -> Sql:
    """A condition that any of the values of a list's own field may meet."""
    given = [item for _, item in entries(value)] if is_array(value) else [value]
    plain = sign.lstrip("!")
    if plain in {"<", "<=", ">", ">="}:
        test, values = f"CAST(value AS REAL) {plain} CAST(? AS REAL)", given[:1]
    elif plain == "%":
        test, values = "instr(fold(value), ?) > 0", [strval(given[0]).casefold()]
    else:
        test, values = f"value IN ({', '.join('?' * len(given))})", [strval(item) for item in given]
    text = f"""EXISTS (SELECT 1 FROM json_each(properties, '$."{name}"') WHERE {test})"""  # noqa: S608 - our own names
    return (f"NOT {text}" if sign.startswith("!") else text), values


def _elements(state: State, params: dict[str, Any]) -> Answer:
    block = block_of(state, params)
    source = state.table(_ELEMENT)
    where = all_of(("iblock_id = ?", [block["id"]]), _condition(block, state, classic_array(params, "filter")))
    where = all_of(where, _which(params))
    sortable = {name: c for name, c in named(source).items() if c.sortable}
    order = compile_order(sortable, classic_array(params, "element_order"), default="id DESC")
    wanted = {name.upper() for name in names(classic(params, "select"))}
    columns = [source.by_name["id"], *_chosen(source.by_wire["default"], wanted)]
    found, answer = page(
        CLASSIC,
        state.options,
        params.get("start"),
        lambda: state.store.count(_ELEMENT, where),
        lambda window: fetch(state.store, source, "default", columns, where, order, window),
    )
    rows: list[dict[str, Any]] = list(found)
    held = _values(state, [intval(row["ID"]) for row in rows])
    for row in rows:
        own = held[intval(row["ID"])]
        row.update({name: value for name, value in own.items() if not wanted or name in wanted})
    answer.result = rows
    return answer


def _chosen(columns: Mapping[str, Column], wanted: set[str]) -> list[Column]:
    return [
        c for wire, c in columns.items() if wire != "ID" and c.name not in _CONTEXT and (not wanted or wire in wanted)
    ]


def _values(state: State, numbers: list[int]) -> dict[int, dict[str, Any]]:
    """The values of the lists' own fields, by element."""
    found = state.store.select(_ELEMENT, "id, properties", (f"id IN ({', '.join('?' * len(numbers))})", numbers))
    return {number: as_map(pydantic_core.from_json(held or "{}")) for number, held in found}


def _which(params: dict[str, Any]) -> Sql:
    """The condition that names one element, if the call does."""
    number, code = classic(params, "element_id"), classic(params, "element_code")
    if number not in (None, ""):
        return "id = ?", [intval(number)]
    return ("code = ?", [strval(code)]) if code not in (None, "") else ("", [])


def _sent(state: State, block: Mapping[str, Any], params: dict[str, Any], error: str) -> dict[str, Any]:
    """All that an element holds after a write: what was not sent is empty."""
    fields = needed(params, "FIELDS")
    given = as_map(fields) if is_array(fields) else {}
    if not given.get("NAME"):
        raise Refusal(error, "The element has no name")
    source = state.table(_ELEMENT)
    values = accepted(state, source, "default", given, current=None)
    cleared = {c.name: None for c in source.stored if not (c.read_only or c.immutable) and c.name != "properties"}
    own = {name: _valued(state, given[name]) for name in own_fields(block) if given.get(name) not in (None, "")}
    kept = {name: value for name, value in values.items() if name not in _CONTEXT | {"code"}}
    return cleared | {"sort": 500} | kept | {"properties": pydantic_core.to_json(own).decode()}


def _valued(state: State, value: Any) -> dict[str, str]:
    """The values of a field with new ids; what an update sends as ``{id: value}`` keeps its ids."""
    if not is_array(value):
        return {str(state.next_id()): strval(value)}
    pairs = list(entries(value))
    named_already = all(name.isdigit() and int(name) > len(pairs) for name, _ in pairs)
    return {name if named_already else str(state.next_id()): strval(item) for name, item in pairs}


def _add(state: State, params: dict[str, Any]) -> Answer:
    block, code = block_of(state, params), strval(needed(params, "ELEMENT_CODE"))
    if state.store.select(_ELEMENT, "id", ("iblock_id = ? AND code = ?", [block["id"], code])):
        raise Refusal("ERROR_ELEMENT_ALREADY_EXISTS", "Element already exists")
    values = _sent(state, block, params, "ERROR_ADD_ELEMENT")
    made = {
        "iblock_id": block["id"],
        "code": code,
        "iblock_section_id": intval(classic(params, "iblock_section_id")) or None,
        "created_by": state.user_id,
        "created_user_name": f"(user{state.user_id})",
        "date_create": local_of(state.clock.time()),
        "bp_published": "Y",
        "preview_text_type": "text",
        "detail_text_type": "text",
    }
    new = state.store.insert(_ELEMENT, values | made)
    state.wrote(_ELEMENT, new, "add")
    return Answer(new)


def _known(state: State, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The list and one of its elements."""
    block, which = block_of(state, params), _which(params)
    if not which[0]:
        raise missing("ELEMENT_ID")
    found = state.store.select(_ELEMENT, "id", all_of(("iblock_id = ?", [block["id"]]), which))
    row = state.store.row(_ELEMENT, found[0][0]) if found else None
    if row is None:
        raise Refusal("ERROR_ELEMENT_NOT_FOUND", "Element not found")
    return block, row


def _update(state: State, params: dict[str, Any]) -> Answer:
    block, row = _known(state, params)
    values = _sent(state, block, params, "ERROR_UPDATE_ELEMENT")
    state.store.update(_ELEMENT, row["id"], values)
    changed = any(row[name] != value for name, value in values.items())
    state.wrote(_ELEMENT, row["id"], "update", changed=changed)
    return Answer(True)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    _, row = _known(state, params)
    state.store.delete(_ELEMENT, row["id"])
    state.wrote(_ELEMENT, row["id"], "delete")
    return Answer(True)


METHODS: dict[str, Handler] = {
    "lists.element.get": _elements,
    "lists.element.add": _add,
    "lists.element.update": _update,
    "lists.element.delete": _delete,
}
"""Handlers of this family."""
