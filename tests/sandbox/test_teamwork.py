"""What people do together: the items of tasks, groups, lists, events, chats, calls and workflows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from b24orm.sandbox import Sandbox

LIST = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 31}
WRONG = "ERROR_CORE"


async def _result(call: Any, portal: Sandbox, method: str, params: Any = None, **named: Any) -> Any:
    answer = await call(portal, method, params if params is not None else named)
    assert "result" in answer, answer
    return answer["result"]


async def _refused(call: Any, portal: Sandbox, method: str, params: Any = None, **named: Any) -> tuple[Any, str]:
    answer = await call(portal, method, params if params is not None else named)
    assert answer["status"] in (400, 403), answer
    return answer["error"], answer["error_description"]


async def _ids(call: Any, portal: Sandbox, method: str, params: Any) -> list[int]:
    return [int(row["ID"]) for row in await _result(call, portal, method, params)]


# ------------------------------------------------------------------------------------------------- items of tasks


async def test_parameters_of_old_task_methods_go_by_their_place(
    portal: Sandbox, call: Any, http: aiohttp.ClientSession
) -> None:
    newest = await _ids(call, portal, "task.commentitem.getlist", {"TASKID": 41})
    assert newest == sorted(newest, reverse=True)
    for params in ({"0": 41, "1": {"ID": "asc"}}, {"whatever": "41", "it": {"ID": "asc"}, "is": {">ID": 0}}):
        assert await _ids(call, portal, "task.commentitem.getlist", params) == newest[::-1]
    query = urlencode({"0": "41", "1[ID]": "asc", "2[>ID]": str(newest[-1])})
    async with http.get(f"{portal.url}task.commentitem.getlist?{query}") as response:
        assert [int(row["ID"]) for row in (await response.json())["result"]] == newest[-2::-1]
    async with http.post(portal.url + "task.commentitem.get", json=[41, newest[0]]) as response:
        assert (await response.json())["result"]["ID"] == str(newest[0])


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        (
            "task.commentitem.getlist",
            {"TASKID": 41, "FILTER": {">=POST_DATE": "2025-01-01"}},
            'Param #1 (arOrder) for method ctaskcommentitem::getlist() must not contain key ">=POST_DATE".',
        ),
        (
            "task.commentitem.getlist",
            {"TASKID": 41, "ORDER": [""], "FILTER": {"%POST_DATE": "2025"}},
            'Param #2 (arFilter) for method ctaskcommentitem::getlist() must not contain key "%POST_DATE".',
        ),
        (
            "task.commentitem.getlist",
            {"TASKID": "x"},
            'Param #0 (taskId) for method ctaskcommentitem::getlist() expected to be of type "integer"',
        ),
        ("task.commentitem.get", {"TASKID": 41}, "Param #1 (itemId) expected by method ctaskcommentitem::get()"),
        (
            "task.checklistitem.getlist",
            {"TASKID": 41, "ORDER": {"IS_COMPLETED": "asc"}},
            'Param #1 (arOrder) for method ctaskchecklistitem::getlist() must not contain key "IS_COMPLETED".',
        ),
        ("task.checklistitem.getlist", {"TASKID": 41, "ORDER": "ID"}, 'expected to be of type "array"'),
        ("task.commentitem.get", {"ITEMID": 3101, "TASKID": 41}, "512/TE/ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE"),
        ("task.checklistitem.get", {"TASKID": 43, "ITEMID": 401}, "512/TE/ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE"),
        ("task.commentitem.update", {"0": 41, "1": 9, "2": {"POST_MESSAGE": "x"}}, "4/TE/ACTION_NOT_ALLOWED"),
        ("task.commentitem.getlist", {"TASKID": 9}, "8/TE/ACTION_FAILED_TO_BE_PROCESSED"),
        ("task.elapseditem.getlist", {"TASKID": 9}, "Task not found"),
        ("task.elapseditem.delete", {"TASKID": 41, "ITEMID": 9}, "ACTION_NOT_ALLOWED"),
        ("task.commentitem.add", {"TASKID": 41, "FIELDS": {}}, "Comment text is not specified"),
    ],
)
async def test_a_wrong_place_or_name_is_an_error(
    portal: Sandbox, call: Any, method: str, params: dict[str, Any], text: str
) -> None:
    code, said = await _refused(call, portal, method, params)
    assert (code, text in said) == (WRONG, True), said


async def test_time_records_come_in_pages_that_only_their_own_parameter_turns(portal: Sandbox, call: Any) -> None:
    def pages(**nav: int) -> dict[str, Any]:
        return {"TASKID": 41, "ORDER": {"ID": "asc"}, "FILTER": [""], "SELECT": [""], "PARAMS": {"NAV_PARAMS": nav}}

    first = await call(portal, "task.elapseditem.getlist", {"TASKID": 41, "start": 50})
    assert (len(first["result"]), first["total"], "next" in first) == (50, 55, False)
    second = await _result(call, portal, "task.elapseditem.getlist", pages(nPageSize=50, iNumPage=2))
    assert len(second) == 5
    assert len(await _result(call, portal, "task.elapseditem.getlist", pages(nPageSize=7, iNumPage=1))) == 7
    assert len(await _result(call, portal, "task.elapseditem.getlist", pages(nPageSize=500))) == 50
    behind = await _result(call, portal, "task.elapseditem.getlist", pages(nPageSize=50, iNumPage=9))
    assert len(behind) == 50  # the first one again
    rows = await _result(
        call,
        portal,
        "task.elapseditem.getlist",
        {"0": 41, "1": {"ID": "asc"}, "2": {">ID": 111}, "3": ["ID", "SECONDS"]},
    )
    assert [set(row) for row in rows] == [{"ID", "SECONDS"}] * len(rows)
    assert all(int(row["ID"]) > 111 for row in rows)
    every = await call(portal, "task.elapseditem.getlist", {"ORDER": {"ID": "asc"}})
    assert every["total"] == len(portal.ids("task_elapsed_time"))
    (one,) = await _result(call, portal, "task.elapseditem.get", {"TASKID": 41, "ITEMID": 11})
    assert (one["ID"], one["TASK_ID"]) == ("11", "41")


async def test_items_of_tasks_are_written_by_place_and_answer_by_kind(small: Sandbox, call: Any) -> None:
    new = await _result(call, small, "task.commentitem.add", {"0": 41, "1": {"POST_MESSAGE": "Готово & [b]"}})
    row = await _result(call, small, "task.commentitem.get", {"TASKID": 41, "ITEMID": new})
    assert (row["POST_MESSAGE"], row["AUTHOR_ID"], row["ATTACHED_OBJECTS"]) == ("Готово & [b]", "1", {})
    assert "TASK_ID" not in row
    changes = {"0": 41, "1": new, "2": {"POST_MESSAGE": "x", "AUTHOR_ID": 5}}
    assert await _result(call, small, "task.commentitem.update", changes) is True
    assert await _result(call, small, "task.commentitem.delete", {"0": 41, "1": new}) is True
    hours = await _result(call, small, "task.elapseditem.add", {"0": 41, "1": {"SECONDS": 150, "COMMENT_TEXT": "x"}})
    assert await _result(call, small, "task.elapseditem.update", {"0": 41, "1": hours, "2": {"SECONDS": 300}}) is None
    (record,) = await _result(call, small, "task.elapseditem.get", {"0": 41, "1": hours})
    assert (record["SECONDS"], record["MINUTES"]) == ("300", "5")
    assert await _result(call, small, "task.elapseditem.delete", {"0": 41, "1": hours}) is None
    point = await _result(call, small, "task.checklistitem.add", {"0": 41, "1": {"TITLE": "Пункт"}})
    assert await _result(call, small, "task.checklistitem.complete", {"0": 41, "1": point}) is True
    done = await _result(call, small, "task.checklistitem.get", {"0": 41, "1": point})
    assert (done["IS_COMPLETE"], done["TOGGLED_BY"], done["MEMBERS"]) == ("Y", "1", [])
    assert await _result(call, small, "task.checklistitem.renew", {"0": 41, "1": point}) is True
    assert await _result(call, small, "task.checklistitem.update", {"0": 41, "1": point, "2": {"TITLE": "b"}}) is None
    assert await _result(call, small, "task.checklistitem.delete", {"0": 41, "1": point}) is True
    assert small.books.applied["task_checklist_item", "update"] == 3
    await _result(call, small, "tasks.task.delete", taskId=41)
    for key in ("task_comment", "task_elapsed_time", "task_checklist_item"):
        assert all((small.row(key, one) or {})["task_id"] != 41 for one in small.ids(key))


# --------------------------------------------------------------------------------------------------------- groups


async def test_groups_come_newest_first_in_strings(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "sonet_group.get")
    assert [row["ID"] for row in answer["result"]] == ["11", "8", "6", "4", "2"]
    assert answer["total"] == 5
    assert {"INITIATE_PERMS", "AVATAR", "TYPE"}.isdisjoint(answer["result"][0])
    (one,) = await _result(call, portal, "sonet_group.get", GROUP_ID=4)
    assert one["NAME"] == "Внедрение CRM"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"ID": 4}, [4]),
        ({"id": [2, 4]}, [4, 2]),
        ({"!ID": [2, 4]}, [11, 8, 6]),
        ({">ID": 6}, [11, 8]),
        ({"><ID": [4, 8]}, [8, 6, 4]),
        ({"!><ID": [4, 8]}, [11, 2]),
        ({"><ID": 4}, [11, 8, 6, 4, 2]),
        ({"%NAME": "crm"}, [4]),
        ({"!%NAME": "crm"}, [11, 8, 6, 2]),
        ({"?NAME": "web"}, [6]),
        ({"=CLOSED": "Y"}, [8]),
        ({"!=CLOSED": "Y"}, [11, 6, 4, 2]),
        ({"!NAME": ""}, [11, 8, 6, 4, 2]),
        ({"NAME": ""}, []),
        ({"ID": []}, [11, 8, 6, 4, 2]),
        ({"NONSENSE": 1, "@ID": [4], "DESCRIPTION": "x"}, [11, 8, 6, 4, 2]),
    ],
)
async def test_a_filter_of_groups_knows_its_signs_and_drops_the_rest(
    portal: Sandbox, call: Any, condition: dict[str, Any], expected: list[int]
) -> None:
    assert await _ids(call, portal, "sonet_group.get", {"FILTER": condition}) == expected


async def test_workgroups_are_asked_in_capitals_and_answer_in_camel_case(portal: Sandbox, call: Any) -> None:
    bare = await call(portal, "socialnetwork.api.workgroup.list", {"start": -1})
    assert bare["result"]["workgroups"][0] == {"id": "2"}
    assert "total" not in bare
    asked = {"filter": {"=PROJECT": "Y", "!ID": [2]}, "select": ["NAME", "DATE_CREATE"], "order": {"ID": "DESC"}}
    answer = await call(portal, "socialnetwork.api.workgroup.list", asked)
    assert [row["id"] for row in answer["result"]["workgroups"]] == ["6", "4"]
    assert set(answer["result"]["workgroups"][0]) == {"id", "name", "dateCreate"}
    assert answer["total"] == 2
    one = await _result(call, portal, "socialnetwork.api.workgroup.get", {"params": {"groupId": 4}})
    assert (one["ID"], one["TYPE"], one["SITE_IDS"], one["DATE_CREATE"]) == (
        4,
        "project",
        ["s1"],
        "02.02.2025 10:15:00",
    )
    code, _ = await _refused(call, portal, "socialnetwork.api.workgroup.get", {"params": {"groupId": 5}})
    assert code == "SONET_CONTROLLER_WORKGROUP_NOT_FOUND"
    code, _ = await _refused(call, portal, "socialnetwork.api.workgroup.get")
    assert code == "SONET_CONTROLLER_WORKGROUP_EMPTY"


async def test_groups_take_their_fields_beside_the_other_parameters(small: Sandbox, call: Any) -> None:
    new = await _result(call, small, "sonet_group.create", NAME="Проект", PROJECT="Y", OWNER_ID=1)
    row = await _result(call, small, "socialnetwork.api.workgroup.get", {"params": {"groupId": new}})
    assert (row["NAME"], row["TYPE"], row["OWNER_ID"], row["TAGS"]) == ("Проект", "project", 1, [])
    assert await _result(call, small, "sonet_group.update", GROUP_ID=new, NAME="b", PROJECT="N") == new
    (row,) = await _result(call, small, "sonet_group.get", FILTER={"ID": new})
    assert (row["NAME"], row["PROJECT"]) == ("b", "Y")
    assert await _result(call, small, "sonet_group.update", GROUP_ID=new, NAME="b") == new
    assert await _result(call, small, "sonet_group.delete", GROUP_ID=new) is True
    assert [w.changed for w in small.books.writes] == [True, True, False, True]
    assert await _refused(call, small, "sonet_group.create", DESCRIPTION="x") == ("", "Cannot create group")
    assert await _refused(call, small, "sonet_group.update", NAME="x") == ("", "Wrong group ID")
    assert await _refused(call, small, "sonet_group.delete", GROUP_ID=new) == ("", "Socialnetwork group not found")


# ---------------------------------------------------------------------------------------------------------- lists


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({}, "ERROR_REQUIRED_PARAMETERS_MISSING", "Required parameter `IBLOCK_TYPE_ID` is missing"),
        ({"IBLOCK_TYPE_ID": "lists"}, "ERROR_REQUIRED_PARAMETERS_MISSING", "Required parameter `IBLOCK_ID` is missing"),
        ({"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 35}, "ERROR_IBLOCK_NOT_FOUND", "Iblock not found"),
        ({**LIST, "FILTER": {"NONSENSE": 1}}, "ERROR_ARGUMENT", "Filter field not allowed: NONSENSE"),
        ({**LIST, "FILTER": {"=CODE": "x"}}, "ERROR_ARGUMENT", "Filter field not allowed: CODE"),
        ({**LIST, "FILTER": {"@ID": [1]}}, "ERROR_ARGUMENT", "Filter operation not allowed: @"),
        ({**LIST, "FILTER": {"!=NAME": "x"}}, "ERROR_ARGUMENT", "Filter operation not allowed: !="),
        ({**LIST, "FILTER": {"PROPERTY_9": "x"}}, "ERROR_ARGUMENT", "Filter field not allowed: PROPERTY_9"),
    ],
)
async def test_elements_of_lists_are_asked_for_strictly(
    portal: Sandbox, call: Any, params: dict[str, Any], code: str, text: str
) -> None:
    assert await _refused(call, portal, "lists.element.get", params) == (code, text)


async def test_elements_have_values_with_ids_and_come_in_pages(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "lists.element.get", {**LIST, "ELEMENT_ORDER": {"ID": "asc"}})
    assert (len(answer["result"]), answer["total"], answer["next"]) == (50, 60, 50)
    row = answer["result"][0]
    assert (row["ID"], row["CODE"], "IBLOCK_ID" in row) == ("6001", "element_0", False)
    assert list(row["PROPERTY_101"]) == ["7001"]
    uncounted = await call(portal, "lists.element.get", {**LIST, "FILTER": {">ID": 6001}, "start": -1})
    assert (len(uncounted["result"]), uncounted["total"]) == (50, 0)
    (one,) = await _result(
        call, portal, "lists.element.get", {**LIST, "ELEMENT_ID": 6003, "SELECT": ["NAME", "PROPERTY_101"]}
    )
    assert set(one) == {"ID", "NAME", "PROPERTY_101"}
    (same,) = await _result(
        call,
        portal,
        "lists.element.get",
        {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "suppliers", "ELEMENT_CODE": "element_1"},
    )
    assert same["ID"] == "6003"


async def test_elements_are_filtered_by_values_of_their_own_fields(portal: Sandbox, call: Any) -> None:
    async def found(**condition: Any) -> list[dict[str, Any]]:
        return list(
            await _result(
                call, portal, "lists.element.get", {**LIST, "FILTER": condition, "ELEMENT_ORDER": {"ID": "asc"}}
            )
        )

    def values(rows: list[dict[str, Any]], name: str) -> set[str]:
        return {value for row in rows for value in row[name].values()}

    assert values(await found(PROPERTY_101="Казань"), "PROPERTY_101") == {"Казань"}
    assert values(await found(**{"!PROPERTY_101": "Казань"}), "PROPERTY_101") == {"Москва", "Berlin"}
    assert values(await found(**{"%PROPERTY_101": "моск"}), "PROPERTY_101") == {"Москва"}
    assert values(await found(**{">PROPERTY_103": 500}), "PROPERTY_103") == {"2500", "90000"}
    assert values(await found(**{"=PROPERTY_101": ["Москва", "Berlin"]}), "PROPERTY_101") == {"Москва", "Berlin"}
    assert [row["ID"] for row in await found(**{"><ID": [6001, 6005]})] == ["6001", "6003", "6005"]


async def test_an_element_is_written_whole_and_clears_what_is_not_sent(small: Sandbox, call: Any) -> None:
    fields = {"NAME": "Новый & первый", "PREVIEW_TEXT": "a", "PROPERTY_101": "Омск", "PROPERTY_105": ["1", "2"], "X": 1}
    new = await _result(call, small, "lists.element.add", {**LIST, "ELEMENT_CODE": "new", "FIELDS": fields})
    (row,) = await _result(call, small, "lists.element.get", {**LIST, "ELEMENT_ID": new})
    assert (row["NAME"], row["CODE"], row["PREVIEW_TEXT"], row["SORT"]) == ("Новый & первый", "new", "a", "500")
    assert list(row["PROPERTY_105"].values()) == ["1", "2"]
    again = {"NAME": "b", "PROPERTY_105": row["PROPERTY_105"]}
    assert await _result(call, small, "lists.element.update", {**LIST, "ELEMENT_CODE": "new", "FIELDS": again}) is True
    (changed,) = await _result(call, small, "lists.element.get", {**LIST, "ELEMENT_ID": new})
    assert (changed["NAME"], changed["PREVIEW_TEXT"], "PROPERTY_101" in changed) == ("b", None, False)
    assert changed["PROPERTY_105"] == row["PROPERTY_105"]
    assert changed["DATE_CREATE"] == row["DATE_CREATE"]
    assert await _result(call, small, "lists.element.delete", {**LIST, "ELEMENT_ID": new}) is True
    refusals = [
        ("lists.element.add", {**LIST, "FIELDS": fields}, "ERROR_REQUIRED_PARAMETERS_MISSING"),
        ("lists.element.add", {**LIST, "ELEMENT_CODE": "element_0", "FIELDS": fields}, "ERROR_ELEMENT_ALREADY_EXISTS"),
        ("lists.element.add", {**LIST, "ELEMENT_CODE": "z", "FIELDS": {"SORT": 1}}, "ERROR_ADD_ELEMENT"),
        ("lists.element.update", {**LIST, "ELEMENT_ID": new, "FIELDS": fields}, "ERROR_ELEMENT_NOT_FOUND"),
        ("lists.element.update", {**LIST, "ELEMENT_ID": 6001, "FIELDS": {"SORT": 1}}, "ERROR_UPDATE_ELEMENT"),
        ("lists.element.delete", LIST, "ERROR_REQUIRED_PARAMETERS_MISSING"),
    ]
    for method, params, code in refusals:
        assert (await _refused(call, small, method, params))[0] == code


async def test_lists_are_written_with_their_elements(small: Sandbox, call: Any) -> None:
    kind = {"IBLOCK_TYPE_ID": "lists"}
    assert [row["ID"] for row in await _result(call, small, "lists.get", {**kind, "IBLOCK_ORDER": {"ID": "asc"}})] == [
        "31",
        "33",
    ]
    (plans,) = await _result(call, small, "lists.get", {"IBLOCK_TYPE_ID": "lists_socnet", "SOCNET_GROUP_ID": 4})
    assert plans["CODE"] == "plans"
    given = {**kind, "IBLOCK_CODE": "goods", "FIELDS": {"NAME": "Товары", "SORT": 7}}
    new = await _result(call, small, "lists.add", {**given, "SOCNET_GROUP_ID": 4})
    (row,) = await _result(call, small, "lists.get", {**kind, "IBLOCK_ID": new})
    assert (row["NAME"], row["SORT"], row["SOCNET_GROUP_ID"], row["BIZPROC"]) == ("Товары", "7", "4", "N")
    assert (await _refused(call, small, "lists.add", given))[0] == "ERROR_IBLOCK_ALREADY_EXISTS"
    assert (await _refused(call, small, "lists.add", {**given, "IBLOCK_CODE": "x", "FIELDS": {"SORT": 1}}))[
        0
    ] == "ERROR_ADD_IBLOCK"
    assert (await _refused(call, small, "lists.add", {**given, "IBLOCK_CODE": "x", "IBLOCK_TYPE_ID": "y"}))[
        0
    ] == "ERROR_ADD_IBLOCK"
    assert await _result(call, small, "lists.update", {**kind, "IBLOCK_ID": new, "FIELDS": {"NAME": "b"}}) is True
    element = {**kind, "IBLOCK_ID": new, "ELEMENT_CODE": "a", "FIELDS": {"NAME": "a"}}
    await _result(call, small, "lists.element.add", element)
    assert list(await _result(call, small, "lists.field.get", {**kind, "IBLOCK_ID": new})) == ["NAME"]
    fields = await _result(call, small, "lists.field.get", {**LIST, "FIELD_ID": "PROPERTY_105"})
    assert (fields["PROPERTY_105"]["MULTIPLE"], fields["PROPERTY_105"]["PROPERTY_USER_TYPE"]) == ("Y", "employee")
    assert await _result(call, small, "lists.delete", {**kind, "IBLOCK_ID": new}) is True
    assert (await _refused(call, small, "lists.update", {**kind, "IBLOCK_ID": new, "FIELDS": {"NAME": "b"}}))[
        0
    ] == "ERROR_IBLOCK_NOT_FOUND"
    assert all((small.row("list_element", one) or {})["iblock_id"] != new for one in small.ids("list_element"))


# --------------------------------------------------------------------------------------------------------- events


async def test_events_are_those_of_a_span_of_time(portal: Sandbox, call: Any) -> None:
    mine = {"type": "user", "ownerId": 1}
    near = await _result(call, portal, "calendar.event.get", mine)
    now = portal.portal_time.timestamp()
    starts = [int(row["DATE_FROM_TS_UTC"]) for row in near]
    assert starts == sorted(starts)
    assert all(now - 31 * 86400 <= start <= now + 92 * 86400 for start in starts)
    span = {**mine, "from": "2026-01-01", "to": "2026-01-31"}
    january = await _result(call, portal, "calendar.event.get", span)
    assert january
    assert all(
        row["DATE_FROM"].endswith(("01.2026 09:00:00", *(f"01.2026 {hour}:00:00" for hour in range(10, 18))))
        for row in january
    )
    section = january[0]["SECTION_ID"]
    for given in (section, [section]):
        found = await _result(call, portal, "calendar.event.get", {**span, "section": given})
        assert {row["SECTION_ID"] for row in found} == {section}
    one = await _result(call, portal, "calendar.event.getbyid", id=january[0]["ID"])
    assert one == january[0]
    assert (one["IS_MEETING"], one["PRIVATE_EVENT"], one["DT_LENGTH"], "from" in one) == (False, "", 3600, False)
    assert await _result(call, portal, "calendar.event.getbyid", id=5) is None


async def test_events_are_written_by_small_letters(small: Sandbox, call: Any) -> None:
    given = {
        "type": "user",
        "ownerId": 1,
        "name": "Встреча & обед",
        "from": "2030-05-01T10:00:00+03:00",
        "to": "2030-05-01T12:30:00+03:00",
        "section": 9,
        "private_event": "Y",
        "is_meeting": "Y",
        "remind": [{"type": "min", "count": 5}],
        "crm_fields": ["D_1"],
        "description": "a",
        "timezone_from": "Europe/Riga",
        "meeting": {"notify": True},
        "rrule": {"FREQ": "DAILY"},
    }
    new = await _result(call, small, "calendar.event.add", given)
    row = await _result(call, small, "calendar.event.getbyid", id=new)
    assert (row["DATE_FROM"], row["DT_LENGTH"], row["SECTION_ID"], row["PRIVATE_EVENT"], row["IS_MEETING"]) == (
        "01.05.2030 10:00:00", 9000, "9", "1", True
    )  # fmt: skip
    assert (row["REMIND"], row["UF_CRM_CAL_EVENT"], row["TZ_FROM"]) == (
        [{"type": "min", "count": 5}],
        ["D_1"],
        "Europe/Riga",
    )
    changes = {"id": new, "type": "user", "ownerId": 1, "name": "b", "to_ts": row["DATE_TO_TS_UTC"]}
    assert await _result(call, small, "calendar.event.update", changes) == new
    assert (await _result(call, small, "calendar.event.getbyid", id=new))["VERSION"] == "2"
    assert await _result(call, small, "calendar.event.delete", id=new) is True
    refusals = [
        (
            "calendar.event.get",
            {"ownerId": 1},
            'Mandatory parameter not specified "type" for the method "calendar.event.get"',
        ),
        (
            "calendar.event.add",
            {**given, "name": ""},
            'The required parameter "name" for the method "calendar.event.add" is not set',
        ),
        ("calendar.event.add", {**given, "from": "never"}, 'Invalid value for the parameter "from"'),
        ("calendar.event.add", {**given, "name": ["x"]}, 'Invalid value for the parameter "name"'),
        ("calendar.event.add", {**given, "crm_fields": "D_1"}, "The list of event links to CRM must be an array"),
        (
            "calendar.event.update",
            {"id": new, "type": "user"},
            'The required parameter "ownerId" for the method "calendar.event.update" is not set',
        ),
        ("calendar.event.update", changes, "An error occurred while changing the event"),
        ("calendar.event.delete", {}, "Event id not specified"),
        ("calendar.event.delete", {"id": new}, "An error occurred while deleting the event"),
        (
            "calendar.event.getbyid",
            {},
            'The required parameter "id" for the method "calendar.event.getbyid" is not set',
        ),
    ]
    for method, params, text in refusals:
        assert await _refused(call, small, method, params) == ("", text)


# ---------------------------------------------------------------------------------------------------------- chats


async def test_dialogs_are_known_by_chats_and_by_users(portal: Sandbox, call: Any) -> None:
    chat = await _result(call, portal, "im.dialog.get", DIALOG_ID="chat90")
    deal = portal.ids("deal")[0]
    assert (chat["id"], chat["entity_id"], chat["message_count"], chat["extranet"]) == (90, f"DEAL|{deal}", 90, False)
    assert chat["entity_link"] == {"type": "DEAL", "url": f"/crm/deal/details/{deal}/", "id": f"DEAL|{deal}"}
    newest = (await _result(call, portal, "im.dialog.messages.get", DIALOG_ID="chat90", LIMIT=1))["messages"]
    assert chat["last_message_id"] == newest[0]["id"]
    user = await _result(call, portal, "im.dialog.get", DIALOG_ID=portal.ids("user")[1])
    assert (user["type"], user["dialog_id"]) == ("private", str(portal.ids("user")[1]))
    assert (await _refused(call, portal, "im.dialog.get"))[0] == "DIALOG_ID_EMPTY"
    for stranger in ("chat5", "999999"):
        assert (await _refused(call, portal, "im.dialog.get", DIALOG_ID=stranger))[0] == "ACCESS_ERROR"


async def test_recent_chats_are_paged_by_offset_and_have_no_total(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "im.recent.list")
    items = answer["result"]["items"]
    assert (len(items), answer["total"], answer["result"]["hasMore"]) == (7, -1, False)
    moments = [item["date_last_activity"] for item in items]
    assert moments == sorted(moments, reverse=True)
    page = await _result(call, portal, "im.recent.list", LIMIT=3, OFFSET=3)
    assert (page["items"], page["hasMore"]) == (items[3:6], True)
    chats = (await _result(call, portal, "im.recent.list", SKIP_DIALOG="Y"))["items"]
    assert {item["type"] for item in chats} == {"chat"}
    people = (await _result(call, portal, "im.recent.list", SKIP_CHAT="Y"))["items"]
    assert all(isinstance(item["id"], int) for item in people)
    older = (await _result(call, portal, "im.recent.list", LAST_MESSAGE_DATE=moments[2]))["items"]
    assert older == items[3:]


async def test_messages_are_sent_changed_and_erased(small: Sandbox, call: Any) -> None:
    new = await _result(call, small, "im.chat.add", TITLE="Новый", USERS=[2, 3], MESSAGE="Привет", TYPE="OPEN")
    dialog = f"chat{new}"
    second = await _result(call, small, "im.message.add", DIALOG_ID=dialog, MESSAGE="Второе & [b]")
    read = (await _result(call, small, "im.dialog.messages.get", DIALOG_ID=dialog))["messages"]
    assert [message["text"] for message in read] == ["Второе & [b]", "Привет"]
    assert await _result(call, small, "im.message.update", MESSAGE_ID=second, MESSAGE="b") is True
    assert await _result(call, small, "im.message.delete", MESSAGE_ID=second) is True
    after = (await _result(call, small, "im.dialog.messages.get", DIALOG_ID=dialog, FIRST_ID=read[1]["id"]))["messages"]
    assert [(message["id"], message["params"]) for message in after] == [(second, {"IS_DELETED": "Y"})]
    chat = await _result(call, small, "im.dialog.get", DIALOG_ID=dialog)
    assert (chat["name"], chat["message_count"], chat["role"], chat["user_counter"]) == ("Новый", 2, "owner", 3)
    empty = await _result(call, small, "im.chat.add", {})
    assert (await _result(call, small, "im.dialog.get", DIALOG_ID=f"chat{empty}"))["last_message_id"] == 0
    mine = await _result(call, small, "im.message.add", DIALOG_ID="chat60", MESSAGE="x")
    tail = (await _result(call, small, "im.dialog.messages.get", DIALOG_ID="chat60", LIMIT=2))["messages"]
    assert [message["id"] for message in tail] == [mine, 1000 + 3 * 59 + 1]
    assert await _result(call, small, "im.message.update", MESSAGE_ID=mine, MESSAGE="") is True
    refusals = [
        ("im.message.add", {"DIALOG_ID": "chat60"}, "MESSAGE_EMPTY"),
        ("im.message.add", {"DIALOG_ID": f"chat{empty + 1}", "MESSAGE": "x"}, "CHAT_ID"),
        ("im.message.update", {"MESSAGE": "x"}, "MESSAGE_ID_ERROR"),
        ("im.message.update", {"MESSAGE_ID": 1000, "MESSAGE": "x"}, "CANT_EDIT_MESSAGE"),
        ("im.message.delete", {"MESSAGE_ID": 1000}, "CANT_EDIT_MESSAGE"),
    ]
    for method, params, code in refusals:
        assert (await _refused(call, small, method, params))[0] == code


# -------------------------------------------------------------------------------------------- calls and workflows


async def test_calls_are_sorted_by_one_key_beside_its_direction(portal: Sandbox, call: Any) -> None:
    every = portal.ids("call_statistic")
    answer = await call(portal, "voximplant.statistic.get", {"SORT": "ID", "ORDER": "DESC"})
    assert [int(row["ID"]) for row in answer["result"]] == every[:-51:-1]
    assert (answer["total"], answer["next"]) == (70, 50)
    assert (
        await _ids(call, portal, "voximplant.statistic.get", {"FILTER": {"<=ID": every[2]}, "SORT": "ID", "start": -1})
        == every[:3]
    )
    unsorted = await _ids(call, portal, "voximplant.statistic.get", {"SORT": "CALL_TYPE"})  # not by this one
    assert unsorted != sorted(unsorted)
    row = answer["result"][0]
    assert (row["COST_CURRENCY"], len(row["COST"].partition(".")[2]), row["RECORD_FILE_ID"]) == ("RUB", 4, None)
    missed = await _result(
        call, portal, "voximplant.statistic.get", FILTER={"CALL_FAILED_CODE": "304", "CALL_DURATION": 0}
    )
    assert missed
    assert {row["CALL_FAILED_CODE"] for row in missed} == {"304"}


async def test_workflows_show_a_few_fields_unless_they_are_asked_for(portal: Sandbox, call: Any) -> None:
    rows = await _result(call, portal, "bizproc.workflow.instances")
    assert set(rows[0]) == {"ID", "MODIFIED", "OWNED_UNTIL"}
    assert [row["MODIFIED"] for row in rows] == sorted((row["MODIFIED"] for row in rows), reverse=True)
    asked = {"SELECT": ["id", "document_id"], "FILTER": {"document_id": f"DEAL_{portal.ids('deal')[2]}"}}
    (one,) = await _result(call, portal, "bizproc.workflow.instances", asked)
    assert one["DOCUMENT_ID"] == f"DEAL_{portal.ids('deal')[2]}"
    templates = await call(portal, "bizproc.workflow.template.list")
    assert (templates["result"], templates["total"]) == ([{"ID": "12"}, {"ID": "14"}, {"ID": "17"}], 3)
    named = await _result(
        call, portal, "bizproc.workflow.template.list", {"SELECT": ["NAME"], "FILTER": {"!ID": 12, ">=AUTO_EXECUTE": 1}}
    )
    assert named == [{"NAME": "Обработка лида"}]
    assert await _result(call, portal, "bizproc.workflow.template.list", SELECT=["NONSENSE"]) == templates["result"]


async def test_workflows_are_started_and_ended(small: Sandbox, call: Any) -> None:
    deal = small.ids("deal")[0]
    document = ["crm", "CCrmDocumentDeal", f"DEAL_{deal}"]
    code = await _result(call, small, "bizproc.workflow.start", TEMPLATE_ID=12, DOCUMENT_ID=document)
    for method in ("kill", "terminate", "kill"):
        assert await _result(call, small, f"bizproc.workflow.{method}", ID=code) is True
    assert small.books.applied == {("workflow_instance", "add"): 1, ("workflow_instance", "delete"): 1}
    refusals = [
        ("bizproc.workflow.kill", {}, ("ERROR_WRONG_WORKFLOW_ID", "Empty workflow instance ID")),
        ("bizproc.workflow.start", {}, ("ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID")),
        ("bizproc.workflow.start", {"TEMPLATE_ID": 5}, ("ERROR_WRONG_WORKFLOW_ID", "Template not found")),
        ("bizproc.workflow.start", {"TEMPLATE_ID": 12}, ("", "Wrong DOCUMENT_ID!")),
        (
            "bizproc.workflow.start",
            {"TEMPLATE_ID": 14, "DOCUMENT_ID": document},
            ("", "Template type and DOCUMENT_ID mismatch!"),
        ),
        ("bizproc.workflow.template.delete", {"ID": 12}, ("ACCESS_DENIED", "Application context required")),
        ("bizproc.workflow.template.update", {"ID": 12}, ("ACCESS_DENIED", "Application context required")),
    ]
    for method, params, expected in refusals:
        assert await _refused(call, small, method, params) == expected


async def test_templates_belong_to_the_application_that_brought_them(
    small: Sandbox, http: aiohttp.ClientSession
) -> None:
    async def ask(app: Any, method: str, **params: Any) -> dict[str, Any]:
        token = app.tokens(1)["access_token"]
        address = f"http://{small.domain}/rest/bizproc.workflow.template.{method}"
        async with http.post(address, json={**params, "auth": token}) as response:
            body = await response.json()
            assert isinstance(body, dict)
            return body

    mine, other = small.app(scope=["bizproc"]), small.app(scope=["bizproc"])
    given = {
        "DOCUMENT_TYPE": ["crm", "CCrmDocumentLead", "LEAD"],
        "NAME": "Согласование & всё",
        "TEMPLATE_DATA": ["a.bpt", "eA=="],
    }
    new = (await ask(mine, "add", **given))["result"]
    (row,) = (await ask(mine, "list", SELECT=["NAME", "ENTITY", "AUTO_EXECUTE"], FILTER={"ID": new}))["result"]
    assert row == {"NAME": "Согласование & всё", "ENTITY": "CCrmDocumentLead", "AUTO_EXECUTE": "0"}
    assert (await ask(mine, "update", ID=new, FIELDS={"NAME": "b", "ENTITY": "x"}))["result"] == new
    refusals: list[tuple[Any, str, dict[str, Any], str]] = [
        (other, "update", {"ID": new, "FIELDS": {"NAME": "c"}}, "ERROR_TEMPLATE_NOT_OWNER"),
        (mine, "update", {"ID": 999, "FIELDS": {"NAME": "c"}}, "ERROR_TEMPLATE_NOT_FOUND"),
        (mine, "update", {"ID": new}, "ERROR_TEMPLATE_VALIDATION_FAILURE"),
        (mine, "update", {"ID": new, "FIELDS": {"NAME": ""}}, "ERROR_TEMPLATE_VALIDATION_FAILURE"),
        (mine, "update", {"ID": new, "FIELDS": {"AUTO_EXECUTE": 9}}, "ERROR_TEMPLATE_VALIDATION_FAILURE"),
        (mine, "add", {**given, "DOCUMENT_TYPE": "LEAD"}, "ERROR_TEMPLATE_VALIDATION_FAILURE"),
        (mine, "add", {**given, "TEMPLATE_DATA": ""}, "ERROR_TEMPLATE_VALIDATION_FAILURE"),
    ]
    for app, method, params, code in refusals:
        assert (await ask(app, method, **params))["error"] == code
    assert (await ask(mine, "delete", ID=new))["result"] is None
    assert small.books.applied["workflow_template", "delete"] == 1
