"""`BaseQuerySet`: the queryset whole, with the terminals that write; `QuerySet`: the one without typed names."""

from __future__ import annotations

from array import array
from collections.abc import AsyncGenerator, AsyncIterable, Collection, Iterable, Mapping
from contextlib import aclosing
from copy import copy
from typing import Any, Self, TypeVar

from b24orm.compiler import check_writable, find_field
from b24orm.context import PortalLike
from b24orm.errors import OutcomeUnknown, QueryError
from b24orm.narrow import is_ordered, is_sequence
from b24orm.op import Op, Rows
from b24orm.plan import Plan, plan_bulk
from b24orm.query import All, Condition, Q
from b24orm.queryset.bulk import BulkOp
from b24orm.queryset.execute import fetch_one, plan_for, row_pages
from b24orm.queryset.jobs import ChangeJob, CreateJob, DeleteJob, UpdateJob
from b24orm.queryset.names import Named, field_name
from b24orm.queryset.protocol import ModelLike
from b24orm.queryset.reading import ReadingQuerySet
from b24orm.queryset.settling import settled
from b24orm.queryset.single import at_most_once
from b24orm.queryset.writing import caller_of, create_now, plan_new, save_now, submitted

__all__ = ["BaseQuerySet", "Many", "QuerySet"]

M = TypeVar("M", bound=ModelLike, covariant=True)
T = TypeVar("T")

Many = Iterable[T] | AsyncIterable[T]
"""Inputs of a bulk write: a list, or an iterator of any length, which is taken little by little."""


class BaseQuerySet(ReadingQuerySet[M]):
    """A queryset with everything that does not depend on the names of a model's fields."""

    __slots__ = ()

    # -- one row -------------------------------------------------------------------------------------------------

    def _create(self, fields: Mapping[str, Any], dedupe_key: str | Named | None) -> Op[M]:
        dedupe = self._dedupe(dedupe_key)
        template = self.model.__made__(fields)
        check_writable(self.model.__schema__(), template.changed_fields, new=True)
        if dedupe is not None and fields.get(dedupe) in (None, "", 0):
            raise QueryError(f"dedupe_key={dedupe!r} needs a value for that field")

        async def run(portal: PortalLike) -> M:
            new: M = await self._create_at(portal, copy(template), dedupe)
            return new

        return Op(run, explain=lambda: plan_new(template, self._portal), portal=self._portal)

    async def _create_at(self, portal: PortalLike, obj: Any, dedupe: str | None) -> Any:
        change, outcome = await submitted(obj, portal)
        if outcome.status == "unknown" and dedupe is not None:
            (outcome,) = await settled(self.model, dedupe, [change.sent[dedupe]], [outcome], portal)
            if outcome.key is not None:  # it is there: what it holds is read as of a row that was not answered
                obj.__take__(change.sent, None, outcome.key)
                return await self._refreshed(portal, obj, outcome.key)
        await create_now(obj, portal, change, outcome)
        self._bind([obj])
        return obj

    async def _refreshed(self, portal: PortalLike, obj: Any, key: Any) -> Any:
        obj.__renew__(await fetch_one(self._one((key,), {}), portal))
        self._bind([obj])
        return obj

    def _dedupe(self, field: str | Named | None) -> str | None:
        if field is None:
            return None
        found = find_field(self.model.__schema__(), field_name(field))
        if not found.filterable:
            raise QueryError(f"dedupe_key={found.name!r}: the portal does not filter by it")
        return found.name

    def _get_or_create(self, defaults: Mapping[str, Any] | None, lookups: Mapping[str, Any]) -> Op[tuple[M, bool]]:
        reading = self._one((), lookups)
        template = self._template(defaults, lookups)

        async def run(portal: PortalLike) -> tuple[M, bool]:
            async with at_most_once(portal, self.model, lookups):
                try:
                    return self._built(await fetch_one(reading, portal)), False
                except self.model.DoesNotExist:
                    pass
                try:
                    return await self._create_at(portal, copy(template), None), True
                except OutcomeUnknown as error:
                    lost = error
                try:  # the lookups tell whether it is there
                    return self._built(await fetch_one(reading, portal)), True
                except self.model.DoesNotExist:
                    raise lost from None

        return Op(run, explain=lambda: plan_for(reading, self._api()), portal=self._portal)

    def _update_or_create(self, defaults: Mapping[str, Any] | None, lookups: Mapping[str, Any]) -> Op[tuple[M, bool]]:
        changed = self.model.__changed__(defaults or {})
        check_writable(self.model.__schema__(), changed.changed_fields, new=True)
        found_or_new = self._get_or_create(defaults, lookups)

        async def run(portal: PortalLike) -> tuple[M, bool]:
            obj, created = await found_or_new.run_at(portal)
            if not created:
                for name, value in changed.__values__(changed.changed_fields).items():
                    if getattr(obj, name, None) != value:
                        setattr(obj, name, value)
                await save_now(obj, portal)
            return obj, created

        return Op(run, explain=found_or_new.explain, portal=self._portal)

    def _template(self, defaults: Mapping[str, Any] | None, lookups: Mapping[str, Any]) -> Any:
        """The object that will be created if none is found: of what the lookups say exactly, and of the defaults."""
        exact = {name: value for name, value in lookups.items() if "__" not in name}
        exact |= {name.removesuffix("__exact"): value for name, value in lookups.items() if name.endswith("__exact")}
        template = self.model.__made__({**exact, **(defaults or {})})
        check_writable(self.model.__schema__(), template.changed_fields, new=True)
        return template

    # -- many rows -----------------------------------------------------------------------------------------------

    def _bulk_create(self, objs: Many[Any], dedupe_key: str | Named | None) -> BulkOp:
        return self._bulk(CreateJob(self.model, self._dedupe(dedupe_key), self._bind), objs)

    def _bulk_update(self, objs: Many[Any], fields: Iterable[str | Named] | None) -> BulkOp:
        if isinstance(fields, str):
            raise QueryError(f"bulk_update takes a list of names, not one: [{fields!r}]")
        names = None if fields is None else tuple(dict.fromkeys(field_name(field) for field in fields))
        return self._bulk(UpdateJob(self.model, names), objs)

    def _bulk_delete(self, objs: Many[Any]) -> BulkOp:
        return self._bulk(DeleteJob(self.model, self._known()), objs)

    def _bulk(self, job: Any, objs: Any) -> BulkOp:
        rows = len(objs) if is_sequence(objs) else None

        def explain() -> Plan:
            first = job.first(objs, self._api(), caller_of(self._portal)) if is_ordered(objs) else ()
            return plan_bulk(rows, first)

        return BulkOp(job, objs, portal=self._portal, progress=self._progress, explain=explain)

    def _update(self, fields: Mapping[str, Any], *, force: bool) -> BulkOp:
        if not fields:
            raise QueryError("update() needs the fields to change: update(stage_id='WON')")
        self._restricted("update", force)
        return self._over_ids(ChangeJob(self.model, self.model.__changed__(fields), self._known()))

    def _delete(self, *, force: bool) -> BulkOp:
        self._restricted("delete", force)
        return self._over_ids(DeleteJob(self.model, self._known()))

    def _restricted(self, verb: str, force: bool) -> None:
        if not self._query.where and not self._query.sliced and not force:
            raise QueryError(
                f"{self.model.__name__}.objects.{verb}() would {verb} every row there is: filter first, or say "
                "force=True"
            )

    def _known(self) -> dict[str, Any]:
        """What the conditions of the queryset say exactly of every row."""
        node = self._query.node
        parts = node.parts if isinstance(node, All) else (node,)
        return {p.field: p.value for p in parts if isinstance(p, Condition) and p.lookup == "exact"}

    def _over_ids(self, job: Any) -> BulkOp:
        """*job* for all rows of the queryset. The ids are read before the first write: that may change what matches."""
        name = self._id_name()
        reading = self._select((name,))._reading

        async def ids(portal: PortalLike) -> AsyncGenerator[Any]:
            reader = reading.reader(portal)
            found: array[int] | list[Any] = array("q")
            async with aclosing(row_pages(reading, portal)) as pages:
                async for page in pages:
                    keys = [key for (key,) in reader.tuples(page, (name,))]
                    if isinstance(found, array) and not all(isinstance(key, int) for key in keys):
                        found = list(found)
                    found.extend(keys)
            for key in found:
                yield key

        def explain() -> Plan:
            return plan_bulk(None, (), reads=plan_for(reading, self._api()))

        return BulkOp(job, ids, portal=self._portal, progress=self._progress, explain=explain)


class QuerySet(BaseQuerySet[M]):
    """A queryset without typed names: for models that are met at run time."""

    __slots__ = ()

    def filter(self, *exprs: Q, **lookups: Any) -> Self:
        """Keeps the rows that match all of the conditions."""
        return self._filter(exprs, lookups)

    def exclude(self, *exprs: Q, **lookups: Any) -> Self:
        """Drops the rows that match all of the conditions."""
        return self._exclude(exprs, lookups)

    def select(self, *fields: str | Named) -> Self:
        """Loads only these fields (and the id)."""
        return self._select(fields)

    def order_by(self, *keys: str) -> Self:
        """Orders by these fields; a minus sign turns one round."""
        return self._order_by(keys)

    def get(self, *args: int | Q, **lookups: Any) -> Op[M]:
        """The one row that matches.

        Raises:
            DoesNotExist: none does.
            MultipleObjectsReturned: several do.
        """
        return self._get(args, lookups)

    def get_or_none(self, *args: int | Q, **lookups: Any) -> Op[M | None]:
        """The one row that matches, or None."""
        return self._get_or_none(args, lookups)

    def values(self, *fields: str | Named) -> Rows[dict[str, Any]]:
        """Rows as dicts of typed values."""
        return self._values(fields)

    def in_bulk(self, ids: Collection[Any]) -> Op[dict[Any, M]]:
        """The rows with these *ids*, by id; ids that match nothing are left out. 2,500 ids a request."""
        return self._in_bulk(ids)

    def create(self, *, dedupe_key: str | Named | None = None, **fields: Any) -> Op[M]:
        """A new row; the object holds what the portal stored.

        Args:
            dedupe_key: a field that no two rows share: if the answer is lost, the row is looked up by it.
        """
        return self._create(fields, dedupe_key)

    def get_or_create(self, defaults: Mapping[str, Any] | None = None, **lookups: Any) -> Op[tuple[M, bool]]:
        """The one row that matches, or a new one; and whether it is new."""
        return self._get_or_create(defaults, lookups)

    def update_or_create(self, defaults: Mapping[str, Any] | None = None, **lookups: Any) -> Op[tuple[M, bool]]:
        """The one row that matches, changed as *defaults* say, or a new one; and whether it is new."""
        return self._update_or_create(defaults, lookups)

    def bulk_create(self, objs: Many[Any], *, dedupe_key: str | Named | None = None) -> BulkOp:
        """New rows of objects or mappings of fields, 50 a request."""
        return self._bulk_create(objs, dedupe_key)

    def bulk_update(self, objs: Many[Any], fields: Iterable[str | Named] | None = None) -> BulkOp:
        """Sends the changes of each object, or these *fields*; 50 objects a request."""
        return self._bulk_update(objs, fields)

    def bulk_delete(self, objs: Many[Any]) -> BulkOp:
        """Deletes objects, or rows by id; 50 a request."""
        return self._bulk_delete(objs)

    def update(self, *, force: bool = False, **fields: Any) -> BulkOp:
        """Changes these fields of all rows that match; of every row there is only with *force*."""
        return self._update(fields, force=force)

    def delete(self, *, force: bool = False) -> BulkOp:
        """Deletes all rows that match; every row there is only with *force*."""
        return self._delete(force=force)
