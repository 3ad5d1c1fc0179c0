"""`EventHandlers`: which functions are called for which events, behind whatever serves HTTP.

Facts: api-reference/events/index.md, safe-event-handlers.md. The portal sends an event once, and never again if it is
refused or lost.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar, overload

from b24orm.context import PortalLike, portal_in_context
from b24orm.errors import ConfigurationError, ForgedEvent, InvalidEvent, nearest
from b24orm.events.backlog import Backlog
from b24orm.events.base import Event, EventAuth
from b24orm.events.catalogue import CATALOGUE, OnAppInstall, OnAppUpdate
from b24orm.events.reading import event_class, parse_event
from b24orm.events.tokens import TokenCheck, Tokens
from b24orm.sync import background_loop, run_blocking

__all__ = ["EventHandlers"]

E = TypeVar("E", bound=Event)
E2 = TypeVar("E2", bound=Event)
E3 = TypeVar("E3", bound=Event)
R = TypeVar("R")

Function: TypeAlias = Callable[[Any], object]
PortalOf: TypeAlias = Callable[[EventAuth], PortalLike | Awaitable[PortalLike | None] | None]
Confirm: TypeAlias = Callable[[Any], bool | Awaitable[bool]]

logger = logging.getLogger("b24orm.events")


class EventHandlers:
    """A registry of functions that handle events.

    ::

        handlers = EventHandlers(application_token=os.environ["B24_APPLICATION_TOKEN"])

        @handlers.on(OnCrmDealAdd)
        async def new_deal(event: OnCrmDealAdd) -> None:
            deal = await event.object()

    Mount it by `b24orm.integrations`, or give bodies to `handle`. Asynchronous functions run on the event loop, plain
    ones in a thread; all those of one event one after the other, in the order in which they were registered. If one
    raises, the others still run, the error is logged, and the answer is 500.

    Args:
        application_token: what portals show; see `Tokens`. Events that do not show it are refused.
        portal: the current portal of the functions, and where ``event.object()`` asks; or a function that gives it by
            `EventAuth`, for many portals. By default whichever is current where the request is served.
        confirm: told of ``OnAppInstall`` and ``OnAppUpdate`` whose token is not known, since they bring it: whether the
            event is genuine. It has to make sure by the event's access token (``app.info`` at the authorization
            server), since anybody can send such a request. Without it these events are refused.
        background: answer at once and handle events afterwards. What waits is lost if the process dies: the portal has
            its answer. By default events are handled before the answer.
        queue_size: how many may wait, with *background*; while it is full, requests wait.
        concurrency: how many are handled at once, with *background*.

    Raises:
        ConfigurationError: an option is not usable as given.
    """

    def __init__(
        self,
        *,
        application_token: Tokens,
        portal: PortalLike | PortalOf | None = None,
        confirm: Confirm | None = None,
        background: bool = False,
        queue_size: int = 1000,
        concurrency: int = 10,
    ) -> None:
        if confirm is not None and not callable(confirm):
            raise ConfigurationError(f"confirm is a function of an event, not {type(confirm).__name__}")
        self._tokens = TokenCheck(application_token)
        self._portal = portal
        self._confirm = confirm
        self._registered: list[tuple[type[Event] | str, Function]] = []
        self._chosen: dict[tuple[type[Event], str], tuple[Function, ...]] = {}
        self._backlog = Backlog(self._run, size=queue_size, workers=concurrency)
        self._background = background

    # -- registering ---------------------------------------------------------------------------------------------

    @overload
    def on(self, event: type[E], /) -> Callable[[Callable[[E], R]], Callable[[E], R]]: ...
    @overload
    def on(self, event: type[E], other: type[E2], /) -> Callable[[Callable[[E | E2], R]], Callable[[E | E2], R]]: ...
    @overload
    def on(
        self, event: type[E], other: type[E2], third: type[E3], /
    ) -> Callable[[Callable[[E | E2 | E3], R]], Callable[[E | E2 | E3], R]]: ...
    @overload
    def on(self, *events: type[Event] | str) -> Callable[[Callable[[Any], R]], Callable[[Any], R]]: ...
    def on(self, *events: type[Event] | str) -> Callable[[Callable[[Any], R]], Callable[[Any], R]]:
        """``@handlers.on(OnCrmDealAdd, "ONCRMDEALUPDATE")``: call the function for these events.

        A class stands for its subclasses too. A name may be written in any case; events that no class is known for are
        handled by name. ``ONCRMDYNAMICITEMADD_147`` is the event of one smart process.

        Raises:
            ConfigurationError: no event, or something that is none.
        """
        if not events:
            raise ConfigurationError("name the events: @handlers.on(OnCrmDealAdd); or use @handlers.on_any")
        kinds = [_kind(event) for event in events]

        def register(function: Callable[[Any], R]) -> Callable[[Any], R]:
            if not callable(function):
                raise ConfigurationError(f"an event is handled by a function, not by a {type(function).__name__}")
            self._registered += [(kind, function) for kind in kinds]
            self._chosen.clear()
            return function

        return register

    def on_any(self, function: Callable[[Event], R]) -> Callable[[Event], R]:
        """``@handlers.on_any``: call the function for every event."""
        return self.on(Event)(function)

    def functions(self, event: Event) -> tuple[Function, ...]:
        """What is called for *event*, each function once, in the order in which they were registered."""
        key = (type(event), event.name)
        if key not in self._chosen:
            fitting = (
                function
                for kind, function in self._registered
                if (kind == event.name if isinstance(kind, str) else isinstance(event, kind))
            )
            found = tuple(dict.fromkeys(fitting))
            if len(self._chosen) > 1000:  # names come from outside
                self._chosen.clear()
            self._chosen[key] = found
        return self._chosen[key]

    # -- handling ------------------------------------------------------------------------------------------------

    async def handle(self, body: bytes | str, content_type: str = "") -> int:
        """Handles a request; gives the HTTP status to answer it with. It never raises.

        200: handled (or taken, with *background*), or nothing is registered for it. 400: no event. 403: it does not
        show the token. 500: a function failed. Whatever is not 200 has a line in the log ``b24orm.events``.

        Args:
            body: of the POST request.
            content_type: its header.
        """
        try:
            event = parse_event(body, content_type)
        except InvalidEvent as error:
            logger.warning("refused a request that is no event: %s", error)
            return 400
        try:
            await self.verify(event)
        except ForgedEvent as error:
            logger.warning("refused an event: %s", error)
            return 403
        except Exception:
            logger.exception("cannot tell whether %s is genuine", event.name)
            return 500
        if self._background:
            await self._backlog.put(event)
            return 200
        return 200 if await self._run(event) else 500

    def handle_sync(self, body: bytes | str, content_type: str = "") -> int:
        """The same, blocking the calling thread, for frameworks without an event loop.

        Asynchronous functions run on the background loop of b24orm, where ``connect()`` and ``with Portal`` live.
        """
        return run_blocking(background_loop(), lambda: self.handle(body, content_type))

    async def verify(self, event: Event) -> None:
        """Makes sure that a known portal sent *event*.

        Raises:
            ForgedEvent: it does not show the token that is known of its portal.
        """
        if await self._tokens.passes(event.auth):
            return
        brings = isinstance(event, OnAppInstall | OnAppUpdate)
        if brings and self._confirm is not None:
            answer = self._confirm(event)
            if (await answer if inspect.isawaitable(answer) else answer) is True:
                return
        # Whoever sent it chose these words: none is longer, and none breaks the line.
        where = f"{event.auth.domain[:100]!r} (member_id {event.auth.member_id[:40]!r})"
        what = "no application_token" if event.auth.application_token is None else "a wrong application_token"
        hint = "; it may bring a new one: see EventHandlers(confirm=…)" if brings and self._confirm is None else ""
        raise ForgedEvent(f"{event.name} of {where} shows {what}{hint}")

    async def dispatch(self, event: Event) -> None:
        """Calls the functions for an *event* that is known to be genuine: of an offline queue, say, or of a test.

        Raises:
            ExceptionGroup: with what the functions raised, once all of them have run.
        """
        event.portal = event.portal or await self._portal_of(event)
        current = portal_in_context.set(event.portal or portal_in_context.get())
        failed: list[Exception] = []
        try:
            for function in self.functions(event):
                try:
                    await _called(function, event)
                except Exception as error:
                    failed.append(error)
        finally:
            portal_in_context.reset(current)
        if failed:
            raise ExceptionGroup(f"{len(failed)} of the functions for {event.name} failed", failed)

    async def _portal_of(self, event: Event) -> PortalLike | None:
        given: Any = self._portal
        found: Any = given(event.auth) if callable(given) else given
        portal: PortalLike | None = await found if inspect.isawaitable(found) else found
        return portal

    async def _run(self, event: Event) -> bool:
        """Whether all went well."""
        try:
            await self.dispatch(event)
        except ExceptionGroup as group:
            for error in group.exceptions:
                logger.error("a function for %s failed: %r", event, error, exc_info=error)
            return False
        except Exception as error:
            logger.error("no portal for %s: %r", event, error, exc_info=error)
            return False
        return True

    # -- the end -------------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many events were taken and wait to be handled; 0 without *background*."""
        return self._backlog.waiting

    async def drain(self) -> None:
        """Returns when every event that was taken is handled: what a server does before it ends."""
        await self._backlog.drain()

    def drain_sync(self) -> None:
        """The same after `handle_sync`, blocking the calling thread."""
        run_blocking(background_loop(), self.drain)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.drain()


def _kind(event: object) -> type[Event] | str:
    if isinstance(event, type) and issubclass(event, Event):
        return event
    if not isinstance(event, str) or not event.strip():
        raise ConfigurationError(f"an event is named by its class or its name, such as OnCrmDealAdd, not by {event!r}")
    name = event.strip().upper()
    if event_class(name) is Event:
        # Portals know events that are not documented; but most unknown names are slips.
        logger.warning("no documented event is called %r%s", event, nearest(name, CATALOGUE))
    return name


async def _called(function: Function, event: Event) -> None:
    if _is_async(function):
        result = function(event)
    else:
        result = await asyncio.to_thread(function, event)
    if inspect.isawaitable(result):
        await result


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
