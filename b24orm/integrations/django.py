"""Events of a portal in a Django project.

::

    urlpatterns = [path("bitrix/events", event_view(handlers))]       # under ASGI
    urlpatterns = [path("bitrix/events", event_view_sync(handlers))]  # under WSGI

No middleware may ask for a CSRF token: the portal has none, and shows the application's token instead.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any, TypeVar

from b24orm.events.handlers import EventHandlers

__all__ = ["event_view", "event_view_sync"]

V = TypeVar("V")

# Django comes without types, and the packages that add some follow its versions.
_http: Any = import_module("django.http")


def event_view(handlers: EventHandlers) -> Callable[[Any], Coroutine[Any, Any, Any]]:
    """The asynchronous view that hands its requests to *handlers*; under WSGI use `event_view_sync`.

    With events in the background the server has to call ``await handlers.drain()`` before it ends.
    """

    async def view(request: Any) -> Any:
        if request.method != "POST":
            return _http.HttpResponseNotAllowed(["POST"])
        return _http.HttpResponse(status=await handlers.handle(request.body, request.headers.get("Content-Type", "")))

    return _exempt(view)


def event_view_sync(handlers: EventHandlers) -> Callable[[Any], Any]:
    """The view for servers without an event loop.

    Asynchronous functions run on the background loop of b24orm, where ``connect()`` and ``with Portal`` live. With
    events in the background the server has to call ``handlers.drain_sync()`` before it ends.
    """

    def view(request: Any) -> Any:
        if request.method != "POST":
            return _http.HttpResponseNotAllowed(["POST"])
        return _http.HttpResponse(status=handlers.handle_sync(request.body, request.headers.get("Content-Type", "")))

    return _exempt(view)


def _exempt(view: V) -> V:
    """What Django's own decorator does, which takes asynchronous views in its newer versions only."""
    marked: Any = view
    marked.csrf_exempt = True
    return view
