"""`portal.list(method, params)`: a listing from the user's own parameters, so that raw lists read like querysets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from b24orm.compiler.encode import json_ready
from b24orm.compiler.grammar import Direction, Grammar
from b24orm.compiler.listing import FIXED_ORDERS, Bounds, Listing
from b24orm.errors import InvalidValue, UnsupportedQuery
from b24orm.narrow import is_list, is_mapping, is_sequence
from b24orm.schema import Cursor, Paging

if TYPE_CHECKING:
    from b24orm.compiler.known import KnownList

__all__ = ["compile_raw_list"]

# Parameters of user.get that are no conditions; whatever else stands beside them filters, unless there is a FILTER.
_NO_CONDITIONS = frozenset({"admin_mode", "image_resize", "select", "auth"})
_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*")


def _taken(params: dict[str, Any], name: str, method: str) -> Any:
    """Removes parameter *name*, in whatever case it is written, and gives its value."""
    keys = [key for key in params if key.lower() == name]
    if len(keys) > 1:
        raise InvalidValue(f"{method}: {' and '.join(keys)} are the same parameter")
    return params.pop(keys[0]) if keys else None


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if value is None or value == [] or value == "":
        return {}
    if not is_mapping(value):
        raise InvalidValue(f"{name} takes a mapping, not {type(value).__name__}")
    return {str(key): item for key, item in value.items()}


def _refuse_nothing(value: Any, where: str) -> None:
    """Refuses an empty list or group inside a filter.

    Raises:
        InvalidValue: there is one. A portal drops such a condition without a word and answers with rows that it was to
            keep out, or breaks off.
    """
    if is_mapping(value):
        inside = [(f"{where}[{key}]", item) for key, item in value.items()]
    elif is_list(value):
        inside = [(f"{where}[{index}]", item) for index, item in enumerate(value)]
    else:
        return
    for name, item in inside:
        if item in ([], {}):
            raise InvalidValue(f"{name} is empty: the portal would drop the condition and match every row")
        _refuse_nothing(item, name)


def _filter(rest: dict[str, Any], method: str, name: str) -> dict[str, Any]:
    where = json_ready(_mapping(_taken(rest, name.lower(), method), name), name)
    _refuse_nothing(where, name)
    return dict(where)


def _refuse_empty_filter(fixed: dict[str, Any], name: str) -> None:
    for key in fixed:
        if key.lower() == name.lower():
            _refuse_nothing(fixed[key], key)


def _bound(where: dict[str, Any], key: str, shift: int) -> int | None:
    if key not in where:
        return None
    value = where.pop(key)
    if isinstance(value, list | dict) or not _WHOLE_NUMBER.fullmatch(str(value)):
        raise InvalidValue(f"filter[{key}] takes a whole number, not {value!r}")
    return int(value) + shift


def _bounds(where: dict[str, Any], id_wire: str) -> Bounds:
    bounds = Bounds()
    for key, shift in ((f">{id_wire}", 0), (f">={id_wire}", -1)):
        bounds = bounds.narrowed(Bounds(above=_bound(where, key, shift)))
    for key, shift in ((f"<{id_wire}", 0), (f"<={id_wire}", 1)):
        bounds = bounds.narrowed(Bounds(below=_bound(where, key, shift)))
    return bounds


def _direction(value: Any, field: str) -> Direction:
    # The classic lists read any word but ASC as DESC.
    match str(value).upper():
        case "ASC":
            return "ASC"
        case "DESC":
            return "DESC"
        case _:
            raise InvalidValue(f"order[{field}] takes ASC or DESC, not {value!r}")


def _order(rest: dict[str, Any], method: str, known: KnownList) -> tuple[tuple[str, Direction], ...]:
    order = known.name("order").lower()
    if not known.grammar.flat_order:
        given = _mapping(_taken(rest, order, method), known.name("order"))
        return tuple((key, _direction(value, key)) for key, value in given.items())
    by, direction = _taken(rest, known.name("sort").lower(), method), _taken(rest, order, method)
    if not by:
        return ()
    return ((str(by).upper(), _direction(direction or "ASC", str(by))),)


def _user_filter(where: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    """The conditions of user.get, which may stand beside FILTER or in it, in whatever case."""
    beside: dict[str, Any] = json_ready({key: rest.pop(key) for key in list(rest) if key.lower() not in _NO_CONDITIONS})
    _refuse_nothing(beside, "params")
    if beside and where:
        # With a FILTER, the portal ignores conditions beside it.
        raise InvalidValue(f"user.get: move {', '.join(beside)} into the filter, or the portal ignores it")
    result: dict[str, Any] = {}
    for key, value in (beside or where).items():  # paging adds a FILTER of its own, so that all must be in it
        if key.upper() in result:
            raise InvalidValue(f"user.get: {key!r} is in the filter twice, as its case does not matter")
        result[key.upper()] = value
    return result


def _select(rest: dict[str, Any], method: str, known: KnownList) -> tuple[str, ...]:
    name = known.name("select")
    select = _taken(rest, name.lower(), method) if name else None
    if select is None:
        return ()
    if not is_sequence(select):
        raise InvalidValue(f"select takes a list of names, not {type(select).__name__}")
    chosen = tuple(str(name) for name in select)
    id_name = known.id_filter or known.id
    if chosen and "*" not in chosen and id_name not in chosen:
        return (id_name, *chosen)  # without the id, a list cannot be shown to be complete
    return chosen


def _unordered(rest: dict[str, Any], method: str, order: str) -> None:
    if any(key.lower() == "order" for key in rest):
        raise UnsupportedQuery(
            f"{method} takes no order: its rows always come by id, {FIXED_ORDERS[order]}; "
            "for another one, read all rows and sort them"
        )


def _cursor_bounds(rest: dict[str, Any], method: str, cursor: Cursor, *, descending: bool) -> Bounds:
    """The ids between which the user wants to read, said with the method's own parameters."""
    ids: dict[str, int | None] = {}
    for name in (cursor.after, cursor.back):
        value = _taken(rest, name.lower(), method) if name else None
        if value is not None and not _WHOLE_NUMBER.fullmatch(str(value)):
            raise InvalidValue(f"{name} takes a whole number, not {value!r}")
        ids[name] = None if value is None else int(value)
    after, back = ids[cursor.after], ids.get(cursor.back)
    return Bounds(above=back, below=after) if descending else Bounds(above=after, below=back)


def _untouched(method: str, rest: dict[str, Any], grammar: Grammar, paging: Paging, rows_path: str) -> Listing:
    """A listing whose parameters are the user's own, but for the paging."""
    fixed: dict[str, Any] = json_ready(rest)
    _refuse_empty_filter(fixed, "filter")
    return Listing(method, grammar, paging, "", rows_path=rows_path, fixed=fixed)


def _by_cursor(method: str, rest: dict[str, Any], known: KnownList, cursor: Cursor) -> Listing:
    paging = known.paging
    if cursor.size and _taken(rest, cursor.size.lower(), method) is not None:
        raise UnsupportedQuery(f"{method}: `{cursor.size}` is set by list(); use call() for a single page")
    bounds, descending = Bounds(), paging.order == "desc"
    if paging.order != "any":
        _unordered(rest, method, paging.order)
    if paging.leads_by_id:
        bounds = _cursor_bounds(rest, method, cursor, descending=descending)
    return Listing(
        method,
        known.grammar,
        paging,
        known.id,
        rows_path=known.rows,
        fixed=json_ready(rest),
        descending=descending,
        bounds=bounds,
        never=bounds.empty,
    )


def compile_raw_list(method: str, params: Mapping[str, Any] | None) -> Listing:
    """A listing of *method* with the user's *params*.

    Methods known to take an id condition are read by keyset, those with a cursor of their own by that, those that
    answer everything at once in one call, all others by counted pages. The user's filter, select and order are kept;
    ``start`` is refused, since paging is what this does.

    Raises:
        UnsupportedQuery: ``start`` is given, or something else that the method cannot do as a list.
        InvalidValue: a parameter of the wrong shape, or an empty list in the filter, which the portal would drop.
    """
    rest: dict[str, Any] = {str(key): value for key, value in (params or {}).items()}
    if _taken(rest, "start", method) is not None:
        raise UnsupportedQuery(f"{method}: `start` is set by list(); use call() for a single page")
    from b24orm.compiler.known import known_list  # here, since most programs list entities and need no table

    known = known_list(method)
    if known is None:
        return _untouched(method, rest, Grammar("unknown"), Paging(mode="counted"), "?")
    if known.refused:
        raise UnsupportedQuery(f"{method}: {known.refused}")
    paging, grammar = known.paging, known.grammar
    if paging.cursor is not None:
        return _by_cursor(method, rest, known, paging.cursor)
    if paging.mode == "whole":
        return _untouched(method, rest, grammar, paging, known.rows)
    for name in known.fixed:
        if _taken(rest, name.lower(), method) is not None:
            raise UnsupportedQuery(f"{method}: `{name}` is set by list(); use call() for a single page")
    order = _order(rest, method, known)
    chosen = _select(rest, method, known)
    where: dict[str, Any] = {}
    bounds = Bounds()
    id_name = known.id_filter or known.id
    if paging.leads_by_id:
        where = _filter(rest, method, known.name("filter"))
        if method.lower() == "user.get":
            where = _user_filter(where, rest)
        bounds = _bounds(where, id_name)
    fixed = json_ready(rest)
    if not paging.leads_by_id:
        _refuse_empty_filter(fixed, known.name("filter"))
    descending = bool(order) and order[0] == (id_name, "DESC")
    if order and order[0][0] == id_name:
        order = ()
    return Listing(
        method,
        grammar,
        paging,
        known.id,
        id_filter=known.id_filter,
        rows_path=known.rows,
        fixed={**known.fixed, **fixed},
        select=chosen,
        where=where,
        order=order,
        descending=descending,
        bounds=bounds,
        never=bounds.empty,
        names=known.names,
        sequence=known.sequence,
        required=known.required,
    )
