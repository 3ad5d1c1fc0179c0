"""Writes what follows from the schemas, or compares it with what is there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from b24orm.codegen.events import render_events
from b24orm.codegen.index import render_index
from b24orm.codegen.module import MARKER, render_module
from b24orm.codegen.table import render_table
from b24orm.schema import Entity, checked_entity, entity_keys, schema_directory, schema_file
from b24orm.schema.events import event_specs

__all__ = ["generate", "render_lists", "render_meta_schema"]


def render_meta_schema() -> str:
    """The text of ``schemas/meta/entity.schema.json``."""
    return json.dumps(Entity.json_schema(), ensure_ascii=False, indent=2) + "\n"


def render_lists(entities: Iterable[Entity]) -> str:
    """The text of ``schemas/meta/lists.json``: entity and dialect by list method, of methods that list one entity."""
    served: dict[str, list[tuple[str, str]]] = {}
    for one in entities:
        for name, spec in one.dialects.items():
            if "list" in spec.methods:
                method = spec.methods["list"].lower()
                served.setdefault(method if spec.version == 2 else f"v3 {method}", []).append((one.key, name))
    lines = [f'  "{method}": {json.dumps(found[0])}' for method, found in sorted(served.items()) if len(found) == 1]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def generate(*, check: bool = False, target: Path | None = None) -> list[str]:
    """Brings the generated files up to date with ``schemas/*.json``.

    Without a *target* these are ``b24orm/entities/``, ``b24orm/events/catalogue.py``, the meta-schema and the list of
    list methods in ``schemas/meta/``, and, in a checkout, ``docs/entities.md``; a *target* is a directory that takes
    the place of ``b24orm/entities/``, and the others are left alone. Generated modules whose schema has gone are
    removed; files that were not generated are not touched.

    Args:
        check: write nothing, only compare.

    Returns:
        The files that were (with *check*: would be) written or removed, as paths, sorted; empty if all was up to date.

    Raises:
        ConfigurationError: a schema file is broken.
    """
    wanted = _wanted(target)
    changed: list[str] = []
    for path, text in wanted.items():
        if not path.is_file() or path.read_bytes() != text.encode():
            changed.append(str(path))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
    for path in _stale(target or _entities(), wanted):
        changed.append(str(path))
        if not check:
            path.unlink()
    return sorted(changed)


def _entities() -> Path:
    return Path(__file__).resolve().parents[1] / "entities"


@cache
def _rendered(key: str, _content: bytes) -> tuple[Entity, str]:
    """Schema and module of *key*, as long as its file does not change."""
    schema = checked_entity(key)
    return schema, render_module(schema)


def _wanted(target: Path | None) -> dict[Path, str]:
    rendered = [_rendered(key, schema_file(key).read_bytes()) for key in entity_keys()]
    entities = [schema for schema, _ in rendered]
    directory = target or _entities()
    wanted = {directory / f"{schema.key}.py": text for schema, text in rendered}
    wanted[directory / "__init__.py"] = render_index(entities)
    if target is None:
        wanted[schema_directory() / "meta" / "entity.schema.json"] = render_meta_schema()
        wanted[schema_directory() / "meta" / "lists.json"] = render_lists(entities)
        wanted[_entities().parent / "events" / "catalogue.py"] = render_events(event_specs().values())
        docs = schema_directory().parent / "docs"
        if docs.is_dir():  # a wheel has none
            wanted[docs / "entities.md"] = render_table(entities)
    return wanted


def _stale(directory: Path, wanted: dict[Path, str]) -> list[Path]:
    others = (path for path in directory.glob("*.py") if path not in wanted)
    return [path for path in others if MARKER in path.read_text(encoding="utf-8")]
