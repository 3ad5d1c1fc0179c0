"""Readings of what portals send besides proper values: ``""`` for nothing, ``false``, null lists, shifted dates.

Pydantic reads a value first; only what it refuses comes here, so that clean rows never pay for odd ones.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Union, get_args, get_origin

from pydantic import GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from b24orm.narrow import is_list, is_mapping

__all__ = ["Lenient", "without_none"]


def _is_nothing(value: Any) -> bool:
    """Whether *value* is what some method of the portal sends for "no value"."""
    return value is None or value is False or value == "" or value == [] or value == {}


def without_none(annotation: Any) -> tuple[Any, bool]:
    """The annotation without None, and whether None was among it."""
    if get_origin(annotation) in (Union, types.UnionType):
        members = [a for a in get_args(annotation) if a is not type(None)]
        if len(members) == 1:
            return members[0], True
        return annotation, len(members) < len(get_args(annotation))
    return annotation, False


class Lenient:
    """Marks an annotation for reading from a portal: documented oddities get the typed value that they stand for.

    Args:
        annotation: the type of the field.
        reference: whether the field holds the id of another object, where 0 means none.
    """

    __slots__ = ("_annotation", "_reference")

    def __init__(self, annotation: Any, *, reference: bool = False) -> None:
        self._annotation = annotation
        self._reference = reference

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        base, optional = without_none(self._annotation)
        strict = (
            core_schema.nullable_schema(core_schema.int_schema(ge=1))
            if self._reference and base is int and optional
            else handler(source)
        )
        return core_schema.union_schema(
            [strict, core_schema.no_info_plain_validator_function(_reading(base, optional=optional))],
            mode="left_to_right",
        )


def _reading(base: Any, *, optional: bool) -> Callable[[Any], Any]:
    element = get_args(base)[0] if get_origin(base) is list and get_args(base) else None
    if element is not None:
        one: TypeAdapter[list[Any]] = TypeAdapter(base)
        return lambda value: _list(value, one)
    empty = None if optional else _EMPTY.get(base)

    def read(value: Any) -> Any:
        if _is_nothing(value) or (optional and base is int and value in (0, "0")):
            if optional or base in _EMPTY:
                return empty
        elif base is date and isinstance(value, str):
            # A bare date comes as midnight shifted by the server's offset; only its date part means anything.
            return date.fromisoformat(value[:10])
        elif base is datetime and isinstance(value, str):
            return datetime.fromisoformat(value)
        raise ValueError("does not fit")

    return read


# What "no value" means where a field cannot be None.
_EMPTY: dict[Any, Any] = {bool: False, str: "", Decimal: Decimal(0)}


def _list(value: Any, adapter: TypeAdapter[list[Any]]) -> list[Any]:
    if _is_nothing(value):
        return []
    if is_mapping(value):  # PHP makes a map of a list with holes
        return adapter.validate_python(list(value.values()))
    if is_list(value):
        return adapter.validate_python([item for item in value if not _is_nothing(item)])
    return adapter.validate_python([value])
