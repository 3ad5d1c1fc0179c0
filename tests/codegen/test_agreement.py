"""What the types promise, the query layer accepts."""

import ast
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from b24orm.codegen.sayable import Sayable
from b24orm.codegen.types import choice, lookups
from b24orm.compiler import check_condition, check_order, check_select, compile_get, compile_list
from b24orm.errors import UnsupportedQuery
from b24orm.money import Money
from b24orm.query import Condition, Q, Query
from b24orm.query.lookups import split_lookup
from b24orm.schema import entity, entity_keys

SAMPLES: dict[str, Any] = {
    "int": 1,
    "Decimal | int | float": Decimal("1.5"),
    "str": "x",
    "bool": True,
    "date": date(2026, 1, 2),
    "Any": "x",
    "Money": Money(Decimal(5), "RUB"),
    "datetime | date": datetime(2026, 1, 2, tzinfo=UTC),
}


def choices(value: str) -> list[Any]:
    return list(ast.literal_eval(value.removeprefix("Literal")))


def sample(value: str) -> Any:
    if value.startswith("Collection["):
        return [sample(value.removeprefix("Collection[").removesuffix("]"))]
    if value.startswith("tuple["):
        single = SAMPLES[value.removeprefix("tuple[").partition(",")[0]]
        return (single, single)
    plain = value.removesuffix(" | None")
    return choices(plain)[0] if plain.startswith("Literal[") else SAMPLES[plain]


@pytest.mark.parametrize("key", entity_keys())
def test_every_lookup_that_the_types_offer_is_accepted_by_the_compiler(key: str) -> None:
    schema = entity(key)
    can = Sayable(schema)
    for field in schema.fields:
        for keyword, value in lookups(can, field):
            name, lookup = split_lookup(keyword)
            check_condition(schema, Condition(name, lookup, sample(value)))
            if value.endswith(" | None"):
                check_condition(schema, Condition(name, lookup, None))


@pytest.mark.parametrize("key", entity_keys())
def test_every_lookup_that_the_types_offer_can_be_said_to_the_portal(key: str) -> None:
    schema = entity(key)
    spec, can = schema.dialects[schema.default_dialect], Sayable(schema)
    needed = {c.field for c in spec.context if c.required and "list" in c.verbs} | {*spec.needs}
    asked = {c.field for c in spec.context if c.required and "get" in c.verbs}

    def said(*conditions: Condition) -> bool:
        where = tuple(Q.join((check_condition(schema, condition),), "AND") for condition in conditions)
        try:
            if compile_get(schema, "item", Query(where=where)) is None:
                compile_list(schema, "item", Query(where=where))
        except UnsupportedQuery:
            return False
        return True

    def given(names: set[str], but: str) -> list[Condition]:
        return [
            Condition(
                n, "exact", sample(choice(schema.by_name[n]) or "str" if schema.by_name[n].kind == "str" else "int")
            )
            for n in sorted(names - {but})
        ]

    for field in schema.fields:
        if schema.default_dialect not in field.wire:
            continue
        for keyword, kind in lookups(can, field):
            name, lookup = split_lookup(keyword)
            values = [sample(kind)]
            if field.kind in ("int", "decimal"):
                values.append([0] if lookup in ("in", "not_in") else (0, 1) if lookup == "range" else 0)
            conditions = [Condition(name, lookup, value) for value in values if lookup != "isnull"]
            conditions = conditions or [Condition(name, lookup, True)]
            tries = (said(*given(names, name), condition) for names in (needed, asked) for condition in conditions)
            assert any(tries), keyword
            if kind.endswith(" | None"):
                assert said(*given(needed, name), Condition(name, lookup, None)), keyword


@pytest.mark.parametrize("key", entity_keys())
def test_every_field_and_order_key_that_the_types_offer_is_accepted_by_the_compiler(key: str) -> None:
    schema = entity(key)
    for field in schema.fields:
        assert check_select(schema, field.name) == field.name
        if field.sortable:
            assert check_order(schema, f"-{field.name}") == (field.name, True)
