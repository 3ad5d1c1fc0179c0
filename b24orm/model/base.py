"""`Model`, its metaclass, and `column()`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from typing_extensions import dataclass_transform

from b24orm import errors
from b24orm.errors import DoesNotExist, FieldNotLoaded, UnknownField, nearest
from b24orm.model.columns import Column
from b24orm.model.reader import Reader
from b24orm.model.userfields import declared_field
from b24orm.schema import Entity, entity

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)  # the public way to the same class

__all__ = ["Model", "ModelMeta", "column"]

# Names that a portal may add to any entity, and that no class need declare.
_OPEN = ("uf_", "parent_id")

_set = object.__setattr__


def column(
    wire: str | None = None,
    *,
    default: Any = ...,
    default_factory: Callable[[], Any] | None = None,
    readonly: bool = False,
) -> Any:
    """Declares a field of a model.

    ``segment: Col[str | None] = column("UF_CRM_1700000001", default=None)`` gives a user field a name and a type.

    Args:
        wire: the field's name at the portal; for documented fields the schema knows it.
        default: value of new objects that do not set it; without one the constructor asks for it.
        default_factory: makes that value anew for each object.
        readonly: the portal sets it; it cannot be written.
    """
    extra: dict[str, Any] = {"b24orm": {"wire": wire, "readonly": readonly}}
    if default_factory is not None:
        return Field(default_factory=default_factory, json_schema_extra=extra)
    return Field(default=default, json_schema_extra=extra)


class _Building(threading.local):
    depth = 0


_building = _Building()


@dataclass_transform(kw_only_default=True, field_specifiers=(Field, PrivateAttr, column))
class ModelMeta(ModelMetaclass):
    """Makes class attributes columns: ``Deal.title`` is a `Column`, ``deal.title`` a value."""

    def __new__(mcs, name: str, bases: tuple[type[Any], ...], namespace: dict[str, Any], **kwargs: Any) -> Any:
        """A model class, with a `DoesNotExist` of its own."""
        # Pydantic asks base classes for attributes of the same name while it builds a class; columns would mislead it.
        _building.depth += 1
        try:
            cls: Any = super().__new__(mcs, name, bases, namespace, **kwargs)
        finally:
            _building.depth -= 1
        base = next((b.DoesNotExist for b in cls.__mro__[1:] if "DoesNotExist" in b.__dict__), DoesNotExist)
        cls.DoesNotExist = type(
            "DoesNotExist", (base,), {"__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}.DoesNotExist"}
        )
        return cls

    if not TYPE_CHECKING:

        def __getattr__(cls, name):
            if not _building.depth and not name.startswith("_"):
                fields = cls.__dict__.get("__pydantic_fields__") or {}
                if name in fields:
                    return Column(name)
            return super().__getattr__(name)


class Model(BaseModel, metaclass=ModelMeta):
    """A row of an entity.

    Reading a field that the query did not select raises `FieldNotLoaded`; a field that the schema does not know but the
    portal sent is kept, and can be read by its name in lower case (``deal.uf_crm_1700000001``).
    """

    model_config = ConfigDict(extra="allow", validate_assignment=True, defer_build=True, protected_namespaces=())

    __entity__: ClassVar[str] = ""
    DoesNotExist: ClassVar[type[errors.DoesNotExist]] = errors.DoesNotExist

    if not TYPE_CHECKING:  # type checkers see the signature that the fields make

        def __init__(self, **values):
            cls = type(self)
            for name in values:
                if name not in cls.model_fields and not name.startswith(_OPEN):
                    raise UnknownField(f"{cls.__name__} has no field {name!r}{nearest(name, cls.model_fields)}")
            super().__init__(**values)

        def __setattr__(self, name, value):
            cls = type(self)
            if name not in cls.model_fields and not name.startswith((*_OPEN, "_")):
                raise UnknownField(f"{cls.__name__} has no field {name!r}{nearest(name, cls.model_fields)}")
            super().__setattr__(name, value)

        def __getattr__(self, name):
            cls = type(self)
            if name in cls.model_fields:
                raise FieldNotLoaded(
                    f"{cls.__name__}.{name} was not loaded: add it to select(), or select nothing to load everything",
                )
            try:
                return super().__getattr__(name)
            except AttributeError:
                if name.startswith(_OPEN):
                    raise FieldNotLoaded(
                        f"{cls.__name__}.{name} was not loaded, or the portal has no such field"
                    ) from None
                hint = "" if name.startswith("_") else nearest(name, cls.model_fields)
                raise AttributeError(f"{cls.__name__} has no attribute {name!r}{hint}") from None

    @property
    def changed_fields(self) -> frozenset[str]:
        """Names of the fields assigned since the object was loaded (or given, if it is new)."""
        return frozenset(self.__pydantic_fields_set__)

    @property
    def loaded_fields(self) -> frozenset[str]:
        """Names of the fields that can be read."""
        return frozenset(self.__dict__) | frozenset(self.__pydantic_extra__ or ())

    @classmethod
    def __schema__(cls) -> Entity:
        """The schema of the entity, the class's own user fields included."""
        known: Entity | None = cls.__dict__.get("__b24_schema__")
        if known is None:
            known = _schema_of(cls)
            type.__setattr__(cls, "__b24_schema__", known)
        return known

    @classmethod
    def __reader__(cls, dialect: str) -> Reader:
        """The reader of rows of *dialect*."""
        readers: dict[str, Reader] | None = cls.__dict__.get("__b24_readers__")
        if readers is None:
            readers = {}
            type.__setattr__(cls, "__b24_readers__", readers)
        if dialect not in readers:
            readers[dialect] = _reader_of(cls, dialect)
        return readers[dialect]

    @classmethod
    def __load__(cls, dialect: str, rows: Sequence[dict[str, Any]]) -> list[Self]:
        """Instances of raw rows.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        reader = cls.__reader__(dialect)
        loaded: list[Self] = []
        new = cls.__new__
        wires = reader.wires
        for values, row in zip(reader.known(rows), rows, strict=True):
            instance = new(cls)
            _set(instance, "__dict__", values)
            _set(instance, "__pydantic_fields_set__", set())
            _set(instance, "__pydantic_extra__", reader.unknown(row) if row.keys() - wires else {})
            _set(instance, "__pydantic_private__", None)
            loaded.append(instance)
        return loaded


def _schema_of(cls: type[Model]) -> Entity:
    if not cls.__entity__:
        raise UnknownField(f"{cls.__name__} is not a model of an entity: derive it from Deal, Contact, …")
    base = entity(cls.__entity__)
    own = [declared_field(base, name, info) for name, info in cls.model_fields.items() if name not in base.by_name]
    return base.model_copy(update={"fields": (*base.fields, *own)}) if own else base


def _reader_of(cls: type[Model], dialect: str) -> Reader:
    if not cls.__pydantic_complete__:
        cls.model_rebuild()
    return Reader(cls.__schema__(), dialect, {name: info.annotation for name, info in cls.model_fields.items()})
