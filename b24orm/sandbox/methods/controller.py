"""``catalog.*`` and ``sale.*``: what the portal's generic controllers have in common, whatever they serve.

Facts: api-reference/catalog and api-reference/sale, the pages list, get, add, update, delete and get-fields of each
entity. What tells the entities apart is in `Family`; names, paths and required fields are those of the schemas. Codes
of errors are numbers; where a page has none but a dash, it is 0. The texts are those of the pages, which for some
errors describe them in other words than the portal may send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.conditions import all_of
from b24orm.sandbox.fields import Column, Table
from b24orm.sandbox.filters_controller import compile_filter, compile_order, selected
from b24orm.sandbox.methods.parameters import array, required
from b24orm.sandbox.paging import CONTROLLER, page
from b24orm.sandbox.php import as_map, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import Sql
from b24orm.sandbox.writes import accepted
from b24orm.schema import Dialect, entity

__all__ = ["Family", "methods_of"]

_CREATED = frozenset({"timestamp_x", "date_create", "date_insert", "date_update", "date_modify", "date_status"})
_CHANGED = frozenset({"timestamp_x", "date_update", "date_modify"})
_TYPES = {"boolean": "char", "crm_currency": "string", "user": "integer", "text": "string"}


@dataclass(frozen=True, slots=True)
class Family:
    """One entity of a controller.

    Attributes:
        key: of its schema and of its table.
        code: of the error about a row that is not there; *word* is what the portal calls the row.
        get_code: the same, where a get has a code of its own.
        twice: what is said of a new row whose id, which the client chooses, is taken.
        nested: wire names of the lists that a get shows and a list does not, each with the table that holds them and
            the column that says whose they are; None for what this portal never fills.
        parts: what is deleted with a row: tables, and their columns that hold its id.
        defaults: what a new row holds, where it is neither "no" nor nothing.
        owner: the column of a new row that must name a row of a table, with the error otherwise.
        rows: adds to the rows of a list what no column holds.
        sent: the values of what no column holds, of the fields that were sent; None if there are none.
        more: a condition on what no column holds.
    """

    key: str
    code: int | str
    word: str
    gone: str = "does not exist"
    get_code: int | None = None
    twice: Refusal | None = None
    nested: Mapping[str, tuple[str, str] | None] = field(default_factory=dict[str, tuple[str, str] | None])
    parts: tuple[tuple[str, str], ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    owner: tuple[str, str, Refusal] | None = None
    rows: Callable[[State, str, Rows, Any], Rows] | None = None
    sent: Callable[[State, Any, dict[str, Any] | None], dict[str, Any]] | None = None
    more: Callable[[Any], Sql] | None = None

    @property
    def dialect(self) -> Dialect:
        """What the schema says of the methods."""
        return entity(self.key).dialects["default"]

    @property
    def root(self) -> str:
        """What the answers to writes call the row."""
        return self.dialect.paths.new_id.partition(".")[0] or self.dialect.paths.row


def _needed(family: Family, conditions: Any, select: Any) -> None:
    """Refuse a list that lacks what its page demands: conditions by their bare names, and fields by name."""
    wires = [entity(family.key).by_name[name].wire["default"] for name in family.dialect.needs]
    if any(wire not in as_map(conditions) for wire in wires):
        raise Refusal(0, f"Required fields: {', '.join(wires)}")
    always = family.dialect.always_selected
    if not {*always} <= {strval(name) for name in as_map(select).values()}:
        raise Refusal(0, f"Required select fields: {', '.join(always)}")


def _list(family: Family, state: State, params: dict[str, Any]) -> Answer:
    source = state.table(family.key)
    conditions, select = array(params, "filter"), array(params, "select")
    _needed(family, conditions, select)
    where = compile_filter(source, conditions, ignore_id=state.options.ignore_id_filter)
    if family.more is not None:
        where = all_of(where, family.more(conditions))
    order = compile_order(source, array(params, "order"))
    chosen = selected(source, select, frozenset(family.nested))
    found, answer = page(
        CONTROLLER,
        state.options,
        params.get("start"),
        lambda: state.store.count(family.key, where),
        lambda window: fetch(state.store, source, "default", chosen, where, order, window),
    )
    answer.result = {
        family.dialect.paths.rows: found if family.rows is None else family.rows(state, family.key, found, select)
    }
    return answer


def _id_of(source: Table, given: Any) -> Sql:
    own = source.by_wire["default"]["id"]
    return f"{own.sql} = ?", [intval(given) if own.name == "id" else strval(given)]


def _found(family: Family, state: State, params: dict[str, Any], code: int | None = None) -> dict[str, Any]:
    """The row as it is held, with its number."""
    where = _id_of(state.table(family.key), required(params, "id"))
    numbers = state.store.select(family.key, "id", where)
    if not numbers:
        raise Refusal(family.code if code is None else code, f"{family.word} {family.gone}")
    return {**(state.store.row(family.key, numbers[0][0]) or {}), "id": numbers[0][0]}


def _shown(family: Family, state: State, number: int) -> dict[str, Any]:
    """The row as a get answers it, with all that hangs on it."""
    source = state.table(family.key)
    columns = source.by_wire["default"].values()
    found = fetch(state.store, source, "default", columns, ("id = ?", [number]))
    row: dict[str, Any] = (found if family.rows is None else family.rows(state, family.key, found, None))[0]
    for wire, held in family.nested.items():
        if held is not None:
            key, column = held
            part = state.table(key)
            where = f'"{column}" = ?', [number]
            row[wire] = list(
                fetch(state.store, part, "default", part.by_wire["default"].values(), where, " ORDER BY id")
            )
    return row


def _get(family: Family, state: State, params: dict[str, Any]) -> Answer:
    return Answer(
        {family.dialect.paths.row: _shown(family, state, _found(family, state, params, family.get_code)["id"])}
    )


def _fields(params: dict[str, Any]) -> Any:
    fields = required(params, "fields")
    if not is_array(fields) or not as_map(fields):
        raise Refusal("100", "Could not find value for parameter {fields}")
    return fields


def _lacking(fields: Any, wires: list[str]) -> None:
    missing = [wire for wire in wires if as_map(fields).get(wire) in (None, "")]
    if missing:
        raise Refusal(0, f"Required fields: {', '.join(missing)}")


def _unfilled(column: Column) -> Any:
    if column.storage == "many":
        return "[]"
    if column.nullable:
        return None
    return {"flag": "N", "number": 0, "int": 0, "text": "", "code": ""}.get(column.storage)


def _stamps(state: State, source: Table, names: frozenset[str], user: tuple[str, ...]) -> dict[str, Any]:
    stamps = {**dict.fromkeys(names, iso(state.clock.time())), **dict.fromkeys(user, state.user_id)}
    return {name: value for name, value in stamps.items() if name in source.by_name}


def _owned(family: Family, state: State, values: dict[str, Any]) -> None:
    if family.owner is None:
        return
    column, key, refusal = family.owner
    if not state.store.select(key, "id", ("id = ?", [values.get(column)])):
        raise refusal


def _add(family: Family, state: State, params: dict[str, Any]) -> Answer:
    source, fields = state.table(family.key), _fields(params)
    _lacking(fields, [wire for wire, column in source.by_wire["default"].items() if column.required])
    values = accepted(state, source, "default", fields, current=None)
    _owned(family, state, values)
    if family.twice and state.store.select(family.key, "id", _id_of(source, as_map(fields)["id"])):
        raise family.twice
    if family.sent is not None:
        values |= family.sent(state, fields, None)
    empty = {column.name: _unfilled(column) for column in source.stored if column.name != "id"}
    stamps = _stamps(state, source, _CREATED, ("created_by", "modified_by"))
    new = state.store.insert(family.key, empty | stamps | dict(family.defaults) | values)
    state.wrote(family.key, new, "add")
    return Answer({family.root: _shown(family, state, new)})


def _update(family: Family, state: State, params: dict[str, Any]) -> Answer:
    source, fields = state.table(family.key), _fields(params)
    row = _found(family, state, params)
    _lacking(fields, [entity(family.key).by_name[name].wire["default"] for name in family.dialect.resent])
    values = accepted(state, source, "default", fields, current=row)
    if family.sent is not None:
        values |= family.sent(state, fields, row)
    changed = any(row.get(name) != value for name, value in values.items())
    if changed:
        state.store.update(family.key, row["id"], _stamps(state, source, _CHANGED, ("modified_by",)) | values)
    state.wrote(family.key, row["id"], "update", changed=changed)
    return Answer({family.root: _shown(family, state, row["id"])})


def _delete(family: Family, state: State, params: dict[str, Any]) -> Answer:
    row = _found(family, state, params)
    for key, column in family.parts:
        state.store.delete_where(key, (f'"{column}" = ?', [row["id"]]))
    state.store.delete(family.key, row["id"])
    state.wrote(family.key, row["id"], "delete")
    return Answer(True)


def _described(family: Family, state: State, params: dict[str, Any]) -> Answer:
    by_filter = family.dialect.methods["fields"].endswith("ByFilter")
    if by_filter and not as_map(array(params, "filter")):
        raise Refusal("100", "Could not find value for parameter {filter}")
    described: dict[str, Any] = {}
    for wire, column in state.table(family.key).by_wire["default"].items():
        described[wire] = {
            "isImmutable": column.immutable,
            "isReadOnly": column.read_only,
            "isRequired": column.required,
            **({"name": column.title} if by_filter else {}),
            "type": _TYPES.get(column.type, column.type),
        }
    return Answer({family.dialect.paths.row or family.root: described})


_VERBS: Mapping[str, Callable[[Family, State, dict[str, Any]], Answer]] = {
    "list": _list,
    "get": _get,
    "add": _add,
    "update": _update,
    "delete": _delete,
    "fields": _described,
}


def methods_of(family: Family) -> dict[str, Handler]:
    """The handlers of the methods that the schema names."""
    return {method.lower(): partial(_VERBS[verb], family) for verb, method in family.dialect.methods.items()}
