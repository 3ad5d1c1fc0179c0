"""Names and values of a query against the schema, before anything is sent."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from b24orm.errors import InvalidValue, UnknownField, UnsupportedQuery, nearest
from b24orm.money import Money
from b24orm.narrow import is_sequence
from b24orm.query import Condition, Lookup
from b24orm.schema import Entity, Field, Kind, Title

__all__ = ["check_condition", "check_order", "check_select", "find_field", "is_user_field"]

_EQUALITY: tuple[Lookup, ...] = ("exact", "ne", "in", "not_in", "isnull")
_ORDERING: tuple[Lookup, ...] = ("gt", "gte", "lt", "lte", "range")
_TEXT: tuple[Lookup, ...] = ("contains", "not_contains", "like", "not_like", "startswith", "endswith")
_ALLOWED: dict[Kind, tuple[Lookup, ...]] = {
    "int": _EQUALITY + _ORDERING,
    "decimal": _EQUALITY + _ORDERING,
    "str": _EQUALITY + _ORDERING + _TEXT,
    "bool": ("exact", "ne", "isnull"),
    "date": _EQUALITY + _ORDERING,
    "datetime": _EQUALITY + _ORDERING,
    "multifield": _EQUALITY + _TEXT,
    "money": _EQUALITY,
    "file": ("isnull",),
    "object": (),
    "any": _EQUALITY + _ORDERING + _TEXT,
}
_WANTED: dict[Kind, str] = {
    "int": "an int",
    "decimal": "a Decimal or a number",
    "str": "a str",
    "bool": "True or False",
    "date": "a date",
    "datetime": "a datetime (or a date, for its midnight)",
    "multifield": "a str",
    "money": "a Money",
    "file": "True or False",
    "object": "nothing",
    "any": "a str, a number, a bool or a date",
}
_PARENT = re.compile(r"parent_id_([1-9][0-9]*)")  # the item of a smart process that this one belongs to
_USER_FIELD = re.compile(r"uf_[a-z0-9_]+")


def find_field(entity: Entity, name: str) -> Field:
    """The field *name* of *entity*. A user field (``uf_…``) or a parent (``parent_id_156``) that no class declares is
    taken as it is.

    Raises:
        UnknownField: with the nearest right name.
    """
    field = entity.by_name.get(name)
    if field is not None:
        return field
    carriers = [dialect for dialect, spec in entity.dialects.items() if spec.user_fields]
    if name.lower().startswith("uf_") and carriers:
        if not _USER_FIELD.fullmatch(name):
            raise UnknownField(f"{name!r} names no user field: they are written in lower case, 'uf_crm_1700000001'")
        wire = name.upper()
        return Field(name=name, type="user_field", wire=dict.fromkeys(carriers, wire), title=Title(en=wire, ru=wire))
    parents = [dialect for dialect, spec in entity.dialects.items() if spec.grammar == "crm_item"]
    if parents and (number := _PARENT.fullmatch(name)):
        wire = f"parentId{number[1]}"
        return Field(name=name, type="integer", wire=dict.fromkeys(parents, wire), title=Title(en=wire, ru=wire))
    raise UnknownField(f"{entity.name} has no field {name!r}{nearest(name, entity.by_name)}")


def is_user_field(field: Field) -> bool:
    """Whether *field* is one that the portal's users made."""
    return field.name.startswith("uf_") or any(wire.upper().startswith("UF_") for wire in field.wire.values())


def check_select(entity: Entity, name: str) -> str:
    """*name* if it is a field of *entity*, or a value inside of a related object: ``responsible.name``.

    Raises:
        UnknownField: it is not.
    """
    base, dot, part = name.partition(".")
    field = find_field(entity, base)
    if dot and part not in field.parts:
        if not field.parts:
            raise UnknownField(f"{entity.name}.{base} is no related object, of which {part!r} could be selected")
        raise UnknownField(f"{entity.name}.{base} has no {part!r}{nearest(part, field.parts)}")
    return name if dot else field.name


def check_order(entity: Entity, key: str) -> tuple[str, bool]:
    """``"-title"`` -> ``("title", True)``.

    Raises:
        UnknownField: no such field.
        UnsupportedQuery: the portal cannot sort by it.
    """
    name = key[1:] if key.startswith("-") else key
    try:
        field = find_field(entity, name)
    except UnknownField as error:
        raise UnknownField(f"order_by: {error}") from None
    if not field.sortable:
        raise UnsupportedQuery(f"{entity.name} cannot be ordered by {name!r}: the portal does not sort by it")
    return name, key.startswith("-")


def check_condition(entity: Entity, condition: Condition) -> Condition:
    """*condition* with its value in the kind of its field.

    Raises:
        UnknownField: no such field.
        UnsupportedQuery: the field cannot be filtered, or not by this lookup.
        InvalidValue: the value is of the wrong kind.
    """
    field = find_field(entity, condition.field)
    where = f"{entity.name}.{field.name}"
    kind = field.kind
    lookup, value = condition.lookup, condition.value
    if not field.filterable and not _may_be_named(entity, condition):
        raise UnsupportedQuery(f"{where} cannot be filtered: the portal does not filter by it")
    if not _ALLOWED[kind]:
        raise UnsupportedQuery(f"{where} has a structure of its own, which the portal does not filter by")
    if lookup not in _ALLOWED[kind]:
        raise UnsupportedQuery(
            f"{where}: lookup {lookup!r} does not fit a field of kind {kind!r}; it takes {', '.join(_ALLOWED[kind])}"
        )
    if lookup == "isnull":
        if not isinstance(value, bool):
            raise InvalidValue(f"{where}__isnull takes True or False, not {value!r}")
        return condition
    if lookup in ("in", "not_in"):
        if not is_sequence(value):  # a condition makes a tuple of whatever may stand for a list
            raise InvalidValue(f"{where}__{lookup} takes a list of values, not {_short(value)}")
        return condition.with_value(tuple(None if v is None else _value(where, kind, lookup, v) for v in value))
    if lookup == "range":
        bounds = tuple(value) if is_sequence(value) else ()
        if len(bounds) != 2:
            raise InvalidValue(f"{where}__range takes a pair (from, to), both included, not {_short(value)}")
        low, high = bounds
        return condition.with_value((_value(where, kind, "gte", low), _value(where, kind, "lte", high)))
    if value is None:
        if lookup in ("exact", "ne"):
            return condition
        raise InvalidValue(f"{where}__{lookup} cannot compare with None; use {field.name}__isnull=True")
    checked = _value(where, "str" if lookup in _TEXT else kind, lookup, value)
    if checked == "" and lookup not in ("exact", "ne"):
        # The portal reads an empty text as "has no value", whatever the lookup.
        raise InvalidValue(f"{where}__{lookup} takes some text; for fields without a value, {field.name}__isnull=True")
    if lookup in ("startswith", "endswith") and any(c in checked for c in "%_\\"):
        raise UnsupportedQuery(
            f"{where}__{lookup}: %, _ and \\ mean something in the portal's patterns; use __like and mean them, "
            "or __contains",
        )
    return condition.with_value(checked)


def _may_be_named(entity: Entity, condition: Condition) -> bool:
    """Whether *condition* names the one row that a get method answers, or becomes a parameter of its own."""
    if condition.lookup != "exact":
        return False
    specs = entity.dialects.values()
    return any(
        (spec.id is not None and spec.id.name == condition.field and "get" in spec.methods)
        or any(c.field == condition.field and {"list", "get"} & set(c.verbs) for c in spec.context)
        for spec in specs
    )


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 100 else shown[:100] + "…"


def _value(where: str, kind: Kind, lookup: Lookup, value: Any) -> Any:
    suffix = "" if lookup == "exact" else f"__{lookup}"
    try:
        read = _READERS[kind](value)
    except (TypeError, ValueError, ArithmeticError):
        raise InvalidValue(
            f"{where}{suffix} takes {_WANTED[kind]}, not {_short(value)} ({type(value).__name__})"
        ) from None
    if not isinstance(read, datetime) or not read.microsecond:
        return read
    # The portal keeps whole seconds: the bound moves to the second that lets the same rows in.
    whole = read.replace(microsecond=0)
    if lookup in ("gt", "lte"):
        return whole
    if lookup in ("gte", "lt"):
        return whole + timedelta(seconds=1) if whole.year < 9999 else whole
    raise InvalidValue(f"{where}{suffix}: the portal keeps whole seconds, so that none equals {_short(value)}")


def _int(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    return operator.index(value)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError
    return number


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _date(value: Any) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(value, datetime) or not isinstance(value, date):
        raise TypeError
    return value


def _datetime(value: Any) -> datetime | date:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    if not isinstance(value, date):
        raise TypeError
    return value


def _money(value: Any) -> Money:
    if not isinstance(value, Money):
        raise TypeError
    return value


def _any(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError
    if not isinstance(value, str | int | float | Decimal | date | Money):
        raise TypeError
    return value


_READERS: dict[Kind, Callable[[Any], Any]] = {
    "int": _int,
    "decimal": _decimal,
    "str": _str,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "multifield": _str,
    "money": _money,
    "file": _bool,
    "object": _any,
    "any": _any,
}
