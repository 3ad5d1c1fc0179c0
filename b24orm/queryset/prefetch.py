"""`prefetch_related`: what rows lead to, fetched for many rows at once and remembered by them.

Rows are taken in groups. Of all rows of a group the keys are collected, those that nobody has asked for yet are asked
for together, and so on for what these rows lead to: as many rounds as the longest path has steps.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from b24orm.context import PortalLike
from b24orm.errors import B24OrmError, IncompleteResult, PortalError, ResumePoint, TransportError, UnknownField
from b24orm.op import Rows
from b24orm.plan import Plan
from b24orm.queryset.execute import Reading, model_pages
from b24orm.queryset.merging import together
from b24orm.queryset.names import Named
from b24orm.queryset.protocol import ModelLike
from b24orm.queryset.related import AT_ONCE, Beside, Link, RelationName, link_of

__all__ = ["GROUP", "KEPT", "Prefetch", "Related", "RelatedRows", "Tree", "plan_related"]

GROUP = 2500
"""Rows whose relations are fetched together: one request answers as many ids."""

KEPT = 50_000
"""Rows of one relation that are remembered from group to group."""

M = TypeVar("M")


class Tree(dict[str, "Tree"]):
    """Relations by name, each with the relations behind it."""

    def paths(self, before: str = "") -> Iterator[str]:
        """The paths that lead through it, the shorter ones first."""
        for name, below in self.items():
            yield f"{before}{name}"
            yield from below.paths(f"{before}{name}__")

    def joined(self, model: type[ModelLike], relations: Iterable[str | Named]) -> Tree:
        """The same with more *relations* of *model*.

        Raises:
            UnknownField: one of them leads nowhere.
            UnsupportedQuery: no method of the portal answers it.
        """
        new = self._copy()
        for one in relations:
            new._add(model, _path(one))
        return new

    def _copy(self) -> Tree:
        return Tree({name: below._copy() for name, below in self.items()})

    def _add(self, model: type[ModelLike], path: str) -> None:
        name, _, rest = path.partition("__")
        link = link_of(model, name)
        link.way()  # which says so if there is none
        below = self.setdefault(name, Tree())
        if rest:
            below._add(link.model, rest)


def _path(relation: str | Named) -> str:
    if isinstance(relation, str):
        return relation
    if isinstance(relation, RelationName):
        return relation.name
    raise UnknownField(f"a relation is named by a string or by Deal.company, not by {relation!r}")


@dataclass(frozen=True, slots=True)
class Related:
    """Relations to fetch with the rows of a queryset.

    Attributes:
        model: whose relations.
        tree: which ones.
        keep: whether values that do not fit are kept; None leaves it to the portal.
        home: the portal that the rows belong to, if it is named.
    """

    model: type[ModelLike]
    tree: Tree
    keep: bool | None
    home: PortalLike | None

    def needs(self) -> tuple[str, ...]:
        """The fields that rows must hold."""
        return tuple(dict.fromkeys(need for name in self.tree for need in link_of(self.model, name).needs))

    def reading(self, reading: Reading) -> Reading:
        """*reading* with all that is needed in its select."""
        select = reading.query.select
        if select is None:
            return reading
        return reading.narrowed(select=tuple(dict.fromkeys((*select, *self.needs()))))

    async def add(self, objs: Sequence[Any], portal: PortalLike) -> None:
        """Fetches what *objs* lead to."""
        await Prefetch(self, portal).load(objs)


@dataclass(frozen=True, slots=True)
class _Want:
    """A relation that rows are asked for.

    Attributes:
        link: the relation.
        objs: whose.
        below: what is wanted of the rows that they lead to.
    """

    link: Link
    objs: Sequence[Any]
    below: Tree


_Place = tuple[type[ModelLike], str, Beside]
"""Where the rows behind a key are found: model, target, and what else they are filtered by."""


class Prefetch:
    """Fetches the relations of rows, group by group, and remembers the rows that several may lead to."""

    def __init__(self, related: Related, portal: PortalLike) -> None:
        self._related = related
        self._portal = portal
        self._rows: dict[_Place, dict[Any, Any]] = {}
        self._whole: set[_Place] = set()

    async def load(self, objs: Sequence[Any]) -> None:
        """Fetches what *objs*, rows of one model, lead to.

        Raises:
            IncompleteResult, InvalidRow, PortalError, TransportError: of the rows that they lead to.
        """
        level = [(self._related.model, objs, self._related.tree)]
        while level:
            wants = [
                _Want(link_of(model, name), some, below) for model, some, tree in level for name, below in tree.items()
            ]
            await self._round([want for want in wants if want.objs])
            level = [(want.link.model, _led_to(want), want.below) for want in wants if want.below]
            level = [(model, some, tree) for model, some, tree in level if some]
        for place, rows in self._rows.items():
            for key in () if place in self._whole else list(rows)[: max(0, len(rows) - KEPT)]:
                del rows[key]

    async def _round(self, wants: Sequence[_Want]) -> None:
        """One step of all paths: what is not known yet is asked for side by side."""
        links: dict[_Place, Link] = {}
        single: dict[_Place, dict[Any, None]] = {}
        many: dict[_Place, dict[Any, list[Any]]] = {}
        owners: list[tuple[_Want, Any, tuple[Any, ...], _Place]] = []
        for want in wants:
            link = want.link
            for obj in want.objs:
                keys = link.keys(obj)
                if obj.__linked__(link.name, keys) is not None:
                    continue
                place = link.model, link.relation.target, link.beside(obj) if keys else ()
                owners.append((want, obj, keys, place))
                links[place] = link
                if link.single:
                    known = self._rows.setdefault(place, {})
                    single.setdefault(place, {}).update((key, None) for key in keys if key not in known)
                else:
                    many.setdefault(place, {}).update((key, []) for key in keys)
        await together(
            [
                *(self._fetch_single(place, links[place], list(keys)) for place, keys in single.items() if keys),
                *(self._fetch_many(place, links[place], rows) for place, rows in many.items() if rows),
            ]
        )
        for want, obj, keys, place in owners:
            if want.link.single:
                held = self._rows[place]
                found = [row for key in keys if (row := held.get(key)) is not None]
            else:
                found = [row for key in keys for row in many[place][key]]
            obj.__link__(want.link.name, keys, found)

    async def _fetch_single(self, place: _Place, link: Link, keys: list[Any]) -> None:
        """Rows of which a key leads to one: they are remembered, and so is that there is none."""
        beside, known = place[2], self._rows[place]
        found: dict[Any, Any] = {}
        keep = self._related.keep
        match link.way():
            case "get":
                rows = await together(link.fetch(beside, key, self._portal, keep) for key in keys)
                found = {key: row for key, row in zip(keys, rows, strict=True) if row is not None}
                self._bind(found.values())
            case "whole":
                if place not in self._whole:
                    async for key, row in self._read(link, link.reading(beside, None, keep)):
                        known.setdefault(key, row)
                    self._whole.add(place)
                found = known
            case "ids":
                async for key, row in self._read(link, link.reading(beside, keys, keep)):
                    found[key] = row
            case "many" | "each":
                lists: dict[Any, list[Any]] = {key: [] for key in keys}
                await self._fetch_many(place, link, lists)
                found = {key: rows[0] for key, rows in lists.items() if rows}
        known.update({key: found.get(key) for key in keys})

    async def _fetch_many(self, place: _Place, link: Link, found: dict[Any, list[Any]]) -> None:
        """Fills the lists of *found*: the rows behind each key."""
        beside, keep = place[2], self._related.keep

        async def one(key: Any) -> None:
            async for _, row in self._read(link, link.reading(beside, (key,), keep), key):
                found[key].append(row)

        async def some(keys: Sequence[Any]) -> None:
            mine = frozenset(keys)
            async for key, row in self._read(link, link.reading(beside, keys, keep)):
                if key in mine:  # it may hold others, whose turn comes elsewhere
                    found[key].append(row)

        keys = list(found)
        if link.way() == "each":
            await together(one(key) for key in keys)
        else:
            await together(some(keys[start : start + AT_ONCE]) for start in range(0, len(keys), AT_ONCE))

    async def _read(self, link: Link, reading: Reading, key: Any = None) -> AsyncGenerator[tuple[Any, Any]]:
        """Each row with the keys that lead to it, or with the one *key* that was asked for."""
        try:
            async with aclosing(model_pages(reading, self._portal)) as pages:
                async for page in pages:
                    self._bind(page)
                    for pair in link.matching(page) if key is None else ((key, row) for row in page):
                        yield pair
        except IncompleteResult as error:  # its resume point is none of the rows that were asked for
            raise IncompleteResult(f"of {link.title}, {error.reason}") from error

    def _bind(self, rows: Iterable[Any]) -> None:
        if self._related.home is not None:
            for row in rows:
                row.__bind__(self._related.home)


def _led_to(want: _Want) -> list[Any]:
    """The rows that those of *want* lead to, each once."""
    found: dict[int, Any] = {}
    for obj in want.objs:
        for row in obj.__linked__(want.link.name, want.link.keys(obj)) or ():
            found.setdefault(id(row), row)
    return list(found.values())


class RelatedRows(Rows[M]):
    """Rows with what they lead to.

    Streamed, they come in groups: the first page at once, then `GROUP` rows at a time. As a list, no row need come
    before the others, which saves requests.
    """

    __slots__ = ()

    def __init__(
        self,
        related: Related,
        reading: Reading,
        pages: Callable[[PortalLike], AsyncGenerator[list[M]]],
        *,
        explain: Callable[[], Plan],
        portal: PortalLike | None,
    ) -> None:
        def streamed(at: PortalLike, first: int = 1) -> AsyncGenerator[list[M]]:
            return _grouped(related, reading, pages(at), at, first)

        super().__init__(streamed, explain=explain, portal=portal)

        async def collect(at: PortalLike) -> list[M]:
            async with aclosing(streamed(at, GROUP)) as source:
                return [row async for page in source for row in page]

        self._run: Callable[[PortalLike], Coroutine[Any, Any, list[M]]] = collect


async def _grouped(
    related: Related, reading: Reading, source: AsyncGenerator[list[M]], portal: PortalLike, first: int
) -> AsyncGenerator[list[M]]:
    """The pages of *source*, with what their rows lead to. What was read before an error is handed out before it."""
    prefetch = Prefetch(related, portal)
    handed = _Handed(reading)
    held: list[list[M]] = []
    goal = first
    failure: Exception | None = None
    async with aclosing(source):
        while True:
            try:
                page = await anext(source, None)
            except B24OrmError as error:
                page, failure = None, error
            if page is not None:
                held.append(page)
                if sum(map(len, held)) < goal:
                    continue
            if held:
                try:
                    await prefetch.load([row for some in held for row in some])
                except (IncompleteResult, PortalError, TransportError) as error:
                    raise handed.broken(error) from error
                for some in held:
                    yield some
                    handed.note(some)
                held, goal = [], GROUP
            if failure is not None:
                raise failure
            if page is None:
                return


class _Handed:
    """How far a list has come that is handed out later than it is read."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._rows = 0
        self._last: Any = None

    def note(self, page: Sequence[Any]) -> None:
        """*page* has been handed out."""
        self._rows += len(page)
        self._last = page[-1]

    def broken(self, error: Exception) -> Exception:
        """*error*, which ends the list; the rows behind those that were handed out have not come."""
        if not self._rows:
            return error
        ids = self._reading.ids
        by_id = bool(ids) and self._reading.query.by_id
        value = self._last.__dict__[ids[0]] if by_id else self._rows
        point = ResumePoint(value, rows=self._rows, by="id" if by_id else "offset")
        reason = error.reason if isinstance(error, IncompleteResult) else str(error)
        return IncompleteResult(reason, rows_so_far=self._rows, resume_point=point)


def plan_related(plan: Plan, related: Related) -> Plan:
    """*plan* of the rows, with that of what they lead to."""
    parts = [*_parts(related.model, related.tree)]
    return replace(
        plan,
        requests=" + ".join([plan.requests, *(part.requests for _, part in parts)]),
        commands=" + ".join([plan.commands, *(part.commands for _, part in parts)]),
        parts=(*plan.parts, *parts),
    )


def _parts(model: type[ModelLike], tree: Tree, before: str = "") -> Iterator[tuple[str, Plan]]:
    for name, below in tree.items():
        link = link_of(model, name)
        yield f"{before}{name}", link.plan_many()
        yield from _parts(link.model, below, f"{before}{name}__")
