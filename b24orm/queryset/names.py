"""Names of fields: strings, and the columns that may stand for them."""

from __future__ import annotations

from typing import Generic, TypeVar

from b24orm.errors import UnknownField

__all__ = ["Named", "TypedName", "field_name"]

V = TypeVar("V")


class Named:
    """Something with an attribute name that may stand for it: a column of a model."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class TypedName(Named, Generic[V]):
    """A name whose values have a known type: the base of `Column`."""

    __slots__ = ()


def field_name(field: str | Named) -> str:
    """The name that *field* stands for.

    Raises:
        UnknownField: it is neither a string nor a column.
    """
    if isinstance(field, str):
        return field
    if isinstance(field, Named):
        return field.name
    raise UnknownField(f"a field is named by a string or a column such as Deal.title, not by {field!r}")
