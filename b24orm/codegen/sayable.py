"""What queries about an entity can say: found out by writing them, since the compiler refuses what has no words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from b24orm.compiler import check_condition, check_order, compile_get, compile_list, grammar_for
from b24orm.errors import QueryError
from b24orm.money import Money
from b24orm.query import Condition, Lookup, Order, Q, Query
from b24orm.schema import Entity, Field, Kind

__all__ = ["Sayable"]

# One value of each kind, and a second one.
_SAMPLES: dict[Kind, tuple[Any, Any]] = {
    "int": (5, 6),
    "decimal": (Decimal("1.5"), Decimal(2)),
    "str": ("x", "y"),
    "bool": (True, False),
    "date": (date(2026, 1, 2), date(2026, 1, 3)),
    "datetime": (date(2026, 1, 2), date(2026, 1, 3)),
    "money": (Money(Decimal(5), "RUB"), Money(Decimal(6), "RUB")),
    "multifield": ("x", "y"),
    "file": (True, False),
    "object": ("x", "y"),
    "any": ("x", "y"),
}
_NUMBERS = ("int", "decimal")


class Sayable:
    """Answers for one entity, in its usual dialect where that has the field.

    Fields that are alike are asked about once.

    A lookup counts as sayable if it is so with some value: of numbers, what leaves rows without a value out differs
    with 0.
    """

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self._spec = entity.dialects[entity.default_dialect]
        self._context = {c.field for c in self._spec.context if "list" in c.verbs}
        ids = () if self._spec.id is None else (self._spec.id.name,)
        self._named = {*self._context, *self._spec.needs, *grammar_for(self._spec.grammar).loose, *ids}
        self._answers: dict[tuple[Any, ...], bool] = {}

    def filters(self, field: Field, lookup: Lookup) -> bool:
        """Whether rows can be filtered by *field* so."""
        if field.name in self._context and lookup != "exact":
            return False  # a parameter of its own
        return self._known(field, lookup, lambda: any(map(self._runs, self._conditions(field, lookup))))

    def takes_none(self, field: Field, lookup: Lookup) -> bool:
        """Whether None may stand in the place of a value."""
        value = Condition(field.name, lookup, None)
        return self._known(field, f"{lookup} None", lambda: field.name not in self._context and self._runs(value))

    def orders(self, field: Field, *, descending: bool) -> bool:
        """Whether rows can be ordered by *field*."""

        def runs() -> bool:
            return self._compiles(self._base(field.name), order=(Order(field.name, descending),))

        return field.sortable and self._known(field, f"order {descending}", runs)

    def by_id(self) -> bool:
        """Whether an id alone, with what the methods want beside it, names a row."""
        id = self._spec.id
        return id is not None and self.filters(self.entity.by_name[id.name], "exact")

    def in_bulk(self) -> bool:
        """Whether several ids can be named at once."""
        id = self._spec.id
        return id is not None and self.filters(self.entity.by_name[id.name], "in")

    def _api(self, name: str) -> str:
        """The usual dialect if it has the field *name*, else one that has."""
        wire = self.entity.by_name[name].wire
        return self.entity.default_dialect if self.entity.default_dialect in wire else next(iter(wire))

    def _known(self, field: Field, what: str, ask: Any) -> bool:
        alike = (
            field.name if field.name in self._named or field.asked else "",
            field.type,
            field.multiple,
            field.nullable,
            field.filterable,
            field.name.startswith("uf_"),
            bool(field.values),
            self._api(field.name),
            what,
        )
        if alike not in self._answers:
            self._answers[alike] = ask()
        return self._answers[alike]

    def _conditions(self, field: Field, lookup: Lookup) -> Iterator[Condition]:
        one, two = _values(field)
        match lookup:
            case "isnull":
                yield Condition(field.name, lookup, True)
                return
            case "in" | "not_in":
                yield Condition(field.name, lookup, (one, two))
            case "range":
                yield Condition(field.name, lookup, (one, two))
            case _:
                yield Condition(field.name, lookup, one)
        if field.kind in _NUMBERS:
            yield Condition(field.name, lookup, (0, one) if lookup in ("in", "not_in", "range") else 0)

    def _base(self, but: str) -> tuple[Condition, ...]:
        """The conditions that every list of the entity needs, without that on the field *but*."""
        required = [c.field for c in self._spec.context if c.required and "list" in c.verbs]
        names = [name for name in (*required, *self._spec.needs) if name != but]
        return tuple(Condition(name, "exact", _values(self.entity.by_name[name])[0]) for name in names)

    def _runs(self, condition: Condition) -> bool:
        return self._gets(condition) or self._compiles((*self._base(condition.field), condition))

    def _gets(self, condition: Condition) -> bool:
        """Whether a method answers the one row that *condition* names."""
        api = self._api(condition.field)
        beside = [c.field for c in self._spec.context if c.required and "get" in c.verbs]
        conditions = [Condition(name, "exact", _values(self.entity.by_name[name])[0]) for name in beside]
        try:
            return compile_get(self.entity, api, self._query((*conditions, condition))) is not None
        except QueryError:
            return False

    def _compiles(self, conditions: tuple[Condition, ...], order: tuple[Order, ...] = ()) -> bool:
        api = self._api(order[0].field if order else conditions[-1].field)
        try:
            for key in order:
                check_order(self.entity, key.field)
            compile_list(self.entity, api, self._query(conditions, order))
        except QueryError:
            return False
        return True

    def _query(self, conditions: tuple[Condition, ...], order: tuple[Order, ...] = ()) -> Query:
        where = tuple(Q.join((check_condition(self.entity, condition),), "AND") for condition in conditions)
        return Query(where=where, order=order)


def _values(field: Field) -> tuple[Any, Any]:
    if field.values:
        first, last = field.values[0], field.values[-1]
        return (int(first), int(last)) if field.kind == "int" else (first, last)
    return _SAMPLES[field.kind]
