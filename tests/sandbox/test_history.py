"""``crm.stagehistory.list``: sections 6, 7 and 10 of the behaviour notes."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox


async def _history(call: Any, portal: Sandbox, entity_type_id: int, **more: Any) -> list[dict[str, Any]]:
    answer = await call(
        portal, "crm.stagehistory.list", {"entityTypeId": entity_type_id, "order": {"ID": "ASC"}, **more}
    )
    assert answer["status"] == 200, answer
    items: list[dict[str, Any]] = answer["result"]["items"]
    return items


async def test_history_knows_the_making_intermediate_and_final_stages_and_pipelines_of_a_deal(
    small: Sandbox, call: Any
) -> None:
    async def update(**fields: Any) -> None:
        await call(small, "crm.item.update", {"entityTypeId": 2, "id": deal, "fields": fields})

    made = await call(small, "crm.item.add", {"entityTypeId": 2, "fields": {"title": "x"}})
    deal = made["result"]["item"]["id"]
    await update(stageId="PREPARATION")
    await update(title="y")  # no move
    await update(stageId="PREPARATION")  # neither
    await update(categoryId=1)
    await update(stageId="C1:WON")
    rows = await _history(call, small, 2, filter={"OWNER_ID": deal})
    assert [(row["TYPE_ID"], row["CATEGORY_ID"], row["STAGE_ID"], row["STAGE_SEMANTIC_ID"]) for row in rows] == [
        (1, 0, "NEW", "P"),
        (2, 0, "PREPARATION", "P"),
        (5, 1, "C1:NEW", "P"),
        (3, 1, "C1:WON", "S"),
    ]
    assert {type(row["ID"]) for row in rows} == {int}
    assert set(rows[0]) == {
        *("ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME", "CATEGORY_ID", "STAGE_ID", "STAGE_SEMANTIC_ID"),
    }
    await call(small, "crm.item.delete", {"entityTypeId": 2, "id": deal})
    assert await _history(call, small, 2, filter={"OWNER_ID": deal}) == []


async def test_leads_answer_statuses(small: Sandbox, call: Any) -> None:
    lead = (await call(small, "crm.lead.add", {"fields": {"TITLE": "x"}}))["result"]
    await call(small, "crm.lead.update", {"id": lead, "fields": {"STATUS_ID": "JUNK"}})
    rows = await _history(call, small, 1, filter={"=OWNER_ID": lead})
    assert [(row["TYPE_ID"], row["STATUS_ID"], row["STATUS_SEMANTIC_ID"]) for row in rows] == [
        (1, "NEW", "P"),
        (3, "JUNK", "F"),
    ]
    assert not {"STAGE_ID", "CATEGORY_ID"} & set(rows[0])


async def test_what_was_there_from_the_start_has_a_past(portal: Sandbox, call: Any) -> None:
    deals = {i: portal.row("deal", i) or {} for i in portal.ids("deal")}
    rows = list[dict[str, Any]]()
    while True:
        page = await _history(call, portal, 2, filter={">ID": rows[-1]["ID"] if rows else 0}, start=-1)
        rows += page
        if len(page) < 50:
            break
    assert {row["OWNER_ID"] for row in rows} == set(deals)
    last = {row["OWNER_ID"]: row["STAGE_ID"] for row in rows}
    assert last == {i: deal["stage_id"] for i, deal in deals.items()}
    assert [row["CREATED_TIME"] for row in rows] == sorted(row["CREATED_TIME"] for row in rows)
    for entity_type_id, key in ((1, "lead"), (31, "smart_invoice"), (156, "smart_process_156")):
        found = await call(portal, "crm.stagehistory.list", {"entityTypeId": entity_type_id})
        assert found["total"] >= len(portal.ids(key))


async def test_a_move_before_anybody_asked_comes_after_the_past(small: Sandbox, call: Any) -> None:
    deal = next(i for i in small.ids("deal") if (small.row("deal", i) or {})["stage_id"] == "NEW")
    await call(small, "crm.deal.update", {"id": deal, "fields": {"STAGE_ID": "LOSE"}})
    rows = await _history(call, small, 2, filter={"OWNER_ID": deal})
    assert [row["STAGE_ID"] for row in rows] == ["NEW", "LOSE"]
    other = next(i for i in small.ids("deal") if i != deal)
    await call(small, "crm.deal.delete", {"id": other})
    assert await _history(call, small, 2, filter={"OWNER_ID": other}) == []


async def test_history_is_filtered_and_ordered_as_items_are_in_capitals(portal: Sandbox, call: Any) -> None:
    rows = await _history(call, portal, 2, select=["ID", "TYPE_ID"], filter={"@TYPE_ID": [1, 3]})
    assert set(rows[0]) == {"ID", "TYPE_ID"}
    for params, text in (
        ({"filter": {"NOPE": 1}}, "Invalid filter: field 'NOPE' is not allowed in filter"),
        ({"filter": {"id": 1}}, "Invalid filter: field 'id' is not allowed in filter"),
        ({"filter": {"STATUS_ID": "NEW"}}, "Invalid filter: field 'STATUS_ID' is not allowed in filter"),
        ({"order": {"NOPE": "ASC"}}, "Invalid order: field 'NOPE' is not allowed in order"),
    ):
        refused = await call(portal, "crm.stagehistory.list", {"entityTypeId": 2, **params})
        assert (refused["status"], refused["error"]) == (400, "INVALID_ARG_VALUE")
        assert refused["error_description"] == text


@pytest.mark.parametrize("entity_type_id", [3, 4, 7, 999])
async def test_what_has_no_stages_has_no_history(portal: Sandbox, call: Any, entity_type_id: int) -> None:
    refused = await call(portal, "crm.stagehistory.list", {"entityTypeId": entity_type_id})
    assert refused["error"] == "ENTITY_TYPE_NOT_SUPPORTED"
    assert refused["error_description"] == f"Entity type `{entity_type_id}` is not supported"


async def test_a_copy_has_the_history_of_its_source(call: Any) -> None:
    async with Sandbox(deals=3, limits=Limits.none()) as source:
        new = source.insert("deal", title="x")
        async with source.copy() as twin:
            assert [row["TYPE_ID"] for row in await _history(call, twin, 2, filter={"OWNER_ID": new})] == [1]
