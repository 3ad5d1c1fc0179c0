"""Finds and reads ``schemas/*.json``.

Programs take the files at their word: what ships was checked when code was generated from it. Checking it once more
would make every program build Pydantic's validators, and look for Pydantic's plugins, before its first query.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from b24orm.errors import ConfigurationError, nearest
from b24orm.schema.description import Context, Cursor, Dialect, Entity, Field, IdField, Paging, Paths, Relation, Title

__all__ = ["checked_entity", "entity", "entity_keys", "list_methods", "schema_directory", "schema_file"]


@cache
def schema_directory() -> Path:
    """The directory of the schema files: beside this package in a wheel, at the top of a checkout otherwise."""
    here = Path(__file__).resolve()
    for candidate in (here.parent / "data", here.parents[2] / "schemas"):
        if candidate.is_dir():
            return candidate
    raise ConfigurationError(f"no schema files beside {here.parent.name}/ nor at the top of the checkout")


@cache
def entity_keys() -> tuple[str, ...]:
    """The keys of all entities that have a schema file, sorted."""
    return tuple(sorted(p.stem for p in schema_directory().glob("*.json")))


@cache
def entity(key: str) -> Entity:
    """The schema of the entity *key* (``deal``), as its file has it.

    Raises:
        ConfigurationError: there is none, or it lacks what every schema has.
    """
    try:
        return _entity(json.loads(schema_file(key).read_bytes()))
    except (LookupError, TypeError, ValueError):
        return checked_entity(key)  # which tells what is wrong


def checked_entity(key: str) -> Entity:
    """The schema of the entity *key*, every word of it checked.

    Raises:
        ConfigurationError: there is none, or it does not fit its meta-schema.
    """
    path = schema_file(key)
    try:
        return Entity.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigurationError(f"schemas/{path.name} does not fit its meta-schema: {error}") from error


@cache
def list_methods() -> Mapping[str, tuple[str, str]]:
    """Entity and dialect by list method, in lower case; of methods that list the rows of one entity alone.

    The methods of REST 3.0 have ``v3`` and a blank before their names.
    """
    path = schema_directory() / "meta" / "lists.json"
    return {method: (key, dialect) for method, (key, dialect) in json.loads(path.read_bytes()).items()}


def schema_file(key: str) -> Path:
    """The file of the entity *key*.

    Raises:
        ConfigurationError: there is none.
    """
    path = schema_directory() / f"{key}.json"
    if not path.is_file():
        raise ConfigurationError(f"no schema for entity {key!r}{nearest(key, entity_keys())}")
    return path


Json = Mapping[str, Any]


def _entity(said: Json) -> Entity:
    parts: dict[str, Any] = {
        **said,
        "title": _title(said["title"]),
        "dialects": {name: _dialect(dialect) for name, dialect in said["dialects"].items()},
        "fields": tuple(_field(field) for field in said["fields"]),
        "relations": tuple(Relation.model_construct(None, **relation) for relation in said.get("relations", ())),
    }
    return Entity.model_construct(None, **parts)


def _title(said: Json) -> Title:
    return Title.model_construct(None, **said)


def _field(said: Json) -> Field:
    parts: dict[str, Any] = {**said, "title": _title(said["title"])}
    for name in ("values", "parts"):
        if name in said:
            parts[name] = tuple(said[name])
    return Field.model_construct(None, **parts)


def _dialect(said: Json) -> Dialect:
    parts: dict[str, Any] = {**said, "paging": _paging(said["paging"])}
    if said.get("id") is not None:
        parts["id"] = IdField.model_construct(None, **said["id"])
    if "sequence" in said:
        parts["sequence"] = {verb: tuple(names) for verb, names in said["sequence"].items()}
    if "context" in said:
        parts["context"] = tuple(_context(context) for context in said["context"])
    for name in ("needs", "always_selected", "resent", "filters", "orders", "writes", "unread"):
        if name in said:
            parts[name] = tuple(said[name])
    if "paths" in said:
        parts["paths"] = Paths.model_construct(None, **said["paths"])
    if "docs" in said:
        parts["docs"] = tuple(said["docs"])
    return Dialect.model_construct(None, **parts)


def _context(said: Json) -> Context:
    parts: dict[str, Any] = {**said}
    if "verbs" in said:
        parts["verbs"] = tuple(said["verbs"])
    return Context.model_construct(None, **parts)


def _paging(said: Json) -> Paging:
    parts: dict[str, Any] = dict(said)
    if said.get("cursor") is not None:
        parts["cursor"] = Cursor.model_construct(None, **said["cursor"])
    return Paging.model_construct(None, **parts)
