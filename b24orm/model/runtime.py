"""Models that are made at run time, for programs without generated code: `Model.from_portal` and `SmartProcess`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import BeforeValidator

from b24orm.context import PortalLike
from b24orm.discovery import BASES, SMART_PROCESS, OwnEntity, OwnField, attribute_names, class_name_of, read_entity
from b24orm.errors import ConfigurationError, nearest
from b24orm.model.base import Model, ModelMeta, column, reserved_names
from b24orm.model.crm import HasContacts, HasProducts, HasStage, HasTimeline
from b24orm.model.relations import Relationship, ToMany, ToOne
from b24orm.model.values import File, Multifield
from b24orm.money import Money
from b24orm.narrow import is_list
from b24orm.op import Op
from b24orm.plan import Plan
from b24orm.queryset import QuerySet
from b24orm.schema import Entity, Field, Kind, entity, kind_of, relations_of

__all__ = ["DynamicModel", "SmartProcess", "from_portal"]

M = TypeVar("M", bound="DynamicModel")

_TYPES: Mapping[Kind, Any] = {
    "int": int,
    "decimal": Decimal,
    "str": str,
    "bool": bool,
    "date": date,
    "datetime": datetime,
    "money": Money,
    "multifield": Multifield,
    "file": File,
}


class _Objects:
    """``objects`` of a model made at run time."""

    def __get__(self, instance: object | None, owner: type[M]) -> QuerySet[M]:
        return QuerySet(owner)


class DynamicModel(Model):
    """A model made at run time: names and values are checked when it is used, not by type checkers."""

    objects: ClassVar[_Objects] = _Objects()

    if TYPE_CHECKING:

        def __init__(self, **values: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...


class _DynamicItem(HasStage, HasProducts, HasContacts, HasTimeline, DynamicModel):
    """A model of the CRM, made at run time."""


def SmartProcess(entity_type_id: int) -> type[DynamicModel]:
    """The items of a smart process, by the number of its type.

    ::

        Repair = SmartProcess(entity_type_id=156)
        async for item in Repair.objects.filter(stage_id="DT156_11:NEW", uf_crm_7_1760000001="x"): ...

    Documented fields have their types; user fields come as the portal sends them. For typed ones, use ``b24orm pull``
    or ``await Model.from_portal("crm.item", entity_type_id=156)``.

    Raises:
        ConfigurationError: the number is that of one of the portal's own entities, or none at all.
    """
    if isinstance(entity_type_id, bool) or not isinstance(entity_type_id, int) or entity_type_id < 1:
        raise ConfigurationError(f"entity_type_id is a positive number, not {entity_type_id!r}")
    for key, number in BASES.items():
        if number == entity_type_id:
            raise ConfigurationError(f"entity_type_id={number} is no smart process: use {entity(key).name}")
    return _smart_process(entity_type_id)


@cache
def _smart_process(entity_type_id: int) -> type[DynamicModel]:
    return model_of_schema(entity(SMART_PROCESS), f"SmartProcess{entity_type_id}", entity_type_id)


def from_portal(
    cls: type[Model], name: str | None, entity_type_id: int | None, portal: PortalLike | None
) -> Op[type[Any]]:
    """`Model.from_portal`."""
    if name is not None and not isinstance(name, str):
        raise ConfigurationError(f"from_portal takes the name of an entity, such as 'crm.deal', not {name!r}")
    if name is None:
        if not cls.__entity__:
            raise ConfigurationError(f"{cls.__name__}.from_portal needs the name of an entity, such as 'crm.deal'")
        key, number = named_entity(cls.__entity__, entity_type_id or cls.__entity_type_id__)
    else:
        key, number = named_entity(name, entity_type_id)
        if cls.__entity__ not in ("", key):
            raise ConfigurationError(f"{cls.__name__} is a model of {cls.__entity__!r}, not of {name!r}")

    if cls.__entity_type_id__ not in (None, number):
        raise ConfigurationError(f"{cls.__name__} has the entity_type_id {cls.__entity_type_id__}, not {number}")

    async def run(at: PortalLike) -> type[Any]:
        own = await read_entity(at, key, number)
        base = cls
        if not cls.__entity__:
            base = SmartProcess(number) if key == SMART_PROCESS else model_of_schema(entity(key), entity(key).name)
        return extended(base, own)

    commands = "crm.status.list, crm.item.fields and crm.category.list"
    return Op(run, explain=lambda: Plan("call", f"what the portal has of its own: {commands}", "1", "3"), portal=portal)


def named_entity(name: str, entity_type_id: int | None) -> tuple[str, int]:
    """Key and type number of the entity *name*: ``crm.deal``, ``deal``, or ``crm.item`` with a number.

    Raises:
        ConfigurationError: there is none.
    """
    key = name.removeprefix("crm.").removesuffix(".list")
    if key in ("item", SMART_PROCESS):
        if entity_type_id is None:
            raise ConfigurationError("from_portal('crm.item') needs to know whose: entity_type_id=156")
        known = next((base for base, number in BASES.items() if number == entity_type_id), SMART_PROCESS)
        return known, entity_type_id
    number = BASES.get(key)
    if number is None:
        hint = nearest(key, BASES)
        raise ConfigurationError(f"from_portal takes crm.deal, crm.lead, … or crm.item, not {name!r}{hint}")
    if entity_type_id not in (None, number):
        raise ConfigurationError(f"{name} has the entity_type_id {number}, not {entity_type_id}")
    return key, number


def model_of_schema(schema: Entity, name: str, entity_type_id: int | None = None) -> type[DynamicModel]:
    """A model with the documented fields of *schema*."""
    namespace: dict[str, Any] = {"__module__": __name__, "__entity__": schema.key}
    if schema.entity_type_id is None and entity_type_id is not None:
        namespace["__entity_type_id__"] = entity_type_id
    for relation in relations_of(schema).values():
        namespace[relation.name] = ToMany[Any]() if relation.many else ToOne[Any]()
    base = DynamicModel if schema.key not in (*BASES, SMART_PROCESS) else _DynamicItem
    return _made(base, name, namespace, schema.fields, entity_type_id)


def extended(base: type[Model], own: OwnEntity) -> type[Any]:
    """*base* with the fields of *own*, named as ``b24orm pull`` names them."""
    taken = {*base.model_fields, *relations_of(base.__schema__()), *reserved_names()}
    declared = {wire for field in base.__schema__().fields for wire in field.wire.values()}
    names = attribute_names([field for field in own.fields if field.wire not in declared], taken)
    namespace: dict[str, Any] = {"__module__": base.__module__, "__annotations__": {}}
    if own.base == SMART_PROCESS:
        namespace["__entity_type_id__"] = own.entity_type_id
        namespace["__annotations__"]["entity_type_id"] = int
        namespace["entity_type_id"] = column(default=own.entity_type_id, readonly=True)
    for name, field in names.items():
        namespace["__annotations__"][name], namespace[name] = _own_column(field)
    if not issubclass(base, DynamicModel):
        namespace["objects"] = _Objects()
        namespace["__annotations__"]["objects"] = ClassVar[_Objects]
    return _class(class_name_of(own.title) or base.__name__, base, namespace)


def _own_column(field: OwnField) -> tuple[Any, Any]:
    kind: Any = _TYPES.get(kind_of(field.type), Any)
    if field.multiple:
        several = column(field.wire, default_factory=list, readonly=field.read_only)
        return _chosen(list[kind], field), several
    if field.type == "boolean":
        return bool, column(field.wire, default=False, readonly=field.read_only)
    one = kind if kind is Any else kind | None
    return _chosen(one, field), column(field.wire, default=None, readonly=field.read_only)


def _chosen(kind: Any, field: OwnField) -> Any:
    """*kind*, of which values may be given by the texts that people see."""
    if not field.choices:
        return kind
    texts = Counter(choice.text for choice in field.choices)
    ids = {choice.text: choice.id for choice in field.choices if texts[choice.text] == 1}

    def by_text(value: Any) -> Any:
        if is_list(value):
            return [by_text(item) for item in value]
        if not isinstance(value, str) or not value or value.isdecimal():
            return value
        if value not in ids:
            raise ValueError(f"{field.label or field.wire} has no choice {value!r}{nearest(value, ids)}")
        return ids[value]

    return Annotated[kind, BeforeValidator(by_text)]


def _made(
    base: type[DynamicModel],
    name: str,
    namespace: dict[str, Any],
    fields: Iterable[Field],
    entity_type_id: int | None,
) -> type[Any]:
    annotations: dict[str, Any] = {}
    for field in fields:
        annotations[field.name], namespace[field.name] = _column(field)
    if entity_type_id is not None and "entity_type_id" in annotations:
        namespace["entity_type_id"] = column(default=entity_type_id, readonly=True)
    annotations.update({name: ClassVar[Any] for name, one in namespace.items() if isinstance(one, Relationship)})
    namespace["__annotations__"] = annotations
    return _class(name, base, namespace)


def _class(name: str, base: type[Any], namespace: dict[str, Any]) -> type[Any]:
    make: Any = ModelMeta
    made: type[Any] = make(name, (base,), namespace)
    return made


def _column(field: Field) -> tuple[Any, Any]:
    """Annotation and default of a documented field."""
    kind: Any = _TYPES.get(field.kind, Any)
    if field.multiple:
        return list[kind], column(default_factory=list, readonly=field.read_only)
    if field.nullable or kind in (date, datetime, File, Any):
        return kind if kind is Any else kind | None, column(default=None, readonly=field.read_only)
    if (field.required or field.expected) and not field.read_only:
        return kind, column()
    return kind, column(default=kind(), readonly=field.read_only)
