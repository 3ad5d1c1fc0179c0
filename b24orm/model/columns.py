"""Columns: what ``Deal.title`` is on the class, and the annotations that make it so for type checkers."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, overload

from typing_extensions import override

from b24orm.query import Condition, Lookup, Q
from b24orm.queryset import TypedName

__all__ = ["COLUMN", "Col", "Column", "DecimalCol", "DecimalColumn", "OptionalDecimalCol"]

T = TypeVar("T")
E = TypeVar("E")

# Marks an annotation at run time as a column.
COLUMN = "b24orm.column"

Number = Decimal | int | float


class Column(TypedName[T]):
    """A field of a model, for building conditions: ``Deal.opportunity >= 1000`` is a `Q`."""

    __slots__ = ()

    def _q(self, lookup: Lookup, value: Any) -> Q:
        return Q(Condition(self.name, lookup, value))

    @override
    def __eq__(self, other: T) -> Q:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._q("exact", other)

    @override
    def __ne__(self, other: T) -> Q:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._q("ne", other)

    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    def __gt__(self, other: T) -> Q:
        return self._q("gt", other)

    def __ge__(self, other: T) -> Q:
        return self._q("gte", other)

    def __lt__(self, other: T) -> Q:
        return self._q("lt", other)

    def __le__(self, other: T) -> Q:
        return self._q("lte", other)

    def in_(self, values: Collection[T]) -> Q:
        """Equal to one of *values*."""
        return self._q("in", values)

    def not_in(self, values: Collection[T]) -> Q:
        """Equal to none of *values*."""
        return self._q("not_in", values)

    def between(self, low: T, high: T) -> Q:
        """From *low* to *high*, both included."""
        return self._q("range", (low, high))

    def is_null(self, empty: bool = True) -> Q:
        """Without a value (or, with False, with one). The portal does not tell an empty number from 0."""
        return self._q("isnull", empty)

    def has(self: Column[list[E]], value: E) -> Q:
        """Whether a field of several values holds *value*."""
        return self._q("exact", value)

    def contains(self: Column[str] | Column[str | None], text: str) -> Q:
        """Holds *text*, in whatever letter case."""
        return self._q("contains", text)

    def not_contains(self: Column[str] | Column[str | None], text: str) -> Q:
        """Does not hold *text*."""
        return self._q("not_contains", text)

    def startswith(self: Column[str] | Column[str | None], text: str) -> Q:
        """Begins with *text*."""
        return self._q("startswith", text)

    def endswith(self: Column[str] | Column[str | None], text: str) -> Q:
        """Ends with *text*."""
        return self._q("endswith", text)

    def like(self: Column[str] | Column[str | None], pattern: str) -> Q:
        """Matches an SQL pattern: ``%`` is any text, ``_`` any letter."""
        return self._q("like", pattern)

    def not_like(self: Column[str] | Column[str | None], pattern: str) -> Q:
        """Does not match an SQL pattern."""
        return self._q("not_like", pattern)

    @override
    def __repr__(self) -> str:
        return f"<column {self.name}>"


class DecimalColumn(Column[T]):
    """A column of amounts, which may be compared with any number."""

    __slots__ = ()

    @override
    def __eq__(self, other: Number | T) -> Q:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._q("exact", other)

    @override
    def __ne__(self, other: Number | T) -> Q:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._q("ne", other)

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    @override
    def __gt__(self, other: Number | T) -> Q:
        return self._q("gt", other)

    @override
    def __ge__(self, other: Number | T) -> Q:
        return self._q("gte", other)

    @override
    def __lt__(self, other: Number | T) -> Q:
        return self._q("lt", other)

    @override
    def __le__(self, other: Number | T) -> Q:
        return self._q("lte", other)

    @override
    def in_(self, values: Collection[Number | T]) -> Q:
        """Equal to one of *values*."""
        return self._q("in", values)

    @override
    def not_in(self, values: Collection[Number | T]) -> Q:
        """Equal to none of *values*."""
        return self._q("not_in", values)

    @override
    def between(self, low: Number | T, high: Number | T) -> Q:
        """From *low* to *high*, both included."""
        return self._q("range", (low, high))


if TYPE_CHECKING:

    class Col(Generic[T]):
        """Annotation of a field: `Column` on the class, the plain value on an instance."""

        @overload
        def __get__(self, instance: None, owner: type[Any], /) -> Column[T]: ...
        @overload
        def __get__(self, instance: object, owner: type[Any] | None = None, /) -> T: ...
        def __get__(self, instance: object | None, owner: type[Any] | None = None, /) -> Column[T] | T: ...
        def __set__(self, instance: Any, value: T, /) -> None: ...

    class DecimalCol:
        """Annotation of an amount: a Decimal to read, any number to write and compare with."""

        @overload
        def __get__(self, instance: None, owner: type[Any], /) -> DecimalColumn[Decimal]: ...
        @overload
        def __get__(self, instance: object, owner: type[Any] | None = None, /) -> Decimal: ...
        def __get__(
            self, instance: object | None, owner: type[Any] | None = None, /
        ) -> DecimalColumn[Decimal] | Decimal: ...
        def __set__(self, instance: Any, value: Number, /) -> None: ...

    class OptionalDecimalCol:
        """Annotation of an amount that may be missing."""

        @overload
        def __get__(self, instance: None, owner: type[Any], /) -> DecimalColumn[Decimal | None]: ...
        @overload
        def __get__(self, instance: object, owner: type[Any] | None = None, /) -> Decimal | None: ...
        def __get__(
            self, instance: object | None, owner: type[Any] | None = None, /
        ) -> DecimalColumn[Decimal | None] | Decimal | None: ...
        def __set__(self, instance: Any, value: Number | None, /) -> None: ...

else:

    class Col:
        """Annotation of a field: `Column` on the class, the plain value on an instance."""

        def __class_getitem__(cls, item):
            return Annotated[item, COLUMN]

    DecimalCol = Annotated[Decimal, COLUMN]
    OptionalDecimalCol = Annotated[Decimal | None, COLUMN]
