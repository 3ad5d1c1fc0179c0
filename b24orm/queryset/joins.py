"""Conditions across relations, answered first: the ids that related rows give, then the rows that hold them.

A semi-join: ``Deal.objects.filter(company__industry="IT")`` reads the ids of such companies, and then the deals whose
``company_id`` is one of them. Many ids are split into chunks that each fit a command; the lists of the chunks are read
side by side and merged in the order of the queryset.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from itertools import product
from typing import Any

from b24orm.compiler import Listing, batchable, compile_list, find_field, json_ready
from b24orm.context import PortalLike
from b24orm.errors import IncompleteResult, UnsupportedQuery
from b24orm.narrow import is_list
from b24orm.plan import Plan, plan_count, plan_list
from b24orm.query import Across, Condition, Part, Q, Query, split_path
from b24orm.queryset.crossing import id_name, known_of
from b24orm.queryset.execute import Reading, count, model_pages, plan_for, row_pages
from b24orm.queryset.merging import merged, together
from b24orm.queryset.protocol import ModelLike
from b24orm.schema import Entity, Relation, relations_of
from b24orm.schema import entity as schema_of

__all__ = ["joined_count", "joined_models", "joined_rows", "model_of", "plan_joined", "resolved"]

MOST_IDS = 500
"""Ids in one command: of a chunk, and of what cannot be split, inside of OR and of negations."""

_SMALLER = (MOST_IDS, 250, 100, 50)  # where the rest of the filter leaves less room in a batch

Ids = Sequence[Any]


def model_of(key: str) -> type[ModelLike]:
    """The usual model of the entity *key*."""
    # By name, while a query runs: models are made with querysets, which must not know them beforehand.
    model: type[ModelLike] = getattr(import_module("b24orm.entities"), schema_of(key).name)
    return model


# -- the query in parts ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Member:
    """The condition that a row holds one of the ids that related rows give.

    Attributes:
        entity: whose rows.
        relation: which leads to the related rows.
        queries: what these meet: all conditions of one of the queries.
    """

    entity: Entity
    relation: Relation
    queries: tuple[tuple[Across, ...], ...]

    def readings(self, keep: bool | None) -> list[Reading]:
        """The sub-queries, which load the ids alone."""
        relation, model = self.relation, model_of(self.relation.to)
        # As the schema has them: a prefix of codes may hold what the portal's patterns read otherwise.
        where = known_of(self.entity, relation)
        known = [Condition(*split_path(name), value) for name, value in where.items()]
        return [
            Reading(
                model,
                Query(
                    where=(Q.join((*(a.where for a in query if a.where is not None), *known), "AND"),),
                    select=(relation.target,),
                ),
                progress=False,
                keep=keep,
            )
            for query in self.queries
        ]

    def condition(self, ids: Ids) -> Condition:
        """The condition, now that the *ids* are known."""
        return Condition(self.relation.field, "in", tuple(ids))

    @property
    def sample(self) -> Ids:
        """An id as they may be."""
        return (1,) if find_field(self.entity, self.relation.field).kind == "int" else ("1",)

    def fit(self, values: Iterable[Any]) -> Iterator[Any]:
        """Those of *values* that are ids."""
        wanted = int if find_field(self.entity, self.relation.field).kind == "int" else str
        zero = self.relation.to == "category"  # the number of a pipeline, but of no other row
        for value in values:
            for one in value if is_list(value) else (value,):
                if isinstance(one, wanted) and (one or (zero and one == 0)):
                    yield one


def _flat(where: Q, connector: str) -> Iterator[Part]:
    """The parts that *connector* joins in *where*."""
    if where.negated or (where.connector != connector and len(where.children) != 1):
        yield where
        return
    for child in where.children:
        if isinstance(child, Q):
            yield from _flat(child, connector)
        else:
            yield child


def _members(entity: Entity, parts: Sequence[Part], connector: str) -> tuple[list[_Member], list[Part]]:
    """The *parts* across relations, those of one relation together, and the others."""
    found: dict[str, list[Across]] = {}
    others: list[Part] = []
    for part in parts:
        if isinstance(part, Across) and not part.negated:
            found.setdefault(part.relation, []).append(part)
        else:
            others.append(part)
    relations = relations_of(entity)
    members = [
        # One related row meets all that "and" joins; of what "or" joins, each condition may find rows of its own.
        _Member(entity, relations[name], (tuple(some),) if connector == "AND" else tuple((one,) for one in some))
        for name, some in found.items()
    ]
    return members, others


def _filled(entity: Entity, where: Q, fill: Callable[[_Member], Condition]) -> Q:
    """*where* with what *fill* makes of the conditions across relations."""
    flat = [part for child in where.children for part in _flat(Q.join((child,), "AND"), where.connector)]
    members, others = _members(entity, flat, where.connector)
    parts: list[Part] = [fill(member) for member in members]
    for part in others:
        if isinstance(part, Across):  # a negated one
            (alone,), _ = _members(entity, [replace(part, negated=False)], "AND")
            parts.append(~Q(fill(alone)))
        else:
            parts.append(_filled(entity, part, fill) if isinstance(part, Q) else part)
    return Q.join(tuple(parts), where.connector, negated=where.negated)


@dataclass(frozen=True)
class _Crossed:
    """A query whose conditions across relations stand apart.

    Attributes:
        reading: the query.
        free: those that hold for every row: their ids can be split.
        rest: the rest of the filter.
        inner: those inside of OR and of negations.
    """

    reading: Reading
    free: tuple[_Member, ...] = field(init=False)
    rest: tuple[Part, ...] = field(init=False)

    def __post_init__(self) -> None:
        entity = self.entity
        one: list[Part] = []  # a relation to one row: all conditions are about that row
        free: list[_Member] = []
        rest: list[Part] = []
        for where in self.reading.query.where:
            here: list[Part] = []
            for part in _flat(where, "AND"):
                if isinstance(part, Across) and not part.negated:
                    (here if relations_of(entity)[part.relation].many else one).append(part)
                    continue
                either = list(_flat(part, "OR")) if isinstance(part, Q) else [part]
                members, others = _members(entity, either, "OR")
                if len(members) == 1 and not others:
                    free += members
                else:
                    rest.append(part)
            free += _members(entity, here, "AND")[0]
        free += _members(entity, one, "AND")[0]
        object.__setattr__(self, "free", tuple(free))
        object.__setattr__(self, "rest", tuple(rest))

    @property
    def entity(self) -> Entity:
        """Whose rows are asked for."""
        return self.reading.model.__schema__()

    @cached_property
    def inner(self) -> tuple[_Member, ...]:
        """The conditions inside of OR and of negations, in the order in which `query` takes their ids."""
        met: list[_Member] = []

        def note(member: _Member) -> Condition:
            met.append(member)
            return member.condition(member.sample)

        _filled(self.entity, Q.join(self.rest, "AND"), note)
        return tuple(met)

    def query(self, inner: Sequence[Ids], conditions: Iterable[Condition]) -> Query:
        """The query with the ids of the *inner* ones, and *conditions* for the others."""
        ids = iter(inner)
        rest = _filled(self.entity, Q.join(self.rest, "AND"), lambda member: member.condition(next(ids)))
        return replace(self.reading.query, where=(Q.join((*rest.children, *conditions), "AND"),))

    def sample(self) -> Query:
        """The query with an id of each."""
        return self.query([m.sample for m in self.inner], [m.condition(m.sample) for m in self.free])

    def listing(self, query: Query, api: str) -> Listing:
        """*query* in the words of the dialect for *api*."""
        return compile_list(self.entity, api, query)


# -- the plan ----------------------------------------------------------------------------------------------------------


def plan_joined(reading: Reading, api: str, *, counting: bool = False) -> Plan:
    """How *reading* will be fetched, or how its rows are counted.

    Raises:
        UnsupportedQuery: one of the dialects cannot say its part.
    """
    crossed = _Crossed(reading)
    listing = crossed.listing(crossed.sample(), api)
    outer = plan_count(listing) if counting else plan_list(listing)
    if outer.strategy == "nothing":
        return outer
    members = (*crossed.free, *crossed.inner)
    parts = [
        (f"{sub.model.__schema__().name}.{member.relation.target}", plan_for(sub, api))
        for member in members
        for sub in member.readings(reading.keep)
    ]
    fields = ", ".join(dict.fromkeys(member.relation.field for member in members))
    names = " and ".join(dict.fromkeys(name for name, _ in parts))
    chunked = bool(crossed.free) and outer.strategy not in ("by ids", "whole")
    split = f", {MOST_IDS} ids a list, lists side by side" if chunked else ""
    reason = f"{names} of the related rows first, then {crossed.entity.name} by {fields}{split}"
    last = outer
    if outer.strategy == "by ids":
        size = listing.paging.size
        last = replace(outer, reason=f"{size} ids a command", requests=f"ids/{50 * size}", commands=f"ids/{size}")
    subs = [(name.partition(".")[0], plan) for name, plan in parts]
    return Plan(
        "semi-join",
        reason,
        " + ".join([*(_named(plan.requests, name) for name, plan in subs), last.requests]),
        " + ".join([*(_named(plan.commands, name) for name, plan in subs), last.commands]),
        tuple(command for _, plan in parts for command in plan.first),
        parts=(*parts, (crossed.entity.name, replace(last, first=()))),
    )


def _named(formula: str, name: str) -> str:
    """*formula* in the number of rows of the entity *name*."""
    return re.sub(r"\bN\b(?!\()", f"N({name})", formula)


# -- running -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a query with conditions across relations has become.

    Attributes:
        readings: queries without them, whose rows together are those that match; none if no row does.
        disjoint: no row is in two of them.
    """

    readings: tuple[Reading, ...]
    disjoint: bool = True


async def resolved(reading: Reading, portal: PortalLike, *, counting: bool = False) -> Resolved:
    """Reads the ids that related rows give, and puts them into the query.

    Args:
        counting: rows will be counted, not read.

    Raises:
        UnsupportedQuery: the portal cannot be asked so; before any request, unless it is the number of ids.
    """
    api = portal.api
    if plan_joined(reading, api, counting=counting).strategy == "nothing":
        return Resolved(())
    crossed = _Crossed(reading)
    found = await together(_ids_of(member, reading.keep, portal) for member in (*crossed.inner, *crossed.free))
    inner, free = found[: len(crossed.inner)], found[len(crossed.inner) :]
    _refuse_many(crossed, inner)
    wanted = _by_field(crossed, free)
    if any(not ids for _, ids in wanted):
        return Resolved(())
    listing = crossed.listing(crossed.sample(), api)
    id = id_name(crossed.entity)

    def whole(name: str) -> bool:
        """Whether any number of ids can be asked for: the list is read by id, or filtered here."""
        return listing.paging.mode == "whole" or (name == id and listing.by_id and not counting)

    size = _chunk_size(crossed, inner, [(n, ids) for n, ids in wanted if not whole(n)], api)
    chunks = [
        [Condition(name, "in", tuple(part)) for part in ([ids] if whole(name) else _parts(ids, size))]
        for name, ids in wanted
    ]
    readings = tuple(replace(reading, query=crossed.query(inner, cell)) for cell in product(*chunks))
    several = {name for (name, _), parts in zip(wanted, chunks, strict=True) if len(parts) > 1}
    return Resolved(readings, disjoint=not any(find_field(crossed.entity, name).multiple for name in several))


async def _ids_of(member: _Member, keep: bool | None, portal: PortalLike) -> list[Any]:
    """The ids that the rows of the sub-queries of *member* give, sorted."""
    found: set[Any] = set()

    async def read(sub: Reading) -> None:
        reader = sub.reader(portal)
        try:
            async with aclosing(row_pages(sub, portal)) as pages:
                async for page in pages:
                    found.update(member.fit(value for (value,) in reader.tuples(page, (member.relation.target,))))
        except IncompleteResult as error:  # its resume point is none of the rows that were asked for
            raise IncompleteResult(f"of {sub.model.__schema__().name}, {error.reason}") from error

    await together(read(sub) for sub in member.readings(keep))
    return sorted(found)


def _refuse_many(crossed: _Crossed, inner: Sequence[Collection[Any]]) -> None:
    if sum(map(len, inner)) <= MOST_IDS:
        return
    most, member = max(
        ((len(ids), member) for ids, member in zip(inner, crossed.inner, strict=True)), key=lambda pair: pair[0]
    )
    other, name = schema_of(member.relation.to).name, member.relation.name
    raise UnsupportedQuery(
        f"the condition on {crossed.entity.name}.{name} ({other}) stands for {most} ids; inside of OR, exclude() and "
        f"~ there is room for {MOST_IDS} altogether. Narrow it; or run a query for each part of the OR; or, instead "
        f"of excluding, filter for what {other} rows should be ({name}__…__ne), or drop the rows in Python"
    )


def _by_field(crossed: _Crossed, found: Sequence[Ids]) -> list[tuple[str, Ids]]:
    """The ids and the field that holds them; where two conditions are about one field of one value, those of both."""
    single: dict[str, Ids] = {}
    several: list[tuple[str, Ids]] = []
    for member, ids in zip(crossed.free, found, strict=True):
        name = member.relation.field
        if find_field(crossed.entity, name).multiple:
            several.append((name, ids))
        else:
            single[name] = sorted(set(single[name]).intersection(ids)) if name in single else ids
    return [*single.items(), *several]


def _parts(ids: Ids, size: int) -> list[Ids]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _chunk_size(crossed: _Crossed, inner: Sequence[Ids], wanted: Sequence[tuple[str, Ids]], api: str) -> int:
    """How many ids a command may carry so that it can travel in a batch with others."""
    for size in _SMALLER:
        full = crossed.query(inner, [Condition(name, "in", tuple(ids[:size])) for name, ids in wanted])
        listing = crossed.listing(full, api)
        if batchable(json_ready(listing.command(ids=listing.ids).params)):
            return size
    return _SMALLER[-1]


async def joined_rows(reading: Reading, portal: PortalLike) -> AsyncGenerator[list[Any]]:
    """`row_pages` of a query with conditions across relations."""
    found = await resolved(reading, portal)
    if len(found.readings) > 1:
        source = merged(found.readings, reading, portal)
    else:
        source = row_pages(found.readings[0] if found.readings else reading.narrowed(where=(), limit=0), portal)
    async with aclosing(source) as pages:
        async for page in pages:
            yield page


async def joined_models(reading: Reading, portal: PortalLike) -> AsyncGenerator[list[Any]]:
    """`model_pages` of a query with conditions across relations."""
    found = await resolved(reading, portal)
    if len(found.readings) == 1:  # instances are made while rows are parsed
        async with aclosing(model_pages(found.readings[0], portal)) as pages:
            async for page in pages:
                yield page
    elif found.readings:
        async with aclosing(merged(found.readings, reading, portal)) as pages:
            async for page in pages:
                yield reading.model.__build__(page)


async def joined_count(reading: Reading, portal: PortalLike) -> int:
    """`count` of a query with conditions across relations."""
    found = await resolved(reading, portal, counting=True)
    if len(found.readings) == 1:
        return await count(found.readings[0], portal)
    query = reading.query
    if found.disjoint:
        whole = [one.narrowed(offset=0, limit=None) for one in found.readings]
        rows = max(0, sum(await together(count(one, portal) for one in whole)) - query.offset)
        return rows if query.limit is None else min(rows, query.limit)
    total = 0
    narrow = reading.narrowed(select=reading.ids or None)
    parts = [one.narrowed(select=reading.ids or None) for one in found.readings]
    async with aclosing(merged(parts, replace(narrow, progress=False), portal)) as pages:
        async for page in pages:
            total += len(page)
    return total
