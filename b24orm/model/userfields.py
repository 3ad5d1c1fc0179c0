"""User fields that a program declares by hand, as fields of the schema."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from b24orm.errors import ConfigurationError
from b24orm.model.oddities import without_none
from b24orm.model.values import File
from b24orm.narrow import is_mapping
from b24orm.schema import Entity, Field, Title

__all__ = ["declared_field"]

_TYPES: dict[Any, str] = {
    bool: "boolean",
    int: "integer",
    str: "string",
    float: "double",
    Decimal: "double",
    date: "date",
    datetime: "datetime",
    File: "file",
}


def declared_field(entity: Entity, name: str, info: FieldInfo) -> Field:
    """The schema field for attribute *name* that a subclass of an entity's model adds.

    Raises:
        ConfigurationError: its name at the portal is missing, or no user field's.
    """
    extra = info.json_schema_extra
    options: Any = extra.get("b24orm") if is_mapping(extra) else None
    wire: Any = options.get("wire") if is_mapping(options) else None
    if wire is None and name.startswith("uf_"):
        wire = name.upper()
    if not isinstance(wire, str) or not wire.upper().startswith(("UF_", "PARENT_ID_")):
        raise ConfigurationError(
            f"{entity.name}.{name}: say which user field it is, e.g. column('UF_CRM_1700000001', default=None)",
        )
    base, optional = without_none(info.annotation)
    multiple = get_origin(base) is list
    element = get_args(base)[0] if multiple and get_args(base) else base
    return Field(
        name=name,
        type=_TYPES.get(element, "user_field"),
        wire={dialect: wire for dialect, spec in entity.dialects.items() if spec.user_fields},
        title=Title(en=wire, ru=wire),
        multiple=multiple,
        nullable=optional,
        read_only=bool(is_mapping(options) and options.get("readonly")),
    )
