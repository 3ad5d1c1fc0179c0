"""What the relations of a model lead to: the key of a row, the query for the rows behind it, and the way to ask it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from inspect import getattr_static
from typing import Any, Literal
from weakref import WeakKeyDictionary

from b24orm.compiler import check_condition, compile_get
from b24orm.context import PortalLike
from b24orm.errors import QueryError, UnknownField, UnsupportedQuery, nearest
from b24orm.narrow import is_list
from b24orm.plan import Plan, plan_get
from b24orm.query import Condition, Lookup, Q, Query, split_path
from b24orm.queryset.execute import Reading, fetch_one, model_pages, plan_for
from b24orm.queryset.joins import model_of
from b24orm.queryset.names import Named
from b24orm.queryset.protocol import ModelLike
from b24orm.schema import Dialect, Entity, Field, Relation, filled, placeholders, relations_of

__all__ = ["AT_ONCE", "Beside", "Link", "RelationName", "Way", "link_of"]

AT_ONCE = 50
"""Keys in one command, of lists that are not read by these keys themselves."""

Way = Literal["ids", "whole", "many", "get", "each"]
"""How rows are asked for by their keys: in chunks of ids, whole, in chunks of keys, or one by one (by get, by list)."""

Beside = tuple[tuple[str, Any], ...]
"""What else the rows behind a key are filtered by."""

_TYPE = "entity_type_id"


class RelationName(Named):
    """A relation of a model, as ``Deal.company`` is.

    Attributes:
        model: the class that it leads to, if that is not the usual one of the entity.
    """

    __slots__ = ("model",)

    def __init__(self, model: type[ModelLike] | None = None) -> None:
        super().__init__("")
        self.model = model


@dataclass(frozen=True, eq=False)
class Link:
    """A relation of a model.

    Attributes:
        owner: the name of the model.
        schema: the schema of the model.
        relation: how its rows lead on.
        model: the model of the rows that they lead to.
    """

    owner: str
    schema: Entity
    relation: Relation
    model: type[ModelLike]

    @property
    def name(self) -> str:
        """The attribute."""
        return self.relation.name

    @property
    def title(self) -> str:
        """The relation as a program writes it: ``Deal.company``."""
        return f"{self.owner}.{self.relation.name}"

    @cached_property
    def single(self) -> bool:
        """Whether a key leads to one row at most."""
        spec = _usual(self.model.__schema__())
        return not self.relation.many or (spec.id is not None and spec.id.name == self.relation.target)

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The attributes of a row that say where it leads."""
        open_ = (name for value in self._templates(listing=True).values() for name in placeholders(value))
        return tuple(dict.fromkeys((self.relation.field, *open_)))

    def keys(self, obj: ModelLike) -> tuple[Any, ...]:
        """The keys that lead from *obj* to other rows, sorted; none if it leads nowhere.

        Raises:
            FieldNotLoaded: the field that holds them was not loaded.
        """
        value = obj.__values__((self.relation.field,))[self.relation.field]
        found = {one for one in (value if is_list(value) else (value,)) if self._is_key(one)}
        return tuple(sorted(found, key=lambda key: (isinstance(key, str), key)))

    def _is_key(self, value: Any) -> bool:
        if isinstance(value, int) and not isinstance(value, bool):
            return value != 0 or self.relation.to == "category"  # the default pipeline is number 0
        return isinstance(value, str) and value != ""

    def beside(self, obj: ModelLike) -> Beside:
        """What else the rows that *obj* leads to are filtered by.

        Raises:
            FieldNotLoaded: it depends on a field that was not loaded.
        """
        templates = self._templates(listing=self.way() != "get")
        row = obj.__values__([name for value in templates.values() for name in placeholders(value)])
        return tuple((key, filled(value, row)) for key, value in templates.items())

    def _templates(self, *, listing: bool) -> Mapping[str, Any]:
        """What the rows are filtered by beside their key, with what each row of ours fills in."""
        templates: dict[str, Any] = dict(self.relation.where)
        other, own = self.model.__schema__(), self.schema
        for context in _usual(other).context:
            name = context.field
            wanted = context.required and ("list" if listing else "get") in context.verbs
            if not wanted or name == self.relation.target or name in templates:
                continue
            number = own.entity_type_id if name == _TYPE else None
            if number is not None:
                templates[name] = number
            elif name in own.by_name and (name == _TYPE or own.key == other.key) and name != self.relation.field:
                templates[name] = f"{{{name}}}"  # of the same task, of the same calendar
        return templates

    def query(self, beside: Beside, *key: Condition) -> Query:
        """The query for the rows whose target meets the condition *key*, or for all rows *beside*."""
        schema = self.model.__schema__()
        conditions = (*(Condition(*split_path(name), value) for name, value in beside), *key)
        return Query(where=(Q.join(tuple(check_condition(schema, one) for one in conditions), "AND"),))

    def _condition(self, lookup: Lookup, value: Any) -> Condition:
        return Condition(self.relation.target, lookup, value)

    def reading(self, beside: Beside, keys: Sequence[Any] | None, keep: bool | None) -> Reading:
        """The query for the rows behind *keys* (None: behind any), ready to be run."""
        if keys is None:
            query = self.query(beside)
        elif len(keys) == 1 and self.way() in ("get", "each"):
            query = self.query(beside, self._condition("exact", keys[0]))
        else:
            query = self.query(beside, self._condition("in", tuple(keys)))
        return Reading(self.model, query, progress=False, keep=keep)

    def way(self) -> Way:
        """How rows are asked for by their keys.

        Raises:
            UnsupportedQuery: no method answers that.
        """
        return self._way

    @cached_property
    def _way(self) -> Way:
        api = self.model.__schema__().default_dialect
        lookups: tuple[Literal["in", "exact"], ...] = ("in", "exact")
        said = {_TYPE, *self.relation.where}
        guesses = any(placeholders(v) for name, v in self._templates(listing=True).items() if name not in said)
        if not guesses and (way := self._listed(api, "in")) is not None:
            return way
        if self._got(api):
            return "get"
        for lookup in lookups:
            if (way := self._listed(api, lookup)) is not None:
                return way
        raise UnsupportedQuery(
            f"{self.title}: the portal has no way to ask for {self.model.__schema__().name} rows by "
            f"{self.relation.target}"
        )

    def _listed(self, api: str, lookup: Literal["in", "exact"]) -> Way | None:
        keys = self._samples()  # two, since some methods take one id in a list, and no more
        try:
            condition = self._condition(lookup, keys if lookup == "in" else keys[0])
            query = self.query(self._sampled(listing=True), condition)
            strategy = plan_for(Reading(self.model, query), api).strategy
        except QueryError:
            return None
        if lookup == "exact":
            return "each"
        if strategy == "by ids":
            return "ids"
        return "whole" if strategy == "whole" and self.single else "many"

    def _got(self, api: str) -> bool:
        key, _ = self._samples()
        try:
            query = self.query(self._sampled(listing=False), self._condition("exact", key))
            return self.single and compile_get(self.model.__schema__(), api, query) is not None
        except QueryError:
            return False

    def _sampled(self, *, listing: bool) -> Beside:
        """What a row of ours might fill in."""
        own = self.schema
        return tuple(
            (key, filled(value, {name: _sample(own.by_name[name]) for name in placeholders(value)}))
            for key, value in self._templates(listing=listing).items()
        )

    def _samples(self) -> tuple[Any, Any]:
        """Two keys as they may be."""
        field = self.model.__schema__().by_name[self.relation.target]
        return _sample(field), _sample(field, -1)

    async def fetch(self, beside: Beside, key: Any, portal: PortalLike, keep: bool | None) -> Any:
        """The one row behind *key*; None if there is none. One command, which batches with others."""
        exact = Reading(self.model, self.query(beside, self._condition("exact", key)), progress=False, keep=keep)
        if compile_get(self.model.__schema__(), portal.api, exact.query) is not None:
            try:
                return self.model.__build__([await fetch_one(exact, portal)])[0]
            except self.model.DoesNotExist:
                return None
        async with aclosing(model_pages(exact.narrowed(limit=1), portal)) as pages:
            async for page in pages:
                return page[0]
        return None

    def plan_one(self, beside: Beside, key: Any, api: str) -> Plan:
        """How `fetch` asks."""
        query = self.query(beside, self._condition("exact", key))
        get = compile_get(self.model.__schema__(), api, query)
        return plan_for(Reading(self.model, query).narrowed(limit=1), api) if get is None else plan_get(get.command)

    def plan_many(self) -> Plan:
        """How the rows behind the keys of many rows of ours are asked for."""
        api = self.model.__schema__().default_dialect
        way, keys = self.way(), self._samples()
        field = f"{self.owner}.{self.relation.field}"
        name = self.name
        match way:
            case "ids" | "many":
                sub = plan_for(self.reading(self._sampled(listing=True), keys, None), api)
                requests, commands = f"K({name})/2500", f"K({name})/{AT_ONCE}"
                if way == "many" and sub.strategy == "keyset":  # the rows of a chunk may fill more than a page
                    commands = f"2 x {commands} + N({name})/50"
                    requests = f"2 x {requests} + N({name})/2500"
                reason = f"K distinct values of {field}, {AT_ONCE} a command"
            case "whole":
                sub = plan_for(self.reading(self._sampled(listing=True), None, None), api)
                requests, commands, reason = "1", "1", f"one answer holds what {field} leads to"
            case "get" | "each":
                beside = self._sampled(listing=way == "each")
                one = self.reading(beside, keys[:1], None)
                sub = plan_for(one, api) if way == "each" else self.plan_one(beside, keys[0], api)
                requests, commands = f"K({name})/50", f"K({name})"
                reason = f"K distinct values of {field}, one a command: the method takes no list of them"
        return Plan(sub.strategy, reason, requests, commands)

    def matching(self, rows: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Each key of each of *rows*, and the row."""
        target = self.relation.target
        for row in rows:
            value = row.__values__((target,))[target]
            for one in value if is_list(value) else (value,):
                yield one, row


def _usual(entity: Entity) -> Dialect:
    return entity.dialects[entity.default_dialect]


def _sample(field: Field, place: int = 0) -> Any:
    value = (field.values or ("1", "2"))[place]
    return int(value) if field.kind == "int" else value


_links: WeakKeyDictionary[type[Any], dict[str, Link]] = WeakKeyDictionary()


def link_of(model: type[ModelLike], name: str) -> Link:
    """The relation *name* of *model*.

    Raises:
        UnknownField: it has none that is called so.
    """
    known = _links.setdefault(model, {})
    if name not in known:
        schema = model.__schema__()
        relation = relations_of(schema).get(name)
        if relation is None:
            hint = "; it is a field" if name in schema.by_name else nearest(name, relations_of(schema))
            raise UnknownField(f"{model.__name__} has no relation {name!r}{hint}")
        declared = getattr_static(model, name, None)
        own = declared.model if isinstance(declared, RelationName) else None
        known[name] = Link(model.__name__, schema, relation, own or model_of(relation.to))
    return known[name]
