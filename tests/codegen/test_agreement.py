"""What the types promise, the query layer accepts."""

import ast
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from b24orm.codegen.sayable import Sayable
from b24orm.codegen.types import lookups
from b24orm.compiler.check import check_condition, check_order, check_select
from b24orm.money import Money
from b24orm.query import Condition
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
    for field in schema.fields:
        for keyword, value in lookups(Sayable(schema), field):
            name, lookup = split_lookup(keyword)
            check_condition(schema, Condition(name, lookup, sample(value)))
            if value.endswith(" | None"):
                check_condition(schema, Condition(name, lookup, None))


@pytest.mark.parametrize("key", entity_keys())
def test_every_field_and_order_key_that_the_types_offer_is_accepted_by_the_compiler(key: str) -> None:
    schema = entity(key)
    for field in schema.fields:
        assert check_select(schema, field.name) == field.name
        if field.sortable:
            assert check_order(schema, f"-{field.name}") == (field.name, True)
