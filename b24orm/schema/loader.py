"""Finds, reads and checks ``schemas/*.json``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import ValidationError

from b24orm.errors import ConfigurationError, nearest
from b24orm.schema.description import Entity

__all__ = ["entity", "entity_keys", "schema_directory"]


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
    """The checked schema of the entity *key* (``deal``). Raises ConfigurationError if there is none or it is broken."""
    path = schema_directory() / f"{key}.json"
    if not path.is_file():
        raise ConfigurationError(f"no schema for entity {key!r}{nearest(key, entity_keys())}")
    try:
        return Entity.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigurationError(f"schemas/{path.name} does not fit its meta-schema: {error}") from error
