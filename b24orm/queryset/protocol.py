"""What a queryset needs to know of a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

from b24orm import errors
from b24orm.command import RowFormat
from b24orm.context import PortalLike
from b24orm.errors import InvalidRow
from b24orm.schema import Entity

__all__ = ["ModelLike", "RowReader", "WrittenLike"]


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

    # -- writing -------------------------------------------------------------------------------------------------

    @classmethod
    def __made__(cls, fields: Mapping[str, Any]) -> Self:
        """A new object of *fields*."""
        ...

    @classmethod
    def __changed__(cls, fields: Mapping[str, Any]) -> Self:
        """A blank object to which *fields* were assigned."""
        ...

    @property
    def changed_fields(self) -> frozenset[str]:
        """Names of the fields assigned since the object was loaded (or given, if it is new)."""
        ...

    def __bind__(self, portal: PortalLike) -> None:
        """From now on the object is written and followed at *portal*, not at the current one."""
        ...

    @property
    def __home__(self) -> PortalLike | None:
        """The portal that the object is bound to, if it is."""
        ...

    @property
    def __stored__(self) -> bool:
        """Whether the object came from the portal, or was stored there."""
        ...

    @property
    def __others__(self) -> Mapping[str, Any]:
        """The fields that the portal sent and no class declares."""
        ...

    def __values__(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of the fields *names*."""
        ...

    @classmethod
    def __written__(cls, dialect: str, values: Mapping[str, Any], *, before: Self | None = None) -> WrittenLike:
        """*values* as *dialect* takes them: of a new row, or of the one that was loaded as *before*."""
        ...

    def __take__(self, sent: Mapping[str, Any], row: Any, id: Any = None) -> None:
        """What was *sent* is stored: the object holds the *row* that the portal answered, where it did."""
        ...

    def __forget__(self, names: Iterable[str]) -> None:
        """The fields *names* are not loaded any more."""
        ...

    def __renew__(self, row: Any) -> None:
        """The object becomes what *row* holds."""
        ...


class WrittenLike(Protocol):
    """Values as the portal takes them."""

    values: dict[str, Any]
    once: bool
