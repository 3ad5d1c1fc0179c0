"""`ReadingQuerySet`: the lazy, immutable query builder, and the terminals that read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from operator import index
from typing import Any, Generic, Literal, Self, TypeVar, overload

from typing_extensions import override

from b24orm.compiler import check_order, check_select
from b24orm.context import PortalLike
from b24orm.errors import ConfigurationError, QueryError
from b24orm.op import Op, Rows
from b24orm.plan import Plan
from b24orm.query import Condition, Order, Q, Query
from b24orm.queryset.aggregates import Aggregates
from b24orm.queryset.crossing import checked
from b24orm.queryset.execute import (
    Reading,
    count,
    fetch_one,
    get_plan,
    model_pages,
    plan_for,
    plan_for_count,
    row_pages,
)
from b24orm.queryset.held import HeldRows, Known, plan_held
from b24orm.queryset.names import Named, TypedName, field_name
from b24orm.queryset.prefetch import Related, RelatedRows, Tree, plan_related
from b24orm.queryset.protocol import ModelLike
from b24orm.queryset.versions import inside
from b24orm.queryset.writing import preferred_api

__all__ = ["ReadingQuerySet"]

M = TypeVar("M", bound=ModelLike, covariant=True)
V = TypeVar("V")


T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")
T6 = TypeVar("T6")


class ReadingQuerySet(Aggregates, Generic[M]):
    """A query that has not run: everything that does not depend on the names of a model's fields.

    Each method gives a new queryset. Nothing is asked of the portal until a terminal is awaited or run, or the
    queryset is iterated over or awaited itself. Names, lookups and kinds of values are checked at once.
    """

    __slots__ = ("_held", "_keep", "_portal", "_prefetch", "_progress", "_query", "model")

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self._query = Query()
        self._portal: PortalLike | None = None
        self._progress: bool | None = None
        self._keep: bool | None = None
        self._prefetch = Tree()
        self._held: Sequence[M] | None = None

    # -- building ------------------------------------------------------------------------------------------------

    def _clone(self, query: Query) -> Self:
        new = type(self)(self.model)
        new._query, new._portal = query, self._portal
        new._progress, new._keep = self._progress, self._keep
        new._prefetch = self._prefetch
        return new

    def __hold__(self, rows: Sequence[Any]) -> Self:
        """The queryset with all its *rows* at hand: whatever changes it asks the portal again."""
        new = self._clone(self._query)
        new._held = rows
        return new

    def _checked(self, where: Q) -> Q:
        entity = self.model.__schema__()
        children = tuple(
            checked(entity, child)
            if isinstance(child, Condition)
            else self._checked(child)
            if isinstance(child, Q)
            else child
            for child in where.children
        )
        return Q.join(children, where.connector, negated=where.negated)

    def _where(self, exprs: tuple[Any, ...], lookups: Mapping[str, Any]) -> Q:
        for expr in exprs:
            if not isinstance(expr, Q):
                raise QueryError(f"filter takes conditions such as Deal.id > 5 or Q(…), not {expr!r}")
        return self._checked(Q(*exprs, **lookups))

    def _filter(self, exprs: tuple[Q, ...], lookups: Mapping[str, Any], *, negated: bool = False) -> Self:
        if self._query.sliced:
            raise QueryError("a sliced queryset cannot be filtered: slice last")
        if self._query.after is not None:
            raise QueryError("a resumed queryset cannot be filtered: resume last")
        where = self._where(exprs, lookups)
        if not where.children:
            return self
        return self._clone(replace(self._query, where=(*self._query.where, ~where if negated else where)))

    def _exclude(self, exprs: tuple[Q, ...], lookups: Mapping[str, Any]) -> Self:
        return self._filter(exprs, lookups, negated=True)

    def _select(self, fields: tuple[str | Named, ...]) -> Self:
        entity = self.model.__schema__()
        names = tuple(dict.fromkeys(check_select(entity, field_name(field)) for field in fields))
        return self._clone(replace(self._query, select=names or None))

    def _order_by(self, keys: tuple[str | Named, ...]) -> Self:
        if self._query.sliced:
            raise QueryError("a sliced queryset cannot be reordered: slice last")
        entity = self.model.__schema__()
        order = tuple(Order(*check_order(entity, field_name(key))) for key in keys)
        return self._clone(replace(self._query, order=order))

    def all(self) -> Self:
        """The queryset itself."""
        return self._clone(self._query) if self._held is None else self.__hold__(self._held)

    def using(self, portal: PortalLike) -> Self:
        """The same query at *portal* instead of the current one.

        Raises:
            ConfigurationError: *portal* is no portal.
        """
        if not hasattr(portal, "crm_api"):
            raise ConfigurationError(f"using() takes a Portal, not {portal!r}")
        new = self._clone(self._query)
        new._portal = portal
        return new

    def prefetch_related(self, *relations: str | Named) -> Self:
        """Fetches what the rows lead to together with them: ``prefetch_related("company", "contact__company")``.

        Each distinct row is fetched once; 2,500 ids take one request. What was fetched is at hand then:
        ``deal.company.title`` and ``for row in deal.product_rows`` ask the portal nothing.

        Args:
            relations: names, those of nested ones joined by two underscores, or ``Deal.company``.

        Raises:
            UnknownField: no such relation.
            UnsupportedQuery: no method of the portal answers it.
        """
        new = self._clone(self._query)
        new._prefetch = self._prefetch.joined(self.model, relations)
        return new

    def progress(self, show: bool = True) -> Self:
        """Draws a tqdm progress bar on stderr while rows come in. Counting them costs one more command."""
        new = self._clone(self._query)
        new._progress = show
        return new

    def on_invalid(self, action: Literal["raise", "keep"]) -> Self:
        """What becomes of a value that its field cannot hold.

        Args:
            action: ``raise`` stops the list with `InvalidRow`; ``keep`` hands the value out as it came, logs a warning
                and counts it in ``portal.stats.invalid``.

        Raises:
            QueryError: *action* is another word.
        """
        if action not in ("raise", "keep"):
            raise QueryError(f"on_invalid takes 'raise' or 'keep', not {action!r}")
        new = self._clone(self._query)
        new._keep = action == "keep"
        return new

    def __getitem__(self, key: slice) -> Self:
        """``qs[10:60]``: a window. It stays lazy; steps and negative bounds are not supported."""
        if not isinstance(key, slice):
            raise TypeError("a queryset takes slices only: qs[5:6] instead of qs[5], or await qs.first()")
        if key.step is not None:
            raise TypeError("slices of a queryset have no step")
        start, stop = (None if bound is None else index(bound) for bound in (key.start, key.stop))
        return self._clone(self._query.window(start, stop))

    def resume(self, point: int | None) -> Self:
        """The rest of the list, behind the point where reading it broke off.

        ::

            except IncompleteResult as error:
                async for deal in deals.resume(error.resume_point): ...

        Args:
            point: the error's ``resume_point``. For lists by id any id will do, also one that does not exist; for
                other orders it is an offset. None, the point of a list that gave nothing, is its beginning.

        Raises:
            QueryError: the point does not fit the queryset.
        """
        if point is None:
            return self._clone(self._query)
        if isinstance(point, bool) or not isinstance(point, int):
            raise QueryError(f"resume takes the resume_point of an IncompleteResult, not {point!r}")
        return self._clone(self._query.resumed(point))

    def __bool__(self) -> bool:
        if self._held is not None:
            return bool(self._held)
        raise TypeError("a queryset has no truth value: use `await qs.exists()`")

    def __len__(self) -> int:
        if self._held is not None:
            return len(self._held)
        raise TypeError("a queryset has no length before it is asked for: use `await qs.count()`")

    @property
    def fetched(self) -> bool:
        """Whether the rows are at hand, as those of ``company.deals`` are after ``prefetch_related("deals")``."""
        return self._held is not None

    @override
    def __repr__(self) -> str:
        query = self._query
        parts = [f".filter({w!r})" for w in query.where]
        if query.select is not None:
            parts.append(f".select({', '.join(map(repr, query.select))})")
        if query.order:
            parts.append(f".order_by({', '.join(repr(('-' if o.descending else '') + o.field) for o in query.order)})")
        if query.sliced:
            end = "" if query.limit is None else query.offset + query.limit
            parts.append(f"[{query.offset or ''}:{end}]")
        if self._prefetch:
            parts.append(f".prefetch_related({', '.join(map(repr, self._prefetch.paths()))})")
        return f"<{self.model.__name__}.objects{''.join(parts)}>"

    # -- running -------------------------------------------------------------------------------------------------

    @property
    def _reading(self) -> Reading:
        return Reading(self.model, self._query, self._progress, self._keep)

    def _api(self) -> str:
        return preferred_api(self._portal)

    def _rows(self, reading: Reading, convert: Callable[[str, list[Any]], list[V]]) -> Rows[V]:
        async def pages(portal: PortalLike) -> AsyncGenerator[list[V]]:
            dialect = reading.dialect(portal.api)
            async with aclosing(row_pages(reading, portal)) as raw:
                async for page in raw:
                    yield convert(dialect, page)

        return Rows(pages, explain=lambda: plan_for(reading, self._api()), portal=self._portal)

    def _bind(self, objs: list[Any]) -> None:
        """Objects of a queryset that names its portal belong there, whichever portal is the current one later."""
        if self._portal is not None:
            for obj in objs:
                obj.__bind__(self._portal)

    @property
    def _related(self) -> Related:
        return Related(self.model, self._prefetch, self._keep, self._portal)

    def _planned(self, plan: Plan) -> Plan:
        """*plan* of the rows, and of what is fetched with them."""
        return plan_related(plan, self._related) if self._prefetch and plan.strategy != "nothing" else plan

    async def _model_pages(self, reading: Reading, portal: PortalLike) -> AsyncGenerator[list[M]]:
        async with aclosing(model_pages(reading, portal)) as pages:
            async for page in pages:
                self._bind(page)
                yield page

    def _models(self) -> Rows[M]:
        if self._held is not None:
            return HeldRows(self._held)
        reading = self._reading
        read = model_pages if self._portal is None else self._model_pages
        if self._prefetch:
            related = self._related
            wide = related.reading(reading)
            return RelatedRows(
                related, wide, lambda portal: read(wide, portal), explain=self.explain, portal=self._portal
            )
        return Rows(
            lambda portal: read(reading, portal),
            explain=lambda: plan_for(reading, self._api()),
            portal=self._portal,
        )

    def __await__(self) -> Generator[Any, None, list[M]]:
        return self._models().__await__()

    def run_sync(self) -> list[M]:
        """All rows as a list, blocking: for scripts, threads and notebooks."""
        return self._models().run_sync()

    def run_at(self, portal: PortalLike) -> Coroutine[Any, Any, list[M]]:
        """All rows, as part of a `batch`."""
        return self._models().run_at(portal)

    def __aiter__(self) -> AsyncGenerator[M]:
        return self._models().__aiter__()

    def __iter__(self) -> Iterator[M]:
        """Blocking iteration: for scripts, threads and notebooks."""
        return iter(self._models())

    def pages(self) -> AsyncGenerator[list[M]]:
        """The rows as they come: an async iterator of lists of up to 50."""
        return self._models().pages()

    def explain(self) -> Plan:
        """How this query will be fetched: strategy, reason, requests expected, first commands. Sends nothing."""
        if self._held is not None:
            return plan_held()
        return self._planned(plan_for(self._related.reading(self._reading), self._api()))

    @property
    def _ids(self) -> tuple[str, ...]:
        return self._reading.ids

    def _id_name(self) -> str:
        if not self._ids:
            raise QueryError(
                f"{self.model.__schema__().name} rows have no id: name the conditions that tell them apart"
            )
        return self._ids[0]

    def _one(self, args: tuple[Any, ...], lookups: Mapping[str, Any]) -> Reading:
        ids = [arg for arg in args if not isinstance(arg, Q)]
        named = {self._id_name(): ids[0]} if ids else {}
        if len(ids) + (named.keys() <= lookups.keys() and bool(ids)) > 1:
            raise QueryError("get takes one id")
        exprs = tuple(arg for arg in args if isinstance(arg, Q))
        return self._filter(exprs, {**lookups, **named})._reading

    def _get(self, args: tuple[Any, ...], lookups: Mapping[str, Any]) -> Op[M]:
        reading = self._related.reading(self._one(args, lookups))

        async def run(portal: PortalLike) -> M:
            found = self._built(await fetch_one(reading, portal))
            await self._follow(found, portal)
            return found

        return Op(run, explain=lambda: self._planned(get_plan(reading, self._api())), portal=self._portal)

    def _get_or_none(self, args: tuple[Any, ...], lookups: Mapping[str, Any]) -> Op[M | None]:
        reading = self._related.reading(self._one(args, lookups))

        async def run(portal: PortalLike) -> M | None:
            try:
                row = await fetch_one(reading, portal)
            except self.model.DoesNotExist:
                return None
            found = self._built(row)
            await self._follow(found, portal)
            return found

        return Op(run, explain=lambda: self._planned(get_plan(reading, self._api())), portal=self._portal)

    async def _follow(self, obj: Any, portal: PortalLike) -> None:
        """Fetches what *obj* leads to, if that is wanted."""
        if self._prefetch:
            await self._related.add([obj], portal)

    def _built(self, row: Any) -> M:
        objs = self.model.__build__([row])
        self._bind(objs)
        return objs[0]

    def _first_of(self, reading: Reading) -> Op[M | None]:
        reading = self._related.reading(reading)

        async def run(portal: PortalLike) -> M | None:
            async with aclosing(self._model_pages(reading, portal)) as pages:
                async for page in pages:
                    first: M = page[0]
                    await self._follow(first, portal)
                    return first
            return None

        return Op(run, explain=lambda: self._planned(plan_for(reading, self._api())), portal=self._portal)

    def first(self) -> Op[M | None]:
        """The first row in the queryset's order (by id, unless ordered), or None."""
        if self._held is not None:
            return Known(self._held[0] if self._held else None)
        return self._first_of(self[:1]._reading)

    def last(self) -> Op[M | None]:
        """The last row in the queryset's order, or None.

        Raises:
            QueryError: the queryset is sliced.
        """
        if self._held is not None:
            return Known(self._held[-1] if self._held else None)
        if self._query.sliced:
            raise QueryError("last() of a sliced queryset: turn the order round and use first()")
        keys = self._query.order or (Order(self._id_name()),)
        turned = tuple(Order(key.field, not key.descending) for key in keys)
        return self._first_of(self._reading.narrowed(order=turned, limit=1))

    def count(self) -> Op[int]:
        """How many rows match: one command, no rows."""
        if self._held is not None:
            return Known(len(self._held))
        reading = self._reading
        return Op(
            lambda portal: count(reading, portal),
            explain=lambda: plan_for_count(reading, self._api()),
            portal=self._portal,
        )

    def exists(self) -> Op[bool]:
        """Whether any row matches: one command, nothing counted."""
        if self._held is not None:
            return Known(bool(self._held))
        reading = self[:1]._select(self._ids)._reading

        async def run(portal: PortalLike) -> bool:
            async with aclosing(row_pages(reading, portal)) as pages:
                return await anext(pages, None) is not None

        return Op(run, explain=lambda: plan_for(reading, self._api()), portal=self._portal)

    def _in_bulk(self, ids: Collection[Any]) -> Op[dict[Any, M]]:
        name = self._id_name()
        found = self._filter((), {f"{name}__in": ids})._models()

        async def run(portal: PortalLike) -> dict[Any, M]:
            async with aclosing(found.pages_at(portal)) as pages:
                return {getattr(row, name): row async for page in pages for row in page}

        return Op(run, explain=found.explain, portal=self._portal)

    def _values(self, fields: tuple[str | Named, ...]) -> Rows[dict[str, Any]]:
        found = self._select(fields) if fields else self
        names = found._query.select

        def convert(dialect: str, page: list[Any]) -> list[dict[str, Any]]:
            reader = self.model.__reader__(dialect)
            if names is None or not any("." in name for name in names):
                return reader.mappings(page, names)
            return [dict(zip(names, row, strict=True)) for row in inside(reader, page, names)]

        return self._rows(found._reading, convert)

    @overload
    def values_list(self, a: TypedName[T1], /, *, flat: Literal[True]) -> Rows[T1]: ...
    @overload
    def values_list(self, a: str, /, *, flat: Literal[True]) -> Rows[Any]: ...
    @overload
    def values_list(self, a: TypedName[T1], /) -> Rows[tuple[T1]]: ...
    @overload
    def values_list(self, a: TypedName[T1], b: TypedName[T2], /) -> Rows[tuple[T1, T2]]: ...
    @overload
    def values_list(self, a: TypedName[T1], b: TypedName[T2], c: TypedName[T3], /) -> Rows[tuple[T1, T2, T3]]: ...
    @overload
    def values_list(
        self, a: TypedName[T1], b: TypedName[T2], c: TypedName[T3], d: TypedName[T4], /
    ) -> Rows[tuple[T1, T2, T3, T4]]: ...
    @overload
    def values_list(
        self, a: TypedName[T1], b: TypedName[T2], c: TypedName[T3], d: TypedName[T4], e: TypedName[T5], /
    ) -> Rows[tuple[T1, T2, T3, T4, T5]]: ...
    @overload
    def values_list(
        self,
        a: TypedName[T1],
        b: TypedName[T2],
        c: TypedName[T3],
        d: TypedName[T4],
        e: TypedName[T5],
        f: TypedName[T6],
        /,
    ) -> Rows[tuple[T1, T2, T3, T4, T5, T6]]: ...
    @overload
    def values_list(self, *fields: str | Named) -> Rows[tuple[Any, ...]]: ...
    def values_list(self, *fields: str | Named, flat: bool = False) -> Rows[Any]:
        """Tuples of the named fields, in that order; with ``flat=True`` and one field, its bare values.

        Columns (``Deal.id``) keep their types, strings do not.
        """
        if not fields:
            raise QueryError("values_list needs the fields it should give")
        if flat and len(fields) != 1:
            raise QueryError("values_list(flat=True) takes one field")
        found = self._select(fields)
        names = tuple(field_name(field) for field in fields)

        def convert(dialect: str, page: list[Any]) -> list[Any]:
            rows = inside(self.model.__reader__(dialect), page, names)
            return [row[0] for row in rows] if flat else rows

        return self._rows(found._reading, convert)
