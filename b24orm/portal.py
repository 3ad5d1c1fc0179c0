"""`Portal`: where auth, transport, limits and engine come together; the current portal; the raw API."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import aiohttp
from typing_extensions import override

from b24orm.command import Command, Outcome, Response, RowFormat
from b24orm.compiler import compile_raw_list, json_ready
from b24orm.context import FileHead, PortalLike, default_portal, portal_in_context
from b24orm.download import Download
from b24orm.engine import Dispatcher, RawRows, Stats, fetch, read, send, write
from b24orm.errors import ConfigurationError, InvalidRow, InvalidValue, UnsupportedQuery
from b24orm.limits import Limits
from b24orm.narrow import each, is_mapping, is_sequence
from b24orm.op import Op, Rows
from b24orm.plan import Plan, plan_list
from b24orm.sync import background_loop, iterate_across, iterate_blocking, run_across, run_blocking
from b24orm.transport import Form, Secret, Transport, Webhook

__all__ = ["Portal", "connect"]

T = TypeVar("T")

BATCH_SIZE = 50

logger = logging.getLogger("b24orm.portal")


class Portal:
    """A Bitrix24 portal, as one program sees it.

    ``async with Portal(url):`` opens it on the running event loop; ``with Portal(url):`` on a background one, for
    blocking code. Inside the block it is the current portal, which querysets use without being told.

    Args:
        webhook_url: an incoming webhook, ``https://my.bitrix24.com/rest/1/code/``. It is a secret: never logged or
        shown.
        limits: what the portal's plan allows.
        timeout: seconds that one HTTP request may take; the portal itself gives up after 60. Files may take longer, as
            long as they move at all.
        max_concurrency: HTTP requests under way at once; None for a sensible number.
        progress: whether long lists draw a progress bar unless told otherwise.
        session: an aiohttp session to use (and to leave open) instead of an own one.
        crm_api: ``item`` for the modern ``crm.item.*`` methods, ``classic`` for ``crm.deal.*`` and its kind, on old
            self-hosted portals.
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
        limits: Limits | None = None,
        timeout: float = 60.0,
        max_concurrency: int | None = None,
        progress: bool = False,
        session: aiohttp.ClientSession | None = None,
        crm_api: Literal["item", "classic"] = "item",
        on_invalid: Literal["raise", "keep"] = "raise",
    ) -> None:
        self._auth = Webhook.parse(webhook_url)
        if crm_api not in ("item", "classic"):
            raise ConfigurationError(f"crm_api is 'item' or 'classic', not {crm_api!r}")
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
        self.limits = limits or Limits.standard()
        self._timeout = timeout
        self._max_concurrency = max_concurrency
        self._session = session
        self.show_progress = progress
        self.crm_api: Literal["item", "classic"] = crm_api
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

    @override
    def __repr__(self) -> str:
        auth = getattr(self, "_auth", None)
        if auth is None:  # the constructor refused the URL, and an error reporter wants to show what there is
            return "<Portal (no usable URL)>"
        return f"<Portal {auth.redacted} ({'open' if getattr(self, '_dispatcher', None) else 'closed'})>"

    @property
    def is_open(self) -> bool:
        """Whether the portal can be used now."""
        return self._dispatcher is not None

    # -- opening and closing -------------------------------------------------------------------------------------

    async def _open(self) -> None:
        if self._dispatcher is not None:
            raise ConfigurationError("the portal is open already")
        dispatcher = Dispatcher(
            Transport(self._auth, timeout=self._timeout, session=self._session),
            self.limits,
            max_concurrency=self._max_concurrency,
        )
        await dispatcher.open()
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

    # -- the raw API ---------------------------------------------------------------------------------------------

    @property
    def stats(self) -> Stats:
        """What this portal object has done since it was opened."""
        return self._stats

    def note_invalid(self, found: Sequence[InvalidRow]) -> None:
        """Counts and logs values that were kept though their fields cannot hold them."""
        self._stats.invalid += len(found)
        for problem in found:
            logger.warning("kept as it came: %s", problem)

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Op[Response]:
        """One REST call. Calls that wait at the same time share a batch by themselves.

        Args:
            method: ``crm.deal.fields``.
            params: its parameters. True and False travel as ``Y`` and ``N``, None as an empty string: the same in a
            plain call
                and in a batch. Pass 1 and 0 to methods that want those.

        Raises:
            InvalidValue: a parameter that cannot be sent; before anything is.
            PortalError, TransportError, OutcomeUnknown: when run.
        """
        command = _command(method, params)

        async def run(_: PortalLike) -> Response:
            return (await self.submit(command)).unwrap()

        plan = Plan("call", "one REST call", "1, shared with whatever else is asked at the moment", "1", (command,))
        return Op(run, explain=lambda: plan, portal=self)

    def call_many(
        self, method: str, params: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]]
    ) -> Rows[Outcome]:
        """The same method many times, 50 calls a request: one outcome per input, in input order.

        ``await`` gives a list; ``async for`` streams the outcomes, in constant memory: *params* may be an iterator of
        any length.

        No outcome raises by itself; look at ``.status`` and ``.error``, or call ``.unwrap()``.

        Raises:
            InvalidValue: parameters that cannot be sent; of a list before anything is. Of an iterator, that call fails.
        """
        said: Any = params
        if is_mapping(said) or isinstance(said, str) or not (hasattr(said, "__iter__") or hasattr(said, "__aiter__")):
            raise InvalidValue(f"call_many takes a list of parameters, one mapping a call, not {type(said).__name__}")
        commands = [_command(method, one) for one in said] if is_sequence(said) else None
        waiting: deque[list[tuple[Any, Outcome | None]]] = deque()

        async def groups() -> AsyncGenerator[list[Command]]:
            entries: list[tuple[Any, Outcome | None]] = []
            group: list[Command] = []
            async for one in each(said):
                try:
                    group.append(_command(method, one))
                    entries.append((one, None))
                except InvalidValue as error:
                    entries.append((one, Outcome("failed", error=error)))
                if len(entries) == BATCH_SIZE:
                    waiting.append(entries)
                    yield group
                    entries, group = [], []
            if entries:
                waiting.append(entries)
                yield group

        async def pages(_: PortalLike) -> AsyncGenerator[list[Outcome]]:
            async with aclosing(groups()) as source, aclosing(self.write(source, method=method)) as answers:
                async for _group, answered in answers:
                    following = iter(answered)
                    entries = waiting.popleft()
                    yield [replace(known or next(following), input=one) for one, known in entries]

        requests = "N/50" if commands is None else str(-(-len(commands) // BATCH_SIZE))
        calls = "N" if commands is None else str(len(commands))
        plan = Plan("call", f"{BATCH_SIZE} calls a request", requests, calls, tuple((commands or [])[:BATCH_SIZE]))
        return Rows(pages, explain=lambda: plan, portal=self)

    def batch(
        self, commands: Mapping[str, tuple[str, Mapping[str, Any]] | str], halt: bool = False
    ) -> Op[dict[str, Outcome]]:
        """Up to 50 calls in one request, in order; a later one may refer to an earlier one's result.

        ``{"deal": ("crm.deal.get", {"id": 1}), "company": ("crm.company.get", {"id": "$result[deal][COMPANY_ID]"})}``

        Args:
            commands: method and parameters by a name of your own.
            halt: whether the portal stops at the first call that fails; those after it are ``not_executed``.

        Raises:
            InvalidValue: no calls, more than 50, or a name that PHP would take for a number.
        """
        if not is_mapping(commands):
            raise InvalidValue(f"a batch is a mapping of names to calls, not a {type(commands).__name__}")
        if not 0 < len(commands) <= BATCH_SIZE:
            raise InvalidValue(f"a batch holds 1 to {BATCH_SIZE} calls, not {len(commands)}; use call_many for more")
        chained: list[Command] = []
        for key, value in commands.items():
            if not key or key.isdigit() or any(c in key for c in "[]$ "):
                raise InvalidValue(f"{key!r} cannot name a call of a batch: no plain numbers, brackets, blanks or $")
            pair = (value, None) if isinstance(value, str) else value
            if not is_sequence(pair) or len(pair) != 2:
                raise InvalidValue(f"call {key!r} of a batch is a method, or a pair of method and parameters")
            method, params = pair
            chained.append(replace(_command(method, params), key=key))

        async def run(_: PortalLike) -> dict[str, Outcome]:
            outcomes = await self._ready()[0].run_chain(chained, halt=halt)
            return {key: replace(o, input=commands[key]) for key, o in zip(commands, outcomes, strict=True)}

        plan = Plan("batch", "one batch, as given", "1", str(len(chained)), tuple(chained))
        return Op(run, explain=lambda: plan, portal=self)

    def download(self, url: str, *, name: str = "") -> Download:
        """The file at an address that the portal gave: ``await portal.download(url).save("folder")``.

        Nothing is sent before it is read. Addresses of other hosts are refused.

        Args:
            url: ``urlMachine``, ``downloadUrl``, ``DOWNLOAD_URL``; with the portal's host or without.
            name: what the file is called; the portal says it, too.
        """
        return Download(lambda: url, name=name, portal=self)

    def list(self, method: str, params: Mapping[str, Any] | None = None) -> Rows[dict[str, Any]]:
        """All rows of a list method as raw dicts, read as a queryset is: ``async for row in
        portal.list("crm.deal.list")``.

        Filter, select and order are yours; paging is not. Awaited, it is a list of all rows.

        Raises:
            UnsupportedQuery: ``start`` is given.
            InvalidValue: a parameter of the wrong shape.
            IncompleteResult: when run, if the list cannot be shown to be whole.
        """
        plan = plan_list(compile_raw_list(method, params))
        format = RawRows("" if plan.listing is None else plan.listing.id_wire)

        async def pages(_: PortalLike) -> AsyncGenerator[list[dict[str, Any]]]:
            async with aclosing(self.read(plan, format)) as source:
                async for page in source:
                    yield page

        return Rows(pages, explain=lambda: plan, portal=self)


def _command(method: str, params: Mapping[str, Any] | None) -> Command:
    """A command of the user's own, checked before anything is sent."""
    if not isinstance(method, str) or not method.strip():
        raise InvalidValue(f"a REST method is named by a string such as 'crm.deal.list', not {method!r}")
    if method.strip().lower() == "batch":
        raise UnsupportedQuery("use portal.batch(), which also reads the answer")
    if params is not None and not is_mapping(params):
        raise InvalidValue(f"{method}: parameters are a mapping of names to values, not a {type(params).__name__}")
    json_ready(params or {})
    return Command(method.strip(), dict(params or {}))


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
