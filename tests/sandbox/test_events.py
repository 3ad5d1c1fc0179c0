"""Events of the sandbox: who hears of what, in which words, and the queue of offline events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from b24orm.errors import ConfigurationError
from b24orm.limits import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.apps import SandboxApp
from b24orm.sandbox.books import Delivery
from b24orm.sandbox.courier import form_of
from b24orm.sandbox.php import parse_str

Ask = Callable[..., Awaitable[dict[str, Any]]]
HANDLER = "https://example.com/events"


class Inbox:
    """A handler that keeps what it gets, as PHP would read it, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.types: list[str] = []
        self.status = 200
        self.held: asyncio.Event | None = None
        self._runner = web.ServerRunner(web.Server(self._take))
        self.url = ""

    async def _take(self, request: web.BaseRequest) -> web.Response:
        if self.held is not None:
            await self.held.wait()
        self.got.append(parse_str((await request.read()).decode()))
        self.types.append(request.content_type)
        return web.Response(status=self.status)

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def take(self) -> list[tuple[str, Any]]:
        """Name and data of what came since the last time."""
        got, self.got = self.got, []
        return [(one["event"], one.get("data")) for one in got]


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    box = Inbox()
    await box.start()
    yield box
    await box.stop()


@pytest.fixture
def app(small: Sandbox) -> SandboxApp:
    return small.app()


@pytest.fixture
def ask(small: Sandbox, app: SandboxApp, http: aiohttp.ClientSession) -> Ask:
    """``await ask(method, user=1, app=None, **params)``: a call with an access token."""
    tokens: dict[tuple[str, int], str] = {}

    async def send(method: str, user: int = 1, by: SandboxApp | None = None, **params: Any) -> dict[str, Any]:
        who = by or app
        token = tokens.setdefault((who.client_id, user), who.tokens(user)["access_token"])
        address = f"http://{small.domain}/rest/{method}"
        async with http.post(address, json={**params, "auth": token}) as response:
            return {"status": response.status, **await response.json()}

    return send


# ------------------------------------------------------------------------------------------------------------ binding


async def test_bindings_are_listed_as_documented_and_counted_when_they_end(ask: Ask) -> None:
    assert (await ask("event.bind", event="onCrmLeadAdd", handler=HANDLER))["result"] is True
    assert (await ask("event.bind", event="ONCRMLEADADD", handler=HANDLER, auth_type=2))["result"] is True
    assert (await ask("event.bind", EVENT="ONCRMLEADADD", EVENT_TYPE="offline", AUTH_CONNECTOR="x"))["result"] is True
    assert (await ask("event.get"))["result"] == [
        {"event": "ONCRMLEADADD", "handler": HANDLER, "auth_type": "0", "offline": 0},
        {"event": "ONCRMLEADADD", "handler": HANDLER, "auth_type": "2", "offline": 0},
        {"event": "ONCRMLEADADD", "handler": "", "auth_type": "0", "offline": 1, "connector_id": "x"},
    ]
    assert (await ask("event.unbind", event="onCrmLeadAdd", handler=HANDLER, auth_type=""))["result"] == {"count": 1}
    assert (await ask("event.unbind", event="ONCRMLEADADD", handler="x"))["result"] == {"count": 0}
    assert (await ask("event.unbind"))["result"] == {"count": 1}
    assert (await ask("event.unbind", event="ONCRMLEADADD", event_type="offline"))["result"] == {"count": 1}
    assert (await ask("event.get"))["result"] == []


@pytest.mark.parametrize(
    ("params", "status", "code", "text"),
    [
        ({"event": "ONNOTHING", "handler": HANDLER}, 400, "ERROR_EVENT_NOT_FOUND", "Event not found"),
        ({"handler": HANDLER}, 400, "ERROR_EVENT_NOT_FOUND", "Event not found"),
        ({"event": "ONBOOKINGADD", "handler": HANDLER}, 400, "ERROR_EVENT_NOT_FOUND", "Event not found"),
        ({"event": "ONIMV2MESSAGEADD", "handler": HANDLER}, 400, "ERROR_EVENT_NOT_FOUND", "Event not found"),
        ({"event": "ONCRMDYNAMICITEMADD_999", "handler": HANDLER}, 400, "ERROR_EVENT_NOT_FOUND", "Event not found"),
        ({"event": "ONCRMLEADADD"}, 400, "ERROR_ARGUMENT", "Argument 'HANDLER' is null or empty"),
        ({"event": "ONCRMLEADADD", "handler": "x"}, 400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL"),
        ({"event": "ONCRMLEADADD", "handler": "http://["}, 400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL"),
        ({"event": "ONCRMLEADADD", "handler": "ftp://x/"}, 400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported"),
    ],
)
async def test_what_cannot_be_bound_is_refused(
    ask: Ask, params: dict[str, Any], status: int, code: str, text: str
) -> None:
    answer = await ask("event.bind", **params)
    assert (answer["status"], answer["error"]) == (status, code)
    assert text in answer["error_description"]


async def test_the_same_handler_is_bound_once(ask: Ask) -> None:
    assert (await ask("event.bind", event="ONCRMLEADADD", handler=HANDLER))["result"] is True
    answer = await ask("event.bind", event="OnCrmLeadAdd", handler=HANDLER)
    assert (answer["status"], answer["error_description"]) == (400, "Unable to set event handler")
    assert (await ask("event.bind", event="ONCRMLEADUPDATE", handler=HANDLER))["result"] is True


async def test_a_user_without_rights_has_own_online_handlers_only(ask: Ask) -> None:
    await ask("event.bind", event="ONCRMLEADADD", handler=HANDLER)
    assert (await ask("event.bind", 2, event="ONCRMLEADADD", handler=HANDLER))["result"] is True
    assert (await ask("event.get", 2))["result"] == [
        {"event": "ONCRMLEADADD", "handler": HANDLER, "auth_type": "2", "offline": 0}
    ]
    for method, what in (("bind", "binding"), ("unbind", "unbinding")):
        offline = await ask(f"event.{method}", 2, event="ONCRMLEADADD", event_type="offline")
        text = f"Access denied! Offline events {what} requires administrator access rights"
        assert (offline["status"], offline["error"], offline["error_description"]) == (403, "ACCESS_DENIED", text)
        another = await ask(f"event.{method}", 2, event="ONCRMLEADADD", handler=HANDLER, auth_type=1)
        text = f"Access denied! Event {what} with AUTH_TYPE requires administrator access rights"
        assert (another["status"], another["error"], another["error_description"]) == (403, "ACCESS_DENIED", text)
    assert (await ask("event.unbind", 2, event="ONCRMLEADADD", handler=HANDLER))["result"] == {"count": 1}
    assert len((await ask("event.get"))["result"]) == 1
    for method in ("get", "list", "clear", "error"):
        answer = await ask(f"event.offline.{method}", 2, process_id="x")
        assert (answer["status"], answer["error"], answer["error_description"]) == (
            *(403, "ACCESS_DENIED"),
            "Access denied!",
        )


@pytest.mark.parametrize(
    "method",
    [
        *("events", "event.bind", "event.unbind", "event.get", "event.test"),
        *("event.offline.get", "event.offline.list", "event.offline.clear", "event.offline.error"),
    ],
)
async def test_webhooks_are_refused(small: Sandbox, call: Any, method: str) -> None:
    answer = await call(small, method, {"event": "ONCRMLEADADD", "handler": HANDLER})
    assert (answer["status"], answer["error"]) == (403, "WRONG_AUTH_TYPE")
    assert "Application context required" in answer["error_description"]


async def test_the_list_of_events_follows_the_scope(ask: Ask, small: Sandbox) -> None:
    own = (await ask("events"))["result"]
    assert {"ONAPPINSTALL", "ONOFFLINEEVENT", "ONCRMDEALADD", "ONTASKADD", "ONCRMDYNAMICITEMADD_156"} < set(own)
    assert "ONBOOKINGADD" not in own
    assert "ONBOOKINGADD" in (await ask("events", FULL=True))["result"]
    assert set((await ask("events", SCOPE="user", FULL=True))["result"]) == {"ONUSERADD"}
    narrow = small.app(scope=("task",))
    assert "ONCRMDEALADD" not in (await ask("events", by=narrow))["result"]
    answer = await ask("event.bind", by=narrow, event="ONCRMDEALADD", handler=HANDLER)
    assert answer["error"] == "ERROR_EVENT_NOT_FOUND"
    assert (await ask("event.bind", by=narrow, event="ONAPPUNINSTALL", handler=HANDLER))["result"] is True
    assert (await ask("event.get"))["result"] == []  # each application has its own


async def test_features_can_be_asked_for(ask: Ask) -> None:
    assert (await ask("feature.get", CODE="rest_offline_extended"))["result"] == {"value": "Y"}
    assert (await ask("feature.get"))["error"] == "CODE_EMPTY"


# ------------------------------------------------------------------------------------------------------------ sending


async def test_an_event_is_a_form_as_php_writes_it_with_the_tokens_of_who_did_it(
    small: Sandbox, app: SandboxApp, ask: Ask, inbox: Inbox
) -> None:
    await ask("event.bind", event="ONCRMDEALADD", handler=inbox.url)
    await ask("event.bind", event="ONCRMDEALADD", handler=inbox.url, auth_type=2)
    new = (await ask("crm.item.add", entityTypeId=2, fields={"title": "x"}))["result"]["item"]["id"]
    assert await small.deliveries() == [Delivery("ONCRMDEALADD", inbox.url, 200)] * 2
    first, second = inbox.got
    assert inbox.types == ["application/x-www-form-urlencoded"] * 2
    assert set(first) == {"event", "event_handler_id", "data", "ts", "auth"}
    assert first["data"] == {"FIELDS": {"ID": str(new)}}
    assert abs(int(first["ts"]) - small.portal_time.timestamp()) < 60
    assert set(first["auth"]) == {
        *("domain", "client_endpoint", "server_endpoint", "member_id", "application_token", "access_token"),
        *("expires", "expires_in", "scope", "status", "user_id"),
    }
    assert first["auth"]["application_token"] == app.application_token
    assert first["auth"]["domain"] == small.domain
    assert (first["auth"]["user_id"], second["auth"]["user_id"]) == ("1", "2")
    assert first["event_handler_id"] != second["event_handler_id"]
    profile = {"auth": first["auth"]["access_token"]}
    async with (
        aiohttp.ClientSession() as http,
        http.post(first["auth"]["client_endpoint"] + "profile", json=profile) as answer,
    ):
        assert (await answer.json())["result"]["ID"] == "1"


def _fields(number: int) -> dict[str, Any]:
    return {"FIELDS": {"ID": str(number)}}


@pytest.mark.parametrize(("key", "type_id"), [("deal", 2), ("lead", 1), ("contact", 3), ("company", 4), ("quote", 7)])
async def test_crm_objects_have_events_of_their_own_whichever_methods_change_them(
    small: Sandbox, ask: Ask, inbox: Inbox, key: str, type_id: int
) -> None:
    name = f"ONCRM{key.upper()}"
    for verb in ("ADD", "UPDATE", "DELETE"):
        await ask("event.bind", event=name + verb, handler=inbox.url)
        await ask("event.bind", event=f"ONCRMDYNAMICITEM{verb}", handler=inbox.url)
    title = "NAME" if key == "contact" else "TITLE"
    new = (await ask("crm.item.add", entityTypeId=type_id, fields={title.lower(): "x"}))["result"]["item"]["id"]
    await ask("crm.item.update", entityTypeId=type_id, id=new, fields={title.lower(): "y"})
    await ask("crm.item.update", entityTypeId=type_id, id=new, fields={title.lower(): "y"})  # changes nothing
    await ask(f"crm.{key}.update", id=new, fields={title: "z"})
    await ask("crm.item.delete", entityTypeId=type_id, id=new)
    other = (await ask(f"crm.{key}.add", fields={title: "x"}))["result"]
    await ask(f"crm.{key}.delete", id=other)
    await small.deliveries()
    assert inbox.take() == [
        (name + "ADD", _fields(new)),
        (name + "UPDATE", _fields(new)),
        (name + "UPDATE", _fields(new)),
        (name + "DELETE", _fields(new)),
        (name + "ADD", _fields(other)),
        (name + "DELETE", _fields(other)),
    ]


@pytest.mark.parametrize("type_id", [31, 156])
async def test_smart_processes_and_invoices_have_events_by_the_number_of_their_kind(
    small: Sandbox, ask: Ask, inbox: Inbox, type_id: int
) -> None:
    for name in ("ADD", "UPDATE", "DELETE", f"ADD_{type_id}", "ADD_1038"):
        await ask("event.bind", event=f"ONCRMDYNAMICITEM{name}", handler=inbox.url)
    new = (await ask("crm.item.add", entityTypeId=type_id, fields={"title": "x"}))["result"]["item"]["id"]
    await ask("crm.item.update", entityTypeId=type_id, id=new, fields={"title": "y"})
    await ask("crm.item.delete", entityTypeId=type_id, id=new)
    await small.deliveries()
    data = {"FIELDS": {"ID": str(new), "ENTITY_TYPE_ID": str(type_id)}}
    names = ["ADD", f"ADD_{type_id}", "UPDATE", "DELETE"]
    assert inbox.take() == [(f"ONCRMDYNAMICITEM{name}", data) for name in names]


async def test_tasks_tell_both_sides_and_one_that_does_not_exist_is_a_word(
    small: Sandbox, ask: Ask, inbox: Inbox
) -> None:
    for verb in ("ADD", "UPDATE", "DELETE"):
        await ask("event.bind", event=f"ONTASK{verb}", handler=inbox.url)
    fields = {"TITLE": "x", "RESPONSIBLE_ID": 1}
    new = (await ask("tasks.task.add", fields=fields))["result"]["task"]["id"]
    await ask("tasks.task.update", taskId=new, fields={"TITLE": "y"})
    await ask("tasks.task.delete", taskId=new)
    await small.deliveries()
    row, none = {"ID": str(new)}, "undefined"
    assert inbox.take() == [
        ("ONTASKADD", _sides(none, row, "N", none)),
        ("ONTASKUPDATE", _sides(row, row, none, none)),
        ("ONTASKDELETE", _sides(row, none, none, "N")),
    ]


def _sides(before: Any, after: Any, was: str, now: str) -> dict[str, Any]:
    return {
        "FIELDS_BEFORE": before,
        "FIELDS_AFTER": after,
        "IS_ACCESSIBLE_BEFORE": was,
        "IS_ACCESSIBLE_AFTER": now,
    }


async def test_other_objects_tell_what_their_pages_say(small: Sandbox, ask: Ask, inbox: Inbox) -> None:
    names = ["ONCRMTIMELINECOMMENTADD", "ONCRMADDRESSREGISTER", "ONCRMADDRESSUNREGISTER", "ONCRMREQUISITEUPDATE"]
    names += ["ONCRMDEALMOVETOCATEGORY", "ONCRMDEALUPDATE"]
    for name in names:
        await ask("event.bind", event=name, handler=inbox.url)
    deal, company = small.ids("deal")[0], small.ids("company")[-1]
    comment = {"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": "x"}
    added = (await ask("crm.timeline.comment.add", fields=comment))["result"]
    address = {"TYPE_ID": 9, "ENTITY_TYPE_ID": 4, "ENTITY_ID": company}
    assert (await ask("crm.address.add", fields={**address, "CITY": "Riga"})).get("result") is True
    await ask("crm.address.delete", fields=address)
    small.update("deal", deal, category_id=0, stage_id="NEW")
    await ask("crm.item.update", entityTypeId=2, id=deal, fields={"categoryId": 1, "stageId": "C1:NEW"})
    await small.deliveries()
    told = {key: str(value) for key, value in address.items()} | {"ANCHOR_TYPE_ID": "4", "ANCHOR_ID": str(company)}
    assert inbox.take() == [
        ("ONCRMTIMELINECOMMENTADD", {"ID": str(added)}),
        ("ONCRMADDRESSREGISTER", {"FIELDS": told}),
        ("ONCRMADDRESSUNREGISTER", {"FIELDS": told}),
        ("ONCRMDEALUPDATE", _fields(deal)),
        ("ONCRMDEALMOVETOCATEGORY", {"FIELDS": {"ID": str(deal), "CATEGORY_ID": "1", "STAGE_ID": "C1:NEW"}}),
    ]


async def test_a_batch_of_writes_and_one_by_webhook_cause_events_in_their_order(
    small: Sandbox, ask: Ask, call: Any, inbox: Inbox
) -> None:
    await ask("event.bind", event="ONCRMDEALADD", handler=inbox.url)
    before = set(small.ids("deal"))
    commands = {f"c{number}": f"crm.deal.add?fields[TITLE]=x{number}" for number in range(5)}
    await call(small, "batch", {"cmd": commands})
    await small.deliveries()
    new = sorted(set(small.ids("deal")) - before)
    assert inbox.take() == [("ONCRMDEALADD", _fields(number)) for number in new]


async def test_a_slow_handler_keeps_no_answer_waiting_and_gets_its_events_in_order(
    small: Sandbox, ask: Ask, inbox: Inbox
) -> None:
    inbox.held = asyncio.Event()
    await ask("event.bind", event="ONCRMDEALUPDATE", handler=inbox.url)
    deals = small.ids("deal")[:5]
    for number in deals:
        await ask("crm.item.update", entityTypeId=2, id=number, fields={"title": "new"})
    with pytest.raises(TimeoutError, match="still under way"):
        small.wait_for_deliveries(0.0)
    inbox.held.set()
    assert [one.status for one in await small.deliveries()] == [200] * 5
    assert inbox.take() == [("ONCRMDEALUPDATE", _fields(number)) for number in deals]


async def test_there_is_one_attempt_whatever_the_handler_answers(small: Sandbox, ask: Ask, inbox: Inbox) -> None:
    inbox.status = 500
    await ask("event.bind", event="ONCRMDEALUPDATE", handler=inbox.url)
    await ask("event.bind", event="ONCRMDEALUPDATE", handler="http://127.0.0.1:1/")
    small.emit("onCrmDealUpdate", {"FIELDS": {"ID": 1}})
    assert sorted(await small.deliveries(), key=lambda one: one.status) == [
        Delivery("ONCRMDEALUPDATE", "http://127.0.0.1:1/", 0),
        Delivery("ONCRMDEALUPDATE", inbox.url, 500),
    ]
    small.books.reset()
    assert await small.deliveries() == []


async def test_nothing_is_sent_before_the_installation_is_finished_nor_after_the_application_has_gone(
    small: Sandbox, ask: Ask, inbox: Inbox
) -> None:
    fresh = small.app(installed=False)
    assert (await ask("event.bind", by=fresh, event="ONCRMDEALUPDATE", handler=inbox.url))["result"] is True
    small.emit("ONCRMDEALUPDATE", _fields(1))
    assert await small.deliveries() == []
    fresh.finish_installation()
    small.emit("ONCRMDEALUPDATE", _fields(2))
    await small.deliveries()
    fresh.uninstall()
    small.emit("ONCRMDEALUPDATE", _fields(3))
    await small.deliveries()
    assert inbox.take() == [("ONCRMDEALUPDATE", _fields(2))]


async def test_who_did_it_decides_about_tokens(small: Sandbox, ask: Ask, inbox: Inbox) -> None:
    for name in ("ONCRMDEALUPDATE", "ONAPPUNINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT"):
        await ask("event.bind", event=name, handler=inbox.url)
    small.emit("ONCRMDEALUPDATE", _fields(1), user_id=0)
    small.emit("ONAPPUNINSTALL", {"LANGUAGE_ID": "de", "CLEAN": True})
    small.emit("ONAPPUPDATE", {"VERSION": "2", "NOTHING": None, "EMPTY": []})
    small.emit("ONAPPPAYMENT", {"DAYS": 5, "EXPIRED": False})
    await small.deliveries()
    auths = [one["auth"] for one in inbox.got]
    assert ["access_token" in auth for auth in auths] == [False, False, True, False]
    assert ["refresh_token" in auth for auth in auths] == [False, False, True, False]
    assert ["application_token" in auth for auth in auths] == [True, True, True, False]
    assert [data for _, data in inbox.take()][1:] == [
        {"LANGUAGE_ID": "de", "CLEAN": "1"},
        {"VERSION": "2"},
        {"DAYS": "5", "EXPIRED": "0"},
    ]


async def test_events_that_are_not_there_cannot_happen(small: Sandbox) -> None:
    with pytest.raises(ConfigurationError, match="knows no event 'ONCRMDAELADD'; did you mean 'ONCRMDEALADD'"):
        small.emit("ONCRMDAELADD")


async def test_a_test_event_tells_what_it_was_given(small: Sandbox, ask: Ask, inbox: Inbox) -> None:
    await ask("event.bind", event="ONAPPTEST", handler=inbox.url)
    assert (await ask("event.test", any="data"))["result"] == 1
    await small.deliveries()
    assert inbox.take() == [("ONAPPTEST", {"QUERY": {"any": "data"}, "LANGUAGE_ID": "en"})]


async def test_events_that_cannot_be_delivered_any_more_do_not_keep_the_sandbox_from_ending(inbox: Inbox) -> None:
    inbox.held = asyncio.Event()
    async with Sandbox(deals=5, limits=Limits.none()) as sandbox, aiohttp.ClientSession() as http:
        token = sandbox.app().tokens()["access_token"]
        body = {"auth": token, "event": "ONCRMDEALADD", "handler": inbox.url}
        async with http.post(f"http://{sandbox.domain}/rest/event.bind", json=body) as answer:
            assert (await answer.json())["result"] is True
        for _ in range(3):
            sandbox.emit("ONCRMDEALADD", _fields(1))
    assert sandbox.wait_for_deliveries(5) == []
    sandbox.emit("ONCRMDEALADD", _fields(1))  # nobody hears it
    inbox.held.set()


def test_forms_are_written_as_php_writes_them() -> None:
    said = {"a": {"b": [1, {"c": "ü &="}], "d": None, "e": [], "f": True, "g": False}, "h": ""}
    form = "a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D%5Bc%5D=%C3%BC+%26%3D&a%5Bf%5D=1&a%5Bg%5D=0&h="
    assert form_of(said) == form


# ------------------------------------------------------------------------------------------------------------ offline


@pytest.fixture
async def queued(small: Sandbox, ask: Ask) -> list[int]:
    """Four deals whose changes are queued."""
    await ask("event.bind", event="ONCRMDEALUPDATE", event_type="offline")
    deals = small.ids("deal")[:4]
    for number in deals:
        await ask("crm.deal.update", id=number, fields={"TITLE": "new"})
    return deals


def _ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["EVENT_DATA"]["FIELDS"]["ID"] for row in rows]


async def test_the_queue_is_listed_as_documented_and_does_not_change_by_it(
    small: Sandbox, ask: Ask, queued: list[int]
) -> None:
    for _ in range(2):
        answer = await ask("event.offline.list")
        assert answer["total"] == 4
        assert _ids(answer["result"]) == queued
        assert set(answer["result"][0]) == {
            *("ID", "TIMESTAMP_X", "EVENT_NAME", "EVENT_DATA", "EVENT_ADDITIONAL"),
            *("MESSAGE_ID", "PROCESS_ID", "ERROR"),
        }
        assert answer["result"][0]["PROCESS_ID"] == ""
        assert answer["result"][0]["ERROR"] == "0"
    last = answer["result"][-1]["ID"]
    assert _ids((await ask("event.offline.list", filter={"ID": last}))["result"]) == queued[3:]
    assert (
        _ids((await ask("event.offline.list", filter={"<ID": last}, order={"ID": "desc"}))["result"]) == queued[2::-1]
    )
    some = {"=EVENT_NAME": ["onCrmDealUpdate"], ">=TIMESTAMP_X": "2020-01-01", "!ID": [last], "NOPE": 1, "~ID": 1}
    assert _ids((await ask("event.offline.list", filter=some))["result"]) == queued[:3]
    assert (await ask("event.offline.list", filter={"MESSAGE_ID": "nope"}))["result"] == []


async def test_a_long_queue_has_pages(small: Sandbox, ask: Ask, queued: list[int]) -> None:
    for number in range(60):
        small.emit("ONCRMDEALUPDATE", {"FIELDS": {"ID": 1000 + number}})
    first = await ask("event.offline.list")
    assert (len(first["result"]), first["next"], first["total"]) == (50, 50, 64)
    second = await ask("event.offline.list", start=50)
    assert (len(second["result"]), "next" in second) == (14, False)


async def test_an_object_has_one_record_with_the_time_of_its_last_change(
    small: Sandbox, ask: Ask, queued: list[int]
) -> None:
    before = (await ask("event.offline.list"))["result"]
    small.advance(100)
    await ask("crm.deal.update", id=queued[0], fields={"TITLE": "newer"})
    after = (await ask("event.offline.list"))["result"]
    assert [row["ID"] for row in after] == [row["ID"] for row in before]
    assert after[0]["TIMESTAMP_X"] > before[0]["TIMESTAMP_X"]
    got = (await ask("event.offline.get", limit=2))["result"]
    assert _ids(got["events"]) == queued[1:3]  # the oldest change first


async def test_reading_deletes_unless_it_is_told_not_to(small: Sandbox, ask: Ask, queued: list[int]) -> None:
    got = (await ask("event.offline.get", limit=1))["result"]
    assert (got["process_id"], _ids(got["events"])) == (None, queued[:1])
    assert "PROCESS_ID" not in got["events"][0]
    got = (await ask("event.offline.get", limit=1, clear=1))["result"]
    assert (got["process_id"], _ids(got["events"])) == (None, queued[1:2])
    got = (await ask("event.offline.get", limit=1, clear=0))["result"]
    assert len(got["process_id"]) == 32
    assert _ids(got["events"]) == queued[2:3]
    other = (await ask("event.offline.get", clear=0))["result"]
    assert _ids(other["events"]) == queued[3:]  # parallel calls get different records
    again = (await ask("event.offline.get", clear=0, process_id=got["process_id"]))["result"]
    assert again == got
    rows = (await ask("event.offline.list"))["result"]
    assert [row["PROCESS_ID"] for row in rows] == [got["process_id"], other["process_id"]]
    assert _ids((await ask("event.offline.list", filter={">PROCESS_ID": "0"}))["result"]) == queued[2:]
    # A change while the record is reserved makes a new one.
    await ask("crm.deal.update", id=queued[2], fields={"TITLE": "newest"})
    assert (await ask("event.offline.list"))["total"] == 3


async def test_clearing_takes_records_by_id_by_message_or_all(small: Sandbox, ask: Ask, queued: list[int]) -> None:
    got = (await ask("event.offline.get", clear=0))["result"]
    process, rows = got["process_id"], got["events"]
    assert (await ask("event.offline.clear", process_id="nope"))["result"] is True
    answer = await ask(
        "event.offline.clear", process_id=process, id=[rows[0]["ID"]], message_id=[rows[1]["MESSAGE_ID"]]
    )
    assert answer["result"] is True
    assert _ids((await ask("event.offline.list"))["result"]) == queued[1:]
    await ask("event.offline.clear", process_id=process, message_id=rows[1]["MESSAGE_ID"])
    assert _ids((await ask("event.offline.list"))["result"]) == queued[2:]
    await ask("event.offline.clear", process_id=process)
    assert (await ask("event.offline.list"))["result"] == []
    for method in ("clear", "error"):
        answer = await ask(f"event.offline.{method}")
        assert (answer["error"], answer["argument"]) == ("ERROR_ARGUMENT", "PROCESS_ID")


async def test_failed_records_are_kept_apart(small: Sandbox, ask: Ask, queued: list[int]) -> None:
    got = (await ask("event.offline.get", clear=0))["result"]
    message = got["events"][1]["MESSAGE_ID"]
    assert (await ask("event.offline.error", process_id=got["process_id"], message_id=[message]))["result"] is True
    assert _ids((await ask("event.offline.list", filter={"ERROR": 1}))["result"]) == queued[1:2]
    assert _ids((await ask("event.offline.get", clear=0, process_id=got["process_id"]))["result"]["events"]) == [
        queued[0],
        *queued[2:],
    ]
    assert _ids((await ask("event.offline.get", error=1))["result"]["events"]) == queued[1:2]
    assert (await ask("event.offline.error", process_id=got["process_id"]))["result"] is True
    assert (await ask("event.offline.list", filter={"ERROR": 1}))["total"] == 3


async def test_reservations_end_after_thirty_days(small: Sandbox, ask: Ask, queued: list[int]) -> None:
    await ask("event.offline.get", clear=0, limit=2)
    small.advance(30 * 86_400)  # the access token has expired with them
    left = small._state.events.records(small._state.oauth.applications[0], "")
    assert [record.data["FIELDS"]["ID"] for record in left] == queued[2:]


async def test_each_source_key_has_a_queue_that_own_writes_do_not_enter(small: Sandbox, ask: Ask) -> None:
    for key in ("a", "b", ""):
        params = {"auth_connector": key} if key else {}
        await ask("event.bind", event="ONCRMDEALUPDATE", event_type="offline", **params)
    deal = small.ids("deal")[0]
    await ask("crm.deal.update", id=deal, fields={"TITLE": "x"}, auth_connector="a")
    assert (await ask("event.offline.list", auth_connector="a"))["result"] == []
    assert _ids((await ask("event.offline.list", auth_connector="b"))["result"]) == [deal]
    assert _ids((await ask("event.offline.list"))["result"]) == [deal]
    await ask("batch", cmd={"x": f"crm.deal.update?id={deal}&fields[TITLE]=y&auth_connector=b"})
    assert _ids((await ask("event.offline.get", auth_connector="a"))["result"]["events"]) == [deal]
    assert (await ask("event.offline.list", auth_connector="a"))["result"] == []


async def test_the_queue_tells_that_it_has_something_as_often_as_it_was_asked_to(
    small: Sandbox, ask: Ask, inbox: Inbox
) -> None:
    await ask("event.bind", event="ONCRMDEALUPDATE", event_type="offline")
    await ask("event.bind", event="ONOFFLINEEVENT", handler=inbox.url, options={"minTimeout": 0})
    for number in range(3):
        small.emit("ONCRMDEALUPDATE", _fields(number))
    await small.deliveries()
    assert "refresh_token" in inbox.got[0]["auth"]
    assert inbox.take() == [("ONOFFLINEEVENT", None)] * 3
    await ask("event.unbind", event="ONOFFLINEEVENT", handler=inbox.url)
    await ask("event.bind", event="ONOFFLINEEVENT", handler=inbox.url, options={"minTimeout": 0.2})
    for number in range(10):
        small.emit("ONCRMDEALUPDATE", _fields(number))
    await small.deliveries()
    assert 2 <= len(inbox.take()) < 10  # at once, and once more when the time is over
