"""What happens in a portal: events as typed objects, functions that handle them, and the queue of offline events.

Called by programs and by the integrations; calls the portal through the protocol in `context`, and entities by name.
No HTTP server lives here (see `b24orm.integrations`). Names are loaded when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from b24orm.errors import ForgedEvent as ForgedEvent
    from b24orm.errors import InvalidEvent as InvalidEvent
    from b24orm.events import catalogue
    from b24orm.events.base import Event as Event
    from b24orm.events.base import EventAuth as EventAuth
    from b24orm.events.base import ItemEvent as ItemEvent
    from b24orm.events.base import RowEvent as RowEvent
    from b24orm.events.calls import Binding as Binding
    from b24orm.events.calls import PortalEvents as PortalEvents
    from b24orm.events.catalogue import *  # noqa: F403 - every event by name, as its __all__ says
    from b24orm.events.handlers import EventHandlers as EventHandlers
    from b24orm.events.installs import Installations as Installations
    from b24orm.events.offline import OfflineQueue as OfflineQueue
    from b24orm.events.reading import event_class as event_class
    from b24orm.events.reading import event_of as event_of
    from b24orm.events.reading import parse_event as parse_event

__all__ = [
    "Binding",
    "Event",
    "EventAuth",
    "EventHandlers",
    "ForgedEvent",
    "Installations",
    "InvalidEvent",
    "ItemEvent",
    "OfflineQueue",
    "PortalEvents",
    "RowEvent",
    "event_class",
    "event_of",
    "parse_event",
]
"""What is here beside the events themselves, which would have to be loaded to be named."""

if TYPE_CHECKING:
    __all__ += catalogue.__all__

_HOMES = {
    "Binding": "b24orm.events.calls",
    "Event": "b24orm.events.base",
    "EventAuth": "b24orm.events.base",
    "EventHandlers": "b24orm.events.handlers",
    "ForgedEvent": "b24orm.errors",
    "Installations": "b24orm.events.installs",
    "InvalidEvent": "b24orm.errors",
    "ItemEvent": "b24orm.events.base",
    "OfflineQueue": "b24orm.events.offline",
    "PortalEvents": "b24orm.events.calls",
    "RowEvent": "b24orm.events.base",
    "event_class": "b24orm.events.reading",
    "event_of": "b24orm.events.reading",
    "parse_event": "b24orm.events.reading",
}
"""Where the names live; those of events are in the catalogue."""

if not TYPE_CHECKING:  # with it, checkers would take any name for granted

    def __getattr__(name: str) -> object:
        if name not in _HOMES and not name[:1].isupper():  # a module of the package, or what Python asks packages for
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = import_module(_HOMES.get(name, "b24orm.events.catalogue"))
        value: object = vars(home).get(name)
        if value is None:
            from b24orm.errors import nearest  # here, since most programs make no such mistake

            known = {*_HOMES, *import_module("b24orm.events.catalogue").__all__}
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{nearest(name, known)}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES, *import_module("b24orm.events.catalogue").__all__})
