"""`Event`: what a portal told, and who says so; its kinds that are about a row know how to fetch it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast, overload

from typing_extensions import override

from b24orm.context import PortalLike
from b24orm.errors import InvalidEvent
from b24orm.events.values import Value
from b24orm.transport.auth import Secret

if TYPE_CHECKING:
    from b24orm.entities import SmartInvoice, SmartProcessItem  # noqa: F401 - the base of ItemEvent names them as a text
    from b24orm.op import Op

__all__ = ["Event", "EventAuth", "ItemEvent", "RowEvent"]

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)

_SMART_INVOICE = 31


@dataclass(frozen=True, slots=True)
class EventAuth:
    """Which portal sent an event, and on whose behalf the application may act there.

    Only the token of the application is there always (and not even that with ``ONAPPPAYMENT``); the tokens of a user
    are missing where nobody did it: robots, workflows, agents, outgoing webhooks, ``ONAPPUNINSTALL``.

    Attributes:
        application_token: proves that the portal sent it. The same in every event to this application.
        domain: the portal's address now; a portal may move.
        member_id: the portal, whatever its address.
        client_endpoint: where its REST API is.
        server_endpoint: where the authorization server is. Forgeable like all the rest until the token is checked.
        access_token: of the user who caused the event.
        refresh_token: comes with few events; without it the access token cannot be renewed.
        expires_in: seconds that the access token lasts.
        expires: when it ends, in seconds since 1970.
        user_id: the user.
        scope: what the application may.
        status: of the application: F free, D demo, T trial, P paid, L local, S by subscription.

    Source: api-reference/events/index.md, settings/app-installation/index.md.
    """

    application_token: Secret | None = None
    domain: str = ""
    member_id: str = ""
    client_endpoint: str = ""
    server_endpoint: str = ""
    access_token: Secret | None = None
    refresh_token: Secret | None = None
    expires_in: int | None = None
    expires: int | None = None
    user_id: int | None = None
    scope: tuple[str, ...] = ()
    status: str = ""


class Event:
    """Something happened in a portal. Events that no class is known for are of this one.

    Args:
        data: what the portal says of it, lists and maps of texts as they came; tokens in it are `Secret`.
        name: the portal's name for it in capitals; by default that of the class. A smart process may have one of its
            own: ``ONCRMDYNAMICITEMADD_147``.
        auth: which portal, and on whose behalf.
        ts: when it was sent, in seconds since 1970.
        handler_id: the number of the handler that it is for, where the portal says it.
        portal: where rows are fetched from; None for the current portal.
    """

    event: ClassVar[str] = ""
    """The portal's name for events of this class, in capitals."""

    def __init__(
        self,
        data: Any = None,
        *,
        name: str = "",
        auth: EventAuth | None = None,
        ts: int | None = None,
        handler_id: int | None = None,
        portal: PortalLike | None = None,
    ) -> None:
        self.data: Any = {} if data is None else data
        self.name = name or self.event
        self.auth = auth or EventAuth()
        self.ts = ts
        self.handler_id = handler_id
        self.portal = portal

    @property
    def sent(self) -> datetime | None:
        """When the portal sent it, in UTC; None if it does not say."""
        return None if self.ts is None else datetime.fromtimestamp(self.ts, UTC)

    def check(self) -> None:
        """Makes sure that what makes it an event of its class is there.

        Raises:
            InvalidEvent: it is not.
        """
        for name, value in _values(type(self)).items():
            if value.required:
                getattr(self, name)

    @override
    def __repr__(self) -> str:
        # Whatever else it says may be somebody's, or a secret.
        try:
            about = "".join(f" {name}={getattr(self, name)!r}" for name in _values(type(self)) if name == "id")
        except InvalidEvent:
            about = ""
        return f"<{type(self).__name__} {self.name}{about} of {self.auth.domain or 'an unknown portal'}>"


_found: dict[type[Event], Mapping[str, Value[Any]]] = {}


def _values(kind: type[Event]) -> Mapping[str, Value[Any]]:
    """The attributes of a class of events that are read from ``data``."""
    if kind not in _found:
        _found[kind] = {
            name: value
            for one in reversed(kind.__mro__)
            for name, value in vars(one).items()
            if isinstance(value, Value)
        }
    return _found[kind]


class RowEvent(Event, Generic[M_co]):
    """An event about a row that is there: `object` fetches it."""

    model: ClassVar[str] = ""
    """The entity that the row is one of."""
    needs: ClassVar[tuple[str, ...]] = ()
    """What else than its id it takes to find the row."""

    @overload
    def object(self) -> Op[M_co]: ...
    @overload
    def object(self, model: type[M]) -> Op[M]: ...
    def object(self, model: type[Any] | None = None) -> Op[Any]:
        """``await event.object()``: the row as it is now, of the portal that sent the event.

        An event says which row it is about and nothing more, and several may have passed before it came.

        Args:
            model: a class of your own for the row, ``class MyDeal(Deal)``.

        Raises:
            DoesNotExist: when run: it is gone meanwhile.
            PortalError, TransportError: when run.
        """
        kind: Any = model or getattr(import_module("b24orm.entities"), self._model())
        query = kind.objects
        if self.portal is not None:
            query = query.using(self.portal)
        lookups = {name: getattr(self, name) for name in ("id", *self._needs())}
        return cast("Op[Any]", query.get(**lookups))

    def _model(self) -> str:
        return self.model

    def _needs(self) -> tuple[str, ...]:
        return self.needs


class ItemEvent(RowEvent["SmartInvoice | SmartProcessItem"]):
    """An event about an item of a smart process, or a smart invoice: these tell their kind by its number.

    Source: api-reference/crm/universal/events/index.md. Leads, deals, contacts, companies and quotes have events of
    their own, whichever methods change them.
    """

    entity_type_id: Value[int | None]

    @override
    def _model(self) -> str:
        return "SmartInvoice" if self.entity_type_id == _SMART_INVOICE else "SmartProcessItem"

    @override
    def _needs(self) -> tuple[str, ...]:
        return () if self.entity_type_id == _SMART_INVOICE else ("entity_type_id",)
