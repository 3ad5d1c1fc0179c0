"""Order, pages and cursors of lists.

Facts: the pages of the list methods; api-reference/event-log/main-eventlog-tail.md for cursors. A page has 50 rows
unless asked otherwise and 1000 at most; a larger limit is cut in silence. There is no total and no next page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from b24orm.sandbox.php import as_map, entries, intval, is_array
from b24orm.sandbox.store import Sql, Window
from b24orm.sandbox.v3.dto import Dto, Property, fits, hold
from b24orm.sandbox.v3.filters import Group, conditions
from b24orm.sandbox.v3.refusals import (
    invalid_filter,
    invalid_order,
    invalid_pagination,
    invalid_request,
    requires_attribute,
    requires_type,
    unknown_property,
)

__all__ = ["MOST", "USUAL", "Cursor", "read_cursor", "read_limit", "read_order", "read_window"]

USUAL, MOST = 50, 1000


def read_order(dto: Dto, raw: Any, sortable: frozenset[str] | None = None) -> str:
    """An order as SQL; by id, ascending, without one, and last in any case.

    A field that cannot be sorted by lacks an attribute. Where a page lists the fields that are *sortable*, whatever the
    description of the fields says, any other makes the order invalid.

    Raises:
        Refused: it is no object of fields and directions, or its fields cannot be sorted by.
    """
    if raw is not None and (not is_array(raw) or (isinstance(raw, list) and raw)):
        raise invalid_order(raw)
    parts: list[str] = []
    for name, direction in entries(raw):
        one = dto.by_name.get(name)
        if one is None:
            raise unknown_property(dto.name, name)
        if not isinstance(direction, str) or direction.upper() not in {"ASC", "DESC"}:
            raise invalid_order(raw)
        if sortable is not None and name not in sortable:
            raise invalid_order(raw)
        if sortable is None and not one.sortable:
            raise invalid_request(requires_attribute(dto.name, name, "Sortable"))
        parts.append(f"{_key(one)} {direction.upper()}")
    return " ORDER BY " + ", ".join([*parts, "id ASC"])


def _key(one: Property) -> str:
    return f'fold("{one.column}")' if one.kind == "string" else f'"{one.column}"'


def read_limit(limit: Any, said: Any, usual: int = USUAL, most: int = MOST) -> int:
    """How many rows a page has. Raises Refused for zero and for what is no number."""
    if limit is None:
        return min(usual, most)
    if not _numeric(limit) or intval(limit) <= 0:
        raise invalid_pagination(said)
    return min(intval(limit), most)


def read_window(raw: Any, usual: int = USUAL, most: int = MOST) -> Window:
    """The page that ``pagination`` asks for; a page number, from 1 on, goes before an offset.

    Raises:
        Refused: a part of it is no number, or negative, or the limit is zero.
    """
    if raw is None:
        return Window(min(usual, most))
    if not is_array(raw):
        raise invalid_pagination(raw)
    said = as_map(raw)
    size = read_limit(said.get("limit"), raw, usual, most)
    page, offset = said.get("page"), said.get("offset", 0)
    if any(not _numeric(one) or intval(one) < 0 for one in (page or 0, offset or 0)):
        raise invalid_pagination(raw)
    return Window(size, max(0, intval(page) - 1) * size if page is not None else intval(offset))


def _numeric(value: Any) -> bool:
    """PHP's ``is_numeric``, but for the signs and exponents that no page has."""
    return (isinstance(value, int | float) and not isinstance(value, bool)) or (
        isinstance(value, str) and value.strip().isdecimal()
    )


@dataclass(frozen=True, slots=True)
class Cursor:
    """Rows beyond a value of one field, in the order of that field."""

    where: Sql
    order: str
    window: Window


def read_cursor(dto: Dto, raw: Any, asked: Group) -> Cursor:
    """Where a tail begins; from the first id, ascending, unless told otherwise.

    The documentation gives all four parts defaults. Older portals want ``field`` and a ``value`` other than 0.

    Raises:
        Refused: it cannot be read, its value does not fit, or the filter *asked* is about its field as well.
    """
    if raw is not None and not is_array(raw):
        raise invalid_request(requires_type("cursor", "array"))
    said = as_map(raw)
    name, direction, value = said.get("field", "id"), said.get("order", "ASC"), said.get("value", 0)
    one = dto.by_name.get(name) if isinstance(name, str) else None
    if one is None:
        raise unknown_property(dto.name, name)
    if not one.sortable:
        raise invalid_request(requires_attribute(dto.name, name, "Sortable"))
    if not isinstance(direction, str) or direction.upper() not in {"ASC", "DESC"}:
        raise invalid_order({name: direction})
    if any(condition.property is one for condition in conditions(asked)):
        raise invalid_filter(f"Cursor field {name} cannot be used at filter.")
    if not fits(one.kind, value):
        raise invalid_request(requires_type("cursor.value", one.kind))
    descending = direction.upper() == "DESC"
    where = f'"{one.column}" {"<" if descending else ">"} ?', [hold(one, value)]
    window = Window(read_limit(said.get("limit"), raw))
    return Cursor(where, f' ORDER BY "{one.column}" {direction.upper()}, id {direction.upper()}', window)
