"""Every entity that the embedded portal has, read from it over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

import b24orm
from b24orm import Portal
from b24orm.model import Model
from b24orm.sandbox import Sandbox
from b24orm.schema import entity

# What a query has to say of each.
SERVED: dict[str, dict[str, Any]] = {
    "category": {"entity_type_id": 2},
    "chat_message": {"dialog_id": "chat1"},
    "company": {},
    "company_user_field": {},
    "contact": {},
    "contact_user_field": {},
    "crm_type": {},
    "deal": {},
    "deal_user_field": {},
    "lead": {},
    "lead_user_field": {},
    "quote": {},
    "quote_user_field": {},
    "smart_invoice": {},
    "smart_process_item": {"entity_type_id": 156},
    "status": {"entity_id": "SOURCE"},
    "user": {},
    "user_field_config": {"module_id": "crm"},
}


def model_of(key: str) -> Any:
    return getattr(b24orm, entity(key).name)


@pytest.mark.parametrize("key", SERVED)
async def test_it_is_read_and_written_back_the_same(sandbox: Sandbox, portal: Portal, key: str) -> None:
    model, given = model_of(key), SERVED[key]
    rows: list[Model] = await model.objects.filter(**given)
    assert rows
    dialect = entity(key).default_dialect
    for row in rows:
        again = type(row).__load__(dialect, [row.to_wire()])[0]
        shown = {name: value for name, value in row.__dict__.items() if name not in given}
        assert {name: value for name, value in again.__dict__.items() if name not in given} == shown
        for name, value in given.items():  # what the method was told of all rows is known of each
            assert getattr(row, name) == value
    assert sandbox.books.crashes == []


@pytest.mark.parametrize("key", sorted(SERVED.keys() - {"chat_message"}))
async def test_it_is_counted_cut_and_got_by_its_id(portal: Portal, key: str) -> None:
    model, given = model_of(key), SERVED[key]
    found = model.objects.filter(**given)
    rows = await found
    assert await found.count() == len(rows)
    assert [row.id for row in await found[1:3]] == [row.id for row in rows[1:3]]
    last = await found.last()
    assert last is not None
    got = await model.objects.filter(**given).get(id=last.id)
    assert {name: getattr(got, name) for name in last.__dict__} == last.__dict__  # a get may show more
    assert await found.values_list("id") == [(row.id,) for row in rows]
    if key != "user_field_config":  # it says that one has no right to it
        with pytest.raises(model.DoesNotExist):
            await model.objects.get(id=10**8, **given)
