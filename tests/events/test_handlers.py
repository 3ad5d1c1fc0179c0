"""The registry: who is called for what, who is refused, and what is logged of it."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from b24orm import Deal, Portal
from b24orm.context import portal_in_context
from b24orm.errors import ConfigurationError, ForgedEvent
from b24orm.events import (
    Event,
    EventAuth,
    EventHandlers,
    OnAppInstall,
    OnAppUninstall,
    OnAppUpdate,
    OnCrmDealAdd,
    OnCrmDealUpdate,
    OnCrmDynamicItemAdd,
    RowEvent,
    parse_event,
)
from b24orm.sandbox import Sandbox
from b24orm.transport import Secret

FORM = "application/x-www-form-urlencoded"
TOKEN = "the-application-token"
MEMBER = "d897063e1ce7c5eb9f04b9751eef5915"


def body(event: str = "ONCRMDEALADD", *, token: str | None = TOKEN, member: str = MEMBER, **data: object) -> bytes:
    fields = {"event": event, "auth[domain]": "my.bitrix24.com", "auth[member_id]": member}
    fields |= {f"data[FIELDS][{name}]": str(value) for name, value in (data or {"ID": 7}).items()}
    if token is not None:
        fields["auth[application_token]"] = token
    return urlencode(fields).encode()


async def test_functions_are_called_in_the_order_in_which_they_were_registered_each_once() -> None:
    handlers = EventHandlers(application_token=TOKEN)
    called: list[str] = []

    @handlers.on(OnCrmDealAdd)
    async def first(event: OnCrmDealAdd) -> None:
        called.append(f"first {event.id}")

    @handlers.on_any
    def second(event: Event) -> None:
        called.append(f"second {event.name}")

    @handlers.on("OnCrmDealAdd", OnCrmDealUpdate)
    def third(event: OnCrmDealAdd | OnCrmDealUpdate) -> None:
        called.append(f"third {event.id}")

    handlers.on(RowEvent)(third)  # once more
    assert await handlers.handle(body(), FORM) == 200
    assert called == ["first 7", "second ONCRMDEALADD", "third 7"]
    called.clear()
    assert await handlers.handle(body("ONCRMDEALUPDATE"), FORM) == 200
    assert called == ["second ONCRMDEALUPDATE", "third 7"]
    called.clear()
    assert await handlers.handle(body("ONUNHEARDOF")) == 200
    assert called == ["second ONUNHEARDOF"]


async def test_an_event_that_nothing_is_registered_for_is_taken() -> None:
    assert await EventHandlers(application_token=TOKEN).handle(body(), FORM) == 200


async def test_the_event_of_one_smart_process_can_be_told_from_that_of_all() -> None:
    handlers = EventHandlers(application_token=TOKEN)
    called: list[str] = []
    handlers.on("ONCRMDYNAMICITEMADD_147")(lambda event: called.append("147"))
    handlers.on(OnCrmDynamicItemAdd)(lambda event: called.append("all"))
    await handlers.handle(body("ONCRMDYNAMICITEMADD_147", ID=1, ENTITY_TYPE_ID=147), FORM)
    assert called == ["147", "all"]
    await handlers.handle(body("ONCRMDYNAMICITEMADD", ID=1, ENTITY_TYPE_ID=147), FORM)
    assert called == ["147", "all", "all"]


async def test_plain_functions_run_in_a_thread_and_asynchronous_ones_of_any_make_on_the_loop() -> None:
    handlers = EventHandlers(application_token=TOKEN)
    threads: dict[str, int] = {}

    @handlers.on(OnCrmDealAdd)
    def plain(event: Event) -> None:
        threads["plain"] = threading.get_ident()

    async def with_more(more: str, event: Event) -> None:
        threads[more] = threading.get_ident()

    class Callable_:
        async def __call__(self, event: Event) -> None:
            threads["object"] = threading.get_ident()

    handlers.on(OnCrmDealAdd)(functools.partial(with_more, "partial"))
    handlers.on(OnCrmDealAdd)(Callable_())
    handlers.on(OnCrmDealAdd)(lambda event: with_more("lambda", event))  # a plain function that gives a coroutine
    assert await handlers.handle(body(), FORM) == 200
    here = threading.get_ident()
    assert threads.pop("plain") != here
    assert threads == {"partial": here, "object": here, "lambda": here}


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize("token", [None, "", "forged", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), "ключ", "\ud800"[:0]])
async def test_a_forged_or_missing_token_is_refused_and_logged(
    token: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    handlers = EventHandlers(application_token=TOKEN)
    called: list[Event] = []
    handlers.on_any(called.append)
    assert await handlers.handle(body(token=token), FORM) == 403
    assert called == []
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("b24orm.events", logging.WARNING)
    shown = "a wrong application_token" if token else "no application_token"
    assert record.getMessage() == (
        f"refused an event: ONCRMDEALADD of 'my.bitrix24.com' (member_id '{MEMBER}') shows {shown}"
    )
    assert TOKEN not in record.getMessage()


@pytest.mark.parametrize(
    ("broken", "kind", "why"),
    [
        (b"", FORM, "names no event"),
        (b"event=ONCRMDEALADD", FORM, "lacks FIELDS.ID"),
        (b"{", "application/json", "not JSON"),
        (b"x", "text/plain", "neither a form nor JSON"),
        (b"event=ON&auth[application_token]=" + TOKEN.encode() + b"&%FF=1", FORM, "not in UTF-8"),
    ],
)
async def test_a_broken_body_is_answered_by_400_and_logged(
    broken: bytes, kind: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    handlers = EventHandlers(application_token=TOKEN)
    assert await handlers.handle(broken, kind) == 400
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("refused a request that is no event: ")
    assert why in record.getMessage()
    assert TOKEN not in caplog.text


async def test_what_a_stranger_writes_cannot_break_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    handlers = EventHandlers(application_token=TOKEN)
    forged = body(token="x", member="a\nERROR root: all is lost" + "x" * 500)
    assert await handlers.handle(forged, FORM) == 403
    assert "\n" not in caplog.records[0].getMessage()
    assert len(caplog.records[0].getMessage()) < 300


Tokens = Callable[[], Any]


def by_function() -> Callable[[EventAuth], str | None]:
    return lambda auth: TOKEN if auth.member_id == MEMBER else None


def by_coroutine() -> Callable[[EventAuth], Awaitable[Secret | None]]:
    async def find(auth: EventAuth) -> Secret | None:
        await asyncio.sleep(0)
        return Secret(TOKEN) if auth.member_id == MEMBER else None

    return find


@pytest.mark.parametrize(
    "tokens", [lambda: {MEMBER: TOKEN}, lambda: {MEMBER: Secret(TOKEN)}, by_function, by_coroutine]
)
async def test_each_portal_shows_the_token_that_is_known_of_it(tokens: Tokens) -> None:
    handlers = EventHandlers(application_token=tokens())
    assert await handlers.handle(body(), FORM) == 200
    assert await handlers.handle(body(token="x"), FORM) == 403
    assert await handlers.handle(body(member="another"), FORM) == 403
    assert await handlers.handle(body(member="another", token=None), FORM) == 403


async def test_tokens_in_a_mapping_may_change_at_any_time() -> None:
    tokens: dict[str, str] = {}
    handlers = EventHandlers(application_token=tokens)
    assert await handlers.handle(body(), FORM) == 403
    tokens[MEMBER] = TOKEN
    assert await handlers.handle(body(), FORM) == 200
    tokens[MEMBER] = ""
    assert await handlers.handle(body(token=""), FORM) == 403


async def test_a_store_of_tokens_that_fails_is_answered_by_500_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(auth: EventAuth) -> str:
        raise OSError("the database is away")

    assert await EventHandlers(application_token=broken).handle(body(), FORM) == 500
    assert "cannot tell whether ONCRMDEALADD is genuine" in caplog.text
    assert "the database is away" in caplog.text


@pytest.mark.parametrize("name", ["ONAPPINSTALL", "ONAPPUPDATE"])
async def test_an_installation_brings_its_token_once_it_is_confirmed(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    tokens: dict[str, Secret] = {}
    genuine = False

    async def confirm(event: OnAppInstall | OnAppUpdate) -> bool:
        assert event.auth.application_token == Secret(TOKEN)
        return genuine

    handlers = EventHandlers(application_token=tokens, confirm=confirm)

    @handlers.on(OnAppInstall, OnAppUpdate)
    def installed(event: OnAppInstall | OnAppUpdate) -> None:
        assert event.auth.application_token is not None
        tokens[event.auth.member_id] = event.auth.application_token

    assert await handlers.handle(body(name), FORM) == 403
    assert tokens == {}
    genuine = True
    assert await handlers.handle(body(name), FORM) == 200
    assert await handlers.handle(body("ONCRMDEALADD"), FORM) == 200
    assert await handlers.handle(body("ONCRMDEALADD", token="x"), FORM) == 403
    genuine = False
    assert await handlers.handle(body(name), FORM) == 200  # its token is known by now
    caplog.clear()
    unconfirmed = EventHandlers(application_token=dict[str, str]())
    assert await unconfirmed.handle(body(name), FORM) == 403
    assert "see EventHandlers(confirm=…)" in caplog.text


async def test_only_true_confirms_and_no_other_event_is_asked_about() -> None:
    asked: list[Event] = []

    def say_yes(event: Event) -> Any:
        asked.append(event)
        return "yes"

    handlers = EventHandlers(application_token=dict[str, str](), confirm=say_yes)
    assert await handlers.handle(body("ONAPPINSTALL"), FORM) == 403
    assert await handlers.handle(body("ONAPPUNINSTALL"), FORM) == 403
    assert [type(event) for event in asked] == [OnAppInstall]
    with pytest.raises(ForgedEvent):
        await handlers.verify(parse_event(body("ONAPPUNINSTALL"), FORM))
    await EventHandlers(application_token=TOKEN).verify(OnAppUninstall(auth=EventAuth(Secret(TOKEN))))


async def test_a_function_that_fails_is_logged_and_answered_by_500_and_the_others_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handlers = EventHandlers(application_token=TOKEN)
    called: list[str] = []

    @handlers.on(OnCrmDealAdd)
    def broken(event: OnCrmDealAdd) -> None:
        raise RuntimeError("no room")

    @handlers.on(OnCrmDealAdd)
    async def fine(event: OnCrmDealAdd) -> None:
        called.append("fine")

    assert await handlers.handle(body(), FORM) == 500
    assert called == ["fine"]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "a function for <OnCrmDealAdd ONCRMDEALADD id=7 of my.bitrix24.com> failed" in record.getMessage()
    assert record.exc_info is not None
    with pytest.raises(ExceptionGroup) as caught:
        await handlers.dispatch(OnCrmDealAdd({"FIELDS": {"ID": 1}}))
    assert [str(error) for error in caught.value.exceptions] == ["no room"]


# ------------------------------------------------------------------------------------------------------------ portals


async def test_the_portal_of_the_registry_is_the_current_one_for_its_functions(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        portal_in_context.set(None)  # as where a server takes requests
        handlers = EventHandlers(application_token=TOKEN, portal=portal)
        found: list[Deal] = []
        wanted = sandbox.ids("deal")[:1]

        @handlers.on(OnCrmDealAdd)
        async def of_event(event: OnCrmDealAdd) -> None:
            found.append(await event.object())

        @handlers.on(OnCrmDealAdd)
        def in_a_thread(event: OnCrmDealAdd) -> None:
            found.append(event.object().run_sync())

        @handlers.on(OnCrmDealAdd)
        async def by_query(event: OnCrmDealAdd) -> None:
            found.append(await Deal.objects.get(event.id))

        assert await handlers.handle(body(ID=wanted[0]), FORM) == 200
        assert [deal.id for deal in found] == wanted * 3
        assert portal_in_context.get() is None
        portal_in_context.set(portal)


async def test_of_many_portals_a_function_gives_the_right_one(
    sandbox: Sandbox, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    async def portal_of(auth: EventAuth) -> Portal:
        asked.append(auth.member_id)
        if auth.member_id != MEMBER:
            raise LookupError("unheard of")
        return portal

    tokens = {MEMBER: TOKEN, "other": TOKEN}
    handlers = EventHandlers(application_token=tokens, portal=portal_of)
    seen: list[Any] = []
    handlers.on_any(lambda event: seen.append(event.portal))
    assert await handlers.handle(body(), FORM) == 200
    assert await handlers.handle(body(token="x"), FORM) == 403
    assert await handlers.handle(body(member="other"), FORM) == 500
    assert (asked, seen) == ([MEMBER, "other"], [portal])
    assert "no portal for <OnCrmDealAdd" in caplog.text
    without = EventHandlers(application_token=TOKEN)
    without.on_any(lambda event: seen.append(event.portal))
    await without.handle(body(), FORM)
    assert seen[-1] is None


# ---------------------------------------------------------------------------------------------------------- background


async def test_in_the_background_the_answer_does_not_wait_and_draining_does() -> None:
    go = asyncio.Event()
    done: list[int] = []
    async with EventHandlers(application_token=TOKEN, background=True, queue_size=100, concurrency=2) as handlers:

        @handlers.on(OnCrmDealAdd)
        async def slow(event: OnCrmDealAdd) -> None:
            await go.wait()
            done.append(event.id)

        for number in range(20):
            assert await handlers.handle(body(ID=number), FORM) == 200
        await asyncio.sleep(0)
        assert done == []
        assert handlers.waiting == 18
        go.set()
        await handlers.drain()
        assert sorted(done) == list(range(20))
        assert handlers.waiting == 0
        assert await handlers.handle(body(ID=20), FORM) == 200  # it goes on after a pause
        assert await handlers.handle(body(token="x"), FORM) == 403
    assert sorted(done) == list(range(21))


async def test_a_full_queue_makes_requests_wait_and_loses_nothing() -> None:
    go = asyncio.Event()
    done: list[int] = []
    handlers = EventHandlers(application_token=TOKEN, background=True, queue_size=1, concurrency=1)

    @handlers.on(OnCrmDealAdd)
    async def slow(event: OnCrmDealAdd) -> None:
        await go.wait()
        done.append(event.id)

    requests = [asyncio.create_task(handlers.handle(body(ID=number), FORM)) for number in range(5)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert sum(request.done() for request in requests) == 2  # one at work, one in the queue
    go.set()
    assert await asyncio.gather(*requests) == [200] * 5
    await handlers.drain()
    assert sorted(done) == list(range(5))


async def test_what_fails_in_the_background_is_logged_and_does_not_stop_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handlers = EventHandlers(application_token=TOKEN, background=True, concurrency=1)
    done: list[int] = []

    @handlers.on(OnCrmDealAdd)
    def odd(event: OnCrmDealAdd) -> None:
        if event.id % 2 == 0:
            raise ValueError("even")
        done.append(event.id)

    for number in range(6):
        assert await handlers.handle(body(ID=number), FORM) == 200
    await handlers.drain()
    await handlers.drain()
    assert done == [1, 3, 5]
    assert sum("even" in record.getMessage() for record in caplog.records) == 3


@pytest.mark.slow
async def test_ten_thousand_events_are_taken_and_each_is_handled_once() -> None:
    seen: list[int] = []
    async with EventHandlers(application_token=TOKEN, background=True, concurrency=4) as handlers:

        @handlers.on(OnCrmDealAdd)
        async def take(event: OnCrmDealAdd) -> None:
            seen.append(event.id)

        statuses = [await handlers.handle(body(ID=number), FORM) for number in range(10_000)]
    assert statuses == [200] * 10_000
    assert sorted(seen) == list(range(10_000))


def test_without_an_event_loop_it_is_all_the_same() -> None:
    handlers = EventHandlers(application_token=TOKEN, background=True)
    seen: list[int] = []

    @handlers.on(OnCrmDealAdd)
    async def take(event: OnCrmDealAdd) -> None:
        seen.append(event.id)

    assert handlers.handle_sync(body(), FORM) == 200
    assert handlers.handle_sync(body(token="x"), FORM) == 403
    handlers.drain_sync()
    assert seen == [7]


# ------------------------------------------------------------------------------------------------------ configuration


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"application_token": ""}, "application_token is empty"),
        ({"application_token": "  "}, "application_token is empty"),
        ({"application_token": Secret("")}, "application_token is empty"),
        ({"application_token": 5}, "not int"),
        ({"application_token": None}, "not NoneType"),
        ({"application_token": "x", "confirm": True}, "confirm is a function"),
        ({"application_token": "x", "queue_size": 0}, "queue_size is a whole number"),
        ({"application_token": "x", "concurrency": True}, "concurrency is a whole number"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        EventHandlers(**options)


def test_registering_what_is_no_event_or_no_function_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    handlers = EventHandlers(application_token=TOKEN)
    register: Any = handlers.on
    with pytest.raises(ConfigurationError, match="name the events"):
        register()
    for wrong in (int, 5, "", "  "):
        with pytest.raises(ConfigurationError, match="such as OnCrmDealAdd"):
            register(wrong)
    with pytest.raises(ConfigurationError, match="by a function, not by a str"):
        handlers.on(OnCrmDealAdd)("x")  # type: ignore[arg-type]
    assert not caplog.records
    handlers.on("ONCRMDAELADD")(print)
    assert "no documented event is called 'ONCRMDAELADD'; did you mean 'ONCRMDEALADD'" in caplog.text


async def test_names_from_outside_do_not_fill_the_memory() -> None:
    handlers = EventHandlers(application_token=TOKEN)
    for number in range(1200):
        await handlers.handle(body(f"ONX{number}"), FORM)
    assert len(handlers._chosen) < 1001
