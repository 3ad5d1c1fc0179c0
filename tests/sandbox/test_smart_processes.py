"""The two smart processes of the portal, and what its methods say about them and about user fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from b24orm.errors import ConfigurationError
from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

REPAIRS, EQUIPMENT = "smart_process_156", "smart_process_1038"
Row = Mapping[str, Any]
PROCESSES = [(156, REPAIRS), (1038, EQUIPMENT)]


@pytest.fixture(scope="module")
def portal() -> Iterator[Sandbox]:
    """120 items of each process. Tests may not change it."""
    with Sandbox(deals=60, smart_items=120, seed=11, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


async def _result(call: Any, sandbox: Sandbox, method: str, **params: Any) -> Any:
    answer = await call(sandbox, method, params)
    assert "result" in answer, answer
    return answer["result"]


async def _fields(call: Any, sandbox: Sandbox, type_id: int, **more: Any) -> dict[str, dict[str, Any]]:
    described: dict[str, dict[str, Any]] = (
        await _result(call, sandbox, "crm.item.fields", entityTypeId=type_id, **more)
    )["fields"]
    return described


# -------------------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize("key", [REPAIRS, EQUIPMENT])
def test_a_process_has_forty_items_whatever_the_deals_are_unless_told_otherwise(key: str, portal: Sandbox) -> None:
    with Sandbox(deals=3) as sandbox, Sandbox(deals=3, smart_items=0) as empty:
        assert len(sandbox.ids(key)) == 40
        assert empty.ids(key) == []
    assert len(portal.ids(key)) == 120


def test_the_same_seed_gives_the_same_items() -> None:
    def contents(seed: int) -> list[Any]:
        with Sandbox(deals=10, seed=seed) as sandbox:
            return [sandbox.row(key, row_id) for _, key in PROCESSES for row_id in sandbox.ids(key)]

    assert contents(5) == contents(5)
    assert contents(5) != contents(6)


def test_a_large_process_is_made_with_indexes_and_a_portal_without_clients_is_made_too() -> None:
    with Sandbox(deals=0, contacts=0, companies=0, smart_items=600) as sandbox:
        rows = [sandbox.row(REPAIRS, row_id) or {} for row_id in sandbox.ids(REPAIRS)]
        assert len(rows) == 600
        assert {(row["contact_id"], row["company_id"], row["parent_id_2"]) for row in rows} == {(None, None, None)}


@pytest.mark.parametrize("key", [REPAIRS, EQUIPMENT])
def test_every_user_field_is_filled_in_some_items(portal: Sandbox, key: str) -> None:
    rows = [portal.row(key, row_id) or {} for row_id in portal.ids(key)]
    user_fields = [name for name in rows[0] if name.startswith("uf_crm_")]
    assert len(user_fields) >= 8
    assert all(any(row[name] not in (None, "[]") for row in rows) for name in user_fields)


def test_some_items_belong_to_deals_that_exist(portal: Sandbox) -> None:
    parents = {(portal.row(REPAIRS, row_id) or {})["parent_id_2"] for row_id in portal.ids(REPAIRS)}
    assert None in parents
    assert len(parents) > 10
    assert parents - {None} <= set(portal.ids("deal"))


@pytest.mark.parametrize("key", [REPAIRS, EQUIPMENT])
def test_helpers_change_items_past_the_methods(key: str) -> None:
    with Sandbox(deals=3) as sandbox:
        new = sandbox.insert(key, title="x", opened=False)
        row = sandbox.row(key, new) or {}
        assert (row["title"], row["opened"], row["assigned_by_id"]) == ("x", "N", 1)
        assert sandbox.update(key, new, title="y")
        assert (sandbox.row(key, new) or {})["title"] == "y"
        assert sandbox.remove(key, new)
        assert new not in sandbox.ids(key)
        with pytest.raises(ConfigurationError, match="no field 'nope'"):
            sandbox.insert(key, nope=1)
        with pytest.raises(ConfigurationError, match="smart_process_156, smart_process_1038"):
            sandbox.ids("smart_process_128")


# ------------------------------------------------------------------------------------------------- crm.item.*


@pytest.mark.parametrize(("type_id", "key"), PROCESSES)
async def test_items_come_in_pages_with_a_total(portal: Sandbox, call: Any, type_id: int, key: str) -> None:
    params = {"entityTypeId": type_id, "order": {"id": "ASC"}, "start": 50}
    answer = await call(portal, "crm.item.list", params)
    assert [row["id"] for row in answer["result"]["items"]] == portal.ids(key)[50:100]
    assert (answer["total"], answer["next"]) == (120, 100)
    assert {row["entityTypeId"] for row in answer["result"]["items"]} == {type_id}


@pytest.mark.parametrize(("type_id", "key"), PROCESSES)
async def test_a_listed_item_is_the_item_that_a_get_answers(portal: Sandbox, call: Any, type_id: int, key: str) -> None:
    rows = (await _result(call, portal, "crm.item.list", entityTypeId=type_id, order={"id": "DESC"}))["items"]
    assert rows[0]["id"] == portal.ids(key)[-1]
    got = await _result(call, portal, "crm.item.get", entityTypeId=type_id, id=rows[0]["id"])
    assert got == {"item": rows[0]}


CASES: list[tuple[Any, Callable[[Row], bool]]] = [
    ({"=stageId": "DT156_11:NEW"}, lambda r: r["stage_id"] == "DT156_11:NEW"),
    ({"categoryId": 13}, lambda r: r["category_id"] == 13),
    ({"!=parentId2": None}, lambda r: r["parent_id_2"] is not None),
    ({"@UF_CRM_7_1760000002": [111, 113]}, lambda r: r["uf_crm_7_1760000002"] in (111, 113)),
    ({"=UF_CRM_7_1760000005": 1}, lambda r: r["uf_crm_7_1760000005"] == 1),
    ({"%UF_CRM_7_1760000007": "шум"}, lambda r: "шум" in r["uf_crm_7_1760000007"]),
    ({">=UF_CRM_7_1760000003": "2023-01-01"}, lambda r: (r["uf_crm_7_1760000003"] or "") >= "2023"),
    ({"logic": "OR", "0": {"=id": 1}, "1": {"%title": "КАССА"}}, lambda r: r["id"] == 1 or "Касса" in r["title"]),
]


@pytest.mark.parametrize(("condition", "fits"), CASES, ids=[next(iter(condition)) for condition, _ in CASES])
async def test_items_are_filtered_as_deals_are(
    portal: Sandbox, items: Any, condition: Any, fits: Callable[[Row], bool]
) -> None:
    rows = [portal.row(REPAIRS, row_id) or {} for row_id in portal.ids(REPAIRS)]
    wanted = [row["id"] for row in rows if fits(row)]
    assert wanted
    assert await items(portal, condition, entity_type_id=156) == wanted


async def test_a_field_that_a_process_has_not_is_refused_in_a_filter(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "crm.item.list", {"entityTypeId": 1038, "filter": {"companyId": 1}})
    assert answer["error"] == "INVALID_ARG_VALUE"
    assert answer["error_description"] == "Invalid filter: field 'companyId' is not allowed in filter"


async def test_user_fields_are_camel_case_unless_their_original_names_are_asked_for(portal: Sandbox, call: Any) -> None:
    async def names(**more: Any) -> set[str]:
        rows = (await _result(call, portal, "crm.item.list", entityTypeId=156, **more))["items"]
        return {name for name in rows[0] if name.lower().startswith("uf")}

    camel, original = await names(), await names(useOriginalUfNames="Y")
    assert {f"UF_CRM_7_{name.removeprefix('ufCrm7_')}" for name in camel} == original
    assert "UF_CRM_7_1760000001" in original
    assert await names(useOriginalUfNames="Y", select=["id", "UF_*"]) == original


async def test_items_have_only_what_their_process_switched_on(portal: Sandbox, call: Any) -> None:
    async def keys(type_id: int) -> set[str]:
        return set((await _result(call, portal, "crm.item.list", entityTypeId=type_id))["items"][0])

    optional = {"companyId", "contactId", "contactIds", "observers", "begindate", "opportunity", "sourceId"}
    assert optional <= await keys(156)
    assert not optional & await keys(1038)
    assert {"stageId", "categoryId", "movedTime"} <= await keys(156) & await keys(1038)
    assert "mycompanyId" not in await keys(156)
    assert "parentId2" in await keys(156) - await keys(1038)


async def test_values_of_items_are_typed_as_those_of_deals(portal: Sandbox, call: Any) -> None:
    rows = (await _result(call, portal, "crm.item.list", entityTypeId=156, useOriginalUfNames="Y"))["items"]

    def filled(number: int) -> list[Any]:
        name = f"UF_CRM_7_17600000{number:02}"
        return [row[name] for row in rows if row[name] not in (None, [])]

    assert all(isinstance(value, int) for value in filled(2) + filled(6) + filled(13))
    assert all(value.endswith("T03:00:00+03:00") for value in filled(3))
    assert all("|" in value for value in filled(4))
    assert set(filled(5)) == {"Y", "N"}
    assert all(isinstance(value, list) for value in filled(7) + filled(8))


async def test_a_new_item_gets_the_defaults_of_its_process(call: Any) -> None:
    async with Sandbox(deals=20, limits=Limits.none()) as sandbox:
        today = sandbox.portal_time.date()
        item = (await _result(call, sandbox, "crm.item.add", entityTypeId=156, fields={}))["item"]
        assert item["id"] == sandbox.ids(REPAIRS)[-1]
        assert item["title"] == f"Заявки на ремонт #{item['id']}"
        assert (item["categoryId"], item["stageId"]) == (11, "DT156_11:NEW")
        assert item["begindate"][:10] == today.isoformat()
        assert item["closedate"][:10] == (today + timedelta(days=7)).isoformat()
        assert (item["assignedById"], item["opened"], item["parentId2"], item["observers"]) == (1, "Y", None, [])
        other = (await _result(call, sandbox, "crm.item.add", entityTypeId=1038, fields={"title": "x"}))["item"]
        assert (other["categoryId"], other["stageId"]) == (37, "DT1038_37:NEW")


async def test_a_new_item_of_another_pipeline_begins_at_its_first_stage(call: Any) -> None:
    async with Sandbox(deals=3, limits=Limits.none()) as sandbox:
        for given, pipeline in (({"categoryId": 13}, 13), ({"categoryId": None}, 11)):
            item = (await _result(call, sandbox, "crm.item.add", entityTypeId=156, fields=given))["item"]
            assert (item["categoryId"], item["stageId"]) == (pipeline, f"DT156_{pipeline}:NEW")


async def test_items_are_written_by_all_their_fields_and_the_type_stays(call: Any) -> None:
    async with Sandbox(deals=20, limits=Limits.none()) as sandbox:
        deal, contact = sandbox.ids("deal")[0], sandbox.ids("contact")[0]
        fields = {
            "title": "Касса",
            "entityTypeId": 2,
            "parentId2": str(deal),
            "contactIds": [contact],
            "observers": [1],
            "closedate": "2030-05-01",
            "UF_CRM_7_1760000002": "112",
            "UF_CRM_7_1760000004": "10|RUB",
            "UF_CRM_7_1760000005": "Y",
            "UF_CRM_7_1760000007": ["a", "b"],
            "UF_CRM_9_1760000001": "of the other process",
        }
        params = {"entityTypeId": 156, "useOriginalUfNames": "Y", "fields": fields}
        item = (await _result(call, sandbox, "crm.item.add", **params))["item"]
        assert (item["entityTypeId"], item["parentId2"], item["contactId"]) == (156, deal, contact)
        assert (item["UF_CRM_7_1760000002"], item["UF_CRM_7_1760000004"]) == (112, "10|RUB")
        assert (item["UF_CRM_7_1760000005"], item["UF_CRM_7_1760000007"]) == ("Y", ["a", "b"])
        assert item["closedate"] == "2030-05-01T03:00:00+03:00"
        params |= {"id": item["id"], "fields": {"stageId": "DT156_11:CLIENT", "parentId2": ""}}
        moved = (await _result(call, sandbox, "crm.item.update", **params))["item"]
        assert (moved["stageId"], moved["previousStageId"]) == ("DT156_11:CLIENT", "DT156_11:NEW")
        assert moved["parentId2"] is None
        assert await _result(call, sandbox, "crm.item.delete", entityTypeId=156, id=item["id"]) == []
        assert item["id"] not in sandbox.ids(REPAIRS)
        assert sandbox.books.crashes == []


@pytest.mark.parametrize("method", ["list", "get", "fields", "add", "update", "delete"])
async def test_an_unknown_type_is_not_found(portal: Sandbox, call: Any, method: str) -> None:
    for unknown in (7, 155, "many"):  # 7 is what a quote has, and the id of a smart process, which is another number
        answer = await call(portal, f"crm.item.{method}", {"entityTypeId": unknown, "id": 10**9, "fields": {}})
        if unknown == 7 and method in {"list", "fields", "add"}:
            assert "result" in answer
        else:
            assert (answer["status"], answer["error"]) == (400, "NOT_FOUND")


# ------------------------------------------------------------------------------------------- what methods describe


async def test_fields_of_a_process_have_the_shape_of_the_vendors_sample(portal: Sandbox, call: Any) -> None:
    fields = await _fields(call, portal, 156)
    assert fields["movedTime"] == {
        "type": "datetime",
        "isRequired": False,
        "isReadOnly": True,
        "isImmutable": False,
        "isMultiple": False,
        "isDynamic": False,
        "title": "Дата изменения стадии",
        "upperName": "MOVED_TIME",
    }
    assert fields["createdTime"]["upperName"] == "CREATED_TIME"
    assert fields["opened"]["isRequired"] is True
    assert fields["contactId"]["isDeprecated"] is True
    assert fields["contactIds"]["isMultiple"] is True
    assert fields["companyId"]["settings"] == {"parentEntityTypeId": 4}


async def test_the_stage_says_which_dictionary_its_default_pipeline_has(portal: Sandbox, call: Any) -> None:
    for type_id, dictionary in ((156, "DYNAMIC_156_STAGE_11"), (1038, "DYNAMIC_1038_STAGE_37")):
        fields = await _fields(call, portal, type_id)
        assert fields["stageId"]["statusType"] == fields["previousStageId"]["statusType"] == dictionary
    assert (await _fields(call, portal, 31))["stageId"]["statusType"] == "SMART_INVOICE_STAGE_2"
    assert (await _fields(call, portal, 156))["sourceId"]["statusType"] == "SOURCE"


async def test_a_parent_is_described_as_a_binding_to_its_type(portal: Sandbox, call: Any) -> None:
    parent = (await _fields(call, portal, 156))["parentId2"]
    assert (parent["type"], parent["title"], parent["isDynamic"]) == ("crm_entity", "Сделка", False)
    assert (parent["settings"], parent["upperName"]) == ({"parentEntityTypeId": 2}, "PARENT_ID_2")


async def test_user_fields_are_described_with_type_labels_items_and_their_original_name(
    portal: Sandbox, call: Any
) -> None:
    fields = await _fields(call, portal, 156)
    priority = fields["ufCrm7_1760000002"]
    assert (priority["type"], priority["isDynamic"], priority["isMultiple"]) == ("enumeration", True, False)
    assert priority["items"] == [
        {"ID": "111", "VALUE": "Низкий"},
        {"ID": "112", "VALUE": "Обычный"},
        {"ID": "113", "VALUE": "Срочный"},
    ]
    labels = [priority[name] for name in ("title", "listLabel", "formLabel", "filterLabel")]
    assert labels == ["Приоритет"] * 4
    assert priority["settings"]["DISPLAY"] == "LIST"
    assert priority["upperName"] == "UF_CRM_7_1760000002"
    assert (await _fields(call, portal, 156, useOriginalUfNames="Y"))["UF_CRM_7_1760000002"] == priority
    assert fields["ufCrm7_1760000006"]["settings"] == []  # nothing, as PHP writes it


async def test_user_fields_are_of_many_types_and_two_have_the_same_label(portal: Sandbox, call: Any) -> None:
    async def own(type_id: int) -> list[dict[str, Any]]:
        return [field for field in (await _fields(call, portal, type_id)).values() if field["isDynamic"]]

    repairs, equipment = await own(156), await own(1038)
    wanted = {"string", "enumeration", "date", "money", "boolean", "employee"}
    assert wanted <= {field["type"] for field in repairs} & {field["type"] for field in equipment}
    assert {"string", "enumeration"} == {field["type"] for field in repairs if field["isMultiple"]}
    labels = [field["formLabel"] for field in repairs]
    assert [label for label in labels if labels.count(label) > 1] == ["Примечание", "Примечание"]
    assert any(label.isascii() for label in labels)


async def test_fields_of_a_process_leave_out_what_the_vendors_sample_leaves_out(portal: Sandbox, call: Any) -> None:
    row = (await _result(call, portal, "crm.item.list", entityTypeId=156))["items"][0]
    fields = await _fields(call, portal, 156)
    assert set(fields) - set(row) == {"contacts"}
    assert {"entityTypeId", "utmSource", "accountCurrencyId"} <= set(row) - set(fields)
    assert not [name for name in set(row) - set(fields) if name.startswith(("uf", "parentId", "stage"))]


@pytest.mark.parametrize("type_id", [1, 2, 3, 4, 7, 31])
async def test_user_fields_of_other_entities_tell_a_generator_everything(
    portal: Sandbox, call: Any, type_id: int
) -> None:
    fields = {name: field for name, field in (await _fields(call, portal, type_id)).items() if field["isDynamic"]}
    assert fields
    for name, field in fields.items():
        assert name.startswith("ufCrm")
        assert field["upperName"].startswith("UF_CRM_")
        assert field["title"] == field["listLabel"] == field["formLabel"] == field["filterLabel"]
        assert ("items" in field) == (field["type"] == "enumeration")
        assert ("statusType" in field) == (field["type"] == "crm_status")
        assert "settings" in field


# ------------------------------------------------------------------------------------------------- crm.type.*


async def test_types_are_listed_with_their_switches(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "crm.type.list", {"order": {"id": "ASC"}})
    repairs, equipment = answer["result"]["types"]
    assert answer["total"] == 2
    assert (repairs["id"], repairs["entityTypeId"], repairs["title"]) == (7, 156, "Заявки на ремонт")
    assert (equipment["id"], equipment["entityTypeId"], equipment["title"]) == (9, 1038, "Оборудование")
    names = ("isCategoriesEnabled", "isStagesEnabled", "isClientEnabled", "isObserversEnabled")
    assert [repairs[name] for name in names] == ["Y", "Y", "Y", "Y"]
    assert [equipment[name] for name in names] == ["N", "Y", "N", "N"]
    assert not {"relations", "linkedUserFields", "customSections", "isExternal"} & set(repairs)


async def test_types_are_filtered_ordered_and_paged_as_items_are(portal: Sandbox, call: Any) -> None:
    async def ids(**params: Any) -> list[int]:
        rows = (await _result(call, portal, "crm.type.list", **{"order": {"id": "ASC"}, **params}))["types"]
        return [row["id"] for row in rows]

    assert await ids(order={"id": "DESC"}) == [9, 7]
    assert await ids(filter={">id": 7}) == [9]
    assert await ids(filter={"=entityTypeId": 156}) == [7]
    assert await ids(filter={"@entityTypeId": [156, 1038]}) == [7, 9]
    assert await ids(filter={"isClientEnabled": "Y"}) == [7]
    assert await ids(filter=[{"logic": "OR", "0": {"%title": "ремонт"}, "1": {"%title": "ОБОРУД"}}]) == [7, 9]
    assert await ids(start=50) == []
    assert "total" not in await call(portal, "crm.type.list", {"start": -1})


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"filter": {"nope": 1}}, "field 'nope' is not allowed in filter"),
        ({"filter": {"relations": 1}}, "field 'relations' is not allowed in filter"),
        ({"filter": {"=id": [[1]]}}, "field 'id' has invalid value"),
        ({"order": {"nope": "ASC"}}, "field 'nope' is not allowed in order"),
    ],
)
async def test_wrong_lists_of_types_are_refused(portal: Sandbox, call: Any, params: dict[str, Any], text: str) -> None:
    answer = await call(portal, "crm.type.list", params)
    assert answer["error"] == "INVALID_ARG_VALUE"
    assert text in answer["error_description"]


async def test_one_type_is_got_by_its_id_or_by_the_type_of_its_items_with_its_relations(
    portal: Sandbox, call: Any
) -> None:
    repairs = (await _result(call, portal, "crm.type.get", id=7))["type"]
    assert await _result(call, portal, "crm.type.getByEntityTypeId", entityTypeId=156) == {"type": repairs}
    parents = {one["entityTypeId"]: one["isPredefined"] for one in repairs["relations"]["parent"]}
    assert parents == {2: "N", 3: "Y", 4: "Y"}
    assert repairs["customSections"] == []
    assert "TASKS_TASK|UF_CRM_TASK" in repairs["linkedUserFields"]
    equipment = (await _result(call, portal, "crm.type.get", id=9))["type"]
    assert equipment["relations"] == {"parent": [], "child": []}


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("get", {"id": 156}, 0),
        ("get", {}, "100"),
        ("getByEntityTypeId", {"entityTypeId": 7}, 0),
        ("getByEntityTypeId", {}, "100"),
    ],
)
async def test_a_type_that_is_not_there_is_an_error_with_a_number(
    portal: Sandbox, call: Any, method: str, params: dict[str, Any], code: Any
) -> None:
    answer = await call(portal, f"crm.type.{method}", params)
    assert (answer["status"], answer["error"]) == (400, code)


async def test_fields_of_types_are_described(portal: Sandbox, call: Any) -> None:
    fields = (await _result(call, portal, "crm.type.fields"))["fields"]
    assert (fields["entityTypeId"]["isRequired"], fields["entityTypeId"]["isImmutable"]) == (True, True)
    assert fields["isBizProcEnabled"]["upperName"] == "IS_BIZ_PROC_ENABLED"
    assert set(fields) < set((await _result(call, portal, "crm.type.list"))["types"][0])


# --------------------------------------------------------------------------------------- pipelines and stages


async def test_pipelines_of_processes_are_listed_without_an_origin(portal: Sandbox, call: Any) -> None:
    repairs = await call(portal, "crm.category.list", {"entityTypeId": 156})
    rows = repairs["result"]["categories"]
    assert [(row["id"], row["isDefault"]) for row in rows] == [(11, "Y"), (13, "N")]
    assert set(rows[0]) == {"id", "name", "sort", "entityTypeId", "isDefault"}
    assert repairs["total"] == 2
    equipment = await _result(call, portal, "crm.category.list", entityTypeId=1038)
    assert [(row["id"], row["isDefault"]) for row in equipment["categories"]] == [(37, "Y")]
    assert (await _result(call, portal, "crm.category.get", entityTypeId=156, id=13))["category"] == rows[1]
    fields = (await _result(call, portal, "crm.category.fields", entityTypeId=156))["fields"]
    assert set(fields) == set(rows[0])
    assert (await call(portal, "crm.category.fields", {"entityTypeId": 155}))["error"] == "NOT_FOUND"


@pytest.mark.parametrize(("type_id", "key"), PROCESSES)
async def test_every_item_stands_at_a_stage_of_its_pipeline(portal: Sandbox, call: Any, type_id: int, key: str) -> None:
    items = [portal.row(key, row_id) or {} for row_id in portal.ids(key)]
    for pipeline in {item["category_id"] for item in items}:
        entity_id = f"DYNAMIC_{type_id}_STAGE_{pipeline}"
        stages = await _result(call, portal, "crm.status.list", filter={"ENTITY_ID": entity_id}, order={"SORT": "ASC"})
        prefix = f"DT{type_id}_{pipeline}:"
        codes = ["NEW", "PREPARATION", "CLIENT", "SUCCESS", "FAIL"]
        assert [stage["STATUS_ID"] for stage in stages] == [prefix + code for code in codes]
        assert [stage["SEMANTICS"] for stage in stages] == [None, None, None, "S", "F"]
        assert {stage["CATEGORY_ID"] for stage in stages} == {str(pipeline)}
        assert all(stage["NAME_INIT"] == stage["NAME"] for stage in stages)
        used = {item["stage_id"] for item in items if item["category_id"] == pipeline}
        assert used == {stage["STATUS_ID"] for stage in stages}


# ----------------------------------------------------------------------------------------- user field settings


async def test_user_fields_of_a_process_are_listed_by_the_id_of_its_type(portal: Sandbox, call: Any) -> None:
    params = {"moduleId": "crm", "filter": {"entityId": "CRM_7"}}
    answer = await call(portal, "userfieldconfig.list", params)
    rows = answer["result"]["fields"]
    described = [field for field in (await _fields(call, portal, 156)).values() if field["isDynamic"]]
    assert [row["fieldName"] for row in rows] == [field["upperName"] for field in described]
    assert [row["userTypeId"] for row in rows] == [field["type"] for field in described]
    assert [row["multiple"] == "Y" for row in rows] == [field["isMultiple"] for field in described]
    assert (answer["total"], "next" in answer) == (13, False)
    assert all(isinstance(row["id"], str) and row["entityId"] == "CRM_7" for row in rows)
    params["filter"] = {"entityId": "CRM_156"}
    assert (await _result(call, portal, "userfieldconfig.list", **params))["fields"] == []


async def test_settings_of_an_enumeration_hold_its_values(portal: Sandbox, call: Any) -> None:
    condition = {"entityId": "CRM_9", "userTypeId": "enumeration"}
    row = (await _result(call, portal, "userfieldconfig.list", moduleId="crm", filter=condition))["fields"][0]
    assert [(one["id"], one["value"]) for one in row["enum"]][:2] == [("131", "Новое"), ("132", "Исправно")]
    assert {one["userFieldId"] for one in row["enum"]} == {row["id"]}
    plain = {"moduleId": "crm", "filter": {"entityId": "CRM_9", "userTypeId": "string"}}
    assert "enum" not in (await _result(call, portal, "userfieldconfig.list", **plain))["fields"][0]


async def test_a_list_of_settings_has_labels_of_the_language_that_its_select_names(portal: Sandbox, call: Any) -> None:
    async def first(select: Any) -> dict[str, Any]:
        params = {"moduleId": "crm", "filter": {"entityId": "CRM_7"}, "select": select}
        row: dict[str, Any] = (await _result(call, portal, "userfieldconfig.list", **params))["fields"][0]
        return row

    labels = {"languageId", "editFormLabel", "listColumnLabel", "listFilterLabel", "errorMessage", "helpMessage"}
    assert not labels & set(await first(["*"]))
    russian = await first({"0": "*", "language": "ru"})
    assert labels < set(russian)
    assert (russian["languageId"], russian["editFormLabel"]) == ({"ru": "ru"}, {"ru": "Серийный номер"})
    assert russian["helpMessage"] == {"ru": None}
    assert (await first({"0": "*", "language": "de"}))["editFormLabel"] is None
    assert set(await first(["id", "fieldName"])) == {"id", "fieldName"}
    assert set(await first({"0": "id", "language": "ru"})) == {"id", *labels}


async def test_settings_are_filtered_ordered_and_paged_over_all_entities(portal: Sandbox, call: Any) -> None:
    async def read(**params: Any) -> tuple[list[int], int | None]:
        answer = await call(portal, "userfieldconfig.list", {"moduleId": "crm", **params})
        return [int(row["id"]) for row in answer["result"]["fields"]], answer.get("next")

    first, following = await read()
    second, end = await read(start=following)
    assert (following, end, len(first)) == (50, None, 50)
    assert first + second == sorted(first + second)
    assert {501, 601, 701, 801, 901, 951, 1001, 1101} <= set(first + second)
    assert (await read(filter={">=id": 1013}, order={"id": "DESC"}))[0] == [*range(1108, 1100, -1), 1013]
    assert (await read(filter={"@id": [501, 502], "!id": 501}))[0] == [502]
    assert (await read(filter={"!=userTypeId": ["string"], "entityId": "CRM_COMPANY"}))[0] == [802, 803]
    assert (await read(filter={"%fieldName": "crm_9_", "multiple": "Y"}))[0] == [1108]
    by_type = await read(filter={"entityId": "CRM_LEAD"}, order={"userTypeId": "ASC", "id": "DESC"})
    assert by_type[0] == [602, 603, 601]


async def test_settings_of_one_field_have_labels_of_every_language(portal: Sandbox, call: Any) -> None:
    field = (await _result(call, portal, "userfieldconfig.get", moduleId="crm", id=1002))["field"]
    assert field["editFormLabel"] == {"ru": "Приоритет", "en": "Приоритет"}
    assert [one["value"] for one in field["enum"]] == ["Низкий", "Обычный", "Срочный"]
    assert [one["sort"] for one in field["enum"]] == ["100", "200", "300"]


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("list", {}, "100", "{moduleId}"),
        ("list", {"moduleId": "rpa"}, "", "No settings for UserFieldAccess"),
        ("list", {"moduleId": "crm", "filter": {"settingsOf": 1}}, "100", "`SETTINGS_OF`"),
        ("list", {"moduleId": "crm", "order": {"multiple": "ASC"}}, "100", "`MULTIPLE`"),
        ("get", {"moduleId": "crm"}, "100", "{id}"),
        ("get", {"moduleId": "crm", "id": 1}, "", "permission"),
    ],
)
async def test_wrong_questions_about_settings_are_refused(
    portal: Sandbox, call: Any, method: str, params: dict[str, Any], code: str, text: str
) -> None:
    answer = await call(portal, f"userfieldconfig.{method}", params)
    assert (answer["status"], answer["error"]) == (400, code)
    assert text in answer["error_description"]


async def test_classic_lists_of_user_fields_have_labels_if_a_language_is_asked_for(portal: Sandbox, call: Any) -> None:
    async def first(condition: dict[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = (await _result(call, portal, "crm.deal.userfield.list", filter=condition))[0]
        return row

    assert "EDIT_FORM_LABEL" not in await first({})
    spoken = await first({"LANG": "ru"})
    assert spoken["EDIT_FORM_LABEL"] == spoken["LIST_COLUMN_LABEL"] == spoken["LIST_FILTER_LABEL"] == "Сегмент"
    assert spoken["HELP_MESSAGE"] is None
    assert (await first({"LANG": "de"}))["EDIT_FORM_LABEL"] is None
    assert spoken["SETTINGS"]["ROWS"] == 1


async def test_the_webhook_may_read_settings_and_the_portal_knows_its_methods(portal: Sandbox, call: Any) -> None:
    assert "userfieldconfig" in await _result(call, portal, "scope")
    known = await _result(call, portal, "methods")
    assert {"crm.type.list", "crm.type.getbyentitytypeid", "userfieldconfig.list"} <= set(known)
