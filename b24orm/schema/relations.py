"""Which other entities the rows of an entity lead to: told by its fields, and by its `relations`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24orm.schema.description import Entity, Field, Relation
from b24orm.schema.loader import entity as schema_of

__all__ = ["filled", "placeholders", "relations_of"]


def relations_of(entity: Entity) -> Mapping[str, Relation]:
    """The relations of *entity* by name.

    A field that holds ids makes one: ``company_id`` leads to ``company``, ``contact_ids`` to ``contacts``,
    ``created_by`` to ``created_by_user``, ``stage_id`` to ``stage``. Where that name is taken, or the schema names a
    relation of that field itself, there is none.
    """
    known = _known.get(id(entity))
    if known is None or known[0] is not entity:
        known = _known[id(entity)] = entity, _relations(entity)
    return known[1]


_known: dict[int, tuple[Entity, Mapping[str, Relation]]] = {}


def _relations(entity: Entity) -> Mapping[str, Relation]:
    taken = {field.name for field in entity.fields}
    # A class may declare a field that is called as a relation: the field wins.
    found = {relation.name: _of_type(relation, entity) for relation in entity.relations if relation.name not in taken}
    named = {relation.field for relation in entity.relations}
    for field in entity.fields:
        made = _of_field(field)
        if made is not None and made.name not in taken and field.name not in named:
            found.setdefault(made.name, made)
    return found


def placeholders(value: int | str) -> tuple[str, ...]:
    """The attributes that *value*, of a relation's ``where``, leaves open: ``T{entity_type_id:x}``."""
    if not isinstance(value, str) or "{" not in value:
        return ()
    return tuple(part.partition("}")[0].partition(":")[0] for part in value.split("{")[1:])


def filled(value: int | str, row: Mapping[str, Any]) -> Any:
    """*value* with what it leaves open taken from *row*; if it is nothing but that, it is as in the row."""
    names = placeholders(value)
    if not names or not isinstance(value, str):
        return value
    return row[names[0]] if value == f"{{{names[0]}}}" else value.format_map(row)


def _of_type(relation: Relation, entity: Entity) -> Relation:
    """*relation* as it is of objects of one CRM type."""
    row = {"entity_type_id": entity.entity_type_id}
    if entity.entity_type_id is None or not any(map(placeholders, relation.where.values())):
        return relation
    where = {key: filled(value, row) for key, value in relation.where.items()}
    return relation.model_copy(update={"where": where})


def _of_field(field: Field) -> Relation | None:
    """The relation that *field* makes."""
    if field.relation is None or field.deprecated:
        return None
    name = _name(field)
    if name is None:
        return None
    if field.relation.startswith("status:"):
        return _to_dictionary(name, field, field.relation.removeprefix("status:"))
    spec = schema_of(field.relation).dialects
    id = spec[schema_of(field.relation).default_dialect].id
    if id is None:
        return None
    return Relation(name=name, to=field.relation, field=field.name, target=id.name, many=field.multiple)


def _to_dictionary(name: str, field: Field, dictionary: str) -> Relation:
    # Each pipeline has a dictionary of its own, DEAL_STAGE_5 beside DEAL_STAGE; codes are unique among all of them.
    of_pipelines = dictionary.endswith("_STAGE")
    where: dict[str, int | str] = {"entity_id__like": f"{dictionary}%"} if of_pipelines else {"entity_id": dictionary}
    return Relation(name=name, to="status", field=field.name, target="status_id", many=field.multiple, where=where)


def _name(field: Field) -> str | None:
    if field.name.endswith("_id"):
        return field.name.removesuffix("_id")
    if field.name.endswith("_ids"):
        one = field.name.removesuffix("_ids")
        return f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    if field.relation == "user":
        return f"{field.name.removesuffix('s')}_users" if field.multiple else f"{field.name}_user"
    return None
