"""What tells the families of methods apart, where no other test says so: sections 6 to 10 of the behaviour notes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.fields import make_table
from b24orm.sandbox.userfields import UserField

Row = Mapping[str, Any]


def _ids(rows: list[dict[str, Any]], key: str = "ID") -> list[int]:
    return [int(row[key]) for row in rows]


# ------------------------------------------------------------------------------------------------------------- paging


@pytest.mark.parametrize(
    ("method", "params", "path", "key"),
    [
        ("tasks.task.list", {"order": {"ID": "asc"}, "select": ["ID"]}, "tasks", "id"),
        ("crm.item.list", {"entityTypeId": 2, "order": {"id": "ASC"}, "select": ["id"]}, "items", "id"),
        ("crm.stagehistory.list", {"entityTypeId": 2, "order": {"ID": "ASC"}}, "items", "ID"),
        ("userfieldconfig.list", {"moduleId": "crm", "order": {"id": "ASC"}}, "fields", "id"),
    ],
)
async def test_controllers_floor_offsets_find_nothing_past_the_end_and_do_not_count_for_minus_one(
    portal: Sandbox, call: Any, method: str, params: dict[str, Any], path: str, key: str
) -> None:
    async def page(start: int) -> dict[str, Any]:
        answer: dict[str, Any] = await call(portal, method, {**params, "start": start})
        return answer

    first = await page(0)
    rows = first["result"][path]
    assert len(rows) == min(50, first["total"])
    within = await page(75)
    if first["total"] > 50:
        assert first["next"] == 50
        assert (within["result"][path], within["total"]) == ((await page(50))["result"][path], first["total"])
    past = await page(100_000)
    assert (past["result"][path], past["total"], "next" in past) == ([], first["total"], False)
    uncounted = await page(-1)
    assert _ids(uncounted["result"][path], key) == _ids(rows, key)
    assert not {"total", "next"} & set(uncounted)


async def test_users_and_departments_use_an_offset_exactly_and_have_no_total_where_there_is_nothing(
    portal: Sandbox, call: Any
) -> None:
    for method, ids in (("user.get", portal.ids("user")), ("department.get", portal.ids("department"))):
        answer = await call(portal, method, {"start": 3})
        assert _ids(answer["result"])[:3] == ids[3:6]
        assert answer["total"] == len(ids)
        nothing = await call(portal, method, {"start": 10_000})
        assert (nothing["result"], "total" in nothing, "next" in nothing) == ([], False, False)
    uncounted = await call(portal, "user.get", {"start": -1})
    assert _ids(uncounted["result"]) == portal.ids("user")[:50]
    assert not {"total", "next"} & set(uncounted)


async def test_the_children_of_a_folder_are_counted_even_for_minus_one(call: Any) -> None:
    async with Sandbox(deals=3, users=2, limits=Limits.none(), page_size=2, count_cost=0.01) as sandbox:
        root = (await call(sandbox, "disk.storage.get", {"id": 1}))["result"]["ROOT_OBJECT_ID"]
        counted = await call(sandbox, "disk.folder.getchildren", {"id": root})
        assert counted["total"] > 2
        again = await call(sandbox, "disk.folder.getchildren", {"id": root, "start": -1})
        for part in ("result", "total", "next"):
            assert again[part] == counted[part]
        assert again["time"]["duration"] >= 0.01 * counted["total"]  # and pays for it
        assert (await call(sandbox, "disk.storage.getchildren", {"id": 1, "start": -1}))["total"] == counted["total"]


async def test_the_server_reads_start_in_lower_case_only(portal: Sandbox, call: Any) -> None:
    first = await call(portal, "user.get", {"start": 0})
    for method, params in (
        ("user.get", {"START": 3}),
        ("user.get", {"Start": 3}),
    ):
        assert (await call(portal, method, params))["result"] == first["result"]


# ------------------------------------------------------------------------------------------------------------- names


async def test_controllers_heed_the_case_of_parameter_names_and_classic_methods_do_not(
    portal: Sandbox, call: Any
) -> None:
    missing = await call(portal, "crm.item.list", {"ENTITYTYPEID": 2})
    assert missing["error_description"] == "Could not find value for parameter {entityTypeId}"
    ignored = await call(portal, "crm.item.list", {"entityTypeId": 2, "FILTER": {"nope": 1}})
    assert ignored["total"] == 600
    first = portal.ids("deal")[0]
    loud = {"FILTER": {"ID": first}, "Select": ["TITLE"], "ORDER": {"ID": "ASC"}}
    rows = (await call(portal, "crm.deal.list", loud))["result"]
    assert [set(row) for row in rows] == [{"ID", "TITLE"}]


# ------------------------------------------------------------------------------------------------------------ filters


async def test_conditions_on_departments_stand_at_the_top_or_in_filter_and_have_no_prefix(
    portal: Sandbox, call: Any
) -> None:
    async def found(**params: Any) -> list[int]:
        return _ids((await call(portal, "department.get", params))["result"])

    everything = portal.ids("department")
    wanted = everything[2]
    for params in ({"ID": wanted}, {"id": wanted}, {"FILTER": {"ID": wanted}}, {"filter": {"id": [wanted]}}):
        assert await found(**params) == [wanted]
    for params in ({">ID": wanted}, {"FILTER": {"!ID": wanted}}, {"FILTER": {"NOPE": 1}}):
        assert await found(**params) == everything


async def test_prefixes_of_three_characters_name_no_field_of_users(portal: Sandbox, call: Any) -> None:
    everybody = (await call(portal, "user.get"))["total"]
    assert (await call(portal, "user.get", {"FILTER": {"!=%NAME": "x%"}}))["total"] == everybody
    assert (await call(portal, "user.get", {"FILTER": {"!%NAME": "x"}}))["total"] == everybody  # nobody has an x
    rows = (await call(portal, "user.get", {"select": ["NAME"]}))["result"]
    assert set(rows[0]) == {"NAME"}


async def test_words_other_than_or_join_groups_of_items_by_and(portal: Sandbox, items: Any) -> None:
    first, second = portal.ids("deal")[:2]
    both = {"0": {"id": first}, "1": {"id": second}}
    assert await items(portal, {"logic": "OR", **both}) == [first, second]
    assert await items(portal, {"logic": "or", **both}) == [first, second]
    for word in ("AND", "XOR", ""):
        assert await items(portal, {"logic": word, **both}) == []


async def test_like_on_clients_is_equality_in_classic_lists(portal: Sandbox, call: Any) -> None:
    deal = next(row for i in portal.ids("deal") if (row := portal.row("deal", i) or {})["company_id"])
    company = deal["company_id"]
    alike = {i for i in portal.ids("deal") if (portal.row("deal", i) or {})["company_id"] == company}
    answer = await call(portal, "crm.deal.list", {"filter": {"%COMPANY_ID": str(company)}, "select": ["ID"]})
    assert set(_ids(answer["result"])) == {i for i in alike if (portal.row("deal", i) or {})["is_recurring"] == "N"}


async def test_the_status_of_tasks_has_meta_values(small: Sandbox, call: Any) -> None:
    now = small.portal_time

    def insert(title: str, **values: Any) -> int:
        return small.insert("task", title=title, responsible_id=1, **values)

    late = insert("late", deadline=(now.replace(year=now.year - 1)).isoformat(timespec="seconds"))
    unseen = insert("unseen", not_viewed="Y")
    soon = insert("soon")
    small.update("task", soon, deadline=now.replace(microsecond=0).isoformat())
    small.advance(-3600)
    ended = insert("ended", status=5, deadline="2000-01-01T00:00:00+03:00")
    plain = insert("plain")
    mine = {late, unseen, soon, ended, plain}

    async def found(condition: Any) -> set[int]:
        params = {"filter": {">=ID": late, **condition}, "select": ["ID", "STATUS"]}
        tasks = (await call(small, "tasks.task.list", params))["result"]["tasks"]
        wanted = {row["subStatus"] for row in tasks}
        assert len(wanted) <= 1 or condition not in ({"STATUS": -1}, {"STATUS": -2}, {"STATUS": -3})
        return set(_ids(tasks, "id")) & mine

    assert await found({"STATUS": -1}) == {late}
    assert await found({"STATUS": -2}) == {unseen}
    assert await found({"STATUS": -3}) == {soon}
    assert await found({"STATUS": 2}) == {plain}
    assert await found({"REAL_STATUS": 2}) == {late, unseen, soon, plain}
    assert await found({"STATUS": [-1, 5]}) == {late, ended}
    assert await found({"!STATUS": [-1, 5]}) == {unseen, soon, plain}
    assert await found({"<STATUS": 0}) == {late, unseen, soon}


# ------------------------------------------------------------------------------------------------------------ writing


async def test_json_values_come_back_as_php_arrays_however_they_were_sent(
    small: Sandbox, call: Any, http: aiohttp.ClientSession
) -> None:
    owner = small.ids("deal")[0]
    fields = {"OWNER_TYPE_ID": 2, "OWNER_ID": owner, "TYPE_ID": 6, "SUBJECT": "x", "RESPONSIBLE_ID": 1}

    async def settings(new: int) -> Any:
        return (await call(small, "crm.activity.get", {"id": new}))["result"]["SETTINGS"]

    form = {f"fields[{name}]": str(value) for name, value in fields.items()}
    form |= {"fields[SETTINGS][a][0]": "x", "fields[SETTINGS][a][1]": "y", "fields[SETTINGS][b][k]": "z"}
    async with http.post(small.url + "crm.activity.add", data=form) as response:
        new = (await response.json())["result"]
    assert await settings(new) == {"a": ["x", "y"], "b": {"k": "z"}}
    cmd = {"a": f"crm.activity.add?{urlencode(form)}"}
    new = (await call(small, "batch", {"cmd": cmd}))["result"]["result"]["a"]
    assert await settings(new) == {"a": ["x", "y"], "b": {"k": "z"}}
    sent = {**fields, "SETTINGS": {"0": "x", "1": {"empty": {}}}}
    new = (await call(small, "crm.activity.add", {"fields": sent}))["result"]
    assert await settings(new) == ["x", {"empty": []}]


async def test_immutable_fields_of_items_are_dropped_on_update(small: Sandbox, call: Any) -> None:
    described = (await call(small, "crm.item.fields", {"entityTypeId": 2}))["result"]["fields"]
    immutable = [name for name, field in described.items() if field["isImmutable"] and not field["isReadOnly"]]
    deal = small.ids("deal")[0]
    before = (await call(small, "crm.item.get", {"entityTypeId": 2, "id": deal}))["result"]["item"]
    fields = dict.fromkeys(immutable, 7) | {"title": "new"}
    after = (await call(small, "crm.item.update", {"entityTypeId": 2, "id": deal, "fields": fields}))["result"]["item"]
    assert {name: after[name] for name in immutable} == {name: before[name] for name in immutable}
    assert after["title"] == "new"


@pytest.mark.parametrize("word", ["Y", "true", True])
async def test_original_names_of_user_fields_are_asked_for_in_these_words(
    portal: Sandbox, call: Any, word: Any
) -> None:
    params = {"entityTypeId": 2, "useOriginalUfNames": word, "id": portal.ids("deal")[0]}
    item = (await call(portal, "crm.item.get", params))["result"]["item"]
    assert "UF_CRM_1700000001" in item
    params["useOriginalUfNames"] = "N"
    assert "ufCrm_1700000001" in (await call(portal, "crm.item.get", params))["result"]["item"]


async def test_parameters_beside_the_fields_of_a_write_are_accepted(small: Sandbox, call: Any) -> None:
    params = {"REGISTER_SONET_EVENT": "Y", "REGISTER_HISTORY_EVENT": "Y"}
    new = (await call(small, "crm.deal.add", {"fields": {"TITLE": "x"}, "params": params}))["result"]
    answer = await call(small, "crm.deal.update", {"id": new, "fields": {"TITLE": "y"}, "params": params})
    assert answer["result"] is True
    assert (small.row("deal", new) or {})["title"] == "y"


async def test_classic_writes_refuse_unknown_currencies_and_pipelines_with_an_empty_code(
    small: Sandbox, call: Any
) -> None:
    for fields in ({"CURRENCY_ID": "XXX"}, {"CATEGORY_ID": 999}):
        refused = await call(small, "crm.deal.add", {"fields": {"TITLE": "x", **fields}})
        assert (refused["status"], refused["error"]) == (400, "")
        assert refused["error_description"].startswith("Неверное значение поля")


async def test_a_bare_date_with_a_zone_is_the_day_that_the_portal_has_then(small: Sandbox, call: Any) -> None:
    fields = {"UF_CRM_1700000007": "2024-05-01T23:30:00+00:00", "UF_CRM_1700000003": "1.23456"}
    new = (await call(small, "crm.deal.add", {"fields": {"TITLE": "x", **fields}}))["result"]
    row = (await call(small, "crm.deal.get", {"id": new}))["result"]
    assert row["UF_CRM_1700000007"] == "2024-05-02T03:00:00+03:00"
    assert float(row["UF_CRM_1700000003"]) == 1.23  # by the PRECISION of the field


@pytest.mark.parametrize("kind", ["IM", "WEB"])
async def test_messengers_and_sites_are_multifields_like_phones(small: Sandbox, call: Any, kind: str) -> None:
    value = [{"VALUE": "example.test", "VALUE_TYPE": "WORK"}]
    new = (await call(small, "crm.contact.add", {"fields": {"NAME": "x", kind: value}}))["result"]
    got = (await call(small, "crm.contact.get", {"id": new}))["result"][kind]
    assert [(one["VALUE"], one["VALUE_TYPE"], one["TYPE_ID"]) for one in got] == [("example.test", "WORK", kind)]
    answer = await call(small, "crm.contact.list", {"filter": {"ID": new}, "select": ["ID", kind]})
    assert answer["result"] == [{"ID": str(new), kind: got}]
    # Only phones and e-mail addresses can be filtered by; conditions on others are dropped.
    answer = await call(small, "crm.contact.list", {"filter": {kind: "example.test"}})
    assert answer["total"] == len(small.ids("contact"))


def test_user_fields_whose_names_are_alike_in_camel_case_keep_their_own() -> None:
    same = (UserField(1, "UF_CRM_MY_STR", "string", "a"), UserField(2, "UF_CRM_MY__STR", "string", "b"))
    columns = make_table("quote", None, same, ()).by_wire["item_camel"]
    assert {columns["ufCrmMyStr"].title, columns["UF_CRM_MY__STR"].title} == {"a", "b"}


# ---------------------------------------------------------------------------------------------- methods of their own


async def test_duplicates_are_found_by_at_most_20_phones_or_addresses(small: Sandbox, call: Any) -> None:
    async def phone(entity: str, number: str) -> int:
        value = [{"VALUE": number, "VALUE_TYPE": "WORK"}]
        new: int = (await call(small, f"crm.{entity}.add", {"fields": {"TITLE": "x", "PHONE": value}}))["result"]
        return new

    lead, contact = await phone("lead", "+7 (999) 111-22-33"), await phone("contact", "8 999 111 22 33")
    params: dict[str, Any] = {"type": "PHONE", "values": ["79991112233"]}
    assert (await call(small, "crm.duplicate.findbycomm", params))["result"] == {"LEAD": [lead], "CONTACT": [contact]}
    params["entity_type"] = "CONTACT"
    assert (await call(small, "crm.duplicate.findbycomm", params))["result"] == {"CONTACT": [contact]}
    many = [str(number) for number in range(70_000_000_000, 70_000_000_020)]
    assert (await call(small, "crm.duplicate.findbycomm", {**params, "values": [*many, "79991112233"]}))["result"] == []
    for given, sentence in (
        ({"values": ["1"]}, "Communication type is not defined"),
        ({"type": "FAX", "values": ["1"]}, "Communication type 'FAX' is not supported in current context"),
        ({"type": "PHONE", "values": []}, "Communication values is not defined"),
    ):
        refused = await call(small, "crm.duplicate.findbycomm", given)
        assert (refused["status"], refused["error"], refused["error_description"]) == (400, sentence, sentence)


async def test_messages_have_a_cursor_of_their_own_and_pages_of_at_most_50(portal: Sandbox, call: Any) -> None:
    async def get(**params: Any) -> list[int]:
        answer = await call(portal, "im.dialog.messages.get", {"DIALOG_ID": "chat120", **params})
        return _ids(answer["result"]["messages"], "id")

    newest = await get()
    assert len(newest) == 20
    assert newest == sorted(newest, reverse=True)
    assert len(await get(LIMIT=500)) == 50
    older = await get(LAST_ID=newest[-1], LIMIT=50)
    assert max(older) < newest[-1]
    assert await get(FIRST_ID=older[0], LIMIT=20) == newest
    refused = await call(portal, "im.dialog.messages.get", {"DIALOG_ID": "chat120", "LAST_ID": "x"})
    assert refused["error"] == "LAST_ID_STRING"


async def test_a_profile_needs_no_scope_and_says_who_and_where_one_is(portal: Sandbox, call: Any) -> None:
    profile = (await call(portal, "profile"))["result"]
    photo = {"PERSONAL_PHOTO"} if (portal.row("user", 1) or {})["personal_photo"] else set[str]()
    names = {"ID", "ADMIN", "NAME", "LAST_NAME", "PERSONAL_GENDER", "TIME_ZONE", "TIME_ZONE_OFFSET"}
    assert set(profile) == names | photo
    assert profile["ADMIN"] is True


async def test_method_names_are_looked_up_in_any_case(portal: Sandbox, call: Any) -> None:
    for name in ("crm.item.batchImport", "CRM.DEAL.LIST"):
        assert (await call(portal, "method.get", {"name": name}))["result"]["isExisting"] is True
    assert json.dumps((await call(portal, "method.get"))["result"]) == '{"isExisting": false, "isAvailable": false}'
