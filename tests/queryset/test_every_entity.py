"""Every entity that the embedded portal has, read from it over HTTP: which these are, its methods say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

import b24orm
from b24orm import Limits, Portal
from b24orm.model import Model
from b24orm.sandbox import Sandbox
from b24orm.sandbox.methods import METHODS
from b24orm.schema import Dialect, entity, entity_keys

# What a query has to say of each. A pair stands for a column of the first row of a table.
GIVEN: dict[str, dict[str, Any]] = {
    "calendar_event": {"cal_type": "user", "owner_id": 1},
    "catalog_offer": {"iblock_id": 16},
    "catalog_product": {"iblock_id": 14},
    "catalog_section": {"iblock_id": 14},
    "category": {"entity_type_id": 2},
    "chat_message": {"dialog_id": "chat1"},
    "company_contact": {"company_id": ("contact", "company_id")},
    "contact_company": {"contact_id": ("contact", "id")},
    "deal_contact": {"deal_id": ("deal", "id")},
    "deal_product_row": {"deal_id": ("product_row", "owner_id")},
    "disk_file": {"parent_id": 3},
    "disk_folder": {"parent_id": 3},
    "lead_contact": {"lead_id": ("lead", "id")},
    "lead_product_row": {"lead_id": ("lead", "id")},
    "list_element": {"iblock_type_id": "lists", "iblock_id": 31},
    "product_row": {"owner_type": "D", "owner_id": ("product_row", "owner_id")},
    "quote_contact": {"quote_id": ("quote", "id")},
    "quote_product_row": {"quote_id": ("quote", "id")},
    "smart_process_item": {"entity_type_id": 156},
    "stage_history": {"entity_type_id": 2},
    "status": {"entity_id": "SOURCE"},
    "task_checklist_item": {"task_id": 41},
    "task_comment": {"task_id": 41},
    "task_elapsed_time": {"task_id": 41},
    "timeline_comment": {
        "entity_type": ("timeline_comment", "entity_type"),
        "entity_id": ("timeline_comment", "entity_id"),
    },
    "universal_list": {"iblock_type_id": "lists"},
    "user_field_config": {"module_id": "crm"},
}
# Rows of the seeded data that none of the first owners has, so that an empty list is no mistake.
MAY_BE_EMPTY = frozenset(
    {"lead_contact", "lead_product_row", "quote_contact", "quote_product_row", "deal_contact", "contact_company"}
)
# Events are for applications alone.
NEEDS_APPLICATION = frozenset({"event_binding", "offline_event"})


def spec(key: str) -> Dialect:
    source = entity(key)
    return source.dialects[source.default_dialect]


def is_served(key: str, verb: str) -> bool:
    return spec(key).methods.get(verb, "").lower() in METHODS


SERVED = [key for key in entity_keys() if is_served(key, "list") and key not in NEEDS_APPLICATION]
WITH_ID = [key for key in SERVED if spec(key).id is not None and key != "chat_message"]
# The lists of these take no condition on the id: where there is a get, it finds the row.
ONLY_BY_GET = frozenset({"timeline_comment"})


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """260 deals with holes in their ids. Tests of a module share it, and may not change it."""
    with Sandbox(deals=260, seed=5, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


def id_of(key: str) -> str:
    """The attribute that tells the rows apart."""
    told = spec(key).id
    assert told is not None
    return told.name


def is_code(key: str) -> bool:
    told = spec(key).id
    return told is not None and told.type == "code"


def model_of(key: str) -> Any:
    return getattr(b24orm, entity(key).name)


def given_of(sandbox: Sandbox, key: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in GIVEN.get(key, {}).items():
        if isinstance(value, tuple):
            table, column = value
            rows = (sandbox.row(table, number) or {} for number in sandbox.ids(table))
            value = next(row[column] for row in rows if row[column])
        given[name] = value
    return given


def test_all_entities_that_have_list_and_get_are_served() -> None:
    unserved = [
        key
        for key in entity_keys()
        for verb, method in spec(key).methods.items()
        if verb in ("list", "get") and method.lower() not in METHODS and not is_modern(key)
    ]
    assert unserved == []


def is_modern(key: str) -> bool:
    """Whether an entity speaks REST 3.0 alone, which has methods of its own."""
    return key in {"event_log", "note_collection", "note_document", "timeman_record"}


@pytest.mark.parametrize("key", SERVED)
async def test_it_is_read_and_written_back_the_same(sandbox: Sandbox, portal: Portal, key: str) -> None:
    model, given = model_of(key), given_of(sandbox, key)
    rows: list[Model] = await model.objects.filter(**given)
    assert rows or key in MAY_BE_EMPTY
    dialect = entity(key).default_dialect
    for row in rows:
        again = type(row).__load__(dialect, [row.to_wire()])[0]
        shown = {name: value for name, value in row.__dict__.items() if name not in given}
        assert {name: value for name, value in again.__dict__.items() if name not in given} == shown
        for name, value in given.items():  # what the method was told of all rows is known of each
            assert getattr(row, name) == value
    assert sandbox.books.crashes == []


@pytest.mark.parametrize("key", WITH_ID)
async def test_it_is_counted_cut_and_got_by_its_id(sandbox: Sandbox, portal: Portal, key: str) -> None:
    model, given = model_of(key), given_of(sandbox, key)
    name = id_of(key)
    found = model.objects.filter(**given)
    rows = await found
    assert await found.count() == len(rows)
    assert [row.__dict__ for row in await found[1:3]] == [row.__dict__ for row in rows[1:3]]
    if not rows:
        assert key in MAY_BE_EMPTY
        return
    last = rows[-1]
    beside = {} if key in ONLY_BY_GET else given
    got = await model.objects.filter(**beside).get(**{name: getattr(last, name)})
    assert {name: getattr(got, name) for name in last.__dict__} == last.__dict__  # a get may show more
    if key != "user_field_config":  # it says that one has no right to it
        with pytest.raises(model.DoesNotExist):
            await model.objects.get(**{name: "no such" if is_code(key) else 10**8}, **beside)


@pytest.mark.parametrize("key", [key for key in WITH_ID if key not in ONLY_BY_GET])
async def test_it_is_found_by_some_of_its_ids_and_sorted_by_them(sandbox: Sandbox, portal: Portal, key: str) -> None:
    model, given = model_of(key), given_of(sandbox, key)
    name = id_of(key)
    ids = [getattr(row, name) for row in await model.objects.filter(**given)]
    for wanted in islice(ids, 2):
        assert [getattr(row, name) for row in await model.objects.filter(**given, **{name: wanted})] == [wanted]
    field = entity(key).by_name[name]
    if field.sortable and spec(key).parameters.get("order", "order") and not is_code(key):
        backwards = [getattr(row, name) for row in await model.objects.filter(**given).order_by(f"-{name}")]
        assert backwards == sorted(ids, reverse=True)
