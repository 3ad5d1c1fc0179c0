"""Values that a method wants beside its filter: the conditions of a query that become parameters of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from b24orm.compiler.grammar import wire_value
from b24orm.errors import UnsupportedQuery
from b24orm.narrow import is_mapping
from b24orm.query import All, Always, Condition, Never, Node
from b24orm.schema import Entity

__all__ = ["Taken", "in_sequence", "put", "taken_context"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a filter.

    Attributes:
        node: what is left of it.
        params: the parameters that every call of the method carries.
        given: the values of the conditions that became parameters, by attribute: rows may not show them.
    """

    node: Node
    params: dict[str, Any]
    given: dict[str, Any] = field(default_factory=dict[str, Any])


def put(params: dict[str, Any], path: str, value: Any) -> None:
    """Sets the parameter at *path*, a name or names with dots between; what else stands beside it is kept."""
    name, _, rest = path.partition(".")
    if not rest:
        params[name] = value
        return
    inner: Any = params.get(name)
    params[name] = dict(inner) if is_mapping(inner) else {}
    put(params[name], rest, value)


def in_sequence(params: Mapping[str, Any], sequence: Sequence[str]) -> dict[str, Any]:
    """*params* as methods want them that go by the place of a parameter and not by its name.

    A gap would shift what follows it; a list of one empty text is what such methods take for nothing said.
    """
    last = max((place for place, name in enumerate(sequence) if name in params), default=-1)
    placed = {name: params.get(name, [""]) for name in sequence[: last + 1]}
    return {**placed, **{name: value for name, value in params.items() if name not in placed}}


def taken_context(entity: Entity, dialect: str, node: Node, verb: str) -> Taken:
    """Takes the conditions out of *node* that *verb* wants as parameters.

    Raises:
        UnsupportedQuery: one is missing that the method answers nothing without.
    """
    spec = entity.dialects[dialect]
    params: dict[str, Any] = dict(spec.fixed)
    parts: list[Node] = list(node.parts) if isinstance(node, All) else [node]
    missing: list[str] = []
    values: dict[str, Any] = {}
    for context in spec.context:
        if verb not in context.verbs:
            continue
        given = [p for p in parts if isinstance(p, Condition) and p.field == context.field and p.lookup == "exact"]
        if given:
            if any(other.value != given[0].value for other in given):
                return Taken(Never(), params, values)
            # The method reads it, so that rows need not be compared again: they may not even show it.
            parts = [part for part in parts if part not in given]
            values[context.field] = given[0].value
            put(params, context.parameter, wire_value(entity.by_name[context.field], given[0].value))
        elif context.required and context.parameter not in params:
            missing.append(context.field)
    if missing:
        example = ", ".join(f"{name}=…" for name in missing)
        raise UnsupportedQuery(f"{entity.name} needs to know {' and '.join(missing)}: filter({example})")
    rest = (parts[0] if len(parts) == 1 else All(tuple(parts))) if parts else Always()
    return Taken(rest, params, values)
