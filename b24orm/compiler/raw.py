"""`portal.list(method, params)`: a listing from the user's own parameters, so that raw lists read like querysets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24orm.compiler.encode import json_ready
from b24orm.compiler.grammar import Direction, Grammar, grammar_for
from b24orm.compiler.listing import Bounds, Listing
from b24orm.errors import InvalidValue, UnsupportedQuery
from b24orm.narrow import is_mapping, is_sequence
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


def _taken(params: dict[str, Any], name: str) -> Any:
    """Removes parameter *name*, in whatever case it is written, and gives its value."""
    for key in list(params):
        if key.lower() == name:
            return params.pop(key)
    return None


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if value is None or value == [] or value == "":
        return {}
    if not is_mapping(value):
        raise InvalidValue(f"{name} takes a mapping, not {type(value).__name__}")
    return {str(key): item for key, item in value.items()}


def _bound(where: dict[str, Any], key: str, shift: int) -> int | None:
    value = where.get(key)
    try:
        number = int(value) if not isinstance(value, bool) and value is not None else None
    except (TypeError, ValueError):
        return None
    if number is None:
        return None
    del where[key]
    return number + shift


def _bounds(where: dict[str, Any], id_wire: str) -> Bounds:
    bounds = Bounds()
    for key, shift in ((f">{id_wire}", 0), (f">={id_wire}", -1)):
        bounds = bounds.narrowed(Bounds(above=_bound(where, key, shift)))
    for key, shift in ((f"<{id_wire}", 0), (f"<={id_wire}", 1)):
        bounds = bounds.narrowed(Bounds(below=_bound(where, key, shift)))
    return bounds


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
    others by
    counted pages. The user's filter, select and order are kept; ``start`` is refused, since paging is what this does.

    Raises:
        UnsupportedQuery: ``start`` is given.
        InvalidValue: a parameter of the wrong shape.
    """
    rest: dict[str, Any] = {str(key): value for key, value in (params or {}).items()}
    if _taken(rest, "start") is not None:
        raise UnsupportedQuery(f"{method}: `start` is set by list(); use call() for a single page")
    grammar, paging, id_wire, rows_path = _family(method.lower())
    if paging.mode != "keyset":
        return Listing(method, grammar, paging, id_wire, rows_path, fixed=json_ready(rest))
    where = json_ready(_mapping(_taken(rest, "filter"), "filter"), "filter")
    order: tuple[tuple[str, Direction], ...] = ()
    if grammar.flat_order:
        by = _taken(rest, "sort")
        direction: Direction = "DESC" if str(_taken(rest, "order") or "ASC").upper() == "DESC" else "ASC"
        order = ((str(by), direction),) if by else ()
    else:
        given = _mapping(_taken(rest, "order"), "order")
        order = tuple((key, "DESC" if str(value).upper() == "DESC" else "ASC") for key, value in given.items())
    descending = bool(order) and order[0] == (id_wire, "DESC")
    if order and order[0][0] == id_wire:
        order = ()
    select = _taken(rest, "select")
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
