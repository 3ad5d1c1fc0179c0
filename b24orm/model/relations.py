"""Relations as attributes: ``await deal.company``, ``async for deal in company.deals``.

A relation never asks the portal behind a program's back: what was not fetched is an awaitable or a queryset.
"""

from __future__ import annotations

import threading
from collections.abc import Coroutine, Generator, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast, overload

from typing_extensions import override

from b24orm.context import PortalLike
from b24orm.errors import FieldNotLoaded
from b24orm.op import Op
from b24orm.plan import Plan
from b24orm.queryset.held import plan_held
from b24orm.queryset.related import Link, RelationName, link_of
from b24orm.queryset.writing import preferred_api

if TYPE_CHECKING:
    from b24orm.model.base import Model

__all__ = ["Related", "Relationship", "ToMany", "ToOne", "building"]

T_co = TypeVar("T_co", covariant=True)


class _Building(threading.local):
    depth = 0


building = _Building()
"""Whether this thread is making a model class: Pydantic asks base classes for attributes that fields may hide."""


class Related(Op[T_co | None], Generic[T_co]):
    """What ``deal.company`` is: the row that a key leads to, whether it is at hand or not.

    ``await deal.company`` gives it, or None; it asks the portal once at most, and the row is at hand from then on, as
    it is after ``prefetch_related("company")``. Its attributes can be read here then, as ``deal.company.title``;
    before, that raises `FieldNotLoaded`, and where there is no row, `AttributeError`.
    """

    __slots__ = ("_link", "_obj")

    def __init__(self, link: Link, obj: Model) -> None:
        self._link = link
        self._obj = obj
        super().__init__(self._fetch, explain=self._planned, portal=obj.__home__)

    def _held(self) -> Sequence[Any] | None:
        """The row at hand, in a list of one or none; None if it is not known."""
        name = self._link.name
        try:
            keys = self._link.keys(cast("Any", self._obj))
        except FieldNotLoaded:
            return None
        return self._obj.__linked__(name, keys) if keys else ()

    async def _fetch(self, portal: PortalLike) -> T_co | None:
        obj = cast("Any", self._obj)
        keys = self._link.keys(obj)  # which says so if the field was not loaded
        held = self._held()
        if held is None:
            row = await self._link.fetch(self._link.beside(obj), keys[0], portal, None)
            held = () if row is None else (row,)
            home = self._obj.__home__
            if home is not None:
                for one in held:
                    one.__bind__(home)
            self._obj.__link__(self._link.name, keys, held)
        return held[0] if held else None

    def _planned(self) -> Plan:
        if self._held() is not None:
            return plan_held()
        obj = cast("Any", self._obj)
        key = self._link.keys(obj)[0]
        return self._link.plan_one(self._link.beside(obj), key, preferred_api(self._obj.__home__))

    @override
    def __await__(self) -> Generator[Any, None, T_co | None]:
        if self.fetched:
            return self._known()
        return (yield from super().__await__())

    @override
    def run_at(self, portal: PortalLike) -> Coroutine[Any, Any, T_co | None]:
        return self._now() if self.fetched else super().run_at(portal)

    async def _now(self) -> T_co | None:
        return self._known()

    @override
    def run_sync(self) -> T_co | None:
        """The row, or None; blocks if it has to be asked for: for scripts, threads and notebooks."""
        return self._known() if self.fetched else super().run_sync()

    @property
    def fetched(self) -> bool:
        """Whether it is known what the relation leads to, so that nothing need be asked."""
        return self._held() is not None

    @property
    def value(self) -> T_co | None:
        """The row at hand, or None if there is none.

        Raises:
            FieldNotLoaded: it was not fetched.
        """
        return self._known()

    def _known(self) -> T_co | None:
        held = self._held()
        if held is None:
            self._link.keys(cast("Any", self._obj))
            name = self._link.name
            raise FieldNotLoaded(
                f'{self._link.title} was not fetched: `await` it, or ask for it with prefetch_related("{name}")'
            )
        return held[0] if held else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        value = self._known()  # not `value`, whose own AttributeError would lead here again
        if value is None:
            raise AttributeError(f"{self._link.title} leads to no row, so that it has no {name!r}")
        return getattr(value, name)

    def __bool__(self) -> bool:
        """Whether there is a row.

        Raises:
            FieldNotLoaded: it was not fetched.
        """
        return self._known() is not None

    @override
    def __eq__(self, other: object) -> bool:
        if isinstance(other, Related):
            given = cast("Any", other)
            if self._obj is given._obj and self._link is given._link:
                return True
            return self.fetched and given.fetched and bool(self._known() == given.value)
        return bool(self._known() == other)

    @override
    def __hash__(self) -> int:
        # What is waited for stands for itself: asyncio.gather puts it into a dict before it is fetched.
        return hash((id(self._obj), self._link.name))

    @override
    def __repr__(self) -> str:
        held = self._held()
        if held is None:
            return f"<{self._link.title}: not fetched; await it, or use prefetch_related({self._link.name!r})>"
        return f"<{self._link.title}: {held[0] if held else None!r}>"


class Relationship(RelationName):
    """A relation of a model; ``Deal.company`` is one, and names it in ``prefetch_related``."""

    __slots__ = ()

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name

    def _of(self, obj: Any) -> Link:
        """The relation of *obj*."""
        cls = cast("Any", type(obj))
        if self.name in cls.__pydantic_fields__:
            raise AttributeError(self.name)  # a field of the class is called so, and was not loaded: the model says it
        return link_of(cls, self.name)

    def _on(self, owner: Any) -> Any:
        """What *owner* has under the name: the relation, or a column that is called so."""
        if building.depth:
            raise AttributeError(self.name)  # a field of the class that is being made may be called so
        if owner is None or self.name not in owner.__pydantic_fields__:
            return self
        meta = cast("Any", type(owner))
        return meta.__getattr__(owner, self.name)

    def __refuse__(self, cls: type[Model]) -> AttributeError:
        """Why nothing can be assigned to it."""
        field = link_of(cast("Any", cls), self.name).relation.field
        return AttributeError(f"{cls.__name__}.{self.name} is a relation, which follows from {field}: assign that one")

    @override
    def __repr__(self) -> str:
        return f"<relation {self.name}>"


class ToOne(Relationship, Generic[T_co]):
    """Leads to one row at most: ``deal.company``.

    A class of one's own may name another model of the same entity::

        class MyDeal(Deal):
            company: ClassVar[ToOne[MyCompany]] = ToOne(MyCompany)
    """

    __slots__ = ()

    def __init__(self, model: type[T_co] | None = None) -> None:
        super().__init__(cast("Any", model))

    @overload
    def __get__(self, instance: None, owner: type[Any], /) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None, /) -> Related[T_co]: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None, /) -> Any:
        if instance is None:
            return self._on(owner)
        return Related[Any](self._of(instance), instance)


class ToMany(Relationship, Generic[T_co]):
    """Leads to any number of rows: ``company.deals`` is a queryset of them, which may have them at hand."""

    __slots__ = ()

    @overload
    def __get__(self, instance: None, owner: type[Any], /) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None, /) -> T_co: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None, /) -> Any:
        if instance is None:
            return self._on(owner)
        return rows_behind(self._of(instance), instance)


def rows_behind(link: Link, obj: Any) -> Any:
    """The queryset of the rows that *obj* leads to.

    Raises:
        FieldNotLoaded: the field that leads there was not loaded.
    """
    keys = link.keys(obj)
    model: Any = link.model
    query = model.objects
    home = obj.__home__
    if home is not None:
        query = query.using(home)
    target = link.relation.target
    if not keys:  # nothing leads anywhere, so that no row can match
        return query.filter(**{f"{target}__in": ()}, **dict(link.beside(obj))).__hold__(())
    lookup = {target: keys[0]} if len(keys) == 1 else {f"{target}__in": keys}
    query = query.filter(**lookup, **dict(link.beside(obj)))
    held = obj.__linked__(link.name, keys)
    return query if held is None else query.__hold__(held)
