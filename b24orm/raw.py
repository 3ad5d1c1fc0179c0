"""The raw API of a portal: REST methods by their names, without models.

Called by programs, as methods of their portal. Makes commands of what it is given and hands them to the portal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Protocol

from b24orm.command import Command, Outcome, Response, Version
from b24orm.compiler import compile_raw_list, compile_raw_list_v3, json_ready, json_v3
from b24orm.context import PortalLike
from b24orm.download import Download
from b24orm.engine import RawRows
from b24orm.errors import InvalidValue, UnsupportedQuery
from b24orm.narrow import each, is_mapping, is_sequence
from b24orm.op import Op, Rows
from b24orm.plan import Plan, plan_list

__all__ = ["RawAPI"]

BATCH_SIZE = 50


class _Portal(PortalLike, Protocol):
    """What a portal brings along for it."""

    async def submit_chain(self, commands: Sequence[Command], *, halt: bool) -> Sequence[Outcome]:
        """What becomes of commands that travel in one batch of their own, in order."""
        ...


class RawAPI:
    """What a portal offers besides models: ``call``, ``call_many``, ``batch``, ``list`` and ``download``."""

    def call(
        self: _Portal,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        version: Version = 2,
        idempotency_key: str | None = None,
    ) -> Op[Response]:
        """One REST call. Calls that wait at the same time share a batch by themselves.

        Args:
            method: ``crm.deal.fields``.
            params: its parameters. True and False travel as ``Y`` and ``N``, None as an empty string: the same in a
            plain call
                and in a batch. Pass 1 and 0 to methods that want those.
            version: 3 for a method of REST 3.0. Its parameters travel as JSON has them, True as ``true`` and None as
                ``null``, in a request of their own. Writes carry an Idempotency-Key: where the portal has shown that it
                knows such keys, a write whose answer was lost is sent again, and runs once.
            idempotency_key: a key of your own for a write of REST 3.0, 1 to 255 printable ASCII characters: the same
                call with the same key runs once within 24 hours, even if another program sends it.

        Raises:
            InvalidValue: a parameter that cannot be sent; before anything is.
            PortalError, TransportError, OutcomeUnknown: when run.
        """
        command = _command(method, params, version, idempotency_key)

        async def run(_: PortalLike) -> Response:
            return (await self.submit(command)).unwrap()

        requests = "1, shared with whatever else is asked at the moment" if version == 2 else "1"
        plan = Plan("call", "one REST call", requests, "1", (command,))
        return Op(run, explain=lambda: plan, portal=self)

    def call_many(
        self: _Portal,
        method: str,
        params: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
        *,
        version: Version = 2,
    ) -> Rows[Outcome]:
        """The same method many times, 50 calls a request (one of REST 3.0): one outcome per input, in input order.

        ``await`` gives a list; ``async for`` streams the outcomes, in constant memory: *params* may be an iterator of
        any length.

        No outcome raises by itself; look at ``.status`` and ``.error``, or call ``.unwrap()``.

        Raises:
            InvalidValue: parameters that cannot be sent; of a list before anything is. Of an iterator, that call fails.
        """
        said: Any = params
        if is_mapping(said) or isinstance(said, str) or not (hasattr(said, "__iter__") or hasattr(said, "__aiter__")):
            raise InvalidValue(f"call_many takes a list of parameters, one mapping a call, not {type(said).__name__}")
        commands = [_command(method, one, version) for one in said] if is_sequence(said) else None
        waiting: deque[list[tuple[Any, Outcome | None]]] = deque()

        async def groups() -> AsyncGenerator[list[Command]]:
            entries: list[tuple[Any, Outcome | None]] = []
            group: list[Command] = []
            async for one in each(said):
                try:
                    group.append(_command(method, one, version))
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

        size = BATCH_SIZE if version == 2 else 1
        requests = f"N/{size}" if commands is None else str(-(-len(commands) // size))
        calls = "N" if commands is None else str(len(commands))
        reason = f"{size} calls a request" if size > 1 else "one call a request"
        plan = Plan("call", reason, requests, calls, tuple((commands or [])[:BATCH_SIZE]))
        return Rows(pages, explain=lambda: plan, portal=self)

    def batch(
        self: _Portal, commands: Mapping[str, tuple[str, Mapping[str, Any]] | str], halt: bool = False
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
            outcomes = await self.submit_chain(chained, halt=halt)
            return {key: replace(o, input=commands[key]) for key, o in zip(commands, outcomes, strict=True)}

        plan = Plan("batch", "one batch, as given", "1", str(len(chained)), tuple(chained))
        return Op(run, explain=lambda: plan, portal=self)

    def download(self: _Portal, url: str, *, name: str = "") -> Download:
        """The file at an address that the portal gave: ``await portal.download(url).save("folder")``.

        Nothing is sent before it is read. Addresses of other hosts are refused.

        Args:
            url: ``urlMachine``, ``downloadUrl``, ``DOWNLOAD_URL``; with the portal's host or without.
            name: what the file is called; the portal says it, too.
        """
        return Download(lambda: url, name=name, portal=self)

    def list(
        self: _Portal, method: str, params: Mapping[str, Any] | None = None, *, version: Version = 2
    ) -> Rows[dict[str, Any]]:
        """All rows of a list method as raw dicts, read as a queryset is: ``async for row in
        portal.list("crm.deal.list")``.

        Filter, select and order are yours; paging is not. Awaited, it is a list of all rows.

        Args:
            method: ``crm.deal.list``; with *version* 3 a list or a tail of REST 3.0, ``main.eventlog.tail``.
            params: its parameters, without those of its paging.
            version: which REST of the portal is meant.

        Raises:
            UnsupportedQuery: ``start`` is given, or ``pagination`` or ``cursor`` of REST 3.0.
            InvalidValue: a parameter of the wrong shape.
            IncompleteResult: when run, if the list cannot be shown to be whole.
        """
        plan = plan_list(compile_raw_list(method, params) if version == 2 else compile_raw_list_v3(method, params))
        format = RawRows("" if plan.listing is None else plan.listing.id_wire)

        async def pages(_: PortalLike) -> AsyncGenerator[list[dict[str, Any]]]:
            async with aclosing(self.read(plan, format)) as source:
                async for page in source:
                    yield page

        return Rows(pages, explain=lambda: plan, portal=self)


def _command(
    method: str, params: Mapping[str, Any] | None, version: Version = 2, idempotency_key: str | None = None
) -> Command:
    """A command of the user's own, checked before anything is sent."""
    if not isinstance(method, str) or not method.strip():
        raise InvalidValue(f"a REST method is named by a string such as 'crm.deal.list', not {method!r}")
    if version not in (2, 3):
        raise InvalidValue(f"{method}: version is 2 (the classic REST) or 3 (REST 3.0), not {version!r}")
    if method.strip().lower() == "batch":
        raise UnsupportedQuery("use portal.batch(), which also reads the answer")
    if params is not None and not is_mapping(params):
        raise InvalidValue(f"{method}: parameters are a mapping of names to values, not a {type(params).__name__}")
    if version == 2:
        json_ready(params or {})
    else:
        json_v3(params or {})
    command = Command(method.strip(), dict(params or {}), version=version, idempotency_key=idempotency_key)
    if idempotency_key is not None:
        _check_key(command, idempotency_key)
    return command


def _check_key(command: Command, key: object) -> None:
    if command.version == 2:
        raise InvalidValue(f"{command.method}: the classic REST knows no idempotency_key; say version=3")
    if command.reads:
        raise InvalidValue(f"{command.method} only reads: it takes no idempotency_key")
    if not isinstance(key, str) or not 1 <= len(key) <= 255 or not (key.isascii() and key.isprintable()):
        raise InvalidValue(f"{command.method}: an idempotency_key is 1 to 255 printable ASCII characters, not {key!r}")
