"""The portal's events: who asked for which, what is queued for whom, and what each event says.

Facts: api-reference/events/*.md. Bindings and queues live as long as the sandbox; a copy begins without any.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from b24orm.sandbox.books import Books
from b24orm.sandbox.clock import Clock
from b24orm.sandbox.courier import Courier, Parcel
from b24orm.sandbox.oauth import Application, OAuth
from b24orm.schema.events import event_specs

__all__ = ["OFFLINE_SIGNAL", "Bound", "Events", "Queued", "scope_of_event"]

OFFLINE_SIGNAL = "ONOFFLINEEVENT"
_KEPT = 30 * 86_400  # seconds that a reservation is kept
_NAMELESS = frozenset({"ONAPPUNINSTALL", "ONAPPPAYMENT", "ONAPPMETHODCONFIRM"})  # nobody acts: no tokens
_WITH_REFRESH = frozenset({"ONAPPINSTALL", "ONAPPUPDATE", OFFLINE_SIGNAL})
_UNSIGNED = frozenset({"ONAPPPAYMENT"})  # its sample has no application_token
_DYNAMIC = "ONCRMDYNAMICITEM"


@dataclass(frozen=True, slots=True)
class Bound:
    """A binding.

    Attributes:
        id: what events call it as ``event_handler_id``.
        user_id: on whose behalf; 0 for whoever causes the event.
        min_timeout: seconds between two signals, for ``ONOFFLINEEVENT``.
    """

    id: int
    application: Application
    event: str
    handler: str = ""
    user_id: int = 0
    offline: bool = False
    connector: str = ""
    min_timeout: float = 1.0


@dataclass(slots=True)
class Queued:
    """An offline event that waits to be fetched."""

    id: int
    application: Application
    event: str
    data: Mapping[str, Any]
    message_id: str
    connector: str
    timestamp: float
    process_id: str = ""
    error: int = 0
    reserved: float = 0.0


@dataclass(slots=True)
class Events:
    """Bindings, the queue of offline events, and the way out. Safe to use from any thread."""

    clock: Clock
    oauth: OAuth
    books: Books
    bindings: list[Bound] = field(default_factory=list[Bound])
    queue: list[Queued] = field(default_factory=list[Queued])
    lock: threading.RLock = field(default_factory=threading.RLock)
    courier: Courier = field(init=False)
    _last_id: int = 0
    _signals: dict[int, float] = field(default_factory=dict[int, float])

    def __post_init__(self) -> None:
        """Nothing leaves before the sandbox runs."""
        self.courier = Courier(self.books)

    def next_id(self) -> int:
        """An id for a binding or a record of the queue."""
        with self.lock:
            self._last_id += 1
            return self._last_id

    def happened(self, event: str, data: Mapping[str, Any], user_id: int, *, connector: str = "") -> None:
        """Something happened: it is sent to whom it was promised, and queued where it was asked for.

        Args:
            event: its name, in capitals.
            data: what is told of it.
            user_id: who did it; 0 for nobody, a robot, say.
            connector: the source key of the request that caused it: queues of that key do not take it.
        """
        with self.lock:
            for bound in list(self.bindings):
                application = bound.application
                if bound.event != event or not application.installed or application.removed:
                    continue
                if not bound.offline:
                    self._send(bound, data, user_id)
                elif not bound.connector or bound.connector != connector:
                    self._enqueue(bound, data)

    # ------------------------------------------------------------------------------------------------- sending

    def _send(self, bound: Bound, data: Mapping[str, Any], user_id: int, after: float = 0.0) -> None:
        self.courier.send(Parcel(bound.event, bound.handler, self._fields(bound, data, user_id), after))

    def _fields(self, bound: Bound, data: Mapping[str, Any], user_id: int) -> Callable[[], Mapping[str, Any]]:
        user: int | None = None if bound.event in _NAMELESS else bound.user_id or user_id or None
        refresh = bound.event in _WITH_REFRESH

        def fields() -> Mapping[str, Any]:
            auth = self.oauth.block(bound.application, user, refresh=refresh)
            if bound.event in _UNSIGNED:
                del auth["application_token"]
            ts = str(int(self.clock.time()))
            return {"event": bound.event, "event_handler_id": bound.id, "data": data, "ts": ts, "auth": auth}

        return fields

    # ------------------------------------------------------------------------------------------------- the queue

    def _enqueue(self, bound: Bound, data: Mapping[str, Any]) -> None:
        """One record for each event and object, with the time of the last change."""
        now = self.clock.time()
        # How real portals make it up is not documented; it names the event's object.
        message_id = hashlib.md5(json.dumps([bound.event, data], sort_keys=True).encode()).hexdigest()  # noqa: S324
        for record in self.queue:
            same = record.application is bound.application and record.connector == bound.connector
            if same and record.message_id == message_id and not record.process_id and not record.error:
                record.timestamp = now
                break
        else:
            record = Queued(self.next_id(), bound.application, bound.event, data, message_id, bound.connector, now)
            self.queue.append(record)
        self._signal(bound.application)

    def _signal(self, application: Application) -> None:
        """Tells the application that its queue has something new, as often as it wants to be told."""
        now = self.clock.time()
        for bound in self.bindings:
            if bound.application is not application or bound.event != OFFLINE_SIGNAL:
                continue
            next_one = self._signals.get(bound.id, 0.0) + bound.min_timeout
            if bound.min_timeout and self._signals.get(bound.id, 0.0) > now:
                continue  # one is on its way already
            after = max(0.0, next_one - now)
            self._signals[bound.id] = now + after
            self._send(bound, {}, application.user_id, after)

    def records(self, application: Application, connector: str) -> list[Queued]:
        """What is queued for an application under a source key, oldest record first."""
        with self.lock:
            over = self.clock.time() - _KEPT
            self.queue = [one for one in self.queue if not one.process_id or one.reserved > over]
            return [one for one in self.queue if one.application is application and one.connector == connector]

    def reserve(self, records: list[Queued]) -> str:
        """Put *records* under a new process, hidden from whom it does not tell; returns its id."""
        process = secrets.token_hex(16)
        with self.lock:
            for record in records:
                record.process_id, record.reserved = process, self.clock.time()
        return process

    def drop(self, records: list[Queued]) -> None:
        """Delete *records*."""
        gone = {record.id for record in records}
        with self.lock:
            self.queue = [one for one in self.queue if one.id not in gone]


def scope_of_event(event: str) -> str | None:
    """The scope that an event (in capitals) is in; None if there is no such event, or none that can be bound."""
    base, _, number = event.rpartition("_")
    if base.startswith(_DYNAMIC) and number.isdigit():
        event = base
    spec = event_specs().get(event)
    return spec.scope if spec is not None and spec.bindable else None
