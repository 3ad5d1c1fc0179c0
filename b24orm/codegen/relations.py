"""The relations of an entity as attributes of its class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from b24orm.codegen.layout import docstring, from_import
from b24orm.errors import UnsupportedQuery
from b24orm.queryset.related import Link
from b24orm.schema import Entity, Relation, relations_of
from b24orm.schema import entity as schema_of

__all__ = ["followed", "relation_imports", "relation_lines"]


def followed(entity: Entity) -> list[Relation]:
    """The relations that the portal has a way to follow: found out by asking for it."""
    return [relation for relation in relations_of(entity).values() if _can_be_followed(entity, relation)]


def _can_be_followed(entity: Entity, relation: Relation) -> bool:
    other = schema_of(relation.to)
    # Modules are written before they can be imported: something that has a schema stands in for the class.
    stub: Any = type(other.name, (), {"__schema__": classmethod(lambda _: other)})
    try:
        Link(entity.name, entity, relation, stub).way()
    except UnsupportedQuery:
        return False
    return True


def relation_imports(entity: Entity, relations: Sequence[Relation]) -> Iterator[str]:
    """The imports of the classes that *relations* lead to, for type checkers."""
    names: dict[str, set[str]] = {}
    for relation in relations:
        if relation.to != entity.key:
            other = schema_of(relation.to).name
            names.setdefault(relation.to, set()).update([other] + ([f"{other}QuerySet"] if relation.many else []))
    for key in sorted(names):
        yield from from_import(f"b24orm.entities.{key}", names[key], depth=1)


def relation_lines(relations: Sequence[Relation]) -> Iterator[str]:
    """The declarations of *relations*."""
    for relation in relations:
        other = schema_of(relation.to)
        kind = f"ToMany[{other.name}QuerySet[{other.name}]]" if relation.many else f"ToOne[{other.name}]"
        yield ""
        yield f"{relation.name}: ClassVar[{kind}] = {kind.partition('[')[0]}()"
        yield from docstring(_meaning(relation, other))


def _meaning(relation: Relation, other: Entity) -> str:
    id = other.dialects[other.default_dialect].id
    if not relation.many:
        return f"The {other.name} that ``{relation.field}`` names."
    if id is not None and id.name == relation.target:
        return f"The {other.name} rows that ``{relation.field}`` names."
    where = "".join(f", ``{key}`` {value!r}" for key, value in relation.where.items() if "{" not in str(value))
    return f"The {other.name} rows whose ``{relation.target}`` is this row's ``{relation.field}``{where}."
