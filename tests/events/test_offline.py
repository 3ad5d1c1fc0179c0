"""The queue of offline events: each is given at least once, and nothing is lost, whatever dies in between."""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import pytest

from b24orm import Deal, Portal
from b24orm.command import Command, Outcome, Response
from b24orm.errors import (
    ConfigurationError,
    InvalidEvent,
    InvalidValue,
    MethodNotFound,
    OutcomeUnknown,
    PortalError,
    TransportError,
)
from b24orm.events import (
    Event,
    EventHandlers,
    OfflineQueue,
    OnCrmDealAdd,
    OnCrmDealUpdate,
    OnCrmLeadAdd,
    OnOfflineEvent,
)
from b24orm.events.acknowledging import Acknowledger
from b24orm.sandbox import Sandbox
from tests.events.server import Server


@pytest.fixture
async def queue(office: Sandbox, client: Portal) -> Portal:
    """The application's portal, where updates of deals are queued."""
    await client.events.bind(OnCrmDealUpdate, offline=True)
    return client


def change(office: Sandbox, count: int) -> list[int]:
    """Let *count* deals change; returns their ids."""
    ids = office.ids("deal")[:count]
    for number in ids:
        office.emit("ONCRMDEALUPDATE", {"FIELDS": {"ID": number}})
    return ids


def left(office: Sandbox) -> list[tuple[int, bool, int]]:
    """What the portal holds: the deals' ids, whether they are reserved, whether they failed."""
    return [(one.data["FIELDS"]["ID"], bool(one.process_id), one.error) for one in office._state.events.queue]


def told(office: Sandbox, method: str) -> asyncio.Queue[None]:
    """Has something for each call of *method* from now on."""
    calls: asyncio.Queue[None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def note(called: str, params: dict[str, Any], place: int) -> None:
        if called == method:
            loop.call_soon_threadsafe(calls.put_nowait, None)

    office.before_command = note
    return calls


async def collect(queue: OfflineQueue) -> list[int]:
    return [event.id async for event in queue if isinstance(event, OnCrmDealUpdate)]


async def test_events_come_in_order_and_are_acknowledged_in_few_requests(office: Sandbox, queue: Portal) -> None:
    ids = change(office, 12)
    seen: list[int] = []
    async for event in queue.events.offline(poll=None, batch=5):
        assert isinstance(event, OnCrmDealUpdate)
        assert event.sent is not None
        seen.append(event.id)
    assert seen == ids
    assert left(office) == []
    assert office.books.methods["event.offline.get"] == 4
    assert office.books.methods["event.offline.clear"] <= 12
    assert await collect(queue.events.offline(poll=None)) == []


async def test_a_deal_that_changes_a_thousand_times_comes_once_and_as_it_is_now(office: Sandbox, queue: Portal) -> None:
    deal_id = office.ids("deal")[0]
    for number in range(1000):
        office.emit("ONCRMDEALUPDATE", {"FIELDS": {"ID": deal_id}})
        office.update("deal", deal_id, title=f"Deal {number}")
    titles = []
    async for event in queue.events.offline(poll=None):
        assert isinstance(event, OnCrmDealUpdate)
        titles.append((await event.object()).title)
    assert titles == ["Deal 999"]


async def test_an_event_whose_body_raises_is_not_acknowledged_and_comes_again(office: Sandbox, queue: Portal) -> None:
    ids = change(office, 3)
    seen: list[int] = []
    events = queue.events.offline(poll=None)

    async def consume() -> None:
        async with aclosing(aiter(events)) as source:
            async for event in source:
                assert isinstance(event, OnCrmDealUpdate)
                seen.append(event.id)
                if event.id == ids[1]:
                    raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        await consume()
    assert left(office) == [(ids[1], True, 0), (ids[2], True, 0)]
    assert seen == ids[:2]
    assert await collect(queue.events.offline(poll=None)) == ids[1:]
    assert left(office) == []


async def test_one_that_was_left_by_break_comes_again_unless_it_was_settled(office: Sandbox, queue: Portal) -> None:
    ids = change(office, 3)
    events = queue.events.offline(poll=None)
    async with aclosing(aiter(events)) as source:
        async for event in source:
            await events.done(event)
            break
    assert await collect(events) == ids[1:]  # iterating over the same object again goes on


async def test_a_consumer_that_is_killed_loses_nothing(office: Sandbox, connect: Any) -> None:
    async with connect() as portal:
        await portal.events.bind(OnCrmDealUpdate, offline=True)
        ids = change(office, 8)
        got: asyncio.Queue[int] = asyncio.Queue()

        async def consume() -> None:
            async for event in portal.events.offline(poll=None, batch=5):
                assert isinstance(event, OnCrmDealUpdate)
                await got.put(event.id)
                if event.id == ids[2]:
                    await asyncio.Event().wait()

        task = asyncio.create_task(consume())
        assert [await got.get() for _ in range(3)] == ids[:3]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with connect() as another:
        # What was reserved first, then what waits. Acknowledgements that were under way may be lost with it.
        seen = await collect(another.events.offline(poll=None))
        assert seen[-6:] == ids[2:]
        assert seen[:-6] in ([], ids[1:2], ids[:2])
    assert left(office) == []


async def test_what_another_consumer_works_on_is_left_to_it_until_it_counts_as_abandoned(
    office: Sandbox, queue: Portal, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("b24orm.events.offline.time", SimpleNamespace(monotonic=lambda: now))
    ids = change(office, 4)
    mine = aiter(queue.events.offline(poll=None, batch=2, abandoned_after=60))
    event = await anext(mine)
    assert isinstance(event, OnCrmDealUpdate)
    assert event.id == ids[0]
    async with connect() as another:
        wake = asyncio.Event()
        theirs = another.events.offline(poll=3600, wake=wake, abandoned_after=60)
        async with aclosing(aiter(theirs)) as source:
            seen = [await anext(source), await anext(source)]
            assert [one.id for one in seen if isinstance(one, OnCrmDealUpdate)] == ids[2:]
            waiting = asyncio.ensure_future(anext(source))
            now += 59
            read = told(office, "event.offline.get")
            wake.set()
            await read.get()
            assert not waiting.done()
            now += 2
            wake.set()
            event = await waiting
            assert isinstance(event, OnCrmDealUpdate)
            assert event.id == ids[0]
    await mine.aclose()


async def test_a_lost_answer_of_the_reservation_loses_no_event(office: Sandbox, queue: Portal) -> None:
    ids = change(office, 3)
    office.faults.add("reset_after", method="event.offline.get")
    assert await collect(queue.events.offline(poll=None)) == ids
    assert left(office) == []


async def test_when_answers_are_lost_again_and_again_the_caller_hears_of_it(office: Sandbox, queue: Portal) -> None:
    ids = change(office, 2)
    office.faults.add("reset_after", method="event.offline.get", times=3)
    with pytest.raises(OutcomeUnknown):
        await collect(queue.events.offline(poll=None))
    assert await collect(queue.events.offline(poll=None)) == ids


async def test_an_acknowledgement_that_is_lost_is_sent_again(office: Sandbox, queue: Portal, hurried: object) -> None:
    change(office, 3)
    office.faults.add("reset_after", method="event.offline.clear", times=2)
    async with asyncio.timeout(30):
        assert len(await collect(queue.events.offline(poll=None))) == 3
    assert left(office) == []


async def test_an_acknowledgement_that_is_refused_is_an_error_and_its_event_comes_again(
    office: Sandbox, queue: Portal
) -> None:
    ids = change(office, 2)
    office.denied.add("event.offline.clear")
    with pytest.raises(PortalError, match="ACCESS_DENIED"):
        await collect(queue.events.offline(poll=None, batch=1))
    office.denied.clear()
    assert set(await collect(queue.events.offline(poll=None))) == set(ids)


async def test_failed_events_stay_apart_and_can_be_fetched_again(office: Sandbox, queue: Portal) -> None:
    ids = change(office, 3)
    events = queue.events.offline(poll=None)
    async for event in events:
        assert isinstance(event, OnCrmDealUpdate)
        if event.id == ids[1]:
            await events.fail(event)
    assert left(office) == [(ids[1], True, 1)]
    assert await collect(queue.events.offline(poll=None)) == []
    assert await collect(queue.events.offline(failed=True)) == [ids[1]]
    assert left(office) == []


async def test_only_the_events_that_are_named_come(office: Sandbox, queue: Portal) -> None:
    await queue.events.bind(OnCrmLeadAdd, offline=True)
    await queue.events.bind(OnCrmDealAdd, offline=True)
    for name in ("ONCRMLEADADD", "ONCRMDEALADD", "ONCRMDEALUPDATE"):
        office.emit(name, {"FIELDS": {"ID": 1}})
    assert [event.name async for event in queue.events.offline(OnCrmDealUpdate, poll=None)] == ["ONCRMDEALUPDATE"]
    both = [event.name async for event in queue.events.offline(OnCrmDealAdd, "OnCrmLeadAdd", poll=None)]
    assert both == ["ONCRMLEADADD", "ONCRMDEALADD"]


async def test_own_writes_do_not_come_back_where_they_carry_the_source_key(office: Sandbox, client: Portal) -> None:
    await client.events.bind(OnCrmDealUpdate, offline=True, connector="sync")
    mine, theirs = office.ids("deal")[:2]
    for number, more in ((mine, {"auth_connector": "sync"}), (theirs, {})):
        await client.call("crm.deal.update", {"id": number, "fields": {"TITLE": "new"}, **more})
    assert await collect(client.events.offline(poll=None)) == []
    assert await collect(client.events.offline(connector="sync", poll=None)) == [theirs]


async def test_the_signal_ends_the_wait(office: Sandbox, app: Any, queue: Portal) -> None:
    wake = asyncio.Event()
    handlers = EventHandlers(application_token=app.application_token)

    @handlers.on(OnOfflineEvent)
    async def something_new(event: OnOfflineEvent) -> None:
        assert event.auth.refresh_token is not None
        wake.set()

    async with Server(handlers) as server:
        await queue.events.bind(OnOfflineEvent, server.url, min_timeout=0)
        async with aclosing(aiter(queue.events.offline(poll=3600, wake=wake))) as source:
            read = told(office, "event.offline.get")
            waiting = asyncio.ensure_future(anext(source))
            await read.get()
            await Deal.objects.filter(id=office.ids("deal")[0]).update(title="new")
            async with asyncio.timeout(20):
                event = await waiting
    assert isinstance(event, OnCrmDealUpdate)


async def test_without_a_signal_the_queue_is_asked_again_after_a_while(office: Sandbox, queue: Portal) -> None:
    async with aclosing(aiter(queue.events.offline(poll=0))) as source:
        read = told(office, "event.offline.get")
        waiting = asyncio.ensure_future(anext(source))
        for _ in range(3):
            await read.get()
        (changed,) = change(office, 1)
        event = await waiting
    assert isinstance(event, OnCrmDealUpdate)
    assert event.id == changed
    async with aclosing(aiter(queue.events.offline(poll=0, wake=asyncio.Event()))) as source:
        assert isinstance(await anext(source), OnCrmDealUpdate)  # left by aclose() above
        read = told(office, "event.offline.get")
        waiting = asyncio.ensure_future(anext(source))
        for _ in range(3):
            await read.get()
        change(office, 1)
        assert isinstance(await waiting, OnCrmDealUpdate)


def test_blocking_code_iterates_as_well(office: Any, connect: Any) -> None:
    with connect() as portal:
        portal.events.bind(OnCrmDealUpdate, offline=True).run_sync()
        ids = change(office, 3)
        assert [event.id for event in portal.events.offline(poll=None)] == ids
    assert left(office) == []


async def test_more_than_a_page_of_abandoned_events_comes_whole(office: Sandbox, queue: Portal) -> None:
    for number in range(120):
        office.emit("ONCRMDEALUPDATE", {"FIELDS": {"ID": number}})
    for _ in range(2):
        await queue.call("event.offline.get", {"clear": 0, "limit": 50})
    assert sorted(await collect(queue.events.offline(poll=None))) == list(range(120))
    assert left(office) == []


async def test_the_row_of_an_event_can_be_looked_at(office: Sandbox, queue: Portal) -> None:
    change(office, 1)
    events = queue.events.offline(poll=None)
    async for event in events:
        assert set(events.row(event)) == {
            *("ID", "TIMESTAMP_X", "EVENT_NAME", "EVENT_DATA", "EVENT_ADDITIONAL", "MESSAGE_ID"),
        }
    stranger = OnCrmDealAdd({"FIELDS": {"ID": 1}})
    for ask in (events.done, events.fail):
        with pytest.raises(InvalidValue, match="did not come from this queue"):
            await ask(stranger)
    with pytest.raises(InvalidValue, match="did not come from this queue"):
        events.row(stranger)


async def test_a_user_without_rights_is_told_so(office: Sandbox, connect: Any) -> None:
    async with connect(2) as portal:
        with pytest.raises(PortalError, match="ACCESS_DENIED"):
            await collect(portal.events.offline(poll=None))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"batch": 0}, "batch is a whole number from 1 to 50"),
        ({"batch": 51}, "batch is a whole number from 1 to 50"),
        ({"batch": True}, "batch is a whole number"),
        ({"poll": -1}, "poll is a number of seconds"),
        ({"poll": "x"}, "poll is a number of seconds"),
        ({"abandoned_after": -1}, "abandoned_after is a number of seconds"),
        ({"abandoned_after": None}, "abandoned_after is a number of seconds"),
        ({"connector": 5}, "connector is a text"),
    ],
)
async def test_numbers_out_of_range_are_refused(client: Portal, options: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        client.events.offline(**options)


# ------------------------------------------------------------------------------------------- what a sandbox does not do


class Scripted:
    """A portal that gives the answers of a script, by method."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "."): answer for name, answer in answers.items()}
        self.asked: list[str] = []

    async def submit(self, command: Command) -> Outcome:
        self.asked.append(command.method)
        answer = self.answers.get(command.method, True)
        if isinstance(answer, deque):
            answer = answer.popleft()
        if isinstance(answer, Exception):
            return Outcome("failed", error=answer)  # type: ignore[arg-type]
        return Outcome("ok", response=Response(answer))

    async def run(self, work: Any) -> Any:
        return await work()

    def iterate(self, work: Any) -> AsyncIterator[Event]:
        found: AsyncIterator[Event] = work()
        return found


def scripted(portal: Scripted, **options: Any) -> OfflineQueue:
    return OfflineQueue(portal, **{"poll": None, **options})  # type: ignore[arg-type]


EMPTY = {"process_id": "p", "events": []}


async def test_a_plan_without_reservations_is_refused_before_anything_is_read() -> None:
    portal = Scripted(feature_get={"value": "N"})
    with pytest.raises(ConfigurationError, match="lacks rest_offline_extended"):
        await collect(scripted(portal))
    assert portal.asked == ["feature.get"]


async def test_an_old_portal_that_does_not_know_the_question_is_read() -> None:
    missing = MethodNotFound("ERROR_METHOD_NOT_FOUND", "Method not found!", status=404)
    portal = Scripted(feature_get=missing, event_offline_list=[], event_offline_get=EMPTY)
    assert await collect(scripted(portal)) == []


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (False, None),
        (None, None),
        ([], None),
        ("not json", None),
        ({"FIELDS": {"ID": "5"}}, 5),
        ('{"FIELDS": {"ID": 5}}', 5),
    ],
)
async def test_data_is_read_in_every_form_and_may_be_missing_as_in_the_samples(data: Any, read: int | None) -> None:
    row = {"ID": "1", "TIMESTAMP_X": "soon", "EVENT_NAME": "OnCrmDealUpdate", "EVENT_DATA": data, "MESSAGE_ID": "1"}
    answers = deque([{"process_id": "p", "events": [row]}, EMPTY])
    portal = Scripted(feature_get={"value": "Y"}, event_offline_list=[], event_offline_get=answers)
    async for event in scripted(portal):
        assert isinstance(event, OnCrmDealUpdate)
        assert event.ts is None
        if read is None:
            with pytest.raises(InvalidEvent, match=r"lacks FIELDS\.ID"):
                _ = event.id
        else:
            assert event.id == read
    assert portal.asked[-1] == "event.offline.clear"


async def test_a_portal_that_deletes_in_spite_of_everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    row = {"ID": "1", "EVENT_NAME": "ONCRMDEALUPDATE", "EVENT_DATA": {"FIELDS": {"ID": 3}}}
    answers = deque([{"process_id": None, "events": [row]}, EMPTY])
    portal = Scripted(feature_get=True, event_offline_list=[], event_offline_get=answers)
    assert await collect(scripted(portal)) == [3]
    assert "reserved nothing: these 1 events cannot come again" in caplog.text
    assert "event.offline.clear" not in portal.asked


@pytest.mark.parametrize("answers", [{"event_offline_get": {"events": "x"}}, {"event_offline_list": {"a": 1}}])
async def test_an_answer_of_another_shape_is_an_error(answers: dict[str, Any]) -> None:
    portal = Scripted(**{"feature_get": True, "event_offline_list": [], **answers})
    with pytest.raises(TransportError, match="of another shape"):
        await collect(scripted(portal))


async def test_an_acknowledgement_that_failed_is_reported_once_and_tried_again() -> None:
    portal = Scripted(event_offline_clear=PortalError("X", "no"))
    acknowledger = Acknowledger(portal)  # type: ignore[arg-type]
    acknowledger.add("p", 1)
    with pytest.raises(PortalError):
        await acknowledger.flush()
    acknowledger.check()
    portal.answers["event.offline.clear"] = True
    acknowledger.add("p", 2)
    await acknowledger.flush()
    await acknowledger.flush()
    assert portal.asked == ["event.offline.clear"] * 2
    gc.collect()
