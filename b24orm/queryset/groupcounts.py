"""Groups counted by the portal: where the values of a field are known, each is one count, all in one request."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from b24orm.compiler import find_field, is_user_field
from b24orm.context import PortalLike
from b24orm.errors import PortalError, UnsupportedQuery
from b24orm.plan import PAGES_PER_BATCH, Plan
from b24orm.query import Condition, Q, Query, split_path
from b24orm.queryset.crossing import known_of
from b24orm.queryset.execute import Reading, count, plan_for, plan_for_count, row_pages
from b24orm.queryset.joins import model_of, resolved
from b24orm.queryset.merging import together
from b24orm.schema import Entity, Field, relations_of

__all__ = ["count_groups", "plan_groups"]

_MOST_VALUES = 500  # of a field: more than ten requests are seldom fewer than reading the rows takes


@dataclass(frozen=True, slots=True)
class _Known:
    """Where the values of a field are known from.

    Attributes:
        values: all of them, if the documentation or the type tells.
        dictionary: what lists them at the portal otherwise.
        name: the attribute of the dictionary's rows that holds them.
    """

    values: tuple[Any, ...] = ()
    dictionary: Reading | None = None
    name: str = ""


def _known(entity: Entity, field: Field) -> _Known | None:
    """Where the values of *field* are known from, if they are."""
    if field.multiple or not field.filterable:
        return None
    if field.kind == "bool":
        # No and no value are the same where flags are numbers.
        return None if field.nullable and is_user_field(field) else _Known((True, False))
    if field.values and field.kind in ("str", "int"):
        values: tuple[Any, ...] = tuple(map(int, field.values)) if field.kind == "int" else field.values
        return None if 0 in values and field.nullable else _Known(values)
    leading = (relation for relation in relations_of(entity).values() if relation.field == field.name)
    relation = next((relation for relation in leading if relation.to in ("status", "category")), None)
    if relation is None:
        return None
    try:
        where = known_of(entity, relation)
    except UnsupportedQuery:
        return None
    # Not checked as conditions of a program are: a prefix of codes may hold what patterns read otherwise.
    conditions = tuple(Condition(*split_path(name), value) for name, value in where.items())
    query = Query(where=(Q.join(conditions, "AND"),))
    return _Known((), Reading(model_of(relation.to), query, progress=False), relation.target)


def _with(reading: Reading, condition: Condition | None) -> Reading:
    """The rows of *reading* that meet *condition* as well."""
    query = reading.query
    where = query.where if condition is None else (*query.where, Q(condition))
    return replace(reading, query=replace(query, where=where, order=(), select=reading.ids or None), progress=False)


def _conditions(field: Field, values: Iterable[Any]) -> list[Condition]:
    """One condition for each group: the values, and none."""
    given = list(values)
    found = [Condition(field.name, "exact", value) for value in given]
    # Pipeline 0 is the first one, and rows without a pipeline are in it.
    empty = field.nullable and not (field.kind == "int" and 0 in given)
    return [*found, Condition(field.name, "isnull", True)] if empty else found


def plan_groups(reading: Reading, api: str, name: str) -> Plan | None:
    """How the rows of each value of the field *name* are counted; None if they have to be read."""
    entity = reading.model.__schema__()
    field, query = find_field(entity, name), reading.query
    known = _known(entity, field)
    if known is None or query.sliced or query.after is not None:
        return None
    sample = known.values or ((1,) if field.kind == "int" else ("x",))
    try:
        counts = [plan_for_count(_with(reading, one), api) for one in (None, *_conditions(field, sample))]
    except UnsupportedQuery:
        return None
    parts = [plan.parts[-1][1] if plan.strategy == "semi-join" else plan for plan in counts]
    if parts[0].strategy != "count" or any(plan.strategy not in ("count", "nothing") for plan in parts):
        return None
    reason = (
        f"{{}}a count of each value of {name}, and of all rows, side by side; "
        f"should they not add up, all rows are read, with {name} alone"
    )
    if known.dictionary is None:
        commands = tuple(command for plan in counts for command in plan.first)
        requests = str(-(-len(counts) // PAGES_PER_BATCH))
        return Plan("counts", reason.format(""), requests, str(len(counts)), commands[:PAGES_PER_BATCH])
    listed = plan_for(known.dictionary, api)
    dictionary = known.dictionary.model.__schema__().name
    return Plan(
        "counts",
        reason.format(f"the values from {dictionary} first, then "),
        f"1 + N({dictionary})/{PAGES_PER_BATCH}",
        f"3 + N({dictionary})",
        listed.first,
        parts=((f"{dictionary}.{known.name}", listed), (entity.name, replace(parts[0], first=()))),
    )


async def count_groups(reading: Reading, portal: PortalLike, name: str) -> dict[Any, int] | None:
    """How many rows each value of the field *name* has; None if that cannot be told by counting."""
    entity = reading.model.__schema__()
    field = find_field(entity, name)
    known = _known(entity, field)
    if known is None or plan_groups(reading, portal.api, name) is None:
        return None
    if reading.query.crosses:
        found = await resolved(reading, portal, counting=True)
        if len(found.readings) != 1:
            return None if found.readings else {}
        reading = found.readings[0]
    values = known.values
    if known.dictionary is not None:
        try:
            values = await _listed(known.dictionary, known.name, portal)
        except PortalError:  # the dictionary is out of reach, the rows may not be
            return None
    if len(values) > _MOST_VALUES:
        return None
    conditions = _conditions(field, values)
    total, *counted = await together(count(_with(reading, one), portal) for one in (None, *conditions))
    if sum(counted) != total:  # values that nobody knows of, or rows that changed meanwhile
        return None
    keys = [None if one.lookup == "isnull" else one.value for one in conditions]
    return {key: rows for key, rows in zip(keys, counted, strict=True) if rows}


async def _listed(dictionary: Reading, name: str, portal: PortalLike) -> tuple[Any, ...]:
    """The values that *dictionary* holds, each once; letter case makes none of its own."""
    reader = dictionary.reader(portal)
    met: dict[Any, Any] = {}
    async with aclosing(row_pages(dictionary, portal)) as pages:
        async for page in pages:
            for (value,) in reader.tuples(page, (name,)):
                if value is not None:
                    met.setdefault(value.casefold() if isinstance(value, str) else value, value)
    return tuple(met.values())
