"""`portal.list(method, params, version=3)`: a listing from the user's own parameters, in the words of REST 3.0."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from b24orm.compiler.grammar import Direction
from b24orm.compiler.grammars import grammar_for
from b24orm.compiler.listing import Listing
from b24orm.compiler.spelling import json_v3
from b24orm.errors import InvalidValue, UnsupportedQuery
from b24orm.narrow import is_list, is_mapping, is_sequence
from b24orm.schema import Cursor, Dialect, Paging, entity, list_methods

__all__ = ["compile_raw_list_v3"]

_METHOD: Final = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
# Before the first row. Older servers take 0 for no value at all, and want one.
_BEFORE_ALL: Final = -1
_MOST: Final = 1000  # rows a page at most, by the source of the fact; portals may send fewer


def compile_raw_list_v3(method: str, params: Mapping[str, Any] | None) -> Listing:
    """A listing of the REST 3.0 *method* with the user's *params*.

    Tails (``main.eventlog.tail``) are read by their cursor on the id. Of lists that a schema describes the schema says
    how they are read; all others are read by offsets, and must show an ``id`` in each row, by which it is shown that no
    row moved meanwhile.

    Raises:
        UnsupportedQuery: ``pagination`` or ``cursor`` is given, or an order that the reading does not allow.
        InvalidValue: a parameter of the wrong shape.
    """
    if not isinstance(method, str) or _METHOD.fullmatch(method) is None:
        raise InvalidValue(f"a REST method is named by a string such as 'main.eventlog.list', not {method!r}")
    if params is not None and not is_mapping(params):
        raise InvalidValue(f"{method}: parameters are a mapping of names to values, not a {type(params).__name__}")
    rest: dict[str, Any] = json_v3(params or {})
    for name in ("pagination", "cursor"):
        if name in rest:
            raise UnsupportedQuery(f"{method}: `{name}` is set by list(); use call() for a single page")
    _check_shape(method, rest)
    if method.lower().endswith(".tail"):
        return _tail(method, rest)
    found = list_methods().get(f"v3 {method.lower()}")
    if found is None:
        # Without an order of ours: not every method takes one.
        paging = Paging.model_construct(mode="counted", size=_MOST, order="asc")
        select = _with_id(rest, "id")
        return Listing(method, grammar_for("v3"), paging, "id", rows_path="items", fixed=rest, select=select, version=3)
    return _described(method, rest, entity(found[0]).dialects[found[1]])


def _check_shape(method: str, rest: Mapping[str, Any]) -> None:
    select, filter, order = rest.get("select"), rest.get("filter"), rest.get("order")
    if select is not None and not (is_list(select) and all(isinstance(name, str) for name in select)):
        raise InvalidValue(f"{method}: select takes a list of names")
    if filter is not None and not is_list(filter):
        raise InvalidValue(f"{method}: filter takes a list of conditions, such as [['id', '>', 5]]")
    if order is not None and not is_mapping(order):
        raise InvalidValue(f"{method}: order takes a mapping, such as {{'id': 'ASC'}}")


def _tail(method: str, rest: dict[str, Any]) -> Listing:
    if "order" in rest:
        raise UnsupportedQuery(f"{method} is read by id, the oldest first; it takes no other order")
    select = _with_id(rest, "id")
    rest["cursor"] = {"field": "id", "order": "ASC", "value": _BEFORE_ALL}
    cursor = Cursor.model_construct(after="cursor.value", size="cursor.limit")
    paging = Paging.model_construct(mode="cursor", size=_MOST, order="asc", cursor=cursor)
    return Listing(method, grammar_for("none"), paging, "id", rows_path="items", fixed=rest, select=select, version=3)


def _described(method: str, rest: dict[str, Any], spec: Dialect) -> Listing:
    id_wire = "" if spec.key is None else spec.key.wire
    select = _with_id(rest, id_wire)
    order: tuple[tuple[str, Direction], ...] = ()
    if spec.paging.cursor is None:
        asked: Any = rest.pop("order", None)
        if is_mapping(asked):
            order = tuple((str(key), _direction(method, value)) for key, value in asked.items())
    descending = bool(order) and order[0] == (id_wire, "DESC")
    if order and order[0][0] == id_wire:
        order = ()
    return Listing(
        method,
        grammar_for(spec.grammar),
        spec.paging,
        id_wire,
        rows_path=spec.paths.rows,
        fixed=rest,
        select=select,
        order=order,
        descending=descending,
        version=3,
    )


def _with_id(rest: dict[str, Any], id_wire: str) -> tuple[str, ...]:
    """The user's select, with the id: without it, a list cannot be shown to be complete."""
    select = rest.pop("select", None)
    if not is_sequence(select) or not select:
        return ()
    names = tuple(str(name) for name in select)
    return names if not id_wire or id_wire in names else (id_wire, *names)


def _direction(method: str, value: Any) -> Direction:
    if str(value).upper() not in ("ASC", "DESC"):
        raise InvalidValue(f"{method}: an order is ASC or DESC, not {value!r}")
    return "DESC" if str(value).upper() == "DESC" else "ASC"
