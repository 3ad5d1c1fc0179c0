"""`portal.list(method, params)`: a listing from the user's own parameters, so that raw lists read like querysets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from b24orm.compiler.encode import json_ready
from b24orm.compiler.grammar import Direction, Grammar, grammar_for
from b24orm.compiler.listing import Bounds, Listing
from b24orm.errors import InvalidValue, UnsupportedQuery
from b24orm.narrow import is_list, is_mapping, is_sequence
from b24orm.schema import Paging

__all__ = ["compile_raw_list"]

_ITEM_LISTS = {"crm.item.list": "items"}
_WHOLE = {"crm.status.list": "", "crm.category.list": "categories", "crm.currency.list": ""}
# Classic CRM lists whose id condition is documented to work with start=-1.
_CLASSIC = frozenset(
    f"crm.{name}.list"
    for name in (
        "deal",
        "lead",
        "contact",
        "company",
        "quote",
        "activity",
        "product",
        "requisite",
        "requisite.bankdetail",
    )
)


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


def _filter(rest: dict[str, Any], method: str) -> dict[str, Any]:
    where = json_ready(_mapping(_taken(rest, "filter", method), "filter"), "filter")
    _refuse_nothing(where, "filter")
    return dict(where)


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


def _order(rest: dict[str, Any], method: str, *, flat: bool) -> tuple[tuple[str, Direction], ...]:
    if not flat:
        given = _mapping(_taken(rest, "order", method), "order")
        return tuple((key, _direction(value, key)) for key, value in given.items())
    by, direction = _taken(rest, "sort", method), _taken(rest, "order", method)
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


def _family(method: str) -> tuple[Grammar, Paging, str, str]:
    if method in _ITEM_LISTS:
        return grammar_for("crm_item"), Paging(mode="keyset"), "id", _ITEM_LISTS[method]
    if method in _CLASSIC:
        return grammar_for("crm_classic"), Paging(mode="keyset"), "ID", ""
    if method == "user.get":
        return grammar_for("user"), Paging(mode="keyset"), "ID", ""
    if method in _WHOLE:
        return grammar_for("crm_classic"), Paging(mode="whole"), "", _WHOLE[method]
    return grammar_for("crm_classic"), Paging(mode="counted"), "", "?"


def compile_raw_list(method: str, params: Mapping[str, Any] | None) -> Listing:
    """A listing of *method* with the user's *params*.

    Methods known to take an id condition are read by keyset, those that answer everything at once in one call, all
    others by counted pages. The user's filter, select and order are kept; ``start`` is refused, since paging is what
    this does.

    Raises:
        UnsupportedQuery: ``start`` is given.
        InvalidValue: a parameter of the wrong shape, or an empty list in the filter, which the portal would drop.
    """
    rest: dict[str, Any] = {str(key): value for key, value in (params or {}).items()}
    if _taken(rest, "start", method) is not None:
        raise UnsupportedQuery(f"{method}: `start` is set by list(); use call() for a single page")
    grammar, paging, id_wire, rows_path = _family(method.lower())
    if paging.mode != "keyset":
        fixed = json_ready(rest)
        for key in fixed:
            if key.lower() == "filter":
                _refuse_nothing(fixed[key], key)
        return Listing(method, grammar, paging, id_wire, rows_path, fixed=fixed)
    where = _filter(rest, method)
    order = _order(rest, method, flat=grammar.flat_order)
    if grammar.flat_order:
        where = _user_filter(where, rest)
    descending = bool(order) and order[0] == (id_wire, "DESC")
    if order and order[0][0] == id_wire:
        order = ()
    select = _taken(rest, "select", method)
    if select is not None and not is_sequence(select):
        raise InvalidValue(f"select takes a list of names, not {type(select).__name__}")
    chosen = tuple(str(name) for name in select or ())
    if chosen and "*" not in chosen and id_wire not in chosen:
        chosen = (id_wire, *chosen)  # without the id, a list cannot be shown to be complete
    bounds = _bounds(where, id_wire)
    return Listing(
        method,
        grammar,
        paging,
        id_wire,
        rows_path,
        fixed=json_ready(rest),
        select=chosen,
        where=where,
        order=order,
        descending=descending,
        bounds=bounds,
        never=bounds.empty,
    )
