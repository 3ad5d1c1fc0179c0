"""Every entity with a schema can be asked: whatever the schema allows becomes a command, or is refused in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from b24orm.command import Command
from b24orm.compiler import (
    Grammar,
    Listing,
    check_condition,
    check_order,
    check_select,
    compile_get,
    compile_list,
    grammar_for,
    json_ready,
    json_v3,
    query_string,
)
from b24orm.errors import UnsupportedQuery
from b24orm.money import Money
from b24orm.narrow import is_list, is_mapping
from b24orm.plan import Plan, plan_count, plan_list
from b24orm.query import Condition, Lookup, Order, Q, Query
from b24orm.sandbox.php import parse_str
from b24orm.schema import Entity, Field, Kind, entity, entity_keys

SAMPLES: dict[Kind, tuple[Any, Any]] = {
    "int": (5, 6),
    "decimal": (Decimal("1.50"), 2),
    "str": ("a&b", "c"),
    "bool": (True, False),
    "date": (date(2026, 1, 2), date(2026, 1, 3)),
    "datetime": (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)),
    "multifield": ("+7 495", "+7 499"),
    "money": (Money(Decimal(5), "RUB"), Money(Decimal(6), "RUB")),
    "file": (True, False),
    "object": ("x", "y"),
    "any": ("x", 5),
}
KEYS = entity_keys()
DIALECTS = [pytest.param(key, dialect, id=f"{key}-{dialect}") for key in KEYS for dialect in entity(key).dialects]
LISTED = [
    pytest.param(key, dialect, id=f"{key}-{dialect}")
    for key in KEYS
    for dialect, spec in entity(key).dialects.items()
    if "list" in spec.methods
]
GOT = [
    pytest.param(key, dialect, id=f"{key}-{dialect}")
    for key in KEYS
    for dialect, spec in entity(key).dialects.items()
    if "get" in spec.methods and spec.id is not None
]
UNLISTED = [key for key in KEYS if all("list" not in spec.methods for spec in entity(key).dialects.values())]

COMPARED: tuple[Lookup, ...] = ("exact", "ne", "gt", "gte", "lt", "lte")
TEXT: tuple[Lookup, ...] = ("contains", "not_contains", "like", "not_like", "startswith", "endswith")


def sample(field: Field, number: int = 0) -> Any:
    """A value that *field* may hold."""
    if field.values and field.kind in ("int", "str"):
        value = field.values[number % len(field.values)]
        return int(value) if field.kind == "int" else value
    return SAMPLES[field.kind][number]


def base(of: Entity, dialect: str) -> Q:
    """The conditions that every list of *of* needs."""
    spec = of.dialects[dialect]
    names = [context.field for context in spec.context if context.required and "list" in context.verbs]
    return Q(**{name: sample(of.by_name[name]) for name in (*names, *spec.needs)})


def fields_of(of: Entity, dialect: str) -> list[Field]:
    return [field for field in of.fields if dialect in field.wire]


def kinds_of_fields(of: Entity, dialect: str) -> Iterable[Field]:
    """One field for each set of properties that a comparison depends on."""
    spec = of.dialects[dialect]
    beside = {*(context.field for context in spec.context), *spec.needs, "" if spec.id is None else spec.id.name}
    found: dict[tuple[Any, ...], Field] = {}
    for field in fields_of(of, dialect):
        if field.filterable:
            properties = (field.type, field.multiple, field.nullable, bool(field.values), field.name.startswith("uf_"))
            found.setdefault((*properties, field.name if field.name in beside or field.asked else ""), field)
    return found.values()


def checked(of: Entity, where: Q) -> Q:
    children = tuple(
        check_condition(of, child) if isinstance(child, Condition) else checked(of, child)
        for child in where.children
        if isinstance(child, Q | Condition)
    )
    return Q.join(children, where.connector, negated=where.negated)


def compiled(of: Entity, dialect: str, where: Q, *, order: str = "", select: Iterable[str] | None = None) -> Listing:
    return compile_list(
        of,
        dialect,
        Query(
            where=(checked(of, where),),
            order=(Order(*check_order(of, order)),) if order else (),
            select=None if select is None else tuple(check_select(of, name) for name in select),
        ),
    )


def as_php(value: Any) -> Any:
    """What PHP holds after it has read the JSON form, with plain values as strings."""
    if is_mapping(value):
        return {key: as_php(item) for key, item in value.items()}
    if is_list(value):
        return {str(index): as_php(item) for index, item in enumerate(value)}
    return str(value)


@dataclass(frozen=True)
class Words:
    """What a command of a list method may say.

    Attributes:
        method: the list method.
        grammar: the family of its filters.
        parameters: all its parameters.
        names: what it calls the usual ones.
        sequence: its parameters in the order that it insists on.
        wires: names of fields in selects.
        asked: names of fields in filters and orders.
    """

    method: str
    grammar: Grammar
    parameters: frozenset[str]
    names: Mapping[str, str]
    sequence: tuple[str, ...]
    wires: frozenset[str]
    asked: frozenset[str]

    def held(self, command: Command) -> None:
        """Fails unless *command* says nothing else, and can leave alone and in a batch."""
        params: dict[str, Any] = dict(command.params)
        assert command.method == self.method
        assert params.keys() <= self.parameters
        if self.sequence:
            assert list(params) == list(self.sequence[: len(params)]), "the order of parameters counts"
        filler = {""} if self.sequence else set[str]()
        assert set(self._named(params, "select")) <= self.wires | {"*", "UF_*"} | filler
        order = self._named(params, "sort" if self.grammar.flat_order else "order")
        assert ({order} if isinstance(order, str) else set(order)) <= self.asked | {""}
        filter = self._named(params, self.grammar.filter_key) if self.grammar.filter_key else None
        if self.grammar.arrays:
            assert set(arrayed(filter or [])) <= self.asked
            assert params["pagination"].keys() <= {"limit", "offset"}
            assert json_v3(params) == params, "the command is in its wire form already"
            return
        if is_mapping(filter):
            assert set(conditions(filter)) <= self.asked
        ready = json_ready(params)
        assert ready == params, "the command is in its wire form already"
        method, _, query = query_string(command.method, ready).partition("?")
        assert (method, parse_str(query)) == (command.method, as_php(params))

    def _named(self, params: Mapping[str, Any], usual: str) -> Any:
        return params.get(self.names.get(usual, usual), "")


@cache
def words(key: str, dialect: str) -> Words:
    of = entity(key)
    spec = of.dialects[dialect]
    grammar = grammar_for(spec.grammar)
    wires = frozenset(field.wire[dialect] for field in fields_of(of, dialect))
    parts = frozenset(f"{f.wire[dialect]}.{part}" for f in fields_of(of, dialect) for part in f.parts)
    asked = wires | {field.asked[dialect] for field in of.fields if dialect in field.asked}
    usual = ["select", "order", "start"]
    if grammar.flat_order:
        usual.append("sort")
    if grammar.filter_key:
        usual.append(grammar.filter_key)
    parameters = {spec.parameters.get(name, name) for name in usual} - {""}
    parameters |= {*spec.fixed, *spec.paging.fixed, *spec.sequence.get("list", ())}
    parameters |= {context.parameter.partition(".")[0] for context in spec.context if "list" in context.verbs}
    if spec.paging.cursor is not None:
        cursor = spec.paging.cursor
        parameters |= {path.partition(".")[0] for path in (cursor.after, cursor.back, cursor.size) if path}
    if grammar.beside:
        parameters |= asked
    if grammar.arrays:
        parameters = parameters - {"start"} | {"pagination"}
    return Words(
        method=spec.methods["list"],
        grammar=grammar,
        parameters=frozenset(parameters),
        names=spec.parameters,
        sequence=spec.sequence.get("list", ()),
        wires=wires | parts if spec.version == 3 else wires,
        asked=asked,
    )


def conditions(value: Mapping[str, Any]) -> Iterator[str]:
    """The fields that a filter names, without their prefixes."""
    for key, item in value.items():
        if is_mapping(item):
            yield from conditions(item)
        elif key not in ("logic", "::LOGIC"):
            yield key.lstrip("!=<>@%")  # before the name of a field stand signs only


def arrayed(value: Any) -> Iterator[str]:
    """The fields that a filter of REST 3.0 names."""
    for item in value:
        if is_mapping(item):
            assert item.keys() <= {"type", "logic", "negative", "conditions"}
            assert item["logic"] in ("and", "or")
            yield from arrayed(item["conditions"])
        else:
            name, operator, _ = item
            assert operator in ("=", "!=", ">", ">=", "<", "<=", "in")
            yield name


def parts_of(of: Entity, dialect: str, wire: str) -> tuple[str, ...]:
    return next(field.parts for field in fields_of(of, dialect) if field.wire[dialect] == wire)


def followed(of: Entity, dialect: str, plan: Plan) -> None:
    """Fails unless *plan* can be followed and explained."""
    assert plan.listing is not None
    assert str(plan).startswith(f"strategy: {plan.strategy} - ")
    assert bool(plan.first) is not plan.listing.never
    for command in plan.first:
        words(of.key, dialect).held(command)


def allowed(of: Entity, dialect: str, where: Q, *, order: str = "") -> bool:
    """Whether *where* can be asked for, beside what every list needs; an error that is no refusal goes on."""
    spec = of.dialects[dialect]
    ids = () if spec.id is None else (spec.id.name,)
    try:
        listing = compiled(of, dialect, base(of, dialect) & where, order=order, select=ids)
    except UnsupportedQuery:
        return False
    for command in plan_list(listing).first[:1]:
        words(of.key, dialect).held(command)
    return True


def test_lists_are_what_most_entities_have() -> None:
    assert UNLISTED == ["chat", "note_document"]
    assert len(LISTED) > len(KEYS)


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_the_smallest_query_becomes_a_command_of_the_list_method(key: str, dialect: str) -> None:
    of = entity(key)
    listing = compiled(of, dialect, base(of, dialect))
    followed(of, dialect, plan_list(listing))
    assert listing.method == of.dialects[dialect].methods["list"]
    assert not listing.never


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_rows_can_be_counted_by_a_command_of_the_list_method(key: str, dialect: str) -> None:
    of = entity(key)
    some = [field.name for field in fields_of(of, dialect) if field.selectable and not field.multiple][:3]
    for select in (None, some):
        followed(of, dialect, plan_count(compiled(of, dialect, base(of, dialect), select=select)))


@pytest.mark.parametrize("key", UNLISTED)
def test_an_entity_without_a_list_says_how_to_get_one_row(key: str) -> None:
    of = entity(key)
    for where in (Q(), Q(**{of.fields[0].name: sample(of.fields[0])})):
        with pytest.raises(UnsupportedQuery, match=rf"no method that lists {of.name}; .*objects\.get\(id\)"):
            compile_list(of, of.default_dialect, Query(where=(where,)))


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_without_what_a_list_needs_it_is_refused(key: str, dialect: str) -> None:
    of = entity(key)
    needed = [child.field for child in base(of, dialect).children if isinstance(child, Condition)]
    for name in needed:
        rest = Q(**{other: sample(of.by_name[other]) for other in needed if other != name})
        with pytest.raises(UnsupportedQuery, match=rf"{of.name}.*\b{name}\b"):
            compiled(of, dialect, rest)


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_lists_can_be_ordered_by_every_field_that_sorts_or_say_why_not(key: str, dialect: str) -> None:
    of = entity(key)
    for field in fields_of(of, dialect):
        for name in (field.name, f"-{field.name}"):
            if allowed(of, dialect, Q(), order=name):
                assert field.sortable, name
            else:
                spec = of.dialects[dialect]
                beyond = spec.orders is not None and field.name not in spec.orders
                assert not field.sortable or beyond or spec.paging.order != "any", name


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_lists_can_be_filtered_by_every_field_that_filters_or_say_why_not(key: str, dialect: str) -> None:
    of = entity(key)
    spec = of.dialects[dialect]
    # Parameters are no filters; and an id may name the one row that a get method answers.
    beside = {*(context.field for context in spec.context), "" if spec.id is None else spec.id.name}
    for field in fields_of(of, dialect):
        possible = allowed(of, dialect, Q(**{field.name: sample(field)}))
        assert not possible or field.filterable or field.name in beside, field.name


@pytest.mark.parametrize("lookup", [*COMPARED, *TEXT])
@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_every_comparison_is_said_or_refused(key: str, dialect: str, lookup: Lookup) -> None:
    of = entity(key)
    for field in kinds_of_fields(of, dialect):
        if lookup not in TEXT or isinstance(sample(field), str):
            where = Q(**{f"{field.name}__{lookup}": "ab" if lookup in TEXT else sample(field)})
            allowed(of, dialect, where)
            allowed(of, dialect, ~where)


@pytest.mark.parametrize("values", [1, 2])
@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_lists_of_values_are_said_or_refused(key: str, dialect: str, values: int) -> None:
    of = entity(key)
    for field in kinds_of_fields(of, dialect):
        if field.kind not in ("file", "object"):
            some = [sample(field, number) for number in range(values)]
            for lookup in ("in", "not_in"):
                allowed(of, dialect, Q(**{f"{field.name}__{lookup}": some}))


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_rows_without_a_value_are_asked_for_or_refused(key: str, dialect: str) -> None:
    of = entity(key)
    for field in kinds_of_fields(of, dialect):
        for empty in (True, False):
            allowed(of, dialect, Q(**{f"{field.name}__isnull": empty}))


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_alternatives_are_said_or_refused(key: str, dialect: str) -> None:
    of = entity(key)
    plain = [f for f in fields_of(of, dialect) if f.filterable and f.kind in ("int", "str", "bool")]
    either = Q()
    for field in plain[:3]:
        either = either | Q(**{field.name: sample(field)})
    allowed(of, dialect, either)
    allowed(of, dialect, ~either)


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_every_field_can_be_selected(key: str, dialect: str) -> None:
    of = entity(key)
    spec = of.dialects[dialect]
    possible: list[str] = []
    for field in fields_of(of, dialect):
        try:
            listing = compiled(of, dialect, base(of, dialect), select=[field.name])
        except UnsupportedQuery:
            if field.name not in spec.unread:
                assert spec.grammar == "crm_classic", field.name
                assert field.multiple, "classic lists show one value of a field"
            continue
        followed(of, dialect, plan_list(listing))
        if field.selectable:
            possible.append(field.name)
    listing = compiled(of, dialect, base(of, dialect), select=possible)
    followed(of, dialect, plan_list(listing))
    if spec.paging.mode == "whole" or spec.parameters.get("select") == "":
        assert listing.select == ()
        return
    ids = set[str]() if spec.id is None else {spec.id.wire}
    contexts = {context.field for context in spec.context if "list" in context.verbs}
    must = {of.by_name[name].wire[dialect] for name in possible if name not in contexts}
    if spec.version == 3:
        must = {f"{wire}.{p}" for wire in must for p in parts_of(of, dialect, wire)} | {
            wire for wire in must if not parts_of(of, dialect, wire)
        }
    may = {of.by_name[name].wire[dialect] for name in contexts - listing.given.keys()}
    assert must | ids <= set(listing.select) <= must | ids | may


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_what_a_context_gives_stays_beside_every_filter(key: str, dialect: str) -> None:
    of = entity(key)
    spec = of.dialects[dialect]
    for context in spec.context:
        if "list" not in context.verbs:
            continue
        given = Q(**{context.field: sample(of.by_name[context.field])})
        for field in kinds_of_fields(of, dialect):
            where = base(of, dialect) & given & Q(**{field.name: sample(field)})
            try:
                command = plan_list(compiled(of, dialect, where)).first[0]
            except UnsupportedQuery:
                continue
            inner: Any = command.params
            for name in context.parameter.split("."):
                inner = inner[name]
            assert inner == json_ready(sample(of.by_name[context.field])), field.name


@pytest.mark.parametrize(("key", "dialect"), LISTED)
def test_bounds_of_ids_lead_from_page_to_page_where_the_method_says_so(key: str, dialect: str) -> None:
    of = entity(key)
    spec = of.dialects[dialect]
    if spec.key is None or not of.by_name[spec.key.name].filterable:
        return
    name = spec.key.name
    where = base(of, dialect) & Q(**{f"{name}__gt": 5, f"{name}__lte": 90})
    if spec.paging.mode == "whole":
        assert compiled(of, dialect, where).residue is not None
    elif spec.paging.leads_by_id:
        listing = compiled(of, dialect, where)
        assert (listing.bounds.above, listing.bounds.below) == (5, 91)
        followed(of, dialect, plan_list(listing))
    else:
        with pytest.raises(UnsupportedQuery, match=rf"no range of ids in its filter; .*{of.name}\.{name}"):
            compiled(of, dialect, where)


@pytest.mark.parametrize(("key", "dialect"), GOT)
def test_one_row_is_got_by_its_id_or_comes_with_all_others(key: str, dialect: str) -> None:
    of = entity(key)
    spec = of.dialects[dialect]
    assert spec.id is not None
    takes = [context for context in spec.context if context.required and "get" in context.verbs]
    value = sample(of.by_name[spec.id.name])
    where = Q(**{context.field: sample(of.by_name[context.field]) for context in takes}, **{spec.id.name: value})
    get = compile_get(of, dialect, Query(where=(checked(of, where),)))
    if get is None:
        assert spec.paging.mode == "whole"
        assert "list" in spec.methods
        return
    parameter = spec.id_parameters.get("get", "id")
    known = {parameter, *spec.fixed, *(context.parameter for context in takes)}
    if spec.everything == "named":
        known.add(spec.parameters.get("select", "select"))
    assert get.command.method == spec.methods["get"]
    assert set(get.command.params) == known
    assert get.command.params[parameter] == get.id == value
    ready = json_ready(get.command.params)
    assert parse_str(query_string(get.command.method, ready).partition("?")[2]) == as_php(ready)


@pytest.mark.parametrize(("key", "dialect"), DIALECTS)
def test_every_dialect_has_a_list_or_a_get(key: str, dialect: str) -> None:
    spec = entity(key).dialects[dialect]
    assert {"list", "get"} & set(spec.methods)
