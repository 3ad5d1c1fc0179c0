"""Names that lead across relations: what ``company__industry`` of a deal means, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from b24orm.compiler import check_condition, find_field
from b24orm.errors import InvalidValue, UnknownField, UnsupportedQuery, nearest
from b24orm.narrow import is_listable
from b24orm.query import Across, Condition, Lookup, split_lookup
from b24orm.schema import Entity, Relation, filled, placeholders, relations_of
from b24orm.schema import entity as schema_of

__all__ = ["checked", "id_name", "known_of"]

_OWN: tuple[Lookup, ...] = ("exact", "ne", "in", "not_in", "isnull")
"""What a relation itself can be compared by: it stands for an id."""


def checked(entity: Entity, condition: Condition) -> Condition | Across:
    """*condition* with its value in the kind of its field, where that field belongs to *entity* or lies across its
    relations. A field wins over a relation of the same name.

    Raises:
        UnknownField: no such field, relation or lookup; of the entity where the path breaks off.
        UnsupportedQuery, InvalidValue: as `check_condition`, of the entity at the end of the path.
    """
    name, _, rest = condition.field.partition("__")
    relation = None if name in entity.by_name else relations_of(entity).get(name)
    if condition.field in entity.by_name or (relation is None and not rest):
        return check_condition(entity, condition)
    if relation is None:
        return _not_across(entity, condition, name)
    if not rest:
        return _of_the_relation(entity, relation, condition)
    other = schema_of(relation.to)
    where = checked(other, replace(condition, field=rest))
    if isinstance(where, Condition) and _is_the_key(relation, where):
        return check_condition(entity, replace(where, field=relation.field))
    return _across(entity, relation, where)


def _across(entity: Entity, relation: Relation, where: Condition | Across | None, *, negated: bool = False) -> Across:
    known_of(entity, relation)
    check_condition(entity, Condition(relation.field, "isnull", False))  # the portal must filter by what leads there
    return Across(relation.name, where, negated=negated)


def _is_the_key(relation: Relation, where: Condition) -> bool:
    """Whether *where* is about the very value that leads to the one related row: nothing need be looked up."""
    named = where.field == relation.target and where.lookup in ("exact", "in") and where.value is not None
    return named and not relation.many and not relation.where


def _not_across(entity: Entity, condition: Condition, name: str) -> Condition:
    if name not in entity.by_name:
        if name.startswith("uf_") and condition.lookup != "exact":
            return check_condition(entity, condition)  # codes of user fields may hold two underscores in a row
        try:
            find_field(entity, name)
        except UnknownField:
            hint = nearest(name, [*entity.by_name, *relations_of(entity)])
            raise UnknownField(f"{entity.name} has no field or relation {name!r}{hint}") from None
    split_lookup(condition.field)  # which says that it is none
    raise UnknownField(f"{condition.field!r}: {entity.name}.{name} is a field, not a relation")


def known_of(entity: Entity, relation: Relation) -> dict[str, Any]:
    """What is known of the rows that *relation* leads to, whichever row of *entity* it starts from.

    Raises:
        UnsupportedQuery: each row leads to rows of a type of its own.
    """
    number: Any = entity.entity_type_id or entity.dialects[entity.default_dialect].fixed.get("entityTypeId")
    row = {} if number is None else {"entity_type_id": number}
    left = {name for value in relation.where.values() for name in placeholders(value)} - row.keys()
    if left:
        raise UnsupportedQuery(
            f"{entity.name}.{relation.name} leads to rows that depend on {' and '.join(sorted(left))} of each row: "
            f"it cannot be filtered across; query {schema_of(relation.to).name} by itself"
        )
    known = {name: filled(value, row) for name, value in relation.where.items()}
    other = schema_of(relation.to)
    if row and any(context.field == "entity_type_id" for context in other.dialects[other.default_dialect].context):
        known.setdefault("entity_type_id", number)  # pipelines are those of a type of objects
    return known


def id_name(entity: Entity) -> str:
    """The attribute that holds the id of *entity*; "" if its rows have none."""
    id = entity.dialects[entity.default_dialect].id
    return "" if id is None else id.name


def _of_the_relation(entity: Entity, relation: Relation, condition: Condition) -> Condition | Across:
    """``company=5``, ``company=company``, ``company__isnull=True``: about the key that leads there."""
    lookup, value = condition.lookup, condition.value
    other = schema_of(relation.to)
    if lookup not in _OWN:
        raise UnsupportedQuery(
            f"{entity.name}.{relation.name} is a relation: it takes {', '.join(_OWN)}; compare a field of "
            f"{other.name} by {relation.name}__…__{lookup}"
        )
    reverse = relation.field == id_name(entity)
    key = id_name(other) if reverse else relation.target
    if lookup in ("in", "not_in") and is_listable(value):
        value = tuple(_key(entity, relation, key, one) for one in value)
    elif lookup in ("exact", "ne"):
        value = _key(entity, relation, key, value)
    if not reverse:
        return check_condition(entity, Condition(relation.field, lookup, value))
    if lookup == "isnull" or value is None:
        if lookup == "isnull" and not isinstance(value, bool):
            raise InvalidValue(f"{entity.name}.{relation.name}__isnull takes True or False, not {value!r}")
        return _across(entity, relation, None, negated=value is True or lookup == "exact")
    positive: Lookup = "exact" if lookup in ("exact", "ne") else "in"
    where = check_condition(other, Condition(key, positive, value))
    return _across(entity, relation, where, negated=lookup != positive)


def _key(entity: Entity, relation: Relation, name: str, value: Any) -> Any:
    """What stands for *value*: the key of an object, anything else itself."""
    schema: Callable[[], Entity] | None = getattr(cast("object", type(value)), "__schema__", None)
    if schema is None:
        return value
    given = schema()
    if given.key != relation.to:
        raise InvalidValue(f"{entity.name}.{relation.name} takes a {schema_of(relation.to).name}, not a {given.name}")
    key = getattr(value, name)
    if key in (0, None, "") and name == id_name(given):
        raise InvalidValue(f"{entity.name}.{relation.name}: this {given.name} is not at the portal yet")
    return key
