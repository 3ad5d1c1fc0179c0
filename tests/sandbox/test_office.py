"""Tasks, departments, users and pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from b24orm.sandbox import Sandbox

Row = Mapping[str, Any]


async def _result(call: Any, portal: Sandbox, method: str, **params: Any) -> Any:
    answer = await call(portal, method, params)
    assert "result" in answer, answer
    return answer["result"]


async def _task_ids(call: Any, portal: Sandbox, condition: Any) -> list[int]:
    params = {"filter": condition, "order": {"ID": "asc"}, "select": ["ID"]}
    found: list[int] = []
    while True:
        answer = await call(portal, "tasks.task.list", {**params, "start": len(found)})
        found += [int(task["id"]) for task in answer["result"]["tasks"]]
        if "next" not in answer:
            assert answer["total"] == len(found)
            return found


# -------------------------------------------------------------------------------------------------------------- tasks


async def test_tasks_are_written_in_capitals_and_answered_in_camel_case(small: Sandbox, call: Any) -> None:
    helper = small.ids("user")[1]
    fields = {"TITLE": "Договор", "RESPONSIBLE_ID": 1, "DEADLINE": "2030-01-01T10:00:00+03:00", "TAGS": ["a"],
              "ACCOMPLICES": [helper], "UF_CRM_TASK": ["D_5"], "GROUP_ID": 2}  # fmt: skip
    task = (await _result(call, small, "tasks.task.add", fields=fields))["task"]
    assert (task["title"], task["status"], task["responsibleId"], task["createdBy"]) == ("Договор", "2", "1", "1")
    assert task["responsible"]["link"] == "/company/personal/user/1/"
    assert (task["group"]["id"], task["creator"]["id"]) == ("2", "1")
    assert (task["accomplices"], list(task["accomplicesData"])) == ([str(helper)], [str(helper)])
    assert task["tags"] == {"1": {"id": 1, "title": "a"}}
    small.advance(60)
    done = await _result(call, small, "tasks.task.update", taskId=task["id"], fields={"STATUS": 5})
    assert (done["task"]["status"], done["task"]["closedBy"]) == ("5", "1")
    assert done["task"]["changedDate"] == done["task"]["closedDate"] > task["changedDate"]
    select = ["TITLE", "DEADLINE"]
    got = (await _result(call, small, "tasks.task.get", taskId=task["id"], select=select))["task"]
    assert got == {
        "id": task["id"],
        "title": "Договор",
        "deadline": "2030-01-01T10:00:00+03:00",
        "group": task["group"],
    }
    assert await _result(call, small, "tasks.task.delete", taskId=task["id"]) == {"task": True}
    assert await _result(call, small, "tasks.task.get", taskId=task["id"]) == []
    assert [(w.entity, w.id, w.verb) for w in small.books.writes] == [
        ("task", int(task["id"]), verb) for verb in ("add", "update", "delete")
    ]
    described = (await _result(call, small, "tasks.task.getFields"))["fields"]
    assert described["TITLE"]["required"]
    assert described["STATUS"]["values"]["5"]


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("add", {}, "100", "Could not find value for parameter {fields}"),
        ("add", {"fields": {"RESPONSIBLE_ID": 1}}, "ERROR_CORE", "Task title is not specified<br>"),
        ("add", {"fields": {"TITLE": "x"}}, "ERROR_CORE", "Responsible person not specified<br>"),
        ("add", {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 10**6}}, "ERROR_CORE", '"Responsible" field was not found'),
        ("add", {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 1, "STATUS": 9}}, "ERROR_CORE", "Invalid status<br>"),
        ("add", {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 1, "PARENT_ID": 1}}, "ERROR_CORE", '"Parent Task"'),
        ("update", {"fields": {}}, "100", "CTaskItem All parameters in the constructor must have real class type"),
        ("update", {"taskId": "x", "fields": {}}, "0", "wrong task id"),
        ("update", {"taskId": 1, "fields": {"TITLE": "x"}}, "0", "Action on the task is not allowed"),
        ("delete", {"taskId": 1}, "1048582", "No access to delete the task"),
        ("list", {"order": {"NOPE": "asc"}}, "0", "Invalid sorting key (internal error)"),
        ("list", {"filter": {"::LOGIC": "XOR"}}, "0", "Unknown logic"),
    ],
)
async def test_tasks_are_refused_in_the_words_of_their_pages(
    small: Sandbox, call: Any, method: str, params: dict[str, Any], code: str, text: str
) -> None:
    answer = await call(small, f"tasks.task.{method}", params)
    assert (answer["status"], answer["error"]) == (400, code)
    assert text in answer["error_description"]
    assert small.books.writes == []


CASES: list[tuple[str, Any, Callable[[Row], bool]]] = [
    ("nothing", {}, lambda t: True),
    ("equality", {"REAL_STATUS": 2}, lambda t: t["status"] == 2),
    ("a list", {"REAL_STATUS": [3, "5"]}, lambda t: t["status"] in (3, 5)),
    ("a negated list", {"!REAL_STATUS": [3, 5]}, lambda t: t["status"] not in (3, 5)),
    ("an empty list", {"ID": []}, lambda t: True),
    ("comparison", {">ID": 61, "<=ID": 99}, lambda t: 61 < t["id"] <= 99),
    ("a range", {"><ID": [61, 99]}, lambda t: 61 <= t["id"] <= 99),
    ("a negated range", {"!><ID": [61, 99]}, lambda t: not 61 <= t["id"] <= 99),
    ("a pattern", {"TITLE": "аудит%"}, lambda t: t["title"].lower().startswith("аудит")),
    ("a substring", {"%TITLE": "ДОГОВОР"}, lambda t: "договор" in t["title"].lower()),
    ("no substring", {"!%TITLE": "ДОГОВОР"}, lambda t: "договор" not in t["title"].lower()),
    ("overdue", {"STATUS": -1}, lambda t: (t["deadline"] or "9") < "2026" and t["status"] not in (4, 5, 6)),
    ("STATUS is the stored one else", {"STATUS": [5, 6]}, lambda t: t["status"] in (5, 6)),
    ("empty", {"DEADLINE": ""}, lambda t: t["deadline"] is None),
    ("filled", {"!DEADLINE": ""}, lambda t: t["deadline"] is not None),
    ("a date", {">=DEADLINE": "2030-01-01"}, lambda t: (t["deadline"] or "") > "2030"),
    ("unknown fields and operators are dropped", {"NOPE": 1, "@ID": [1], "LOGIC": "OR"}, lambda t: True),
    (
        "groups",
        {"::LOGIC": "OR", "::SUBFILTER-1": {"REAL_STATUS": 5}, "::SUBFILTER-2": {"<ID": 51, "GROUP_ID": 2}},
        lambda t: t["status"] == 5 or (t["id"] < 51 and t["group_id"] == 2),
    ),
    ("a numbered group", {"0": {"::LOGIC": "OR", "ID": 41, "MARK": "P"}}, lambda t: t["id"] == 41),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_a_filter_of_tasks_finds_what_the_rows_say(
    portal: Sandbox, call: Any, condition: Any, expected: Any
) -> None:
    rows = [portal.row("task", i) or {} for i in portal.ids("task")]
    assert await _task_ids(call, portal, condition) == [row["id"] for row in rows if expected(row)]


async def test_tasks_come_newest_first_in_pages_with_the_asked_fields(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "tasks.task.list", {"select": ["STATUS", "RESPONSIBLE_ID"]})
    rows = answer["result"]["tasks"]
    assert (len(rows), answer["total"], answer["next"]) == (50, 60, 50)
    assert [int(row["id"]) for row in rows] == portal.ids("task")[::-1][:50]
    assert set(rows[0]) == {"id", "status", "subStatus", "responsibleId", "responsible", "group"}
    helper = next(
        int(u) for row in (await _result(call, portal, "tasks.task.list"))["tasks"] for u in row["accomplices"]
    )
    found = await _task_ids(call, portal, {"ACCOMPLICE": helper})
    assert found == [i for i in portal.ids("task") if f"{helper}" in (portal.row("task", i) or {})["accomplices"][1:-1].split(",")]  # fmt: skip  # noqa: E501


# -------------------------------------------------------------------------------------------------- departments, users


async def test_departments_are_read_and_written(small: Sandbox, call: Any) -> None:
    rows = await _result(call, small, "department.get", sort="NAME", order="DESC")
    assert [row["NAME"] for row in rows] == sorted((row["NAME"] for row in rows), reverse=True)
    top = next(row for row in rows if row["ID"] == "1")
    assert (top["SORT"], "PARENT" in top) == (500, False)
    new = await _result(call, small, "department.add", NAME="Склад", PARENT=1, UF_HEAD=1, SORT=10)
    assert await _result(call, small, "department.get", ID=new) == [
        {"ID": str(new), "NAME": "Склад", "SORT": 10, "PARENT": "1", "UF_HEAD": "1"}
    ]
    assert await _result(call, small, "department.update", ID=new, NAME="Базар") is True
    assert [row["ID"] for row in await _result(call, small, "department.get", NAME="базар", SORT=10)] == [str(new)]
    assert await _result(call, small, "department.delete", ID=new) is True
    for verb in ("update", "delete"):
        answer = await call(small, f"department.{verb}", {"ID": new})
        assert (answer["error"], answer["error_description"]) == ("ERROR_CORE", "Department not found")
    assert (await call(small, "department.add", {"PARENT": 1}))["error_description"].startswith("Department name")
    assert "top-level" in (await call(small, "department.add", {"NAME": "x"}))["error_description"]
    assert small.books.applied == {("department", verb): 1 for verb in ("add", "update", "delete")}
    assert set(await _result(call, small, "department.fields")) == {"ID", "NAME", "SORT", "PARENT", "UF_HEAD"}


async def test_users_are_added_and_changed_and_need_an_address_of_their_own(small: Sandbox, call: Any) -> None:
    new = await _result(call, small, "user.add", EMAIL="new@example.test", NAME="Анна", UF_DEPARTMENT=[3])
    (row,) = await _result(call, small, "user.get", FILTER={"ID": new})
    assert (row["NAME"], row["EMAIL"], row["UF_DEPARTMENT"], row["ACTIVE"]) == ("Анна", "new@example.test", [3], True)
    assert await _result(call, small, "user.update", ID=new, ACTIVE="N", WORK_POSITION="CEO") is True
    (row,) = await _result(call, small, "user.get", FILTER={"ID": new})
    assert (row["ACTIVE"], row["WORK_POSITION"]) == (False, "CEO")
    for params, text in [({}, "wrong_email"), ({"EMAIL": "NEW@example.test"}, "A user with this email already exists")]:
        answer = await call(small, "user.add", params)
        assert (answer["error"], answer["error_description"], answer["argument"]) == ("ERROR_ARGUMENT", text, "")
    assert (await call(small, "user.update", {"ID": 10**6}))["error_description"] == "access_denied"
    assert small.books.applied == {("user", "add"): 1, ("user", "update"): 1}


# ---------------------------------------------------------------------------------------------------------- pipelines


@pytest.mark.parametrize(
    ("kind", "entity", "first"), [(2, "DEAL_STAGE", "C{}:NEW"), (156, "DYNAMIC_156_STAGE", "DT156_{}:NEW")]
)
async def test_a_new_pipeline_has_stages_and_takes_them_with_it(
    small: Sandbox, call: Any, kind: int, entity: str, first: str
) -> None:
    fields = {"name": "Новая", "sort": 5}
    row = (await _result(call, small, "crm.category.add", entityTypeId=kind, fields=fields))["category"]
    assert (row["name"], row["sort"], row["entityTypeId"], row["isDefault"]) == ("Новая", 5, kind, "N")
    stages = await _result(call, small, "crm.status.list", filter={"ENTITY_ID": f"{entity}_{row['id']}"})
    assert stages[0]["STATUS_ID"] == first.format(row["id"])
    item = {"entityTypeId": kind, "fields": {"categoryId": row["id"]}}
    item = (await _result(call, small, "crm.item.add", **item))["item"]
    assert item["stageId"] == stages[0]["STATUS_ID"]
    key = {"entityTypeId": kind, "id": row["id"]}
    assert "related to the funnel" in (await call(small, "crm.category.delete", key))["error_description"]
    await call(small, "crm.item.delete", {"entityTypeId": kind, "id": item["id"]})
    updated = await _result(call, small, "crm.category.update", **key, fields={"name": "Другая", "entityTypeId": 1})
    assert updated["category"] == row | {"name": "Другая"}
    assert await _result(call, small, "crm.category.delete", **key) is None
    assert await _result(call, small, "crm.status.list", filter={"ENTITY_ID": f"{entity}_{row['id']}"}) == []
    assert (await call(small, "crm.category.update", {**key, "fields": {}}))["error"] == "NOT_FOUND"
    assert [w.verb for w in small.books.writes if w.entity == "category"] == ["add", "update", "delete"]


async def test_there_is_one_default_pipeline_and_it_stays(small: Sandbox, call: Any) -> None:
    assert (await call(small, "crm.category.delete", {"entityTypeId": 2, "id": 0}))["error"] == "0"
    assert (await call(small, "crm.category.delete", {"entityTypeId": 156, "id": 11}))["error"] == "BX_ERROR"
    assert (await call(small, "crm.category.add", {"entityTypeId": 2, "fields": {}}))["error"] == "0"
    await call(small, "crm.category.update", {"entityTypeId": 156, "id": 13, "fields": {"isDefault": "Y"}})
    rows = (await _result(call, small, "crm.category.list", entityTypeId=156))["categories"]
    assert [row["id"] for row in rows if row["isDefault"] == "Y"] == [13]
