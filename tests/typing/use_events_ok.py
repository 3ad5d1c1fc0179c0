"""What a program may write about events: no type checker may object to a line of it. Checked, never run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

from b24orm import Deal, Portal, SmartInvoice, SmartProcessItem, Task
from b24orm.events import (
    Binding,
    Event,
    EventAuth,
    EventHandlers,
    OnAppInstall,
    OnCrmCurrencyAdd,
    OnCrmDealAdd,
    OnCrmDealDelete,
    OnCrmDealMoveToCategory,
    OnCrmDealUpdate,
    OnCrmDynamicItemAdd,
    OnTaskUpdate,
    event_class,
    parse_event,
)
from b24orm.transport import Secret


class MyDeal(Deal):
    pass


async def portal_of(auth: EventAuth) -> Portal:
    return Portal(auth.client_endpoint)


async def token_of(auth: EventAuth) -> str | None:
    return auth.member_id


async def confirm(event: OnAppInstall) -> bool:
    return event.auth.access_token is not None


handlers = EventHandlers(application_token=token_of, portal=portal_of, confirm=confirm, background=True)
EventHandlers(application_token={"member": "token"})
EventHandlers(application_token=Secret("token"))
EventHandlers(application_token=lambda auth: auth.domain)


@handlers.on(OnCrmDealAdd)
async def one(event: OnCrmDealAdd) -> None:
    assert_type(event.id, int)
    assert_type(await event.object(), Deal)
    assert_type(event.object().run_sync(), Deal)
    assert_type(await event.object(MyDeal), MyDeal)


@handlers.on(OnCrmDealUpdate, OnCrmDealDelete)
def two(event: OnCrmDealUpdate | OnCrmDealDelete) -> int:
    return event.id


@handlers.on(OnCrmDealAdd, OnCrmDealUpdate, OnCrmDealDelete)
def three(event: OnCrmDealAdd | OnCrmDealUpdate | OnCrmDealDelete) -> int:
    return event.id


@handlers.on("ONCRMDEALADD", OnCrmDealUpdate)
async def named(event: Event) -> None:
    print(event.data, event.sent, event.auth.domain)


@handlers.on_any
def anything(event: Event) -> None:
    match event:
        case OnCrmDealMoveToCategory():
            assert_type(event.category_id, int | None)
            assert_type(event.stage_id, str | None)
        case OnTaskUpdate():
            assert_type(event.is_accessible, bool | None)
        case OnCrmCurrencyAdd():
            assert_type(event.id, str)
        case _:
            assert_type(event, Event)


async def more(task: OnTaskUpdate, item: OnCrmDynamicItemAdd, portal: Portal) -> None:
    assert_type(await task.object(), Task)
    assert_type(await item.object(), SmartInvoice | SmartProcessItem)
    assert_type(event_class("ONCRMDEALADD"), type[Event])
    assert_type(parse_event(b"", "application/json"), Event)
    assert_type(await portal.events.bind(OnCrmDealAdd, "https://example.com/"), bool)
    assert_type(await portal.events.bind("ONCRMDEALADD", offline=True, connector="mine"), bool)
    assert_type(await portal.events.unbind(OnCrmDealAdd, offline=True), int)
    bindings: Sequence[Binding] = await portal.events.list()
    print(bindings)
    queue = portal.events.offline(OnCrmDealAdd, "ONCRMDEALUPDATE", poll=None)
    async for event in queue:
        assert_type(event, Event)
        await queue.fail(event)
    for event in queue:
        assert_type(event, Event)
