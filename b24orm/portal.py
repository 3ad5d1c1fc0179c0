"""`Portal`: where auth, transport, limits and engine come together; the current portal."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Generator,
    Iterator,
    Sequence,
)
from contextlib import aclosing, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import aiohttp
from typing_extensions import override

from b24orm.command import Command, Outcome, RowFormat
from b24orm.context import FileHead, PortalLike, default_portal, portal_in_context
from b24orm.engine import Dispatcher, Offer, Stats, fetch, read, send, write
from b24orm.errors import ConfigurationError, InvalidRow
from b24orm.limits import Limits
from b24orm.oauth import FunctionAuth, MemoryStore, OAuthApp, OAuthTokens, StoredAuth, TokenFunction, TokenStore
from b24orm.plan import Plan
from b24orm.raw import RawAPI
from b24orm.sync import background_loop, iterate_across, iterate_blocking, run_across, run_blocking
from b24orm.transport import Auth, Form, Secret, Transport, Trust, Webhook, origin_of, trusted

if TYPE_CHECKING:
    from b24orm.events.calls import PortalEvents

__all__ = ["Portal", "connect"]

T = TypeVar("T")

logger = logging.getLogger("b24orm.portal")


class Portal(RawAPI):
    """A Bitrix24 portal, as one program sees it.

    ``async with Portal(url):`` opens it on the running event loop; ``with Portal(url):`` on a background one, for
    blocking code. Inside the block it is the current portal, which querysets use without being told.

    Args:
        webhook_url: an incoming webhook, ``https://my.bitrix24.com/rest/1/code/``. It is a secret: never logged or
            shown. With *token_func* the portal's address, ``https://my.bitrix24.com``.
        token_func: gives the access token of an application that cares for its tokens itself; plain (then it may block)
            or ``async``. It is asked at the first request, and again when the portal says that the token has expired.
            See `oauth` for tokens that are renewed here.
        limits: what the portal's plan allows.
        timeout: seconds that one HTTP request may take; the portal itself gives up after 60. Files may take longer, as
            long as they move at all.
        max_concurrency: HTTP requests under way at once; None for a sensible number.
        progress: whether long lists draw a progress bar unless told otherwise.
        session: an aiohttp session to use (and to leave open) instead of an own one.
        ssl: whose certificates are trusted: the path of a file with authorities (PEM), which count besides the
            system's, or an ``ssl.SSLContext``. With a *session* of your own, say it to its connector.
        crm_api: ``item`` for the modern ``crm.item.*`` methods, ``classic`` for ``crm.deal.*`` and its kind, on old
            self-hosted portals.
        rest_api: which version of the REST serves entities that have both, of which tasks are the one so far.
            ``auto``: the classic one, whose lists filter by every field and come in batches, and REST 3.0 for what only
            that can do: to create one row without ever creating two, and to select what is inside of related objects.
            What the portal offers is asked once, before the first row of such an entity is created. ``classic``: the
            classic one always. ``v3``: REST 3.0 always; what it cannot express is an error before any request.
        on_invalid: what becomes of a value that its field cannot hold: ``raise`` stops the list with `InvalidRow`,
            ``keep`` hands it out as it came, logs a warning and counts it in ``stats.invalid``. A queryset may decide
            otherwise for itself.

    Raises:
        ConfigurationError: an option is not usable as given.
    """

    def __init__(
        self,
        webhook_url: str,
        *,
        token_func: TokenFunction | None = None,
        limits: Limits | None = None,
        timeout: float = 60.0,
        max_concurrency: int | None = None,
        progress: bool = False,
        session: aiohttp.ClientSession | None = None,
        ssl: Trust | None = None,
        crm_api: Literal["item", "classic"] = "item",
        rest_api: Literal["auto", "classic", "v3"] = "auto",
        on_invalid: Literal["raise", "keep"] = "raise",
    ) -> None:
        self._auth: Auth = _auth_of(webhook_url, token_func)
        if crm_api not in ("item", "classic"):
            raise ConfigurationError(f"crm_api is 'item' or 'classic', not {crm_api!r}")
        if rest_api not in ("auto", "classic", "v3"):
            raise ConfigurationError(f"rest_api is 'auto', 'classic' or 'v3', not {rest_api!r}")
        if rest_api == "v3" and crm_api == "classic":
            raise ConfigurationError("a portal too old for crm.item (crm_api='classic') has no REST 3.0: rest_api='v3'")
        if on_invalid not in ("raise", "keep"):
            raise ConfigurationError(f"on_invalid is 'raise' or 'keep', not {on_invalid!r}")
        if max_concurrency is not None and max_concurrency < 1:
            raise ConfigurationError(f"max_concurrency is a positive number, not {max_concurrency!r}")
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            raise ConfigurationError(f"timeout is a positive number of seconds, not {timeout!r}")
        if limits is not None and not isinstance(limits, Limits):
            raise ConfigurationError(f"limits is a Limits, such as Limits.standard(), not {type(limits).__name__}")
        if session is not None and not isinstance(session, aiohttp.ClientSession):
            raise ConfigurationError(f"session is an aiohttp.ClientSession, not {type(session).__name__}")
        if session is not None and ssl is not None:
            raise ConfigurationError("ssl and session exclude each other: give the context to the session's connector")
        self._context = trusted(ssl)
        self.limits = limits or Limits.standard()
        self._timeout = timeout
        self._max_concurrency = max_concurrency
        self._session = session
        self.show_progress = progress
        self.crm_api: Literal["item", "classic"] = crm_api
        self.rest_api: Literal["auto", "classic", "v3"] = rest_api
        self._offer = Offer()
        self.keeps_invalid = on_invalid == "keep"
        self._home: asyncio.AbstractEventLoop | None = None
        self._dispatcher: Dispatcher | None = None
        self._stats = Stats()
        self._before: list[PortalLike | None] = []

    @classmethod
    def from_env(cls, variable: str = "B24_WEBHOOK", **options: Any) -> Self:
        """The portal whose webhook stands in the environment variable *variable*.

        Raises:
            ConfigurationError: it is not set.
        """
        url = os.environ.get(variable)
        if not url:
            raise ConfigurationError(f"the environment variable {variable} is not set; it should hold the webhook URL")
        return cls(url, **options)

    @classmethod
    def oauth(
        cls,
        domain: str,
        app: OAuthApp,
        tokens: TokenStore | OAuthTokens,
        *,
        key: str | None = None,
        **options: Any,
    ) -> Self:
        """A portal that an application is let in to: its tokens are renewed when they are needed and have expired.

        Args:
            domain: the portal, ``my.bitrix24.ru``, with ``https://`` or without. If the tokens know that it has moved
                to another address, that counts.
            app: the application's keys.
            tokens: where its tokens are kept; or tokens, if it is enough that this object has them.
            key: what the tokens are called in the store; by default the domain. The portal's ``member_id`` is a good
                name, as it outlives the domain, and with the user's id where there are tokens of several users.
            options: as for `Portal`.

        Raises:
            ConfigurationError: an argument or an option is not usable as given.
        """
        origin = origin_of(domain)
        host = origin.partition("://")[2]
        if not isinstance(app, OAuthApp):
            raise ConfigurationError(f"app is an OAuthApp(client_id, client_secret), not {type(app).__name__}")
        name = host if key is None else key
        store = MemoryStore({name: tokens}) if isinstance(tokens, OAuthTokens) else tokens
        for method in ("load", "save"):
            if not callable(getattr(store, method, None)):
                raise ConfigurationError(
                    f"tokens is OAuthTokens or a store with the methods load and save, not {type(store).__name__}"
                )
        portal = cls(origin, token_func=_nothing, **options)
        portal._auth = StoredAuth(app, store, name, origin)
        return portal

    @override
    def __repr__(self) -> str:
        auth = getattr(self, "_auth", None)
        if auth is None:  # the constructor refused the URL, and an error reporter wants to show what there is
            return "<Portal (no usable URL)>"
        return f"<Portal {auth.redacted} ({'open' if getattr(self, '_dispatcher', None) else 'closed'})>"

    @property
    def api(self) -> str:
        """The dialects that querysets use here: what `crm_api` and `rest_api` come to."""
        if self.rest_api == "v3":
            return "v3"
        return "v2" if self.rest_api == "classic" and self.crm_api == "item" else self.crm_api

    @property
    def user_id(self) -> int | None:
        """The user on whose behalf calls are made; None if that is not known."""
        return self._auth.user_id

    def known_methods(self) -> Collection[str] | None:
        """The methods of REST 3.0 that this portal offers, as far as that has been asked; None if it has not."""
        return self._offer.methods

    async def offered(self) -> Collection[str]:
        """The methods of REST 3.0 that this portal offers, asked for once; empty if it has none, or does not say.

        The portal's own list (``rest.documentation.openapi``) depends on its modules and on what the code or token may
        do. It is 100 kilobytes and more.
        """
        return await self.run(lambda: self._offer.ask(self.submit))

    def offers_not(self, method: str) -> None:
        """From now on, *method* of REST 3.0 counts as not offered: the portal has refused it."""
        self._offer.strike(method)

    @property
    def is_open(self) -> bool:
        """Whether the portal can be used now."""
        return self._dispatcher is not None

    # -- opening and closing -------------------------------------------------------------------------------------

    async def _open(self) -> None:
        if self._dispatcher is not None:
            raise ConfigurationError("the portal is open already")
        dispatcher = Dispatcher(
            Transport(self._auth, timeout=self._timeout, session=self._session, context=self._context),
            self.limits,
            max_concurrency=self._max_concurrency,
        )
        await dispatcher.open()
        self._offer = Offer()
        self._home = asyncio.get_running_loop()
        self._dispatcher = dispatcher
        self._stats = dispatcher.stats

    async def _close(self) -> None:
        dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            await dispatcher.close()

    def _enter(self) -> Self:
        self._before.append(portal_in_context.get())
        portal_in_context.set(self)
        return self

    def _leave(self) -> None:
        # Not by token: fixtures of test frameworks leave in another context than they entered.
        portal_in_context.set(self._before.pop())

    async def __aenter__(self) -> Self:
        await self._open()
        return self._enter()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        await self._close()

    def __enter__(self) -> Self:
        run_blocking(background_loop(), self._open)
        return self._enter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()
        self.close()

    def close(self) -> None:
        """Closes a portal that blocking code or `connect` opened; what is under way is cancelled."""
        if self._dispatcher is not None and self._home is not None:
            run_blocking(self._home, self._close)

    async def aclose(self) -> None:
        """Closes the portal from whichever event loop; what is under way is cancelled."""
        if self._dispatcher is not None and self._home is not None:
            await run_across(self._home, self._close)

    # -- what querysets need (b24orm.context.PortalLike) ---------------------------------------------------------

    def _ready(self) -> tuple[Dispatcher, asyncio.AbstractEventLoop]:
        if self._dispatcher is None or self._home is None:
            raise ConfigurationError(
                "the portal is not open: use `async with Portal(url):`, `with Portal(url):` or `connect(url)`"
            )
        return self._dispatcher, self._home

    async def read(
        self,
        plan: Plan,
        format: RowFormat,
        *,
        on_total: Callable[[int], None] | None = None,
        on_rest: Callable[[str], None] | None = None,
    ) -> AsyncGenerator[list[Any]]:
        """Pages of rows, as *plan* says and *format* reads them.

        *on_total* is told how many rows match, *on_rest* in words when the method has to rest for its server time.
        """
        dispatcher, _ = self._ready()
        method = "" if plan.listing is None else plan.listing.method
        with dispatcher.rests.watching(method, on_rest):
            async with aclosing(read(dispatcher, plan, format, on_total=on_total)) as pages:
                async for page in pages:
                    yield page

    async def submit(self, command: Command) -> Outcome:
        """Runs one command; the outcome tells what became of it."""
        return await self._ready()[0].run(command)

    async def submit_chain(self, commands: Sequence[Command], *, halt: bool) -> Sequence[Outcome]:
        """What becomes of commands that travel in one batch of their own, in order.

        Args:
            commands: may refer to each other's results by their keys.
            halt: whether the portal stops at the first that fails.
        """
        return await self._ready()[0].run_chain(commands, halt=halt)

    async def write(
        self,
        groups: AsyncIterator[list[Command]],
        *,
        method: str = "",
        on_rest: Callable[[str], None] | None = None,
    ) -> AsyncGenerator[tuple[list[Command], list[Outcome]]]:
        """Each of the *groups*, of up to 50 commands, with what became of them, in order; several are under way.

        *on_rest* is told in words when *method* has to rest for its server time.
        """
        dispatcher, _ = self._ready()
        with dispatcher.rests.watching(method, on_rest):
            async with aclosing(write(dispatcher, groups)) as answers:
                async for answer in answers:
                    yield answer

    async def fetch(self, address: Callable[[], str], *, again: bool = False) -> AsyncGenerator[FileHead | bytes]:
        """The file at an address, never whole in memory: its head, then its contents piece by piece.

        Args:
            address: gives the address, which is a secret, so that no traceback shows it.
            again: whether a file that breaks off may start anew, with another head.
        """
        dispatcher, _ = self._ready()
        async with aclosing(fetch(dispatcher, Secret(address()), again=again)) as parts:
            async for part in parts:
                yield part

    async def send_file(
        self,
        address: Callable[[], str],
        *,
        field: str,
        name: str,
        size: int,
        pieces: Callable[[], AsyncIterator[bytes]],
    ) -> Any:
        """Sends a file to the address that the portal gave for it; gives what the portal answered.

        Args:
            address: gives the address.
            field: what the portal calls the field of the form.
            name: the file's name.
            size: its length in bytes.
            pieces: gives its contents, from the beginning each time it is called.
        """
        dispatcher, _ = self._ready()
        return await send(dispatcher, Secret(address()), Form(field, name, size, pieces))

    async def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs *work* on the event loop where this portal lives, whichever loop asks."""
        return await run_across(self._ready()[1], work)

    def run_sync(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The same, blocking the calling thread."""
        return run_blocking(self._ready()[1], work)

    def iterate(self, work: Callable[[], AsyncGenerator[T]]) -> AsyncGenerator[T]:
        """Iterates over *work* on the event loop where this portal lives."""
        return iterate_across(self._ready()[1], work)

    def iterate_sync(self, work: Callable[[], AsyncGenerator[T]]) -> Iterator[T]:
        """The same, blocking the calling thread."""
        return iterate_blocking(self._ready()[1], work)

    # -- going easy on it ------------------------------------------------------------------------------------------

    @contextmanager
    def slow(self, *, concurrency: int = 1, rate: float | None = None) -> Generator[None]:
        """``with portal.slow():`` takes the foot off, for everything that this portal object does meanwhile.

        Requests leave one after the other, evenly and without any burst: for long jobs beside people who work, or for a
        portal that struggles. What is under way already is not touched. Blocks may overlap; the strictest counts.

        Args:
            concurrency: HTTP requests under way at once.
            rate: requests a second; None for half of what the limits allow (1.0 where there are none).

        Raises:
            ConfigurationError: the portal is not open, or a number is not above zero.
        """
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise ConfigurationError(f"concurrency is a whole number of requests, 1 or more, not {concurrency!r}")
        if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or not rate > 0):
            raise ConfigurationError(f"rate is a number of requests a second, above zero, not {rate!r}")
        with self._ready()[0].throttle.slow(concurrency=concurrency, rate=rate):
            yield

    # -- what it has to tell --------------------------------------------------------------------------------------

    @property
    def stats(self) -> Stats:
        """What this portal object has done since it was opened."""
        return self._stats

    @property
    def events(self) -> PortalEvents:
        """Which events the portal sends to this application, and the queue of its offline events."""
        from b24orm.events.calls import PortalEvents  # here, since most programs take no events

        return PortalEvents(self)

    def note_invalid(self, found: Sequence[InvalidRow]) -> None:
        """Counts and logs values that were kept though their fields cannot hold them."""
        self._stats.invalid += len(found)
        for problem in found:
            logger.warning("kept as it came: %s", problem)


def _auth_of(url: str, token_func: TokenFunction | None) -> Auth:
    """What lets the requests in.

    Raises:
        ConfigurationError: the URL, or the function, is none.
    """
    if token_func is None:
        return Webhook.parse(url)
    given: Any = token_func
    if not callable(given):
        raise ConfigurationError(f"token_func is a function that gives the access token, not {type(given).__name__}")
    return FunctionAuth(token_func, origin_of(url))


def _nothing() -> str:
    """Stands in for the tokens of a store until the portal has one."""
    return ""


class _DefaultPortal(Portal):
    """A portal that opens at its first use, on the background event loop."""

    @override
    def _ready(self) -> tuple[Dispatcher, asyncio.AbstractEventLoop]:
        if not self.is_open:
            run_blocking(background_loop(), self._open_once)
        return super()._ready()

    async def _open_once(self) -> None:
        if not self.is_open:
            await self._open()


def connect(webhook_url: str, **options: Any) -> Portal:
    """Makes a portal the process-wide default, for application code.

    It opens at the first use, lives on a background event loop, and can be used from any thread and any event loop,
    awaited or blocking. Takes the options of `Portal`. A former default is closed.
    """
    portal = _DefaultPortal(webhook_url, **options)
    _close_default()
    default_portal.portal = portal
    return portal


@atexit.register
def _close_default() -> None:
    portal = default_portal.portal
    if isinstance(portal, Portal):
        portal.close()
    default_portal.portal = None
