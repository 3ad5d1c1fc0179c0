"""`portal.events`: which events a portal sends to an application, and where.

Facts: api-reference/events/*.md. These methods are for applications; a webhook is refused with ``WRONG_AUTH_TYPE``.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from b24orm.command import Command
from b24orm.context import PortalLike
from b24orm.errors import InvalidValue, TransportError, nearest
from b24orm.narrow import is_mapping
from b24orm.op import Op
from b24orm.plan import Plan

if TYPE_CHECKING:
    import asyncio

    from b24orm.events.base import Event
    from b24orm.events.offline import OfflineQueue

__all__ = ["Binding", "EventName", "PortalEvents", "name_of"]

T = TypeVar("T")

Names: TypeAlias = list[str]  # a class with a method called list cannot say it

EventName: TypeAlias = "type[Event] | str"
"""An event by its class, or by the portal's name for it in any case."""

_OFFLINE_SIGNAL = "ONOFFLINEEVENT"


@dataclass(frozen=True, slots=True)
class Binding:
    """One event that a portal sends, or queues.

    Attributes:
        event: the portal's name for it, in capitals.
        handler: where it is sent to; empty for an offline event.
        user_id: on whose behalf the handler is authorized; 0 for whoever caused the event.
        offline: whether it is queued instead of sent.
        connector: the source key of the queue; empty for the common one.
    """

    event: str
    handler: str = ""
    user_id: int = 0
    offline: bool = False
    connector: str = ""


class PortalEvents:
    """The events of a portal. All methods give operations: ``await`` them, or call ``.run_sync()``."""

    def __init__(self, portal: PortalLike) -> None:
        self._portal = portal

    def bind(
        self,
        event: EventName,
        handler: str | None = None,
        *,
        user_id: int | None = None,
        offline: bool = False,
        connector: str | None = None,
        min_timeout: int | None = None,
    ) -> Op[bool]:
        """Asks the portal to send an event to a handler, or to queue it.

        An application's bindings go with its installation and with every update: bind anew then
        (api-reference/events/event-bind.md).

        Args:
            event: ``OnCrmDealAdd`` or ``"ONCRMDEALADD"``; ``"ONCRMDYNAMICITEMADD_147"`` for one smart process.
            handler: an address that the portal's servers can reach. Not with *offline*.
            user_id: the user on whose behalf the handler is authorized, for administrators; by default whoever causes
                the event.
            offline: queue the event for `offline` instead of sending it, for administrators.
            connector: a source key: a queue of its own, that writes which carry the same key (the parameter
                ``auth_connector``) do not enter. With *offline*; from the Professional plan.
            min_timeout: seconds between two signals of ``OnOfflineEvent``; the portal's default is 1.

        Raises:
            InvalidValue: before anything is sent: arguments that do not go together, or an address that is none.
            PortalError: when run: ``ERROR_EVENT_NOT_FOUND``, or ``AccessDenied``.
        """
        name = name_of(event)
        params = {"event": name, **_where_to(name, handler, offline)}
        if not offline and connector is not None:
            raise InvalidValue("connector is for offline events: bind(…, offline=True, connector=…)")
        if connector is not None:
            params["auth_connector"] = _text("connector", connector)
        if user_id is not None:
            params["auth_type"] = _whole("user_id", user_id)
        if min_timeout is not None:
            if name != _OFFLINE_SIGNAL:
                raise InvalidValue(f"min_timeout is for OnOfflineEvent, not for {name}")
            params["options"] = {"minTimeout": _whole("min_timeout", min_timeout)}
        return self._op("event.bind", params, bool)

    def unbind(
        self,
        event: EventName,
        handler: str | None = None,
        *,
        user_id: int | None = None,
        offline: bool = False,
        connector: str | None = None,
    ) -> Op[int]:
        """Asks the portal to send, or to queue, an event no longer; gives how many bindings that ended.

        Args:
            event: the event.
            handler: the address that was bound. Not with *offline*.
            user_id: only bindings on behalf of this user; 0 for those on behalf of whoever causes the event. By default
                all of them.
            offline: end the queueing.
            connector: the source key of the queue. That ``event.unbind`` heeds it is not documented.

        Raises:
            InvalidValue: before anything is sent.
            PortalError: when run.
        """
        name = name_of(event)
        params = {"event": name, **_where_to(name, handler, offline)}
        if connector is not None:
            params["auth_connector"] = _text("connector", connector)
        if user_id is not None:
            params["auth_type"] = _whole("user_id", user_id)
        return self._op("event.unbind", params, lambda said: int(said["count"]))

    def list(self) -> Op[list[Binding]]:
        """What is bound: everything for an administrator, one's own for other users."""
        return self._op("event.get", {}, lambda said: [_binding(row) for row in said])

    def names(self, scope: str | None = None, *, full: bool = False) -> Op[Names]:
        """The names of the events that the portal knows, in capitals.

        Args:
            scope: of one scope only.
            full: of all scopes, not just those of the application.
        """
        params: dict[str, Any] = {} if scope is None else {"SCOPE": _text("scope", scope)}
        params |= {"FULL": 1} if full else {}
        return self._op("events", params, lambda said: [str(name) for name in said])

    def test(self, params: Mapping[str, Any] | None = None) -> Op[bool]:
        """Makes the portal send ``OnAppTest`` with *params* as its ``query``, to try a handler."""
        return self._op("event.test", dict(params or {}), bool)

    def offline(
        self,
        *events: EventName,
        connector: str | None = None,
        batch: int = 50,
        poll: float | None = 5.0,
        wake: asyncio.Event | None = None,
        failed: bool = False,
        abandoned_after: float = 0.0,
    ) -> OfflineQueue:
        """The queue of offline events: ``async for event in portal.events.offline():``. See `OfflineQueue`.

        Args:
            events: only these; by default all that are bound.
            connector: the source key of the queue; by default the common one.
            batch: events that are reserved at once, 1 to 50.
            poll: seconds to wait when the queue is empty; None to stop then.
            wake: an event that ends that wait; set it in a handler of ``OnOfflineEvent``.
            failed: those that were given to `OfflineQueue.fail` instead.
            abandoned_after: seconds after which events that somebody else reserved, and neither acknowledged nor
                failed, come again: those of a consumer that died. 0 takes them at once, and is for the only consumer
                of a queue. Where several share one, name more seconds than a batch of them takes; each must run longer
                than that to take over anything, since the portal does not say when something was reserved.

        Raises:
            InvalidValue: a number out of its range.
        """
        from b24orm.events.offline import OfflineQueue  # here, since it loads the catalogue

        return OfflineQueue(
            self._portal,
            names=[name_of(event) for event in events],
            connector=None if connector is None else _text("connector", connector),
            batch=batch,
            poll=poll,
            wake=wake,
            failed=failed,
            abandoned_after=abandoned_after,
        )

    def _op(self, method: str, params: dict[str, Any], read: Callable[[Any], T]) -> Op[T]:
        command = Command(method, params)

        async def run(portal: PortalLike) -> T:
            said = (await portal.submit(command)).unwrap().result
            try:
                return read(said)
            except (LookupError, TypeError, ValueError) as error:
                raise TransportError(f"{method}: an answer of another shape than documented") from error

        typed: Callable[[PortalLike], Coroutine[Any, Any, T]] = run
        plan = Plan("call", "one REST call", "1, shared with whatever else is asked at the moment", "1", (command,))
        return Op(typed, explain=lambda: plan, portal=self._portal)


def name_of(event: object) -> str:
    """The portal's name for an event, in capitals.

    Raises:
        InvalidValue: it is neither a class of events nor a name.
    """
    name: Any = getattr(event, "event", "") if isinstance(event, type) else event
    if isinstance(name, str) and name.strip():
        return name.strip().upper()
    shown = event.__name__ if isinstance(event, type) else repr(event)
    hint = nearest(shown, ["OnCrmDealAdd", "OnCrmDealUpdate"])
    raise InvalidValue(f"an event is named by its class or its name, such as OnCrmDealAdd, not by {shown}{hint}")


def _where_to(name: str, handler: str | None, offline: bool) -> dict[str, Any]:
    """Where the event goes: to an address, or into the queue."""
    if not offline:
        return {"handler": _address(name, handler)}
    if handler is not None:
        raise InvalidValue("an offline event is queued: it has no handler")
    return {"event_type": "offline"}


def _address(name: str, handler: str | None) -> str:
    if handler is None:
        raise InvalidValue(f"{name}: name the address of the handler, or queue the event with offline=True")
    try:
        parts = urlsplit(handler if isinstance(handler, str) else "")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidValue(f"{name}: a handler is an address such as https://example.com/bitrix/events")
    return handler


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidValue(f"{name} is a text, not {value!r}")
    return value


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidValue(f"{name} is a whole number, 0 or more, not {value!r}")
    return value


def _binding(row: Any) -> Binding:
    if not is_mapping(row):
        raise TypeError(row)
    return Binding(
        event=str(row["event"]).upper(),
        handler=str(row.get("handler") or ""),
        user_id=int(row.get("auth_type") or 0),
        offline=str(row.get("offline")) in {"1", "Y", "True"},
        connector=str(row.get("connector_id") or ""),
    )
