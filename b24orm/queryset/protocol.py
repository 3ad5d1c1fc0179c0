"""What a queryset needs to know of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self

from b24orm import errors
from b24orm.schema import Entity

__all__ = ["ModelLike", "RowReader"]


class RowReader(Protocol):
    """Turns raw rows of one dialect into typed values."""

    def dicts(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Typed values by attribute name, one mapping a row; only what the row holds.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        ...


class ModelLike(Protocol):
    """A model class, as far as querysets are concerned."""

    DoesNotExist: ClassVar[type[errors.DoesNotExist]]

    @classmethod
    def __schema__(cls) -> Entity:
        """The schema of the entity, the class's own user fields included."""
        ...

    @classmethod
    def __reader__(cls, dialect: str) -> RowReader:
        """The reader of rows of *dialect*."""
        ...

    @classmethod
    def __load__(cls, dialect: str, rows: Sequence[dict[str, Any]]) -> list[Self]:
        """Instances of raw rows."""
        ...
