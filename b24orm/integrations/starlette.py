"""Events of a portal in a Starlette or FastAPI application.

::

    app = FastAPI(routes=[event_route(handlers, "/bitrix/events")])
    app.router.routes.append(event_route(handlers, "/bitrix/events"))  # the same for one that is there already
"""

from __future__ import annotations

from starlette.routing import Route

from b24orm.events.handlers import EventHandlers
from b24orm.integrations.asgi import EventApp

__all__ = ["event_route"]


def event_route(handlers: EventHandlers, path: str) -> Route:
    """The route by which what is posted to *path* comes to *handlers*.

    With events in the background, call ``await handlers.drain()`` when the application's lifespan ends.
    """
    return Route(path, EventApp(handlers), methods=["POST"])
