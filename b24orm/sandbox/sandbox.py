"""`Sandbox`: a portal of one's own, in this process, behind a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import threading
import traceback
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from typing_extensions import Unpack

from b24orm.errors import ConfigurationError, nearest
from b24orm.limits import Limits
from b24orm.sandbox.alterations import with_changes
from b24orm.sandbox.authserver import AuthServer
from b24orm.sandbox.books import Books
from b24orm.sandbox.clock import Clock
from b24orm.sandbox.database import remembered
from b24orm.sandbox.faults import Faults, FaultSpec
from b24orm.sandbox.files import Files
from b24orm.sandbox.front import Front
from b24orm.sandbox.inside import Inside
from b24orm.sandbox.knobs import Knobs, Plan, check_amounts, check_counts, limits_of
from b24orm.sandbox.layout import ORDINARY, Layout
from b24orm.sandbox.layout_file import read_layout, read_layout_text
from b24orm.sandbox.limits import Buckets, OperatingTime
from b24orm.sandbox.listener import Ports, listening
from b24orm.sandbox.oauth import OAuth
from b24orm.sandbox.seeding import MOST_DRAWN, DealIds, Sizes, deal_ids_of, seed_store
from b24orm.sandbox.shelf import FileShelf
from b24orm.sandbox.state import Options, State
from b24orm.sandbox.status import StatusPage
from b24orm.sandbox.store import Store
from b24orm.sandbox.tls import Certificate
from b24orm.sandbox.webhooks import add_webhook

__all__ = ["Sandbox"]

_SMART_ITEMS = 40


class Sandbox(Inside):
    """An embedded Bitrix24 portal.

    Use it as ``async with Sandbox(deals=1000) as sandbox`` or as ``with Sandbox(...) as sandbox``, and point a client
    at `url`. The server runs in a thread of its own, so a blocking client in the caller's thread cannot deadlock it.

    Args:
        deals: how many deals to make; the other counts follow from it unless given, up to those of 30,000 deals.
        deal_ids: the ids of the deals. By default ascending with holes as real portals have them; ``"dense"`` is 1 to
            *deals*; ``"gaps"`` leaves out 8 % at random (by the seed), and a third of the way through the data one
            hole half as wide as the whole range without it. Or the ids themselves, positive and ascending, which say
            how many deals there are, whatever *deals* is.
        ids: the same for ``lead``, ``contact``, ``company``, ``quote`` and ``smart_invoice``, by these keys.
        seed: the same seed and counts give the same portal.
        limits: what the portal allows; by default those of a standard tariff.
        plan: the same by the name of a tariff: ``"standard"``, ``"enterprise"``, or ``"none"`` for no limits at all.
        faults: faults to inject, each a kind or (kind, options); see `Faults.add`.
        tls: serve https, with a certificate of the sandbox's own making that clients must be told to trust: see
            `ca_file` and `ssl_context`. It needs ``pip install 'b24orm[sandbox]'``.
        host: address to listen at; only loopback makes sense for plain HTTP.
        port: port to listen at; 0 chooses a free one.
        code: the webhook's code; by default it follows from the seed.
        latency: seconds that every request waits, without using the processor.
        page_size: rows a page.
        ignore_id_filter: emulate methods that drop conditions on the id.
        omit_total: emulate list methods that answer no ``total``.
        smart_items: how many items each of the two smart processes has; 40 whatever *deals* is, unless given.
        product_rows: how many deals have product rows, one to four each; by default about half of them (of the first
            30,000).
        tasks: how many tasks there are; 60 whatever *deals* is.
        count_cost: seconds for each row that a list call counts, which it does unless ``start`` is -1. They pass
            without using the processor, are part of the call's ``time``, and are booked as operating time. The
            vendor's own example is 20e-6 (settings/performance/huge-data.md: 2.39 million rows in 49.9 s).
        request_timeout: seconds that a request may take in `delays` and counting; one that takes longer is answered
            by HTTP 504 with an HTML page once they are over, though its commands ran up to that point.
        offset_cost: seconds for each row that a list skips because of ``start``; they pass as those of *count_cost* do.
            The vendor gives no figure.
        operating_window: seconds for which operating time counts, in ten baskets.
        clock_speed: how fast the portal's time goes: at 60 its bucket leaks and its operating time expires sixty times
            as fast as the world's clock says. Latency, costs and `delays` are the world's seconds all the same.
        layout: the file of a portal's layout, as ``b24orm sandbox clone`` makes it: its user fields, pipelines, stages,
            smart processes and currencies instead of the sandbox's own.
        path: a file to keep everything in. If it holds a portal already, that one goes on, with its rows, files, ids
            and webhook, and nothing is made: the counts and the seed do not matter then. It has its layout, too.
        rest_v3: whether it serves REST 3.0 at ``/rest/api/``. A portal without it answers there as to any other address
            that it does not know: HTTP 404 with an HTML page. How portals of that age do so is not documented.

    Raises:
        ConfigurationError: for ``tls=True`` without trustme, for unknown faults and *deal_ids*, for numbers out of
            range, and, when it starts, for a port that cannot be had and a file that is not a sandbox's.
    """

    def __init__(
        self,
        *,
        deals: int = 1000,
        deal_ids: DealIds = None,
        ids: Mapping[str, DealIds] | None = None,
        seed: int = 1,
        limits: Limits | None = None,
        plan: Plan | None = None,
        tls: bool = False,
        faults: Iterable[FaultSpec] | None = None,
        leads: int | None = None,
        contacts: int | None = None,
        companies: int | None = None,
        quotes: int | None = None,
        invoices: int | None = None,
        smart_items: int | None = None,
        product_rows: int | None = None,
        tasks: int = 60,
        users: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        code: str | None = None,
        latency: float = 0.0,
        page_size: int = 50,
        ignore_id_filter: bool = False,
        omit_total: bool = False,
        count_cost: float = 0.0,
        offset_cost: float = 0.0,
        request_timeout: float = 60.0,
        operating_window: float = 600.0,
        clock_speed: float = 1.0,
        layout: str | Path | None = None,
        path: str | Path | None = None,
        rest_v3: bool = True,
    ) -> None:
        check_counts(
            deals=deals,
            leads=leads,
            contacts=contacts,
            companies=companies,
            quotes=quotes,
            invoices=invoices,
            smart_items=smart_items,
            product_rows=product_rows,
            tasks=tasks,
            users=users,
            page_size=page_size,
        )
        check_amounts(latency=latency, count_cost=count_cost, offset_cost=offset_cost)
        check_amounts(
            above=True,
            page_size=page_size,
            request_timeout=request_timeout,
            operating_window=operating_window,
            clock_speed=clock_speed,
        )

        def size(given: int | None, default: int) -> int:
            return default if given is None else given

        asked: dict[str, DealIds] = dict(ids or {})
        own_ids = {"deal": deal_ids_of(deal_ids, deals, seed)}
        deals = deals if own_ids["deal"] is None else len(own_ids["deal"])
        scale = min(deals, MOST_DRAWN)

        def counted(key: str, count: int) -> int:
            found = deal_ids_of(asked.pop(key, None), count, seed, name=f"ids[{key!r}]", dice=f"{key} gaps")
            own_ids[key] = found
            return count if found is None else len(found)

        self._sizes = Sizes(
            deals=deals,
            leads=counted("lead", size(leads, scale // 5)),
            contacts=counted("contact", size(contacts, scale // 4)),
            companies=counted("company", size(companies, scale // 8)),
            quotes=counted("quote", size(quotes, scale // 20)),
            invoices=counted("smart_invoice", size(invoices, scale // 20)),
            smart_items=size(smart_items, _SMART_ITEMS),
            product_rows=product_rows,
            tasks=tasks,
            users=max(1, size(users, min(400, 12 + scale // 100))),
        )
        for key in asked:
            raise ConfigurationError(f"ids: no ids can be given for {key!r}{nearest(key, own_ids)}")
        self._own_ids = {key: found for key, found in own_ids.items() if found is not None}
        self._path = None if path is None else Path(path)
        known = remembered(self._path) if self._path else None
        own = _layout(self._path, known, layout)
        self._goes_on = known is not None
        self._source: Store | None = None
        self._seed = seed
        self._host = host
        self._certificate = Certificate(host) if tls else None
        self._ports = Ports(port, port)
        self._options = Options(
            code=code or str((known or {}).get("code", hashlib.sha256(f"b24orm:{seed}".encode()).hexdigest()[:16])),
            page_size=page_size,
            ignore_id_filter=ignore_id_filter,
            omit_total=omit_total,
            latency=latency,
            count_cost=count_cost,
            offset_cost=offset_cost,
            request_timeout=request_timeout,
            tls=tls,
            rest_v3=rest_v3,
        )
        clock = Clock(clock_speed)
        self.limits = limits_of(plan, limits)
        files = Files(self._options.code)
        store = Store(files, own)
        files.kept = FileShelf(store)
        self._state = State(
            options=self._options,
            store=store,
            files=files,
            clock=clock,
            books=Books(),
            faults=Faults(faults, seed=seed),
            buckets=Buckets(self.limits, clock.time),
            operating=OperatingTime(self.limits, clock.time, operating_window),
            oauth=OAuth(clock, hashlib.sha256(f"b24orm member:{seed}".encode()).hexdigest()[:32]),
        )
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None
        self._front: Front | None = None
        self._doors: AsyncExitStack | None = None
        self._stopped: Future[None] = Future()

    # ------------------------------------------------------------------------------------------------ life

    def start(self) -> Sandbox:
        """Fill the portal and start to listen; returns when it does."""
        self._launch().result()
        return self

    def stop(self) -> None:
        """Close all connections, end the thread and free the memory. Stopping twice does no harm."""
        self._ask_to_stop()
        self._join()

    async def __aenter__(self) -> Sandbox:
        await asyncio.wrap_future(self._launch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask_to_stop()
        try:
            await asyncio.shield(asyncio.wrap_future(self._stopped))
        finally:
            self._join()  # at once, unless this task was cancelled meanwhile

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> Future[None]:
        if self._thread is not None:
            raise ConfigurationError("a Sandbox can be started once; make a new one")
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="b24orm-sandbox", daemon=True)
        self._thread.start()
        return ready

    def _ask_to_stop(self) -> None:
        loop, closing = self._loop, self._closing
        if loop is not None and closing is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(closing.set)

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._state.store.close()
        if self._certificate is not None:
            self._certificate.remove()

    def _run(self, ready: Future[None]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            self._state.store.close()
            if ready.done():
                self.books.crash(traceback.format_exc())
            else:
                ready.set_exception(error)
        finally:
            self._stopped.set_result(None)

    async def _serve(self, ready: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        self._fill()
        self._front = Front(self._state, self._closing, StatusPage(self._state, self.limits, self._seed))
        server = AuthServer(self._state, self._closing)
        async with AsyncExitStack() as self._doors:
            await self._doors.enter_async_context(self._state.events.courier.running())
            await self._settle(self._ports.main)
            ports = await self._doors.enter_async_context(listening(server, self._host, 0, self._certificate))
            self._state.oauth.server = self._at(ports.main)
            if self._certificate is not None:
                self._certificate.write()
            ready.set_result(None)
            await self._closing.wait()

    async def _settle(self, port: int) -> None:
        """Listen at *port*, which is the portal's address from now on."""
        front, doors = self._front, self._doors
        assert front is not None
        assert doors is not None
        self._ports = await doors.enter_async_context(listening(front, self._host, port, self._certificate))
        self._state.files.base = self._state.oauth.portal = self._origin

    async def _move(self) -> None:
        assert self._front is not None
        self._front.left |= set(self._ports)
        await self._settle(0)

    def _fill(self) -> None:
        store = self._state.store
        if self._source is not None:
            store.open_copy(self._source)
        elif self._goes_on and self._path is not None:
            store.open_file(self._path)
        else:
            store.open()
            seed_store(store, self._sizes, self._seed, self._own_ids)
        self._state.kept["code"] = self._options.code
        self._state.kept["layout"] = store.layout.text
        if self._path is not None and not self._goes_on:
            store.move_to(self._path)

    def copy(self, **knobs: Unpack[Knobs]) -> Sandbox:
        """Another sandbox, which begins with what this one holds when that one starts: some milliseconds of work.

        Rows, files and ids are the same, and so is the webhook's code; each goes its own way afterwards. *knobs* are
        the options of the other one, which takes over none of this one's. This one must run when the other one starts.
        """
        twin = Sandbox(code=self.code, seed=self._seed, **knobs)
        twin._state.store.layout = self._state.store.layout
        twin._sizes = self._sizes
        twin._source = self._state.store
        return twin

    # ------------------------------------------------------------------------------------------------ what it is

    @property
    def port(self) -> int:
        """The port that the portal listens at."""
        return self._ports.main

    @property
    def _origin(self) -> str:
        return self._at(self.port)

    def _at(self, port: int) -> str:
        return f"{'http' if self._certificate is None else 'https'}://{self._host}:{port}"

    @property
    def url(self) -> str:
        """The webhook URL, ``http://127.0.0.1:PORT/rest/1/<code>/``. It holds the code: treat it as a secret."""
        return f"{self._origin}/rest/{self._options.user_id}/{self._options.code}/"

    def webhook(self, user: int = 1, scope: Iterable[str] | None = None) -> str:
        """Make another webhook; returns its URL, a secret like `url`. The portal must run.

        It acts as *user*, who administers the portal only if it is the first one, and within *scope* (such as
        ``["crm", "user_brief"]``; None is everything).

        Raises:
            ConfigurationError: the portal has no such user, or no such scope.
        """
        return f"{self._origin}/rest/{add_webhook(self._state, user, scope)}/"

    @property
    def plain_url(self) -> str:
        """The webhook URL without TLS. With ``tls=True`` what is called there is refused, as by a real portal."""
        return f"http://{self._host}:{self._ports.plain}/rest/{self._options.user_id}/{self._options.code}/"

    @property
    def status_url(self) -> str:
        """The address of the status page, to be looked at in a browser. There is no secret in it, nor on the page."""
        return f"{self._origin}/"

    @property
    def ca_file(self) -> Path:
        """The certificate in PEM that clients must trust, in a temporary file while the sandbox runs.

        Raises:
            ConfigurationError: it does not run, or has no TLS.
        """
        return self._tls().file

    def ssl_context(self) -> ssl.SSLContext:
        """What clients in this process may connect with: ``Portal(sandbox.url, ssl=sandbox.ssl_context())``.

        Raises:
            ConfigurationError: the sandbox has no TLS.
        """
        return self._tls().client_context()

    def _tls(self) -> Certificate:
        if self._certificate is None:
            raise ConfigurationError("this sandbox serves plain http: Sandbox(tls=True) has a certificate")
        return self._certificate

    @property
    def code(self) -> str:
        """The webhook's code."""
        return self._options.code

    def __repr__(self) -> str:
        return f"<Sandbox {self._host}:{self.port} deals={self._sizes.deals} seed={self._seed}>"

    def rename(self) -> str:
        """Give the portal another address, as its owner may; returns its new `domain`.

        The old address goes on to listen, and answers every request with 302 and the new one
        (settings/how-to-call-rest-api/change-domen.md).

        Raises:
            ConfigurationError: the portal does not run.
        """
        loop = self._loop
        if loop is None or not self._state.oauth.portal or self._stopped.done():
            raise ConfigurationError("a Sandbox can be renamed while it runs")
        asyncio.run_coroutine_threadsafe(self._move(), loop).result()
        return self.domain


def _layout(path: Path | None, known: Mapping[str, Any] | None, asked: str | Path | None) -> Layout:
    """The layout of a portal: the one in its file, or the one that is asked for."""
    wanted = None if asked is None else read_layout(Path(asked))
    if known is None:
        return wanted or ORDINARY
    text = str(known.get("layout", ""))
    if wanted is not None and wanted.text != text:
        raise ConfigurationError(f"{path} holds a portal of another layout than {asked}: make a new file")
    return with_changes(read_layout_text(text) if text else ORDINARY, known)
