"""Tables that nobody has asked for are neither made nor filled: most tests need few of the portal's entities."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox import Sandbox
from b24orm.sandbox.caller import scope_of
from b24orm.sandbox.fields import TABLE_KEYS
from b24orm.sandbox.methods import METHODS


def tables(portal: Sandbox) -> set[str]:
    """The tables that there are."""
    found = portal._state.store.run("SELECT name FROM sqlite_master WHERE type = 'table'", [])
    return {name for (name,) in found} & set(TABLE_KEYS)


async def test_a_portal_starts_with_the_tables_that_it_fills_at_once(small: Sandbox, call: Any) -> None:
    assert tables(small) == {
        *("status", "category", "user", "company", "contact", "lead", "deal", "quote", "smart_invoice", "crm_type"),
        *("smart_process_156", "smart_process_1038"),
    }
    await call(small, "catalog.price.list")
    assert "catalog_price" in tables(small)
    assert "catalog_product" not in tables(small)


def test_the_same_seed_makes_the_same_rows_in_whatever_order_they_are_asked_for() -> None:
    rows: list[dict[str, Any]] = []
    for keys in (TABLE_KEYS, TABLE_KEYS[::-1]):
        with Sandbox(deals=12, seed=4) as portal:
            rows.append({key: [portal.row(key, one) for one in portal.ids(key)] for key in keys})
    assert rows[0] == rows[1]
    assert all(rows[0][key] for key in ("catalog_product", "sale_order", "list_element", "task_comment", "bank_detail"))


def test_rows_refer_to_rows_that_there_are() -> None:
    references = [
        ("bank_detail", "entity_id", "requisite"),
        ("requisite", "preset_id", "requisite_preset"),
        ("catalog_price", "catalog_group_id", "catalog_price_type"),
        ("catalog_product", "iblock_section_id", "catalog_section"),
        ("catalog_product", "measure", "catalog_measure"),
        ("catalog_store_product", "product_id", "catalog_product"),
        ("catalog_document_element", "doc_id", "catalog_document"),
        ("sale_basket_item", "order_id", "sale_order"),
        ("sale_basket_item", "product_id", "catalog_product"),
        ("sale_order", "person_type_id", "sale_person_type"),
        ("task_comment", "task_id", "task"),
        ("task_elapsed_time", "user_id", "user"),
        ("task_checklist_item", "task_id", "task"),
        ("list_element", "iblock_id", "universal_list"),
        ("call_statistic", "portal_user_id", "user"),
        ("workflow_instance", "template_id", "workflow_template"),
        ("product_row", "product_id", "catalog_product"),
    ]
    with Sandbox(deals=40, seed=2) as portal:
        for key, column, other in references:
            named = {(portal.row(key, one) or {})[column] for one in portal.ids(key)} - {None, 0}
            assert named, key
            assert named <= set(portal.ids(other)), (key, column)


@pytest.mark.parametrize("tasks", [0, 1])
def test_a_portal_without_tasks_and_deals_has_none_of_what_they_have(tasks: int) -> None:
    with Sandbox(deals=0, tasks=tasks) as portal:
        assert bool(portal.ids("task_comment")) == bool(tasks)
        assert portal.ids("bank_detail") == portal.ids("requisite_link") == portal.ids("workflow_instance") == []
        assert portal.ids("catalog_product")


async def test_every_method_has_a_scope_that_the_portal_offers(small: Sandbox, call: Any) -> None:
    offered = set((await call(small, "scope"))["result"])
    needed = {method: scope_of(method) for method in METHODS}
    assert {method: scope for method, scope in needed.items() if scope and not scope & offered} == {}
    assert needed["voximplant.statistic.get"] == {"telephony"}
    assert needed["socialnetwork.api.workgroup.list"] == {"sonet_group", "socialnetwork"}
    assert needed["task.commentitem.getlist"] == {"task"}
    assert needed["catalog.price.list"] == {"catalog"}
