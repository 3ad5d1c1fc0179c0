"""User fields that a program declares by hand, as fields of the schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from b24orm.errors import ConfigurationError
from b24orm.model.names import attribute_name
from b24orm.model.oddities import without_none
from b24orm.model.values import File
from b24orm.money import Money
from b24orm.narrow import is_mapping
from b24orm.schema import Dialect, Entity, Field, Title

__all__ = ["check_override", "declared_field"]

_TYPES: dict[Any, str] = {
    bool: "boolean",
    int: "integer",
    str: "string",
    float: "double",
    Decimal: "double",
    date: "date",
    datetime: "datetime",
    File: "file",
    Money: "money",
}


def declared_field(entity: Entity, name: str, info: FieldInfo) -> Field:
    """The schema field for attribute *name* that a subclass of an entity's model adds.

    Raises:
        ConfigurationError: its name at the portal is missing, or no user field's.
    """
    wire = _wire(info)
    if wire is None and name.startswith(("uf_", "parent_id_")):
        wire = name
    original = None if wire is None else attribute_name(wire).upper()
    if original is None or not original.startswith(("UF_", "PARENT_ID_")):
        raise ConfigurationError(
            f"{entity.name}.{name}: say which user field it is, e.g. column('UF_CRM_1700000001', default=None)",
        )
    base, optional = without_none(info.annotation)
    multiple = get_origin(base) is list
    element = get_args(base)[0] if multiple and get_args(base) else base
    options = _options(info)
    return Field(
        name=name,
        type=_TYPES.get(element, "user_field"),
        wire={key: spelled(original, spec) for key, spec in entity.dialects.items() if spec.user_fields},
        title=Title(en=original, ru=original),
        multiple=multiple,
        nullable=optional,
        read_only=bool(options.get("readonly")),
    )


def check_override(entity: Entity, name: str, info: FieldInfo) -> None:
    """A documented field may be declared again with another type or default, not under another wire name.

    Raises:
        ConfigurationError: it names a wire name that is not its own.
    """
    wire = _wire(info)
    if wire is not None and wire not in entity.by_name[name].wire.values():
        raise ConfigurationError(f"{entity.name}.{name} is a documented field: call the attribute for {wire} otherwise")


def _options(info: FieldInfo) -> Mapping[str, Any]:
    extra = info.json_schema_extra
    options: Any = extra.get("b24orm") if is_mapping(extra) else None
    return options if is_mapping(options) else {}


def _wire(info: FieldInfo) -> str | None:
    wire: Any = _options(info).get("wire")
    return wire if isinstance(wire, str) else None


def spelled(original: str, spec: Dialect) -> str:
    """User fields keep their original names in every dialect; parents are written like the dialect's own fields."""
    if original.startswith("PARENT_ID_") and spec.grammar == "crm_item":
        return f"parentId{original.removeprefix('PARENT_ID_')}"
    return original
