"""``crm.item.import`` and ``crm.item.batchImport``: section 10 of the behaviour notes."""

from __future__ import annotations

from typing import Any

import aiohttp

from b24orm.sandbox import Sandbox
from b24orm.sandbox.books import Write

LIFE = {
    "createdTime": "2024-01-10T10:00:00+03:00",
    "updatedTime": "2024-02-10T10:00:00+03:00",
    "movedTime": "2024-02-11T10:00:00+03:00",
}


async def test_an_import_answers_the_id_and_keeps_the_life_of_the_item(small: Sandbox, call: Any) -> None:
    second = small.ids("user")[1]
    fields = {"title": "Old", "createdBy": second, "updatedBy": second, "movedBy": second, "id": 5, **LIFE}
    answer = await call(small, "crm.item.import", {"entityTypeId": 2, "fields": fields})
    new = answer["result"]["item"].pop("id")
    assert answer["result"] == {"item": {}}
    assert new != 5
    item = (await call(small, "crm.item.get", {"entityTypeId": 2, "id": new}))["result"]["item"]
    assert {name: item[name] for name in fields if name != "id"} == {k: v for k, v in fields.items() if k != "id"}


async def test_a_batch_import_answers_an_id_or_an_error_for_each_row(small: Sandbox, call: Any) -> None:
    data = [{"title": "a"}, {"title": "b", "currencyId": "XXX"}, {"title": "c", "ufCrm_1700000018": ["x"]}]
    answer = await call(small, "crm.item.batchImport", {"entityTypeId": 2, "data": data})
    first, wrong, last = answer["result"]["items"]
    assert wrong["error"] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    assert small.books.writes == [
        Write("crm.item.batchimport", "deal", first["item"]["id"], "add"),
        Write("crm.item.batchimport", "deal", last["item"]["id"], "add"),
    ]
    assert set(first) == set(last) == {"item"}
    assert (small.row("deal", last["item"]["id"]) or {})["uf_crm_1700000018"] == '["x"]'


async def test_a_batch_import_takes_20_rows_and_no_more(small: Sandbox, call: Any) -> None:
    async def send(rows: int) -> dict[str, Any]:
        data = [{"title": str(n)} for n in range(rows)]
        answer: dict[str, Any] = await call(small, "crm.item.batchImport", {"entityTypeId": 2, "data": data})
        return answer

    assert len((await send(20))["result"]["items"]) == 20
    refused = await send(21)
    assert (refused["status"], refused["error"]) == (400, "MAX_IMPORT_BATCH_SIZE_EXCEEDED")
    assert refused["error_description"] == "You cannot import more than 20 items"
    assert small.books.applied["deal", "add"] == 20
    missing = await call(small, "crm.item.batchImport", {"entityTypeId": 2})
    assert missing["error_description"] == "Could not find value for parameter {data}"


async def test_only_an_administrator_may_say_when_an_item_was_made(small: Sandbox, http: aiohttp.ClientSession) -> None:
    url = small.webhook(user=small.ids("user")[1])
    data = [{"title": "a", "createdTime": LIFE["createdTime"]}, {"title": "b"}]
    async with http.post(url + "crm.item.batchImport", json={"entityTypeId": 2, "data": data}) as response:
        items = (await response.json())["result"]["items"]
    assert items[0]["error"] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    assert "item" in items[1]


async def test_an_ordinary_add_makes_up_the_life_of_an_item(small: Sandbox, call: Any) -> None:
    answer = await call(small, "crm.item.add", {"entityTypeId": 2, "fields": {"title": "x", **LIFE}})
    assert not set(LIFE.values()) & {answer["result"]["item"][name] for name in LIFE}
