"""Which writes the portal books, and how it refuses those that it does not apply."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from b24orm.sandbox import Sandbox, Write


def _item(entity_type_id: int = 2, **more: Any) -> dict[str, Any]:
    return {"entityTypeId": entity_type_id, "useOriginalUfNames": "Y", **more}


async def test_each_applied_write_is_booked_in_its_order(small: Sandbox, call: Any) -> None:
    new = (await call(small, "crm.item.add", _item(fields={"title": "x"})))["result"]["item"]["id"]
    await call(small, "crm.item.update", _item(id=new, fields={"title": "y"}))
    await call(small, "crm.item.update", _item(id=new, fields={"title": "y", "nope": 1}))
    await call(small, "CRM.Lead.Add", {"fields": {"TITLE": "z"}})
    await call(small, "crm.item.add", _item(156, fields={}))
    await call(small, "crm.deal.delete", {"id": new})
    await call(small, "crm.item.list", _item())
    lead, repair = small.ids("lead")[-1], small.ids("smart_process_156")[-1]
    assert small.books.writes == [
        Write("crm.item.add", "deal", new, "add"),
        Write("crm.item.update", "deal", new, "update"),
        Write("crm.item.update", "deal", new, "update", changed=False),
        Write("crm.lead.add", "lead", lead, "add"),
        Write("crm.item.add", "smart_process_156", repair, "add"),
        Write("crm.deal.delete", "deal", new, "delete"),
    ]
    assert small.books.applied == {
        ("deal", "add"): 1,
        ("deal", "update"): 2,
        ("deal", "delete"): 1,
        ("lead", "add"): 1,
        ("smart_process_156", "add"): 1,
    }
    small.books.reset()
    assert small.books.writes == []
    assert not small.books.applied


async def test_a_write_whose_answer_is_lost_is_booked_and_one_that_does_not_run_is_not(
    small: Sandbox, call: Any
) -> None:
    small.faults.add("reset_after")
    with pytest.raises(Exception, match=r"disconnected|reset"):
        await call(small, "crm.item.add", _item(fields={}))
    assert small.books.applied == {("deal", "add"): 1}
    small.faults.add("command_error")
    assert (await call(small, "crm.item.add", _item(fields={})))["status"] == 500
    small.insert("deal", title="past REST")
    assert small.books.applied == {("deal", "add"): 1}


async def test_a_denied_method_is_refused_alone_and_in_a_batch_and_does_not_run(small: Sandbox, call: Any) -> None:
    small.denied.add("crm.item.add")
    answer = await call(small, "Crm.Item.Add", _item(fields={}))
    assert (answer["status"], answer["error"]) == (400, "ACCESS_DENIED")
    command = "crm.item.add?entityTypeId=2&fields[title]=x"
    batch = (await call(small, "batch", {"cmd": {"a": command, "b": "scope"}}))["result"]
    assert batch["result_error"]["a"]["error"] == "ACCESS_DENIED"
    assert "b" in batch["result"]
    assert small.books.writes == []
    assert "crm.item.add" not in small.books.methods
    small.denied.clear()
    assert (await call(small, "crm.item.add", _item(fields={})))["status"] == 200


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("crm.item.add", {"entityTypeId": 2}, "100", "Could not find value for parameter {fields}"),
        ("crm.item.add", {"fields": {}}, "100", "Could not find value for parameter {entityTypeId}"),
        ("crm.item.add", {"entityTypeId": 2, "fields": "x"}, "100", "Should be value of type array."),
        ("crm.item.add", {"entityTypeId": 999, "fields": {}}, "NOT_FOUND", "Смарт-процесс не найден"),
        ("crm.item.update", {"entityTypeId": 2, "fields": {}}, "100", "Could not find value for parameter {id}"),
        ("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {}}, "NOT_FOUND", "Элемент не найден"),
        ("crm.item.delete", {"entityTypeId": 2, "id": 1}, "NOT_FOUND", "Элемент не найден"),
        ("crm.item.add", {"entityTypeId": 2, "fields": {"observers": "x"}}, "100", "Expected iterable value"),
        ("crm.deal.add", {"fields": "x"}, "", "Parameter 'fields' must be array."),
        ("crm.deal.update", {"fields": {}}, "", "ID is not defined or invalid."),
        ("crm.deal.update", {"id": 1, "fields": {}}, "", "Not found"),
        ("crm.contact.update", {"id": 1, "fields": {}}, "", "Contact is not found"),
        ("crm.company.update", {"id": 1, "fields": {}}, "", "Company is not found"),
        ("crm.quote.update", {"id": 1, "fields": {}}, "", "Quote is not found"),
        ("crm.lead.delete", {"id": 1}, "", "Not found"),
        ("crm.contact.delete", {"id": 1}, "ERROR_CORE", "Element not found"),
        ("crm.company.delete", {"id": 1}, "", "Company is not found"),
    ],
)
async def test_the_portal_words_its_refusals_as_its_documentation_does(
    small: Sandbox, call: Any, method: str, params: dict[str, Any], code: str, text: str
) -> None:
    answer = await call(small, method, params)
    assert (answer["status"], answer["error"]) == (400, code)
    assert text in answer["error_description"]
    assert small.books.writes == []


@pytest.mark.parametrize(
    ("fields", "title"),
    [({"currencyId": "XXX"}, "Валюта"), ({"categoryId": 99}, ""), ({"contactIds": [-1]}, ""), ({"companyId": -5}, "")],
)
@pytest.mark.parametrize("verb", ["add", "update"])
async def test_values_that_the_portal_does_not_know_are_refused(
    small: Sandbox, call: Any, verb: str, fields: dict[str, Any], title: str
) -> None:
    answer = await call(small, f"crm.item.{verb}", _item(id=small.ids("deal")[0], fields=fields))
    assert answer["error"] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    assert title in answer["error_description"]
    assert small.books.writes == []


async def test_a_stage_of_another_pipeline_is_ignored_unless_the_item_moves_there(small: Sandbox, call: Any) -> None:
    async def change(**fields: Any) -> tuple[int, str]:
        item = (await call(small, "crm.item.update", _item(id=new, fields=fields)))["result"]["item"]
        return item["categoryId"], item["stageId"]

    new = (await call(small, "crm.item.add", _item(fields={"stageId": "C1:WON"})))["result"]["item"]["id"]
    assert await change() == (0, "WON")  # the first stage that means the same
    assert await change(stageId="C1:NEW") == (0, "WON")
    assert small.books.writes[-1].changed is False
    assert await change(categoryId=1) == (1, "C1:WON")
    assert await change(categoryId=4, stageId="C4:LOSE") == (4, "C4:LOSE")
    assert await change(categoryId=0, stageId="nope") == (0, "NEW")


def _command(method: str, pairs: list[tuple[str, str]]) -> str:
    return method + "?" + "&".join(f"{quote(key)}={quote(value)}" for key, value in pairs)


@pytest.mark.parametrize("in_batch", [False, True])
async def test_fields_are_cleared_alike_in_calls_and_in_batches(small: Sandbox, call: Any, in_batch: bool) -> None:
    filled = {
        "comments": "x", "companyId": 3, "contactIds": [4, 5], "observers": [1], "begindate": "2024-01-01",
        "UF_CRM_1700000002": 5, "UF_CRM_1700000004": "Y", "UF_CRM_1700000006": [71], "UF_CRM_1700000009": "300|RUB",
        "UF_CRM_1700000012": ["a.txt", "0YHQvw=="], "UF_CRM_1700000018": ["x"],
    }  # fmt: skip
    item = (await call(small, "crm.item.add", _item(fields=filled)))["result"]["item"]
    assert item["UF_CRM_1700000012"]["id"]
    lists = ("contactIds", "observers", "UF_CRM_1700000006", "UF_CRM_1700000018")
    if in_batch:
        pairs = [("entityTypeId", "2"), ("id", str(item["id"]))]
        pairs += [(f"fields[{name}]{'[]' if name in lists else ''}", "") for name in filled]
        await call(small, "batch", {"cmd": {"a": _command("crm.item.update", [*pairs, ("useOriginalUfNames", "Y")])}})
    else:
        nothing: dict[str, Any] = {name: [] if name in lists else "" for name in filled}
        await call(small, "crm.item.update", _item(id=item["id"], fields=nothing))
    item = (await call(small, "crm.item.get", _item(id=item["id"])))["result"]["item"]
    assert not any(item[name] for name in filled)


async def test_files_are_kept_by_their_ids_replaced_and_dropped(small: Sandbox, call: Any) -> None:
    async def change(**fields: Any) -> Any:
        item = (await call(small, "crm.item.update", _item(id=new, fields=fields)))["result"]["item"]
        one, many = item["UF_CRM_1700000012"], item["UF_CRM_1700000019"]
        return one and one["id"], [file["id"] for file in many]

    sent = {"UF_CRM_1700000012": ["a.txt", "YQ=="], "UF_CRM_1700000019": [["b.txt", "Yg=="], ["c.txt", "Yw=="]]}
    new = (await call(small, "crm.item.add", _item(fields=sent)))["result"]["item"]["id"]
    one, (first, second) = await change()
    assert await change(UF_CRM_1700000012={"id": one}, UF_CRM_1700000019=[{"id": second}]) == (one, [second])
    assert await change(UF_CRM_1700000019=[{"id": first}, {"id": second}]) == (one, [second])  # the first is gone
    assert await change(UF_CRM_1700000012={"id": second}) == (None, [second])
    replaced, (_, added) = await change(
        UF_CRM_1700000012=["d.txt", "ZA=="], UF_CRM_1700000019=[{"id": second}, ["e.txt", "ZQ=="]]
    )
    assert replaced != one
    assert added > second
    assert await change(UF_CRM_1700000012="", UF_CRM_1700000019=[]) == (None, [])


@pytest.mark.parametrize(
    ("sent", "system", "user"),
    [(True, "Y", "Y"), ("true", "Y", "Y"), ("y", "Y", "Y"), ("Y", "Y", "Y"), (1, "N", "N"), ("1", "N", "N"),
     (False, "N", "N"), ("N", "N", "N"), ("", "N", None), (None, "N", None)],
)  # fmt: skip
async def test_modern_methods_take_few_words_for_yes(
    small: Sandbox, call: Any, sent: Any, system: str, user: str | None
) -> None:
    fields = {"opened": sent, "UF_CRM_1700000004": sent}
    item = (await call(small, "crm.item.add", _item(fields=fields)))["result"]["item"]
    assert (item["opened"], item["UF_CRM_1700000004"]) == (system, user)


@pytest.mark.parametrize(
    ("sent", "system", "user"),
    [("Y", "Y", "1"), (1, "Y", "1"), ("1", "Y", "1"), (True, "Y", "1"), ("N", "N", "0"), (0, "N", "0"), ("", "N", "")],
)
async def test_classic_methods_answer_their_booleans_in_two_spellings(
    small: Sandbox, call: Any, sent: Any, system: str, user: str
) -> None:
    new = (await call(small, "crm.deal.add", {"fields": {"OPENED": sent, "UF_CRM_1700000004": sent}}))["result"]
    row = (await call(small, "crm.deal.get", {"id": new}))["result"]
    assert (row["OPENED"], row["UF_CRM_1700000004"]) == (system, user)


async def test_multifields_are_changed_in_batches_as_in_calls(small: Sandbox, call: Any) -> None:
    phones = {"n0": {"typeId": "PHONE", "value": "+7 1"}, "n1": {"typeId": "PHONE", "value": "+7 2"}}
    item = (await call(small, "crm.item.add", _item(3, fields={"name": "А", "fm": phones})))["result"]["item"]
    first, second = (one["id"] for one in item["fm"])
    modern = [("entityTypeId", "3"), ("id", str(item["id"])), (f"fields[fm][{first}][value]", "")]
    modern += [("fields[fm][n0][typeId]", "EMAIL"), ("fields[fm][n0][value]", "a@b.c")]
    classic = [("id", str(item["id"])), ("fields[PHONE][0][ID]", str(second)), ("fields[PHONE][0][DELETE]", "Y")]
    commands = {"a": _command("crm.item.update", modern), "b": _command("crm.contact.update", classic)}
    answer = (await call(small, "batch", {"cmd": commands}))["result"]
    assert answer["result_error"] == []
    item = (await call(small, "crm.item.get", _item(3, id=item["id"])))["result"]["item"]
    assert [(one["typeId"], one["value"]) for one in item["fm"]] == [("EMAIL", "a@b.c")]
    assert (item["hasPhone"], item["hasEmail"]) == ("N", "Y")
    assert [w.verb for w in small.books.writes] == ["add", "update", "update"]


async def test_amounts_of_money_are_kept_as_they_are_written(small: Sandbox, call: Any) -> None:
    fields = {"UF_CRM_1700000009": "300.5|USD", "opportunity": "12,5", "currencyId": "EUR"}
    item = (await call(small, "crm.item.add", _item(fields=fields)))["result"]["item"]
    assert (item["UF_CRM_1700000009"], item["opportunity"], item["currencyId"]) == ("300.5|USD", 12, "EUR")
    row = (await call(small, "crm.deal.get", {"id": item["id"]}))["result"]
    assert (row["UF_CRM_1700000009"], row["OPPORTUNITY"]) == ("300.5|USD", "12.00")
