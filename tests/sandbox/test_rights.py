"""Scopes, users and rights: sections 1, 3 and 5 of the behaviour notes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from b24orm.errors import ConfigurationError
from b24orm.sandbox import Sandbox

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def ask(http: aiohttp.ClientSession) -> Ask:
    """``await ask(url, method, params)``: like ``call``, with any webhook."""

    async def send(url: str, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        async with http.post(url + method, json=params or {}) as response:
            return {"status": response.status, **await response.json()}

    return send


async def test_a_method_outside_the_scope_is_refused(small: Sandbox, ask: Ask) -> None:
    url = small.webhook(scope=["crm"])
    refused = await ask(url, "tasks.task.list")
    assert refused == {
        "status": 403,
        "error": "insufficient_scope",
        "error_description": "The request requires higher privileges than provided by the webhook token",
    }
    assert (await ask(url, "crm.deal.list"))["status"] == 200
    for free in ("scope", "methods", "profile", "server.time", "method.get", "batch"):
        assert (await ask(url, free))["status"] == 200
    assert small.books.methods["tasks.task.list"] == 0


async def test_the_scope_of_each_command_of_a_batch_is_checked_and_refused_without_a_description(
    small: Sandbox, ask: Ask
) -> None:
    url = small.webhook(scope=["crm"])
    cmd = {"a": "user.get", "b": "crm.deal.list?start=-1", "c": "department.get"}
    result = (await ask(url, "batch", {"cmd": cmd}))["result"]
    refusal = {"error": "insufficient_scope", "error_description": ""}
    assert result["result_error"] == {"a": refusal, "c": refusal}
    assert list(result["result"]) == ["b"]
    halted = (await ask(url, "batch", {"cmd": cmd, "halt": 1}))["result"]
    assert halted["result_error"] == {"a": refusal}


async def test_a_method_outside_the_scope_is_refused_before_its_operating_time_is_looked_at(
    small: Sandbox, ask: Ask
) -> None:
    small.faults.add("operation_time_limit", method="user.get")
    assert (await ask(small.webhook(scope=["crm"]), "user.get"))["error"] == "insufficient_scope"
    assert small.faults.pending == 1


async def test_scope_and_methods_answer_what_the_caller_has(small: Sandbox, ask: Ask) -> None:
    url = small.webhook(scope=["department", "crm"])
    assert (await ask(url, "scope"))["result"] == ["crm", "department"]
    assert "task" in (await ask(url, "scope", {"full": True}))["result"]
    methods = (await ask(url, "methods"))["result"]
    assert {"batch", "crm.deal.list", "department.get"} <= set(methods)
    assert not {"user.get", "tasks.task.list"} & set(methods)
    assert "user.get" in (await ask(url, "methods", {"full": 1}))["result"]
    assert set((await ask(url, "methods", {"scope": "department"}))["result"]) >= {"department.get", "department.add"}
    common = (await ask(url, "methods", {"scope": ""}))["result"]
    assert "server.time" in common
    assert "crm.deal.list" not in common
    assert (await ask(url, "method.get", {"name": "user.get"}))["result"] == {"isExisting": True, "isAvailable": False}
    assert (await ask(url, "method.get", {"name": "crm.deal.get"}))["result"] == {
        "isExisting": True,
        "isAvailable": True,
    }


async def test_fields_of_users_outside_the_scope_are_dropped_from_rows_filters_and_orders(
    small: Sandbox, ask: Ask
) -> None:
    brief, basic = small.webhook(scope=["user_brief"]), small.webhook(scope=["user_basic"])
    everybody = len((await ask(brief, "user.get"))["result"])
    assert everybody > 1
    email = str((small.row("user", 1) or {})["email"])
    rows = (await ask(basic, "user.get", {"EMAIL": email}))["result"]
    assert [row["EMAIL"] for row in rows] == [email]
    assert "LAST_LOGIN" not in rows[0]
    rows = (await ask(brief, "user.get", {"EMAIL": email, "select": ["ID", "EMAIL", "NAME"]}))["result"]
    assert len(rows) == everybody
    assert set(rows[0]) == {"ID", "NAME"}
    assert "EMAIL" not in (await ask(brief, "user.current"))["result"]
    assert "EMAIL" not in (await ask(brief, "user.fields"))["result"]
    assert (await ask(basic, "user.add", {"EMAIL": "x@example.test"}))["error"] == "insufficient_scope"


async def test_a_webhook_acts_as_its_user(small: Sandbox, ask: Ask) -> None:
    second = small.ids("user")[1]
    url = small.webhook(user=second)
    assert f"/rest/{second}/" in url
    profile = (await ask(url, "profile"))["result"]
    assert (profile["ID"], profile["ADMIN"]) == (str(second), False)
    assert profile["TIME_ZONE_OFFSET"] == 10_800
    item = (await ask(url, "crm.item.add", {"entityTypeId": 2, "fields": {"title": "x"}}))["result"]["item"]
    assert (item["createdBy"], item["assignedById"]) == (second, second)
    small.update("user", second, active="N")
    refused = await ask(url, "profile")
    assert (refused["status"], refused["error"]) == (401, "authorization_error")


async def test_a_wrong_code_or_the_code_of_another_user_is_no_credential(small: Sandbox, ask: Ask) -> None:
    second = small.ids("user")[1]
    for url in (small.url[:-1] + "x/", small.webhook(user=second).replace(f"/rest/{second}/", "/rest/1/")):
        refused = await ask(url, "scope")
        assert (refused["status"], refused["error"]) == (401, "INVALID_CREDENTIALS")


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("crm.type.list", {}, "ACCESS_DENIED", "Access denied"),
        ("crm.status.add", {"fields": {"ENTITY_ID": "SOURCE"}}, "", "Access denied."),
        ("crm.category.add", {"entityTypeId": 2, "fields": {"name": "x"}}, "ACCESS_DENIED", "Access denied"),
        ("user.add", {"EMAIL": "new@example.test"}, "ERROR_CORE", "access_denied"),
        ("department.add", {"NAME": "x", "PARENT": 1}, "ERROR_CORE", "Access denied"),
    ],
)
async def test_who_is_no_administrator_cannot_set_the_portal_up(
    small: Sandbox, ask: Ask, method: str, params: dict[str, Any], code: str, text: str
) -> None:
    refused = await ask(small.webhook(user=small.ids("user")[1]), method, params)
    assert refused == {"status": 400, "error": code, "error_description": text}
    assert small.books.writes == []
    reading = {"crm.type.list": "crm.type.getByEntityTypeId", "crm.status.add": "crm.status.list"}.get(method)
    if reading:
        url = small.webhook(user=small.ids("user")[1])
        assert (await ask(url, reading, {"entityTypeId": 156}))["status"] == 200


@pytest.mark.parametrize(
    ("method", "status", "code", "text"),
    [
        ("crm.item.add", 400, "ACCESS_DENIED", "Access denied"),
        ("crm.item.get", 400, "ACCESS_DENIED", "You do not have permission to view this item"),
        ("crm.deal.list", 400, "", "Access denied."),
        ("crm.deal.add", 400, "", "Access denied"),
        ("crm.deal.contact.add", 403, "ACCESS_DENIED", "Access denied!"),
        ("crm.requisite.get", 400, "", "Access denied."),
        ("crm.activity.update", 400, "", "Access denied"),
        ("userfieldconfig.list", 400, "", "You do not have permission to view user field settings"),
        ("userfieldconfig.get", 400, "", "You do not have permission to view user field settings"),
        ("disk.folder.addsubfolder", 400, "ACCESS_DENIED", "Access denied"),
        ("batch", 403, "ACCESS_DENIED", "Access denied!"),
    ],
)
async def test_each_family_words_a_missing_right_in_its_own_way(
    small: Sandbox, call: Any, method: str, status: int, code: str, text: str
) -> None:
    small.denied.add(method)
    refused = await call(small, method, {"cmd": ["scope"], "id": 1})
    assert refused == {"status": status, "error": code, "error_description": text}
    assert small.books.commands == 0


def test_a_webhook_needs_a_user_and_scopes_that_there_are(small: Sandbox) -> None:
    with pytest.raises(ConfigurationError, match="user=9999"):
        small.webhook(user=9999)
    with pytest.raises(ConfigurationError, match="no scope 'taks'; did you mean 'task'"):
        small.webhook(scope=["taks"])
    with pytest.raises(ConfigurationError, match="a list of names"):
        small.webhook(scope="crm")


async def test_a_copy_of_a_portal_has_its_webhooks(small: Sandbox, ask: Ask) -> None:
    url = small.webhook(scope=["crm"])
    async with small.copy() as twin:
        assert (await ask(url.replace(str(small.port), str(twin.port)), "scope"))["result"] == ["crm"]
