"""One row by its id, where the entity has a method for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from b24orm.command import Command
from b24orm.compiler.context import in_sequence, put, taken_context
from b24orm.compiler.listing import everything
from b24orm.query import All, Always, Condition, Node, Query
from b24orm.schema import Dialect, Entity

__all__ = ["Get", "compile_get"]


@dataclass(frozen=True, slots=True)
class Get:
    """How one row is read by its id.

    Attributes:
        command: the call that answers it.
        id: the id.
        given: values of other attributes that are known of it, though the answer may not show them.
    """

    command: Command
    id: Any
    given: Mapping[str, Any]


def compile_get(entity: Entity, api: str, query: Query) -> Get | None:
    """How to answer *query*, if it asks for one row by its id and says nothing that takes a list."""
    dialect = entity.dialect_for(api)
    spec = entity.dialects[dialect]
    if "get" not in spec.methods or spec.id is None or query.sliced or query.select is not None or _comes_whole(spec):
        return None
    parts: list[Node] = list(query.node.parts) if isinstance(query.node, All) else [query.node]
    exact = {p.field: p for p in parts if isinstance(p, Condition) and p.lookup == "exact"}
    wanted = exact.pop(spec.id.name, None)
    takes = [context for context in spec.context if "get" in context.verbs]
    if wanted is None or len(exact) + 1 != len(parts) or not exact.keys() <= {context.field for context in takes}:
        return None
    if any(c.required and c.field not in exact and c.parameter not in spec.fixed for c in takes):
        return None  # the list says what is missing
    others = tuple(exact.values())
    taken = taken_context(entity, dialect, All(others) if others else Always(), "get")
    params = taken.params
    put(params, spec.id_parameters.get("get", "id"), wanted.value)
    if "get" in spec.sequence:
        params = in_sequence(params, spec.sequence["get"])
    if spec.everything == "named":
        params[spec.parameters.get("select", "select")] = list(everything(entity, dialect))
    return Get(Command(spec.methods["get"], params, version=spec.version), wanted.value, taken.given)


def _comes_whole(spec: Dialect) -> bool:
    """Whether all rows come in one call as well: it tells a row that is not there from other errors."""
    return spec.paging.mode == "whole" and "list" in spec.methods and not any(c.required for c in spec.context)
