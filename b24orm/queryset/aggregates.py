"""Aggregates: one value, or one for each group, out of all rows: no row is kept, only what is needed is read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import date, datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from typing_extensions import override

from b24orm.compiler import find_field
from b24orm.context import PortalLike
from b24orm.errors import QueryError, UnsupportedQuery
from b24orm.narrow import is_ordered
from b24orm.op import Op
from b24orm.plan import Plan
from b24orm.query import Condition, Order, Q
from b24orm.queryset.execute import Reading, plan_for, row_pages
from b24orm.queryset.groupcounts import count_groups, plan_groups
from b24orm.queryset.names import Named, TypedName, field_name
from b24orm.schema import Entity, Field, Kind

__all__ = ["Aggregates", "Groups"]

K = TypeVar("K")
V = TypeVar("V")
N = TypeVar("N", bound=Decimal | int | None)
K1 = TypeVar("K1")
K2 = TypeVar("K2")
K3 = TypeVar("K3")

_Function = Literal["sum", "avg", "min", "max"]
_NUMBERS: tuple[Kind, ...] = ("int", "decimal")
_SORTED_ALIKE: tuple[Kind, ...] = ("int", "decimal", "date", "datetime")  # here and at the portal
_COMPARED: tuple[Kind, ...] = (*_SORTED_ALIKE, "str")
_PLAIN: tuple[Kind, ...] = (*_COMPARED, "bool", "money", "any")
_TAKES: dict[_Function, tuple[tuple[Kind, ...], str]] = {
    "sum": (_NUMBERS, "numbers"),
    "avg": (_NUMBERS, "numbers"),
    "min": (_COMPARED, "numbers, dates and text"),
    "max": (_COMPARED, "numbers, dates and text"),
}
# Sums are exact: no amount has so many digits. Averages have those of the usual context.
_EXACT = Context(prec=1000)
_USUAL = Context(prec=28)


class _Sum:
    """The sum of values, and how many there were."""

    def __init__(self) -> None:
        self.total: Decimal | int = 0
        self.count = 0

    def take(self, value: Any) -> None:
        """Adds one value."""
        if isinstance(value, float):  # a field that a class declares so: its digits, as they were sent
            value = Decimal(repr(value))
        if isinstance(value, Decimal):
            total = self.total
            self.total = _EXACT.add(total if isinstance(total, Decimal) else Decimal(total), value)
        elif isinstance(value, int) and not isinstance(value, bool):
            self.total = self.total + value if isinstance(self.total, int) else _EXACT.add(self.total, Decimal(value))
        else:
            return  # no value, or one of another kind that was kept as it came
        self.count += 1

    @property
    def result(self) -> Any:
        """The sum; None of nothing."""
        return self.total if self.count else None


class _Average(_Sum):
    """The average of values."""

    @property
    def result(self) -> Any:
        """The average; None of nothing."""
        return _USUAL.divide(Decimal(self.total), Decimal(self.count)) if self.count else None


class _Extreme:
    """The smallest or the largest of values of the type *wanted*."""

    def __init__(self, wanted: tuple[type, ...], *, largest: bool) -> None:
        self.result: Any = None
        self._wanted = wanted
        self._largest = largest

    def take(self, value: Any) -> None:
        """Looks at one value."""
        if not isinstance(value, self._wanted) or value == "":
            return  # no value, or one of another kind that was kept as it came
        if self.result is None or (value > self.result if self._largest else value < self.result):
            self.result = value


_TYPES: dict[Kind, tuple[type, ...]] = {
    "int": (int,),
    "decimal": (Decimal, int, float),
    "str": (str,),
    "date": (date,),
    "datetime": (datetime,),
}


def _collector(function: _Function, field: Field) -> _Sum | _Extreme:
    match function:
        case "sum":
            return _Sum()
        case "avg":
            return _Average()
        case "min" | "max":
            return _Extreme(_TYPES[field.kind], largest=function == "max")


def _checked(entity: Entity, field: str | Named, what: str, kinds: tuple[Kind, ...], wanted: str) -> Field:
    found = find_field(entity, field_name(field))
    where = f"{entity.name}.{found.name}"
    if found.multiple:
        raise QueryError(f"{what} of {where}: it holds several values; read the rows, and go through them")
    if found.kind not in kinds:
        hint = "; declare it with column(), so that its type is known" if found.kind == "any" else ""
        raise QueryError(f"{what} of {where}: it takes {wanted}, not a field of kind {found.kind!r}{hint}")
    return found


def _narrowed(reading: Reading, names: Iterable[str]) -> Reading:
    """*reading* of the fields *names* alone; in the order that is read best, where no window depends on it."""
    query = reading.query
    free = not query.sliced and query.after is None
    return reading.narrowed(select=tuple(dict.fromkeys(names)), order=() if free else query.order)


async def _values(reading: Reading, names: tuple[str, ...], portal: PortalLike) -> AsyncGenerator[tuple[Any, ...]]:
    reader = reading.reader(portal)
    async with aclosing(row_pages(reading, portal)) as pages:
        async for page in pages:
            for values in reader.tuples(page, names):
                yield values


def _streamed(plan: Plan, names: Iterable[str], what: str) -> Plan:
    """*plan* of a list out of which something is made here."""
    if plan.strategy == "nothing":
        return plan
    return replace(
        plan, reason=f"{what} is made here of {' and '.join(dict.fromkeys(names))}, row by row; {plan.reason}"
    )


def _in_order(values: Iterable[K]) -> list[K]:
    """*values* sorted, no value first; as they come if they cannot be compared."""
    given = list(values)
    try:
        return sorted(given, key=_place)
    except TypeError:
        return given


def _place(value: Any) -> Any:
    if is_ordered(value):
        return tuple(_place(one) for one in value)
    return (value is not None, value if value is not None else 0)


def _sorted_groups(found: Mapping[K, V]) -> dict[K, V]:
    return {key: found[key] for key in _in_order(found)}


def _hashable(entity: Entity, names: tuple[str, ...], value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        where = ", ".join(f"{entity.name}.{name}" for name in names)
        raise QueryError(f"{where}: the portal sent several values or a structure, which cannot make a group") from None
    return value


def _probe(reading: Reading, field: Field, api: str, *, largest: bool) -> Reading | None:
    """What asks for the one row that has the extreme; None where the portal may see order otherwise."""
    if reading.query.sliced or reading.query.after is not None or field.kind not in _SORTED_ALIKE:
        return None
    if not field.sortable:
        return None
    where = reading.query.where
    if field.nullable and field.kind in ("date", "datetime"):  # of numbers, the portal would leave 0 out as well
        where = (*where, Q(Condition(field.name, "isnull", False)))
    probe = reading.narrowed(where=where, order=(Order(field.name, largest),), select=(field.name,), limit=1)
    probe = replace(probe, progress=False)
    try:
        plan = plan_for(probe, api)
    except UnsupportedQuery:
        return None
    return probe if plan.strategy in ("one page", "nothing", "semi-join") else None


def _aggregate(
    reading: Reading, api: Callable[[], str], portal: PortalLike | None, function: _Function, field: str | Named
) -> Op[Any]:
    entity = reading.model.__schema__()
    found = _checked(entity, field, function, *_TAKES[function])
    name = found.name
    narrow = _narrowed(reading, (name,))
    extreme = function in ("min", "max")

    def probe(at: str) -> Reading | None:
        return _probe(reading, found, at, largest=function == "max") if extreme else None

    async def run(at: PortalLike) -> Any:
        asked = probe(at.api)
        if asked is not None:
            rows = [value async for (value,) in _values(asked, (name,), at)]
            # An empty value comes first, or last: it says nothing of the others.
            if not rows or isinstance(rows[0], _TYPES[found.kind]):
                return rows[0] if rows else None
        collected = _collector(function, found)
        async for (value,) in _values(narrow, (name,), at):
            collected.take(value)
        return collected.result

    def explain() -> Plan:
        asked = probe(api())
        if asked is not None:
            plan = plan_for(asked, api())
            otherwise = "; all rows are read only if it has no value" if found.nullable else ""
            reason = f"the first row in the order of {name}{otherwise}; {plan.reason}"
            return plan if plan.strategy == "nothing" else replace(plan, reason=reason)
        return _streamed(plan_for(narrow, api()), (name,), function)

    return Op(run, explain=explain, portal=portal)


class Aggregates:
    """The terminals of a queryset that make one value, or one for each group, out of all rows."""

    __slots__ = ()

    if TYPE_CHECKING:
        _portal: PortalLike | None

        @property
        def _reading(self) -> Reading: ...
        def _api(self) -> str: ...

    def _aggregated(self, function: _Function, field: str | Named) -> Op[Any]:
        return _aggregate(self._reading, self._api, self._portal, function, field)

    @overload
    def sum(self, field: TypedName[N]) -> Op[N | None]: ...
    @overload
    def sum(self, field: str) -> Op[Any]: ...
    def sum(self, field: str | Named) -> Op[Any]:
        """The sum of a field of numbers, exact to the last digit; None if no row has a value.

        All rows are read, with this field alone, and none is kept.

        Raises:
            QueryError: the field holds no numbers, or several.
        """
        return self._aggregated("sum", field)

    def avg(self, field: TypedName[N] | str) -> Op[Decimal | None]:
        """The average of a field of numbers, to 28 digits; rows without a value do not count; None if all are so.

        All rows are read, with this field alone, and none is kept.

        Raises:
            QueryError: the field holds no numbers, or several.
        """
        return self._aggregated("avg", field)

    @overload
    def min(self, field: TypedName[V]) -> Op[V | None]: ...
    @overload
    def min(self, field: str) -> Op[Any]: ...
    def min(self, field: str | Named) -> Op[Any]:
        """The smallest value of a field of numbers, dates or text; None if no row has a value.

        One row, where the portal can sort by the field as Python does; otherwise all rows are read, with this field
        alone. Text compares as in Python.

        Raises:
            QueryError: values of the field have no order, or it holds several.
        """
        return self._aggregated("min", field)

    @overload
    def max(self, field: TypedName[V]) -> Op[V | None]: ...
    @overload
    def max(self, field: str) -> Op[Any]: ...
    def max(self, field: str | Named) -> Op[Any]:
        """The largest value of a field; as `min`."""
        return self._aggregated("max", field)

    @overload
    def distinct(self, field: TypedName[V]) -> Op[list[V]]: ...
    @overload
    def distinct(self, field: str) -> Op[list[Any]]: ...
    def distinct(self, field: str | Named) -> Op[list[Any]]:
        """The different values of a field, sorted; None first, if a row has no value.

        All rows are read, with this field alone, and none is kept.

        Raises:
            QueryError: the field holds several values, or structures.
        """
        reading = self._reading
        entity = reading.model.__schema__()
        name = _checked(entity, field, "distinct", _PLAIN, "values that can be compared").name
        narrow = _narrowed(reading, (name,))

        async def run(at: PortalLike) -> list[Any]:
            met: dict[Any, None] = {}
            async for (value,) in _values(narrow, (name,), at):
                met[_hashable(entity, (name,), value)] = None
            return _in_order(met)

        return Op(run, explain=lambda: _streamed(plan_for(narrow, self._api()), (name,), "a set"), portal=self._portal)

    @overload
    def group_by(self, a: TypedName[K1], /) -> Groups[K1]: ...
    @overload
    def group_by(self, a: str, /) -> Groups[Any]: ...
    @overload
    def group_by(self, a: TypedName[K1], b: TypedName[K2], /) -> Groups[tuple[K1, K2]]: ...
    @overload
    def group_by(self, a: TypedName[K1], b: TypedName[K2], c: TypedName[K3], /) -> Groups[tuple[K1, K2, K3]]: ...
    @overload
    def group_by(self, a: str | Named, b: str | Named, /, *more: str | Named) -> Groups[tuple[Any, ...]]: ...
    def group_by(self, *fields: str | Named) -> Groups[Any]:
        """Groups of rows that have the same values in these fields: ``await qs.group_by("stage_id").count()``.

        Raises:
            QueryError: no field, or one that holds several values or structures.
        """
        if not fields:
            raise QueryError("group_by needs the fields that make groups: group_by('stage_id')")
        entity = self._reading.model.__schema__()
        wanted = "values that can be compared"
        names = tuple(_checked(entity, field, "group_by", _PLAIN, wanted).name for field in fields)
        return Groups(self._reading, self._api, self._portal, names)


class Groups(Generic[K]):
    """Groups of rows. Keys of the answers are the values of the field, or tuples of values of several, sorted."""

    __slots__ = ("_api", "_names", "_portal", "_reading")

    def __init__(
        self, reading: Reading, api: Callable[[], str], portal: PortalLike | None, names: tuple[str, ...]
    ) -> None:
        self._reading = reading
        self._api = api
        self._portal = portal
        self._names = names

    @override
    def __repr__(self) -> str:
        return f"<groups of {self._reading.model.__schema__().name} by {', '.join(self._names)}>"

    def count(self) -> Op[dict[K, int]]:
        """How many rows each group has; groups of none are left out.

        Where the values of the only field are known (flags, fixed values, entries of dictionaries, pipelines), each of
        them is one count, all in one request. Otherwise, and if the counts do not add up to all rows, the rows are
        read, with these fields alone.
        """
        reading, names = self._reading, self._names
        narrow = _narrowed(reading, names)

        async def run(at: PortalLike) -> dict[Any, int]:
            counted = await count_groups(reading, at, names[0]) if len(names) == 1 else None
            if counted is not None:
                return _sorted_groups(counted)
            found: dict[Any, int] = {}
            async for key, _ in self._keyed(narrow, names, at):
                found[key] = found.get(key, 0) + 1
            return _sorted_groups(found)

        def explain() -> Plan:
            counted = plan_groups(reading, self._api(), names[0]) if len(names) == 1 else None
            return counted or _streamed(plan_for(narrow, self._api()), names, "a count")

        return Op(run, explain=explain, portal=self._portal)

    @overload
    def sum(self, field: TypedName[N]) -> Op[dict[K, N | None]]: ...
    @overload
    def sum(self, field: str) -> Op[dict[K, Any]]: ...
    def sum(self, field: str | Named) -> Op[Any]:
        """The sum of *field* in each group; None where no row has a value."""
        return self._aggregated("sum", field)

    def avg(self, field: TypedName[N] | str) -> Op[dict[K, Decimal | None]]:
        """The average of *field* in each group; None where no row has a value."""
        return self._aggregated("avg", field)

    @overload
    def min(self, field: TypedName[V]) -> Op[dict[K, V | None]]: ...
    @overload
    def min(self, field: str) -> Op[dict[K, Any]]: ...
    def min(self, field: str | Named) -> Op[Any]:
        """The smallest value of *field* in each group; None where no row has one."""
        return self._aggregated("min", field)

    @overload
    def max(self, field: TypedName[V]) -> Op[dict[K, V | None]]: ...
    @overload
    def max(self, field: str) -> Op[dict[K, Any]]: ...
    def max(self, field: str | Named) -> Op[Any]:
        """The largest value of *field* in each group; None where no row has one."""
        return self._aggregated("max", field)

    def _aggregated(self, function: _Function, field: str | Named) -> Op[Any]:
        reading = self._reading
        found = _checked(reading.model.__schema__(), field, function, *_TAKES[function])
        names = (*self._names, found.name)
        narrow = _narrowed(reading, names)

        async def run(at: PortalLike) -> dict[Any, Any]:
            groups: dict[Any, _Sum | _Extreme] = {}
            async for key, value in self._keyed(narrow, names, at):
                group = groups.get(key)
                if group is None:
                    group = groups[key] = _collector(function, found)
                group.take(value)
            return _sorted_groups({key: group.result for key, group in groups.items()})

        def explain() -> Plan:
            return _streamed(plan_for(narrow, self._api()), names, function)

        return Op(run, explain=explain, portal=self._portal)

    async def _keyed(self, narrow: Reading, names: tuple[str, ...], at: PortalLike) -> AsyncGenerator[tuple[Any, Any]]:
        """The group of each row, and its last value."""
        entity, width = narrow.model.__schema__(), len(self._names)
        async with aclosing(_values(narrow, names, at)) as rows:
            async for values in rows:
                key = values[0] if width == 1 else values[:width]
                yield _hashable(entity, self._names, key), values[-1]
