"""`OfflineQueue`: the events that a portal queued, one after the other, each acknowledged once it was worked through.

Facts: api-reference/events/offline-events.md, event-offline-get.md, event-offline-list.md, event-offline-clear.md,
event-offline-error.md. ``event.offline.get`` deletes what it gives unless ``clear`` is 0: then it reserves it under a
``process_id``, for 30 days at most. A reservation can be ended by acknowledging, or marked as failed; nothing gives it
back. But ``event.offline.list`` shows what is reserved, and by whom, and so what a consumer that died left behind.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import pydantic_core

from b24orm.command import Command
from b24orm.context import PortalLike
from b24orm.errors import ConfigurationError, InvalidValue, MethodNotFound, OutcomeUnknown, TransportError
from b24orm.events.acknowledging import Acknowledger
from b24orm.events.base import Event
from b24orm.events.reading import event_class
from b24orm.narrow import is_list, is_mapping

__all__ = ["OfflineQueue"]

logger = logging.getLogger("b24orm.events")

_PAGE = 50
_LOST_AT_MOST = 3  # answers in a row
_SWEEP = 60.0  # seconds between looks for what others left, at least

Row = Mapping[str, Any]


@dataclass(slots=True)
class _Record:
    row: Row
    id: int
    process: str
    settled: bool = False


class OfflineQueue:
    """The events that a portal queued for this application, oldest change first.

    ::

        async for event in portal.events.offline():
            if isinstance(event, OnCrmDealUpdate):
                await copy(await event.object())

    The portal keeps one event for each object and kind of change, with the time of the last one; only administrators
    get them. An event is acknowledged when the next one is asked for, in requests that several share: each is given at
    least once. One whose body raised, or that was left by ``break``, is not acknowledged; it comes again, as does what
    was reserved beside it, once it counts as abandoned (see `PortalEvents.offline`). To settle an event
    earlier, or otherwise, there are `done` and `fail`.

    ``for event in queue:`` works as well, in blocking code.

    Raises:
        ConfigurationError: when iterated over: the portal's plan knows no reservations.
        PortalError, TransportError: when iterated over; iterate again to go on.
    """

    def __init__(
        self,
        portal: PortalLike,
        *,
        names: Collection[str] = (),
        connector: str | None = None,
        batch: int = 50,
        poll: float | None = 5.0,
        wake: asyncio.Event | None = None,
        failed: bool = False,
        abandoned_after: float = 0.0,
    ) -> None:
        if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= _PAGE:
            raise InvalidValue(f"batch is a whole number from 1 to {_PAGE}, not {batch!r}")
        if poll is not None and (isinstance(poll, bool) or not isinstance(poll, int | float) or not poll >= 0):
            raise InvalidValue(f"poll is a number of seconds, or None, not {poll!r}")
        patience = abandoned_after
        if isinstance(patience, bool) or not isinstance(patience, int | float) or not patience >= 0:
            raise InvalidValue(f"abandoned_after is a number of seconds, not {patience!r}")
        self._portal = portal
        self._names = frozenset(names)
        self._context: dict[str, Any] = {} if connector is None else {"auth_connector": connector}
        self._batch = batch
        self._poll = poll
        self._wake = wake
        self._failed = failed
        self._abandoned_after = abandoned_after
        self._records: WeakKeyDictionary[Event, _Record] = WeakKeyDictionary()
        self._own: set[str] = set()
        self._seen: dict[str, float] = {}
        self._sweep_at = 0.0
        self._acknowledger = Acknowledger(portal)

    # -- iterating -----------------------------------------------------------------------------------------------

    def __aiter__(self) -> AsyncGenerator[Event]:
        return self._portal.iterate(self._events)

    def __iter__(self) -> Iterator[Event]:
        return self._portal.iterate_sync(self._events)

    async def _events(self) -> AsyncGenerator[Event]:
        try:
            async with aclosing(self._rows()) as rows:
                async for record in rows:
                    event = self._event(record.row)
                    self._records[event] = record
                    self._acknowledger.check()
                    yield event
                    if not record.settled:
                        self._settle(record)
            await self._acknowledger.flush()
        finally:
            await self._acknowledger.close()

    async def _rows(self) -> AsyncGenerator[_Record]:
        if self._failed:
            async for record in self._listed({"=ERROR": 1}):
                yield record
            return
        await self._make_sure_of_reservations()
        self._own.clear()  # what an earlier iteration left reserved is left over by now
        self._sweep_at = 0.0
        while True:
            if time.monotonic() >= self._sweep_at:
                async for record in self._abandoned():
                    yield record
            reserved = await self._reserve()
            for record in reserved:
                yield record
            if not reserved and time.monotonic() < self._sweep_at:  # otherwise an answer was lost: look first
                await self._acknowledger.flush()
                if self._poll is None:
                    return
                await self._wait(self._poll)

    async def _wait(self, seconds: float) -> None:
        if self._wake is None:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    # -- settling ------------------------------------------------------------------------------------------------

    async def done(self, event: Event) -> None:
        """Acknowledges *event* now: it will not come again. Returns when the portal has it.

        Raises:
            InvalidValue: it did not come from this queue.
            PortalError, TransportError: it is not acknowledged.
        """
        record = self._record(event)

        async def run() -> None:
            self._settle(record)
            await self._acknowledger.flush()

        await self._portal.run(run)

    async def fail(self, event: Event) -> None:
        """Marks *event* as failed: it stays in the queue for 30 days, for ``portal.events.offline(failed=True)`` alone.

        The portal marks by ``MESSAGE_ID``: other events of that message that were reserved beside it are marked too.

        Raises:
            InvalidValue: it did not come from this queue.
            PortalError, TransportError: it is not marked.
        """
        record = self._record(event)
        params = {"process_id": record.process, "message_id": [record.row.get("MESSAGE_ID")]}

        async def run() -> None:
            (await self._portal.submit(Command("event.offline.error", params, replay="safe"))).unwrap()
            record.settled = True

        await self._portal.run(run)

    def row(self, event: Event) -> Mapping[str, Any]:
        """What the queue says of *event*: ID, TIMESTAMP_X, EVENT_NAME, EVENT_DATA, EVENT_ADDITIONAL, MESSAGE_ID.

        Raises:
            InvalidValue: it did not come from this queue.
        """
        return self._record(event).row

    def _record(self, event: Event) -> _Record:
        record = self._records.get(event)
        if record is None:
            raise InvalidValue(f"{event!r} did not come from this queue")
        return record

    def _settle(self, record: _Record) -> None:
        record.settled = True
        self._acknowledger.add(record.process, record.id)

    # -- reading -------------------------------------------------------------------------------------------------

    async def _make_sure_of_reservations(self) -> None:
        """Where the plan has none, reading may delete in spite of clear=0; the documentation does not say."""
        outcome = await self._portal.submit(Command("feature.get", {"CODE": "rest_offline_extended"}))
        if isinstance(outcome.error, MethodNotFound):
            return
        said = outcome.unwrap().result
        if is_mapping(said) and str(said.get("value", "Y")).upper() == "N":
            raise ConfigurationError("the portal's plan lacks rest_offline_extended: reading would delete the events")

    async def _reserve(self) -> list[_Record]:
        params = {"clear": 0, "limit": self._batch, **self._filtered({}), **self._context}
        command = Command("event.offline.get", params)
        outcome = await self._portal.submit(command)
        for _ in range(_LOST_AT_MOST - 1):
            if not isinstance(outcome.error, OutcomeUnknown):
                break
            outcome = await self._portal.submit(command)
            logger.warning("an answer of event.offline.get was lost: what it reserved comes again")
            self._sweep_at = 0.0  # what it reserved shows itself as somebody else's
        said = outcome.unwrap().result
        rows = said.get("events") if is_mapping(said) else None
        if rows is not None and not is_list(rows):
            raise TransportError("event.offline.get: an answer of another shape than documented")
        process = str(said.get("process_id") or "") if is_mapping(said) else ""
        if rows and not process:
            logger.error("event.offline.get reserved nothing: these %d events cannot come again", len(rows))
        if process:
            self._own.add(process)
        return [_Record(row, int(row["ID"]), process) for row in rows or ()]

    async def _abandoned(self) -> AsyncGenerator[_Record]:
        """What others reserved long enough ago, as far as this object has seen it."""
        await self._acknowledger.flush()  # what was taken over and is done must not show itself again
        now = time.monotonic()
        self._sweep_at = now + max(self._abandoned_after, _SWEEP)
        still: set[str] = set()
        # Ids of processes are letters and digits: all are behind "0", and no process is an empty text.
        async for record in self._listed({">PROCESS_ID": "0", "=ERROR": 0}):
            if not record.process or record.process in self._own:
                continue
            still.add(record.process)
            if now - self._seen.setdefault(record.process, now) >= self._abandoned_after:
                yield record
        self._seen = {process: seen for process, seen in self._seen.items() if process in still}

    async def _listed(self, condition: Mapping[str, Any]) -> AsyncGenerator[_Record]:
        last = 0
        while True:
            condition = {**condition, ">ID": last}
            params = {**self._filtered(condition), "order": {"ID": "ASC"}, "start": 0, **self._context}
            answer = (await self._portal.submit(Command("event.offline.list", params))).unwrap()
            rows = answer.result
            if not is_list(rows):
                raise TransportError("event.offline.list: an answer of another shape than documented")
            for row in rows:
                last = int(row["ID"])
                yield _Record(row, last, str(row.get("PROCESS_ID") or ""))
            if answer.next is None and len(rows) < _PAGE:
                return

    def _filtered(self, condition: dict[str, Any]) -> dict[str, Any]:
        if self._names:
            names = sorted(self._names)
            condition = {**condition, "=EVENT_NAME": names[0] if len(names) == 1 else names}
        return {"filter": condition} if condition else {}

    def _event(self, row: Row) -> Event:
        name = str(row.get("EVENT_NAME") or "").upper()
        data = row.get("EVENT_DATA")
        if isinstance(data, str):
            try:
                data = pydantic_core.from_json(data)
            except ValueError:
                data = {"": data}
        return event_class(name)(
            data if is_mapping(data) or is_list(data) else {}, name=name, ts=_moment(row), portal=self._portal
        )


def _moment(row: Row) -> int | None:
    try:
        return int(datetime.fromisoformat(str(row.get("TIMESTAMP_X"))).timestamp())
    except ValueError:
        return None
