"""The description of an entity (its fields, dialects and methods) and the loader of ``schemas/*.json``.

Called by the compiler, the code generator and the sandbox; calls nothing but errors.
No query, no request and no Python model lives here.
"""

from b24orm.schema.description import (
    Context,
    Cursor,
    Dialect,
    Entity,
    Field,
    GrammarName,
    IdField,
    Paging,
    Paths,
    Relation,
    Title,
    named_already,
    of_one_type,
    with_parts,
)
from b24orm.schema.kinds import Kind, kind_of
from b24orm.schema.loader import checked_entity, entity, entity_keys, list_methods, schema_directory, schema_file
from b24orm.schema.relations import filled, placeholders, relations_of

__all__ = [
    "Context",
    "Cursor",
    "Dialect",
    "Entity",
    "Field",
    "GrammarName",
    "IdField",
    "Kind",
    "Paging",
    "Paths",
    "Relation",
    "Title",
    "checked_entity",
    "entity",
    "entity_keys",
    "filled",
    "kind_of",
    "list_methods",
    "named_already",
    "of_one_type",
    "placeholders",
    "relations_of",
    "schema_directory",
    "schema_file",
    "with_parts",
]
