"""`portal.events`: binding, unbinding, listing."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm import Portal
from b24orm.command import Outcome, Response
from b24orm.errors import AccessDenied, InvalidValue, PortalError, TransportError
from b24orm.events import Binding, Event, EventHandlers, OnCrmDealAdd, OnCrmLeadAdd, OnOfflineEvent
from b24orm.events.calls import PortalEvents
from b24orm.sandbox import Sandbox
from tests.events.server import Server

HANDLER = "https://example.com/events"


async def test_what_is_bound_is_listed_and_can_be_unbound(client: Portal) -> None:
    events = client.events
    assert await events.bind(OnCrmDealAdd, HANDLER) is True
    assert await events.bind("onCrmDealAdd", HANDLER, user_id=2) is True
    assert await events.bind("ONCRMDYNAMICITEMADD_156", HANDLER) is True
    assert await events.bind(OnCrmLeadAdd, offline=True, connector="mine") is True
    assert await events.bind(OnOfflineEvent, HANDLER, min_timeout=0) is True
    assert await events.list() == [
        Binding("ONCRMDEALADD", HANDLER),
        Binding("ONCRMDEALADD", HANDLER, user_id=2),
        Binding("ONCRMDYNAMICITEMADD_156", HANDLER),
        Binding("ONCRMLEADADD", offline=True, connector="mine"),
        Binding("ONOFFLINEEVENT", HANDLER),
    ]
    assert await events.unbind(OnCrmDealAdd, HANDLER, user_id=0) == 1
    assert await events.unbind(OnCrmDealAdd, HANDLER) == 1
    assert await events.unbind(OnCrmDealAdd, HANDLER) == 0
    assert await events.unbind(OnCrmLeadAdd, offline=True, connector="other") == 0
    assert await events.unbind(OnCrmLeadAdd, offline=True) == 1
    assert [binding.event for binding in await events.list()] == ["ONCRMDYNAMICITEMADD_156", "ONOFFLINEEVENT"]


async def test_the_names_of_the_portals_events_can_be_asked_for(client: Portal) -> None:
    own = await client.events.names()
    assert "ONCRMDEALADD" in own
    assert "ONCRMDYNAMICITEMADD_156" in own
    assert "ONBOOKINGADD" not in own
    assert "ONBOOKINGADD" in await client.events.names(full=True)
    assert set(await client.events.names("task")) == {
        *("ONTASKADD", "ONTASKUPDATE", "ONTASKDELETE"),
        *("ONTASKCOMMENTADD", "ONTASKCOMMENTUPDATE", "ONTASKCOMMENTDELETE"),
    }


async def test_a_webhook_is_told_that_events_are_for_applications(office: Sandbox) -> None:
    async with Portal(office.url) as portal:
        with pytest.raises(PortalError, match="WRONG_AUTH_TYPE"):
            await portal.events.list()
        with pytest.raises(PortalError, match="WRONG_AUTH_TYPE"):
            await portal.events.bind(OnCrmDealAdd, HANDLER)


async def test_what_the_portal_refuses_says_why(client: Portal, connect: Any) -> None:
    with pytest.raises(PortalError, match="ERROR_EVENT_NOT_FOUND"):
        await client.events.bind("ONNOTHING", HANDLER)
    await client.events.bind(OnCrmDealAdd, HANDLER)
    with pytest.raises(PortalError, match="Unable to set event handler"):
        await client.events.bind(OnCrmDealAdd, HANDLER)
    async with connect(2) as portal:
        with pytest.raises(AccessDenied, match="Offline events binding requires administrator"):
            await portal.events.bind(OnCrmDealAdd, offline=True)
        with pytest.raises(AccessDenied, match="with AUTH_TYPE requires administrator"):
            await portal.events.bind(OnCrmDealAdd, HANDLER, user_id=1)
        await portal.events.bind(OnCrmDealAdd, HANDLER)
        assert await portal.events.list() == [Binding("ONCRMDEALADD", HANDLER, user_id=2)]


@pytest.mark.parametrize(
    ("arguments", "options", "why"),
    [
        ((OnCrmDealAdd,), {}, "name the address of the handler"),
        ((OnCrmDealAdd, "example.com/events"), {}, "an address such as https://"),
        ((OnCrmDealAdd, "ftp://example.com"), {}, "an address such as https://"),
        ((OnCrmDealAdd, "http://["), {}, "an address such as https://"),
        ((OnCrmDealAdd, 5), {}, "an address such as https://"),
        ((OnCrmDealAdd, HANDLER), {"offline": True}, "it has no handler"),
        ((OnCrmDealAdd, HANDLER), {"connector": "x"}, "connector is for offline events"),
        ((OnCrmDealAdd,), {"offline": True, "connector": " "}, "connector is a text"),
        ((OnCrmDealAdd, HANDLER), {"user_id": -1}, "user_id is a whole number"),
        ((OnCrmDealAdd, HANDLER), {"user_id": True}, "user_id is a whole number"),
        ((OnCrmDealAdd, HANDLER), {"min_timeout": 5}, "min_timeout is for OnOfflineEvent"),
        ((OnOfflineEvent, HANDLER), {"min_timeout": 0.5}, "min_timeout is a whole number"),
        ((Event, HANDLER), {}, "such as OnCrmDealAdd, not by Event"),
        ((int, HANDLER), {}, "not by int"),
        ((5, HANDLER), {}, "not by 5"),
        ((" ", HANDLER), {}, "such as OnCrmDealAdd"),
    ],
)
async def test_bad_arguments_are_refused_before_anything_is_sent(
    office: Sandbox, client: Portal, arguments: tuple[Any, ...], options: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidValue, match=why):
        client.events.bind(*arguments, **options)
    if options.keys().isdisjoint({"min_timeout"}) and "connector is for" not in why:
        with pytest.raises(InvalidValue, match=why):
            client.events.unbind(*arguments, **options)
    assert office.books.requests == 0


async def test_operations_can_be_explained_and_run_blocking(office: Sandbox, connect: Any) -> None:
    with connect() as portal:
        op = portal.events.bind(OnCrmDealAdd, HANDLER)
        assert op.explain().first[0].params == {"event": "ONCRMDEALADD", "handler": HANDLER}
        assert op.run_sync() is True
        assert portal.events.list().run_sync() == [Binding("ONCRMDEALADD", HANDLER)]


async def test_a_test_event_reaches_the_handler_with_its_parameters(office: Sandbox, app: Any, client: Portal) -> None:
    handlers = EventHandlers(application_token=app.application_token)
    async with Server(handlers) as server:
        seen: list[Any] = []
        handlers.on("ONAPPTEST")(lambda event: seen.append(event.query))
        await client.events.bind("ONAPPTEST", server.url)
        assert await client.events.test({"any": ["data", {"x": 1}]}) is True
        await office.deliveries()
    assert seen == [{"any": ["data", {"x": "1"}]}]


async def test_an_answer_of_another_shape_is_an_error_of_the_transport() -> None:
    class Strange:
        async def submit(self, command: Any) -> Any:
            return Outcome("ok", response=Response(answers[command.method]))

        async def run(self, work: Any) -> Any:
            return await work()

    answers = {"event.get": ["x"], "event.unbind": {}}
    events = PortalEvents(Strange())  # type: ignore[arg-type]
    with pytest.raises(TransportError, match=r"event\.get: an answer of another shape"):
        await events.list()
    with pytest.raises(TransportError, match=r"event\.unbind"):
        await events.unbind(OnCrmDealAdd, HANDLER)
