"""What REST 3.0 says about itself: OpenAPI, scopes, fields."""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp
import jsonschema
import pytest

from b24orm.sandbox import Sandbox
from b24orm.sandbox.v3.methods import METHODS


def _at(sandbox: Sandbox, method: str) -> str:
    return sandbox.url.replace("/rest/", "/rest/api/") + method


@pytest.fixture
async def document(portal: Sandbox, http: aiohttp.ClientSession) -> dict[str, Any]:
    async with http.post(_at(portal, "rest.documentation.openapi"), json={}) as response:
        body = await response.json()
    assert isinstance(body, dict)
    return body


async def test_the_document_is_the_whole_answer(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.0.0"
    assert document["info"] == {"title": "Bitrix24 REST V3 API", "version": "1.0.0"}
    assert {"name": "tasks", "description": "tasks module methods"} in document["tags"]
    assert not {"result", "time"} & set(document)


@pytest.mark.parametrize("name", ["documentation", "rest.documentation.openapi"])
async def test_the_document_has_a_short_name_and_comes_by_get_and_post(
    portal: Sandbox, http: aiohttp.ClientSession, document: dict[str, Any], name: str
) -> None:
    async with http.get(_at(portal, name)) as response:
        assert await response.json() == document
    async with http.post(_at(portal, name)) as response:
        assert await response.json() == document


async def test_the_document_lists_what_is_served_and_nothing_else(
    portal: Sandbox, http: aiohttp.ClientSession, document: dict[str, Any]
) -> None:
    assert set(document["paths"]) == {f"/{name}" for name in METHODS}
    for path in document["paths"]:
        async with http.post(_at(portal, path[1:]), json={"pagination": {"limit": 1}}) as response:
            assert response.status != 404, path
            assert response.status < 500, path


async def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert names <= set(document["components"]["schemas"])
    assert {"TaskDto", "UserDto", "EventLogDto", "ResultDto", "DtoFieldDto", "Error"} <= names


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tasks.task.get", {"id": 41}),
        ("tasks.task.get", {"id": 41, "select": ["creator", "accomplices", "group", "chat", "created"]}),
        ("tasks.task.list", {"select": ["id", "title", "deadline", "responsible.name"]}),
        ("tasks.task.access.get", {"id": 41}),
        ("tasks.task.field.list", {}),
        ("main.eventlog.list", {}),
        ("main.eventlog.tail", {}),
        ("timeman.record.list", {"filter": [["userId", 1]], "select": ["id", "duration", "isApproved"]}),
        ("note.collection.list", {"pagination": {"limit": 1}}),
        ("note.document.tree.list", {"collectionId": 11}),
        ("note.document.search.list", {"query": "borscht"}),
    ],
)
async def test_answers_are_as_the_document_says(
    portal: Sandbox, ask: Any, document: dict[str, Any], method: str, params: dict[str, Any]
) -> None:
    called = document["paths"][f"/{method}"]["post"]
    schema = called["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["result"]
    body = called["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate(params, {**body, "additionalProperties": False})
    strict = json.loads(json.dumps(document["components"]), object_hook=_strict)
    jsonschema.validate(await ask(portal, method, params), {**_strict(schema), "components": strict})


def _strict(node: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 as JSON Schema: null where it may be, and no field that is not described."""
    if "$ref" in node:
        return {"anyOf": [node, {"type": "null"}]}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        node = {**node, "type": [node["type"], "null"]}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        return {**node, "additionalProperties": False}
    return node


async def test_required_parameters_are_named(document: dict[str, Any]) -> None:
    body = document["paths"]["/tasks.task.update"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["id", "fields"]
    batch = document["paths"]["/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert batch["items"]["required"] == ["method", "query"]
    assert set(document["paths"]["/documentation"]) == {"get", "post"}
    assert set(document["paths"]["/tasks.task.get"]) == {"post"}


async def test_scopes_do_not_filter_the_document(small: Sandbox, http: aiohttp.ClientSession) -> None:
    # bitrix24/b24jssdk pull request 490
    url = small.url.partition("/rest/")[0] + "/rest/api/documentation"
    headers = {"Authorization": f"Bearer {small.app(scope=('crm',)).tokens()['access_token']}"}
    async with http.get(url, headers=headers) as response:
        assert "/note.file.add" in (await response.json())["paths"]


async def test_scopes_are_nested_by_module_controller_and_method(portal: Sandbox, ask: Any) -> None:
    every = await ask(portal, "rest.scope.list")
    assert {"tasks", "main", "timeman", "note", "rest"} == set(every)
    leaf = every["tasks"]["task.chat.message"]["send"]
    assert leaf["scope"] == "tasks.task.chat.message.send"
    assert set(leaf) == {"scope", "title", "description", "fields"}
    assert await ask(portal, "scopes") == every


async def test_scopes_can_be_narrowed(portal: Sandbox, ask: Any) -> None:
    assert set(await ask(portal, "rest.scope.list", {"filterModule": "rest"})) == {"rest"}
    only = await ask(portal, "scopes", {"filterModule": "tasks", "filterController": "task", "filterMethod": "get"})
    assert {module: {name: list(methods) for name, methods in found.items()} for module, found in only.items()} == {
        "tasks": {"task": ["get"]}
    }
    assert await ask(portal, "scopes", {"filterModule": "nope"}) == {}


ENTITIES = [name.removesuffix(".field.list") for name in METHODS if name.endswith(".field.list")]


@pytest.mark.parametrize("entity", ENTITIES)
async def test_fields_are_described_one_by_one_and_together(portal: Sandbox, ask: Any, entity: str) -> None:
    every = (await ask(portal, f"{entity}.field.list"))["items"]
    assert every
    for described in every:
        assert list(described) == [
            *("name", "type", "title", "description", "validationRules", "requiredGroups", "filterable"),
            *("sortable", "editable", "multiple", "elementType"),
        ]
        assert described["type"] in {"int", "string", "bool", "float", "array", "object"}
    one = await ask(portal, f"{entity}.field.get", {"name": every[0]["name"]})
    assert one == {"item": every[0]}


async def test_of_tasks_only_the_id_is_called_filterable_and_sortable(portal: Sandbox, ask: Any) -> None:
    params = {"select": ["name", "type", "filterable", "sortable"]}
    every = (await ask(portal, "tasks.task.field.list", params))["items"]
    assert every[0] == {"name": "id", "type": "int", "filterable": True, "sortable": True}
    assert not any(one["filterable"] or one["sortable"] for one in every[1:])
    types = {one["name"]: one["type"] for one in every}
    assert [types[name] for name in ("title", "creatorId", "creator", "created", "inMute", "scenarios")] == [
        *("string", "int", "object", "object", "array", "array")
    ]


async def test_required_fields_name_the_methods_that_require_them(portal: Sandbox, ask: Any) -> None:
    every = (await ask(portal, "tasks.task.field.list"))["items"]
    assert [one["name"] for one in every if one["requiredGroups"] == ["add"]] == [
        *("title", "creatorId", "responsibleId"),
    ]
    item = (await ask(portal, "tasks.task.field.get", {"name": "creatorId", "select": ["editable"]}))["item"]
    assert item == {"editable": False}


async def test_an_unknown_field_is_not_found(portal: Sandbox, http: aiohttp.ClientSession, refused: Any) -> None:
    async with http.post(_at(portal, "tasks.task.field.get"), json={"name": "nope"}) as response:
        body = await response.json()
    assert (response.status, body) == (
        404,
        {
            "error": {
                "code": "BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION",
                "message": "Field `nope` not found",
            }
        },
    )
    assert (await refused(portal, "tasks.task.field.get"))[2] == {"name": "Required field `name` is not specified"}
    answer = await refused(portal, "tasks.task.field.list", {"select": ["unknownField"]})
    assert answer == (400, "UNKNOWNDTOPROPERTYEXCEPTION", {})
    assert (await refused(portal, "tasks.task.field.list", {"select": "name"}))[1] == "INVALIDSELECTEXCEPTION"
