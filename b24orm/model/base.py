"""`Model`, its metaclass, and `column()`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_core import CoreSchema, core_schema
from typing_extensions import dataclass_transform, override

from b24orm import errors
from b24orm.errors import (
    ConfigurationError,
    DoesNotExist,
    FieldNotLoaded,
    InvalidValue,
    UnknownField,
    nearest,
    shortened,
)
from b24orm.model.columns import Column, DecimalColumn
from b24orm.model.names import attribute_name
from b24orm.model.oddities import without_none
from b24orm.model.reader import Reader, ReadRow, RowShape
from b24orm.model.relations import Relationship, building
from b24orm.model.stored import StoredRow, kept_before
from b24orm.model.tracking import LoadedNames, changed_names
from b24orm.model.userfields import check_override, declared_field, spelled
from b24orm.model.values import without_addresses
from b24orm.model.writer import wire_row
from b24orm.schema import Entity, entity, named_already, of_one_type, with_parts
from b24orm.schema import Field as SchemaField

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass

    from b24orm.context import PortalLike
    from b24orm.model.quick import QuickRows
    from b24orm.op import Op
    from b24orm.queryset import Named
else:
    ModelMetaclass = type(BaseModel)  # the public way to the same class

__all__ = ["Model", "ModelMeta", "ModelRows", "column", "reserved_names"]

M = TypeVar("M", bound="Model")

Place = Callable[[dict[str, Any], dict[str, Any], LoadedNames], M]

# Names that a portal may add to any entity, and that no class need declare.
_OPEN = ("uf_", "parent_id")

_set = object.__setattr__

# The same for one attribute of any instance, found once: rows come by the thousand.
_put_values, _put_names, _put_extra, _put_private = (
    vars(BaseModel)[name].__set__
    for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


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


@dataclass_transform(kw_only_default=True, field_specifiers=(Field, PrivateAttr, column))
class ModelMeta(ModelMetaclass):
    """Makes class attributes columns: ``Deal.title`` is a `Column`, ``deal.title`` a value."""

    def __new__(mcs, name: str, bases: tuple[type[Any], ...], namespace: dict[str, Any], **kwargs: Any) -> Any:
        """A model class, with a `DoesNotExist` of its own."""
        # Pydantic asks base classes for attributes of the same name while it builds a class; columns would mislead it.
        building.depth += 1
        try:
            cls: Any = super().__new__(mcs, name, bases, namespace, **kwargs)
        finally:
            building.depth -= 1
        base = next((b.DoesNotExist for b in cls.__mro__[1:] if "DoesNotExist" in b.__dict__), DoesNotExist)
        cls.DoesNotExist = type(
            "DoesNotExist", (base,), {"__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}.DoesNotExist"}
        )
        return cls

    if not TYPE_CHECKING:

        def __getattr__(cls, name):
            if not building.depth and not name.startswith("_"):
                fields = cls.__dict__.get("__pydantic_fields__") or {}
                if name in fields:
                    amount = without_none(fields[name].annotation)[0] is Decimal
                    return DecimalColumn(name) if amount else Column(name)
                if name.startswith(_OPEN):
                    hint = f"; declare it with column(), or name it in a keyword: filter({name}=…)"
                else:
                    hint = nearest(name, fields)
                raise AttributeError(f"{cls.__name__} has no column {name!r}{hint}")
            return super().__getattr__(name)


class Model(StoredRow, BaseModel, metaclass=ModelMeta):
    """A row of an entity.

    Reading a field that the query did not select raises `FieldNotLoaded`; a field that the schema does not know but the
    portal sent is kept, and can be read by its name in lower case (``deal.uf_crm_1700000001``).

    A wrong value raises Pydantic's `ValidationError` in a constructor and `InvalidValue` in an assignment, both of them
    a `ValueError`; a name that is no field raises `UnknownField`.
    """

    __slots__ = ("__b24_home__", "__b24_links__")

    model_config = ConfigDict(extra="allow", validate_assignment=True, defer_build=True, protected_namespaces=())

    __entity__: ClassVar[str] = ""
    __entity_type_id__: ClassVar[int | None] = None
    """The number of the CRM type, of classes whose schema serves many (`smart processes <SmartProcess>`)."""
    DoesNotExist: ClassVar[type[errors.DoesNotExist]] = errors.DoesNotExist

    if not TYPE_CHECKING:  # type checkers see the signature that the fields make

        def __init__(self, **values):
            fields = type(self).__pydantic_fields__
            for name in values:
                if name not in fields and not name.startswith(_OPEN):
                    raise UnknownField(f"{type(self).__name__} has no field {name!r}{nearest(name, fields)}")
            super().__init__(**values)

        def __setattr__(self, name, value):
            cls = type(self)
            if name in cls.__pydantic_fields__ or name.startswith(_OPEN):
                self._assign(name, value)
            elif isinstance(relation := getattr_static(cls, name, None), Relationship):
                raise relation.__refuse__(cls)
            elif name.startswith("_") or _has(cls, name):
                super().__setattr__(name, value)
            else:
                raise UnknownField(f"{cls.__name__} has no field {name!r}{nearest(name, cls.__pydantic_fields__)}")

        def _assign(self, name, value):
            cls = type(self)
            names = self.__pydantic_fields_set__
            if isinstance(names, LoadedNames):
                held = names
                names = names.with_changed(
                    name, kept_before(cls.__schema__() if cls.__entity__ else None, name, self.__dict__)
                )
                before = LoadedNames(held, held.changed, held.before)
                _set(self, "__pydantic_fields_set__", before)  # Pydantic adds to it, but other rows share it
            try:
                super().__setattr__(name, value)
            except ValidationError as error:
                problem = InvalidValue(
                    f"{cls.__name__}.{name} cannot hold {shortened(value)}: {error.errors(include_url=False)[0]['msg']}"
                )
            else:
                _set(self, "__pydantic_fields_set__", names)
                return
            raise problem

        def __getattr__(self, name):
            cls = type(self)
            try:
                return super().__getattr__(name)  # what the portal sent and no field takes
            except AttributeError:
                if name not in cls.__pydantic_fields__ and _has(cls, name):
                    return object.__getattribute__(self, name)  # a property failed: with its own error
            if name in cls.__pydantic_fields__:
                raise FieldNotLoaded(
                    f"{cls.__name__}.{name} was not loaded: add it to select(), or select nothing to load everything",
                )
            if name.startswith(_OPEN):
                raise FieldNotLoaded(f"{cls.__name__}.{name} was not loaded, or the portal has no such field")
            hint = "" if name.startswith("_") else nearest(name, cls.__pydantic_fields__)
            raise AttributeError(f"{cls.__name__} has no attribute {name!r}{hint}")

    @override
    def __hash__(self) -> int:
        # Equal objects have equal ids; new ones share the id 0.
        return hash((type(self), self.__dict__.get("id")))

    @override
    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, without_addresses(value)

    @classmethod
    def from_portal(
        cls, name: str | None = None, *, entity_type_id: int | None = None, portal: PortalLike | None = None
    ) -> Op[type[Any]]:
        """A model that knows the fields of a portal, made at run time: ``MyDeal = await Deal.from_portal()``.

        Its user fields have types, and names made of their titles, as those of ``b24orm pull``. Type checkers know
        nothing of them: generate code with ``b24orm pull`` where that matters.

        Args:
            name: ``crm.deal``, ``crm.contact``, …, or ``crm.item`` with an *entity_type_id*; needed if the class is no
                model of an entity yet: ``await Model.from_portal("crm.deal")``.
            entity_type_id: the number of a smart process.
            portal: whose fields; the current portal by default.

        Raises:
            ConfigurationError: no entity of the CRM is called so.
            NotFound: the portal has no such smart process.
        """
        from b24orm.model.runtime import from_portal  # here, since it builds upon this module

        return from_portal(cls, name, entity_type_id, portal)

    @property
    def changed_fields(self) -> frozenset[str]:
        """Names of the fields assigned since the object was loaded (or given, if it is new)."""
        return changed_names(self.__pydantic_fields_set__)

    def save(self, *, update_fields: Iterable[str | Named] | None = None) -> Op[Self]:
        """Writes the object: a new one is created, of one that came from the portal the changed fields are sent.

        Afterwards it holds what the portal stored. Nothing is sent if nothing changed. Lists and other values that
        were changed in place cannot be told from unchanged ones: assign them anew, or name them.

        Args:
            update_fields: these fields and no others, whether they were assigned or not.

        Raises:
            UnknownField: one of these names is no field.
            InvalidValue: a field that the portal sets by itself, or takes on create only; before any request.
            ConcurrentWrite: the object is being written already.
            DoesNotExist: it is not at the portal any more (the class's own error).
            OutcomeUnknown: it was sent, and the answer was lost: it may be stored or not.
            PortalError, TransportError: it could not be stored.
        """
        from b24orm.queryset.writing import save

        return save(self, update_fields)

    def delete(self) -> Op[None]:
        """Deletes the row at the portal. The object keeps its values.

        Raises:
            DoesNotExist: it is not at the portal (any more).
            ConcurrentWrite, OutcomeUnknown, PortalError, TransportError: as `save`.
        """
        from b24orm.queryset.writing import delete

        return delete(self)

    def refresh(self) -> Op[Self]:
        """Loads the row anew: all fields; changes that were not saved are lost.

        Raises:
            DoesNotExist: it is not at the portal any more (the class's own error).
            ConcurrentWrite: it is being written.
        """
        from b24orm.queryset.writing import refresh

        return refresh(self)

    @property
    def loaded_fields(self) -> frozenset[str]:
        """Names of the fields that can be read."""
        return frozenset(self.__dict__.keys() & type(self).model_fields.keys()) | frozenset(
            self.__pydantic_extra__ or ()
        )

    def to_wire(self, dialect: str | None = None) -> dict[str, Any]:
        """The row as the portal writes it: its names, its spellings of values, ready for JSON.

        Reading it gives equal values. Only fields that were loaded or given are in it.

        Args:
            dialect: ``item``, ``classic``, …; the entity's usual one by default.

        Raises:
            ConfigurationError: the entity has no such dialect.
        """
        schema = type(self).__schema__()
        name = schema.default_dialect if dialect is None else dialect
        if name not in schema.dialects:
            raise ConfigurationError(f"{schema.name} has no dialect {name!r}; it has {', '.join(schema.dialects)}")
        extra = self.__pydantic_extra__ or {}
        cls, spec = type(self), schema.dialects[name]
        met = {**cls.__reader__(name, keep=True).learned, **cls.__reader__(name).learned}
        others = {met.get(key) or spelled(key.upper(), spec): value for key, value in extra.items()}
        said = self.__pydantic_fields_set__
        return wire_row(schema, name, {key: value for key, value in self.__dict__.items() if key in said}, others)

    @classmethod
    def __made__(cls, fields: Mapping[str, Any]) -> Self:
        """A new object.

        Raises:
            UnknownField, InvalidValue: naming the field.
        """
        try:
            return cls(**fields)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            if first["type"] == "missing":
                problem = InvalidValue(f"a new {cls.__name__} needs {name}")
            else:
                problem = InvalidValue(f"{cls.__name__}.{name} cannot hold {shortened(first['input'])}: {first['msg']}")
        raise problem

    @classmethod
    def __changed__(cls, fields: Mapping[str, Any]) -> Self:
        """A blank object to which *fields* were assigned.

        Raises:
            UnknownField, InvalidValue: naming the field.
        """
        blank = cls.model_construct()
        _set(blank, "__pydantic_fields_set__", LoadedNames())
        for name, value in fields.items():
            setattr(blank, name, value)
        return blank

    @classmethod
    def __schema__(cls) -> Entity:
        """The schema of the entity, the class's own user fields included."""
        known: Entity | None = cls.__dict__.get("__b24_schema__")
        if known is None:
            known = _schema_of(cls)
            type.__setattr__(cls, "__b24_schema__", known)
        return known

    @classmethod
    def __reader__(cls, dialect: str, *, keep: bool = False) -> Reader:
        """The reader of rows of *dialect*; one that keeps values that do not fit, with *keep*."""
        readers: dict[tuple[str, bool], Reader] | None = cls.__dict__.get("__b24_readers__")
        if readers is None:
            readers = {}
            type.__setattr__(cls, "__b24_readers__", readers)
        if (dialect, keep) not in readers:
            readers[dialect, keep] = _reader_of(cls, dialect, keep=keep)
        return readers[dialect, keep]

    @classmethod
    def __load__(cls, dialect: str, rows: Sequence[dict[str, Any]]) -> list[Self]:
        """Instances of raw rows.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        return cls.__build__(cls.__reader__(dialect).from_python(rows))

    @classmethod
    def __build__(cls, rows: Iterable[ReadRow]) -> list[Self]:
        """Instances of rows that the reader has read. They take the values over: build no row twice."""
        return list(map(_maker(_placer(cls)), rows))

    @classmethod
    def __rows__(cls, dialect: str, names: Iterable[str] | None = None, *, keep: bool = False) -> ModelRows[Self]:
        """How rows of *dialect* become instances while they are read; *names* as for `Reader.row_schema_for`."""
        reader = cls.__reader__(dialect, keep=keep)
        chosen = None if names is None else tuple(names)
        return reader.format("models", chosen, lambda: ModelRows(reader, _placer(cls), chosen))


def reserved_names() -> frozenset[str]:
    """Names that no field can have, since every model has an attribute that is called so."""
    from b24orm.model import crm  # here, since it builds upon this module

    classes = (Model, crm.Convertible, crm.HasContacts, crm.HasProducts, crm.HasStage, crm.HasTimeline)
    return frozenset(name for cls in classes for name in dir(cls) if not name.startswith("__")) | {"objects"}


class ModelRows(Generic[M]):
    """Reads rows as instances at once: a row is cheapest to handle just after it was read.

    Args:
        place: makes an instance of values, of those that no class declares, and of the names of the former.
        names: the fields that were selected; None means all.
    """

    def __init__(self, reader: Reader, place: Place[M], names: Iterable[str] | None) -> None:
        self._reader = reader
        self._place = place
        self._make = _maker(place)
        self._names = None if names is None else tuple(names)
        self._schemas: tuple[CoreSchema, CoreSchema] | None = None
        self._id = reader.id

    @property
    def row_schema(self) -> CoreSchema:
        """Reads a row, from JSON or from a dict, into an instance; another object when `Reader.row_schema` is."""
        read = self._reader.row_schema_for(self._names)
        if self._schemas is None or self._schemas[0] is not read:
            self._schemas = read, core_schema.no_info_after_validator_function(self._make, read)
        return self._schemas[1]

    def quick(self, rows_path: str) -> QuickRows[M]:
        """As `Reader.quick`."""
        place = self._place

        def make(shape: RowShape) -> Callable[[dict[str, Any], dict[str, Any]], M]:
            return lambda values, extra: place(values, extra, shape.names)

        return self._reader.quick_for(self._names, make, split=True, rows_path=rows_path)

    def key(self, row: M) -> int:
        """The id of an instance."""
        key: int = row.__dict__[self._id]
        return key

    def from_python(self, rows: Sequence[Mapping[str, Any]]) -> list[M]:
        """Instances of rows as JSON has them.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        return list(map(self._make, self._reader.from_python(rows)))


def _maker(place: Place[M]) -> Callable[[ReadRow], M]:
    """Makes an instance of a row that was read, and of its values."""

    def make(row: ReadRow) -> M:
        read, others, shape = row
        extra = dict(zip(shape.others, map(read.pop, shape.others), strict=True))
        values = dict(read) if shape.roomy else read
        if others:
            for wire, value in others.items():
                extra[attribute_name(wire)] = value
        return place(values, extra, shape.names)

    return make


def _placer(cls: type[M]) -> Place[M]:
    """Makes an instance that takes over what it holds."""
    new, post_init = cls.__new__, cls.__pydantic_post_init__

    def place(values: dict[str, Any], extra: dict[str, Any], names: LoadedNames) -> M:
        instance = new(cls)
        _put_values(instance, values)
        _put_names(instance, names)  # shared by rows with the same fields
        _put_extra(instance, extra)
        _put_private(instance, None)
        if post_init is not None:
            instance.model_post_init(None)  # a subclass has private attributes, or wants to know
        return instance

    return place


def _has(cls: type[Any], name: str) -> bool:
    """Whether *cls* or a base has an attribute *name* of its own, a property or a method."""
    return any(name in base.__dict__ for base in cls.__mro__)


def _schema_of(cls: type[Model]) -> Entity:
    if not cls.__entity__:
        raise UnknownField(f"{cls.__name__} is not a model of an entity: derive it from Deal, Contact, …")
    base = entity(cls.__entity__)
    own: list[SchemaField] = []
    for name, info in cls.model_fields.items():
        if name in base.by_name:
            check_override(base, name, info)
        else:
            own.append(declared_field(base, name, info))
    number = cls.__entity_type_id__
    if number is None or base.entity_type_id is not None:
        return with_parts(base, fields=(*base.fields, *own)) if own else base
    dialects = {name: of_one_type(spec, number) for name, spec in base.dialects.items()}
    fields = (named_already(field) if field.name == "entity_type_id" else field for field in (*base.fields, *own))
    return with_parts(base, name=cls.__name__, entity_type_id=number, dialects=dialects, fields=tuple(fields))


def _reader_of(cls: type[Model], dialect: str, *, keep: bool) -> Reader:
    # A reader needs the types of the fields, not Pydantic's own validator, which takes time to build.
    if not getattr(cls, "__pydantic_fields_complete__", cls.__pydantic_complete__):
        cls.model_rebuild()
    annotations = {name: info.annotation for name, info in cls.model_fields.items()}
    return Reader(cls.__schema__(), dialect, annotations, keep=keep)
