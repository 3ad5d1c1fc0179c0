"""What a queryset needs to know of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol, Self

from b24orm import errors
from b24orm.command import RowFormat
from b24orm.errors import InvalidRow
from b24orm.schema import Entity

__all__ = ["ModelLike", "RowReader"]


class RowReader(RowFormat, Protocol):
    """Reads rows of one dialect into typed values that models, mappings and tuples can be made of."""

    def selected(self, names: Iterable[str]) -> RowFormat:
        """The same for rows that hold little else than the fields *names*."""
        ...

    def release(self, rows: Iterable[Any]) -> list[InvalidRow]:
        """Puts values that did not fit, and were kept, into the places of *rows* that they were kept for."""
        ...

    def mappings(self, rows: Sequence[Any], names: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The values of rows that were read by attribute name: all that the row holds, or just *names*."""
        ...

    def tuples(self, rows: Sequence[Any], names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of *names*, in that order."""
        ...


class ModelLike(Protocol):
    """A model class, as far as querysets are concerned."""

    DoesNotExist: ClassVar[type[errors.DoesNotExist]]

    @classmethod
    def __schema__(cls) -> Entity:
        """The schema of the entity, the class's own user fields included."""
        ...

    @classmethod
    def __reader__(cls, dialect: str, *, keep: bool = False) -> RowReader:
        """The reader of rows of *dialect*; one that keeps values that do not fit, with *keep*."""
        ...

    @classmethod
    def __rows__(cls, dialect: str, names: Iterable[str] | None = None, *, keep: bool = False) -> RowFormat:
        """How rows of *dialect* become instances at once; *names* are the fields selected, None for all."""
        ...

    @classmethod
    def __build__(cls, rows: Iterable[Any]) -> list[Self]:
        """Instances of rows that its reader read; they take the values over."""
        ...
