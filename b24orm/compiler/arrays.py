"""The filters of REST 3.0: lists of conditions and groups, in the place of the mappings of the older families.

A condition is ``[field, operator, value]``; a group says how its conditions are joined, and may be negated. Everything
in the outermost list must hold. Source: ``api-reference/rest-v3.md``.

What the pages do not document is refused, even where some server is known to understand it: fields without a value (no
operator asks for them, and whether ``!=`` lets such rows in is not said), text inside of text, times without a zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from b24orm.compiler.check import find_field
from b24orm.compiler.grammar import asked_name, wire_name
from b24orm.compiler.spelling import json_v3
from b24orm.errors import InvalidValue, UnsupportedQuery
from b24orm.narrow import is_sequence
from b24orm.query import All, Always, Any_, Condition, Lookup, Node
from b24orm.schema import Entity, Field

__all__ = ["OPERATORS", "check_order_v3", "conditions_of", "selection_v3", "spelled", "within"]

OPERATORS: Final[dict[Lookup, str]] = {
    "exact": "=",
    "ne": "!=",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "in": "in",
    "not_in": "in",  # in a group that is negated
}


def conditions_of(node: Node, entity: Entity, dialect: str) -> list[Any]:
    """The filter's value for *node*.

    Raises:
        UnsupportedQuery: REST 3.0 has no words for it, or documents none.
    """
    if isinstance(node, Always):
        return []
    parts: tuple[Node, ...] = node.parts if isinstance(node, All) else (node,)
    return [_said(part, entity, dialect) for part in parts]


def within(id_wire: str, above: Any, below: Any, ids: Sequence[int] | None) -> list[Any]:
    """The conditions that an id lies between two others, both excluded, and that it is one of *ids*."""
    said: list[Any] = []
    if above is not None:
        said.append([id_wire, ">", above])
    if below is not None:
        said.append([id_wire, "<", below])
    if ids is not None:
        said.append([id_wire, "in", list(ids)])
    return said


def check_order_v3(entity: Entity, dialect: str, names: Sequence[str]) -> None:
    """That rows can be ordered by the attributes *names*.

    Raises:
        UnsupportedQuery: by one of them they cannot.
    """
    orders = entity.dialects[dialect].orders
    for name in names:
        if orders is not None and name not in orders:
            raise UnsupportedQuery(f"REST 3.0 does not order {entity.name} by {name!r}, but by {_listed(orders)}")


def selection_v3(entity: Entity, dialect: str, names: Sequence[str] | None) -> tuple[str, ...]:
    """What a select names for the attributes *names*, some of which may be parts of related objects; None means all.

    Related objects come only where they are asked for, and older portals answer nothing to the bare name of one: all
    their documented parts are named. "All" leaves them out.

    Raises:
        UnsupportedQuery: the portal does not answer one of them.
    """
    spec = entity.dialects[dialect]
    if names is None:
        if spec.everything == "unsaid":
            return ()
        said = (f for f in entity.fields if dialect in f.wire and not f.parts and f.name not in spec.unread)
        return tuple(field.wire[dialect] for field in said)
    chosen = [] if spec.id is None else [spec.id.wire]
    for name in names:
        base, dot, part = name.partition(".")
        if base in spec.unread:
            raise UnsupportedQuery(f"REST 3.0 writes {entity.name}.{base}, and does not answer it as it is written")
        wire, field = wire_name(entity, dialect, base), find_field(entity, base)
        chosen += [f"{wire}.{one}" for one in ((part,) if dot else field.parts)] or [wire]
    return tuple(dict.fromkeys(chosen))


def spelled(field: Field, dialect: str, value: Any, where: str) -> Any:
    """One value of *field*, or a list of them, as REST 3.0 writes it.

    Raises:
        UnsupportedQuery: it cannot be written so.
    """
    if is_sequence(value):
        return [spelled(field, dialect, item, where) for item in value]
    words = field.words.get(dialect)
    if words is not None:
        word = words.get("" if value is None else str(value))
        if word is not None:
            return word
        if field.kind == "int" and value is not None:
            raise UnsupportedQuery(f"{where}: REST 3.0 has no word for {value!r}; it has those for {_listed(words)}")
    if field.kind == "datetime" and isinstance(value, date):
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise UnsupportedQuery(f"{where}: REST 3.0 takes times with a time zone only, not {value.isoformat()}")
        value = value.replace(microsecond=0)
    try:
        return json_v3(value, where)
    except InvalidValue as error:
        raise UnsupportedQuery(str(error)) from None


def _said(node: Node, entity: Entity, dialect: str) -> Any:
    if isinstance(node, Condition):
        return _condition(node, entity, dialect)
    if isinstance(node, All | Any_):
        parts = [_said(part, entity, dialect) for part in node.parts]
        return _group("or" if isinstance(node, Any_) else "and", parts)
    raise UnsupportedQuery(f"REST 3.0 has no words for {node!r}")


def _group(logic: str, conditions: list[Any], *, negative: bool = False) -> dict[str, Any]:
    # The type must be said of groups inside of groups, and may be said of others.
    group: dict[str, Any] = {"type": "filter", "logic": logic}
    if negative:
        group["negative"] = True
    return {**group, "conditions": conditions}


def _condition(condition: Condition, entity: Entity, dialect: str) -> Any:
    field = find_field(entity, condition.field)
    where = f"{entity.name}.{field.name}"
    wire = asked_name(entity, dialect, field.name)
    filters = entity.dialects[dialect].filters
    if filters is not None and field.name not in filters:
        raise UnsupportedQuery(f"REST 3.0 does not filter {entity.name} by {field.name!r}, but by {_listed(filters)}")
    lookup, value = condition.lookup, condition.value
    if lookup == "isnull":
        raise UnsupportedQuery(f"{where}: REST 3.0 documents no way to ask for rows without a value")
    operator = OPERATORS.get(lookup)
    if operator is None:
        raise UnsupportedQuery(f"lookup {lookup!r} cannot be said to REST 3.0 ({where})")
    if condition.or_empty and field.nullable:
        raise UnsupportedQuery(
            f"{where}: whether REST 3.0 finds rows without a value by {condition!r} is not documented; "
            "say the comparison itself instead of negating its opposite"
        )
    said = [wire, operator, spelled(field, dialect, value, where)]
    return _group("and", [said], negative=True) if lookup == "not_in" else said


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names))
