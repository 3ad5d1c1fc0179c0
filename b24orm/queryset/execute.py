"""Runs a query at a portal: the plan's pages as typed rows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from b24orm.command import RowFormat
from b24orm.compiler import Listing, compile_get, compile_list, matches, ordered
from b24orm.context import PortalLike
from b24orm.errors import DoesNotExist, MultipleObjectsReturned, NotFound
from b24orm.narrow import is_mapping
from b24orm.plan import Plan, plan_count, plan_get, plan_list
from b24orm.query import All, Any_, Condition, Node, Q, Query
from b24orm.queryset.protocol import ModelLike, RowReader
from b24orm.queryset.versions import only_v3

__all__ = ["Reading", "count", "fetch_one", "get_plan", "model_pages", "plan_for", "plan_for_count", "row_pages"]

ReadPage = list[Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """A query about a model, ready to be run.

    Attributes:
        model: whose rows.
        query: which rows.
        progress: whether to draw a progress bar; None leaves it to the portal.
        keep: whether values that do not fit are kept as they came; None leaves it to the portal.
    """

    model: type[ModelLike]
    query: Query
    progress: bool | None = None
    keep: bool | None = None

    def keeps(self, portal: PortalLike) -> bool:
        """Whether values that do not fit are kept at *portal*."""
        return portal.keeps_invalid if self.keep is None else self.keep

    def reader(self, portal: PortalLike) -> RowReader:
        """Reads rows as *portal* sends them."""
        return self.model.__reader__(self.dialect(portal.api), keep=self.keeps(portal))

    def api(self, preferred: str) -> str:
        """What the query is said in at a portal that prefers *preferred*: REST 3.0 if only that can say it."""
        entity = self.model.__schema__()
        return "v3" if only_v3(entity, preferred, self._said()) else preferred

    def _said(self) -> Iterator[str]:
        """The attributes that the query names."""
        yield from self.query.select or ()
        yield from (key.field for key in self.query.order)
        if not self.query.crosses:
            yield from _named_in(self.query.node)

    def listing(self, api: str) -> Listing:
        """The query in the words of the dialect for *api*."""
        return compile_list(self.model.__schema__(), self.api(api), self.query)

    def dialect(self, api: str) -> str:
        """The dialect for *api*."""
        return self.model.__schema__().dialect_for(self.api(api))

    @property
    def ids(self) -> tuple[str, ...]:
        """The attribute that holds the id, as the one name of a tuple; none if rows have no id."""
        schema = self.model.__schema__()
        spec = schema.dialects[schema.default_dialect]
        return () if spec.id is None else (spec.id.name,)

    @property
    def names(self) -> tuple[str, ...] | None:
        """The fields that rows will hold, the id first; None for all."""
        chosen = self.query.select
        if chosen is None:
            return None
        return tuple(dict.fromkeys((*self.ids, *(name.partition(".")[0] for name in chosen))))

    def narrowed(self, **changes: Any) -> Reading:
        """The same with parts of the query replaced."""
        return replace(self, query=replace(self.query, **changes))


def _named_in(node: Node) -> Iterator[str]:
    if isinstance(node, Condition):
        yield node.field
    elif isinstance(node, All | Any_):
        for part in node.parts:
            yield from _named_in(part)


def plan_for(reading: Reading, api: str) -> Plan:
    """How *reading* will be fetched."""
    if reading.query.crosses:
        from b24orm.queryset.joins import plan_joined  # here and below, since joins run queries themselves

        return plan_joined(reading, api)
    return plan_list(reading.listing(api))


def plan_for_count(reading: Reading, api: str) -> Plan:
    """How the rows of *reading* will be counted."""
    if reading.query.crosses:
        from b24orm.queryset.joins import plan_joined

        return plan_joined(reading, api, counting=True)
    return plan_count(reading.listing(api))


async def model_pages(reading: Reading, portal: PortalLike) -> AsyncGenerator[list[Any]]:
    """Instances of the model, page by page."""
    if reading.query.crosses:
        from b24orm.queryset.joins import joined_models

        async with aclosing(joined_models(reading, portal)) as pages:
            async for page in pages:
                yield page
        return
    api = portal.api
    plan = plan_for(reading, api)
    model = reading.model
    if _is_local(plan):  # rows are filtered first, and made instances then
        async with aclosing(row_pages(reading, portal)) as pages:
            async for page in pages:
                yield model.__build__(page)
        return
    format = model.__rows__(reading.dialect(api), reading.names, keep=reading.keeps(portal))
    async with aclosing(_with_bar(reading, portal, plan, format)) as pages:
        async for page in pages:
            yield page


async def row_pages(reading: Reading, portal: PortalLike) -> AsyncGenerator[ReadPage]:
    """Rows as the model's reader reads them, page by page; filtered, ordered and cut here if the method could not."""
    if reading.query.crosses:
        from b24orm.queryset.joins import joined_rows

        async with aclosing(joined_rows(reading, portal)) as pages:
            async for page in pages:
                yield page
        return
    plan = plan_for(reading, portal.api)
    reader = reading.reader(portal)
    names = reading.names
    format = reader if names is None or _is_local(plan) else reader.selected(names)
    async with aclosing(_with_bar(reading, portal, plan, format)) as pages:
        async for page in pages:
            yield page


def _is_local(plan: Plan) -> bool:
    """Whether filter, order and window are applied here."""
    return plan.strategy == "whole" and plan.listing is not None and plan.listing.residue is not None


async def _with_bar(reading: Reading, portal: PortalLike, plan: Plan, format: RowFormat) -> AsyncGenerator[ReadPage]:
    """Pages with a progress bar beside them, if one is wanted."""
    show = portal.show_progress if reading.progress is None else reading.progress
    if not show:
        async with aclosing(_pages(reading, portal, plan, format)) as pages:
            async for page in pages:
                yield page
        return
    from tqdm.auto import tqdm  # here, since few queries draw a bar and importing it takes time

    with tqdm(desc=reading.model.__schema__().name, unit="row") as bar:

        def on_total(total: int) -> None:
            bar.total = total
            bar.refresh()

        async with aclosing(_pages(reading, portal, plan, format, on_total, bar.set_postfix_str)) as pages:
            async for page in pages:
                if bar.postfix:
                    bar.set_postfix_str("", refresh=False)  # the rest is over
                bar.update(len(page))
                yield page


async def _pages(
    reading: Reading,
    portal: PortalLike,
    plan: Plan,
    format: RowFormat,
    on_total: Callable[[int], None] | None = None,
    on_rest: Callable[[str], None] | None = None,
) -> AsyncGenerator[ReadPage]:
    listing = plan.listing
    local = _is_local(plan)
    reader = reading.reader(portal)
    keep = reading.keeps(portal)
    async with aclosing(portal.read(plan, format, on_total=on_total, on_rest=on_rest)) as pages:
        async for page in pages:
            if keep:
                _release(reader, page, portal)
            if listing is not None and listing.given:
                _fill(page, listing.given)
            if local and listing is not None:
                page = _local(reader, tuple(reading.model.__schema__().by_name), listing, page)
                if on_total is not None:
                    on_total(len(page))
            if page:
                yield page


def _release(reader: RowReader, rows: ReadPage, portal: PortalLike) -> None:
    """Hands out what does not fit as it came, and says so."""
    if found := reader.release(rows):
        portal.note_invalid(found)


def _fill(rows: ReadPage, given: Mapping[str, Any]) -> None:
    """Adds what is known of *rows*, be they read or instances already, and what they do not show."""
    for row in rows:
        values: dict[str, Any] = row.__dict__ if hasattr(row, "__dict__") else row[0]
        for name, value in given.items():
            values.setdefault(name, value)


def _local(reader: RowReader, names: tuple[str, ...], listing: Listing, rows: ReadPage) -> ReadPage:
    """Does to *rows* what the method could not: filter, order, window."""
    # By name, since mappings of everything would use the rows up.
    both = [{**values, _ROW: row} for values, row in zip(reader.mappings(rows, names), rows, strict=True)]
    kept = [values for values in both if listing.residue is None or matches(listing.residue, values)]
    keys = listing.local_order or ((("id", False),) if "id" in names else ())
    end = None if listing.limit is None else listing.offset + listing.limit
    return [values[_ROW] for values in ordered(kept, keys)[listing.offset : end]]


_ROW = "\0row"  # no attribute is called so


def get_plan(reading: Reading, api: str) -> Plan:
    """How one row will be fetched: by its id if that says all, else by a list of at most two."""
    get = compile_get(reading.model.__schema__(), reading.api(api), reading.query)
    return plan_for(reading.narrowed(limit=2), api) if get is None else plan_get(get.command)


async def fetch_one(reading: Reading, portal: PortalLike) -> Any:
    """The row that matches, as the model's reader reads it.

    Raises:
        DoesNotExist: none does (the model's own class of it).
        MultipleObjectsReturned: several do.
    """
    model, entity = reading.model, reading.model.__schema__()
    get = compile_get(entity, reading.api(portal.api), reading.query)
    if get is None:
        narrowed = reading.narrowed(limit=2)
        rows = [row async for page in row_pages(replace(narrowed, progress=False), portal) for row in page]
        if len(rows) > 1:
            raise MultipleObjectsReturned(f"more than one {entity.name} matches {_shown(reading.query)}")
        if not rows:
            raise model.DoesNotExist(f"no {entity.name} matches {_shown(reading.query)}")
        return rows[0]
    if (
        isinstance(get.id, int) and get.id < 1
    ):  # no such id exists, and some methods answer it with an error of their own
        raise model.DoesNotExist(f"no {entity.name} has id {get.id}")
    outcome = await portal.submit(get.command)
    if isinstance(outcome.error, NotFound):
        error: DoesNotExist = model.DoesNotExist(f"no {entity.name} has id {get.id}")
        raise error from outcome.error
    row: Any = outcome.result
    for name in filter(None, entity.dialects[reading.dialect(portal.api)].paths.row.split(".")):
        row = row.get(name) if is_mapping(row) else None
    if not is_mapping(row) or not row:
        raise model.DoesNotExist(f"no {entity.name} has id {get.id}")
    reader = reading.reader(portal)
    found = reader.from_python([dict(row)])
    if reading.keeps(portal):
        _release(reader, found, portal)
    _fill(found, get.given)
    return found[0]


def _shown(query: Query) -> str:
    return repr(Q(*query.where)) if query.where else "an empty filter"


async def count(reading: Reading, portal: PortalLike) -> int:
    """How many rows match, window included."""
    if reading.query.crosses:
        from b24orm.queryset.joins import joined_count

        return await joined_count(reading, portal)
    listing = reading.listing(portal.api)
    plan = plan_count(listing)
    if plan.strategy == "nothing":
        return 0
    if plan.strategy == "count":
        response = (await portal.submit(plan.first[0])).unwrap()
        if response.total is not None:
            rows = max(0, response.total - listing.offset)
            return rows if listing.limit is None else min(rows, listing.limit)
    total = 0
    async for page in row_pages(replace(reading.narrowed(select=reading.ids or None), progress=False), portal):
        total += len(page)
    return total
