"""What an object holds of its row: values, which of them are loaded and changed, where it belongs, where it leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from b24orm.model.names import attribute_name
from b24orm.model.tracking import LoadedNames, changed_names
from b24orm.model.writing import Written, written
from b24orm.schema import Entity

if TYPE_CHECKING:
    from b24orm.context import PortalLike
    from b24orm.model.reader import ReadRow

__all__ = ["StoredRow", "kept_before"]

_set = object.__setattr__


class StoredRow:
    """The part of a model that reading, writing and relations work with. It is no Pydantic model by itself."""

    __slots__ = ()

    if TYPE_CHECKING:
        __pydantic_fields_set__: set[str]
        __pydantic_extra__: dict[str, Any] | None

    def __bind__(self, portal: PortalLike) -> None:
        """From now on the object is written and followed at *portal*, not at the current one."""
        _set(self, "__b24_home__", portal)

    @property
    def __home__(self) -> PortalLike | None:
        """The portal that the object is bound to, if it is: that of a queryset with `using`."""
        try:
            portal: PortalLike = object.__getattribute__(self, "__b24_home__")
        except AttributeError:
            return None
        return portal

    def __linked__(self, name: str, keys: tuple[Any, ...]) -> Sequence[Any] | None:
        """The rows that the relation *name* leads to by *keys*, if they are at hand; None if they are not."""
        try:
            links: dict[str, tuple[tuple[Any, ...], Sequence[Any]]] = object.__getattribute__(self, "__b24_links__")
        except AttributeError:
            return None
        held = links.get(name)
        return held[1] if held is not None and held[0] == keys else None

    def __link__(self, name: str, keys: tuple[Any, ...], rows: Sequence[Any]) -> None:
        """From now on *rows* are what the relation *name* leads to, as long as it does so by *keys*."""
        try:
            links: dict[str, tuple[tuple[Any, ...], Sequence[Any]]] = object.__getattribute__(self, "__b24_links__")
        except AttributeError:
            links = {}
            _set(self, "__b24_links__", links)
        links[name] = keys, rows

    @property
    def __stored__(self) -> bool:
        """Whether the object came from the portal, or was stored there."""
        return isinstance(self.__pydantic_fields_set__, LoadedNames)

    @property
    def __others__(self) -> Mapping[str, Any]:
        """The fields that the portal sent and no class declares."""
        return self.__pydantic_extra__ or {}

    def __values__(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of the fields *names*.

        Raises:
            FieldNotLoaded: one has none.
        """
        held, extra = self.__dict__, self.__pydantic_extra__ or {}
        return {
            name: held[name] if name in held else extra[name] if name in extra else getattr(self, name)
            for name in names
        }

    @classmethod
    def __written__(cls, dialect: str, values: Mapping[str, Any], *, before: Self | None = None) -> Written:
        """*values* as *dialect* takes them: of a new row, or of the one that was loaded as *before*."""
        names = None if before is None else before.__pydantic_fields_set__
        held: Mapping[str, Any] = {} if before is None else before.__dict__
        known = {**held, **names.before} if isinstance(names, LoadedNames) else {}
        if isinstance(names, LoadedNames):
            assigned = names.changed - names.before.keys()
            known = {name: value for name, value in known.items() if name in names and name not in assigned}
        model: Any = cls
        return written(model.__schema__(), dialect, values, known, new=before is None)

    def __take__(self, sent: Mapping[str, Any], row: ReadRow | None, id: Any = None) -> None:
        """What was *sent* is stored: the object holds the *row* that the portal answered, where it did.

        What was assigned since it was sent stays, and counts as changed. Of a new object, what was neither sent nor
        answered is not known: the portal may have put something there.

        Args:
            id: the id of a new row, if the answer is no row.
        """
        names, held = self.__pydantic_fields_set__, self.__dict__
        extra: dict[str, Any] = dict(self.__pydantic_extra__ or {})
        assigned = changed_names(names)
        open_ = {name for name in assigned if name not in sent or _value(held, extra, name) is not sent[name]}
        values = {name: value for name, value in held.items() if name in names}
        loaded = {name for name in names if name in held}
        if row is not None:
            read, others, shape = row
            new = {name: value for name, value in read.items() if name not in shape.others}
            values.update({name: value for name, value in new.items() if name not in open_})
            loaded |= new.keys()
            stored = {name: read[name] for name in shape.others}
            stored |= {attribute_name(wire): value for wire, value in (others or {}).items()}
            extra.update({name: value for name, value in stored.items() if name not in open_})
        model: Any = type(self)
        key = model.__reader__(model.__schema__().default_dialect).id
        if key and id is not None and not values.get(key):
            values[key] = id
            loaded.add(key)
        before: Mapping[str, Any] = names.before if isinstance(names, LoadedNames) else {}
        _set(self, "__dict__", values)
        _set(self, "__pydantic_extra__", extra)
        still = {name: value for name, value in before.items() if name in open_}
        _set(self, "__pydantic_fields_set__", LoadedNames(loaded, frozenset(open_), still))

    def __renew__(self, row: ReadRow) -> None:
        """The object becomes what *row* holds."""
        _set(self, "__b24_links__", {})
        model: Any = type(self)
        fresh = model.__build__([row])[0]
        _set(self, "__dict__", fresh.__dict__)
        _set(self, "__pydantic_extra__", fresh.__pydantic_extra__)
        _set(self, "__pydantic_fields_set__", fresh.__pydantic_fields_set__)

    def __forget__(self, names: Iterable[str]) -> None:
        """The fields *names* are not loaded any more: nobody has said what the portal made of them."""
        gone = frozenset(names) - changed_names(self.__pydantic_fields_set__)
        held, kept = self.__dict__, self.__pydantic_fields_set__
        _set(self, "__dict__", {name: value for name, value in held.items() if name not in gone})
        _set(self, "__pydantic_fields_set__", LoadedNames(kept - gone, changed_names(kept)))


def kept_before(schema: Entity | None, name: str, held: Mapping[str, Any]) -> dict[str, Any]:
    """The value that the portal holds of the field *name*, if an update has to say what is different."""
    field = None if schema is None else schema.by_name.get(name)
    return {name: held[name]} if field is not None and field.as_difference and name in held else {}


def _value(held: Mapping[str, Any], extra: Mapping[str, Any], name: str) -> Any:
    return held[name] if name in held else extra.get(name)
