"""Fault injection: what a test asks the portal to do wrong, and how often."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from b24orm.errors import ConfigurationError, nearest

__all__ = ["COMMAND_KINDS", "REQUEST_KINDS", "FaultSpec", "Faults"]

REQUEST_KINDS: Mapping[str, str] = {
    "html": "200 with an HTML page; nothing runs",
    "bad_gateway": "502 with an HTML page; nothing runs",
    "unavailable": "503 with an HTML page; nothing runs",
    "gateway_timeout": "504 with an HTML page, at once; nothing runs",
    "too_many": "429 with an HTML page, as a front server sends; nothing runs",
    "not_found_html": "404 with an HTML page; nothing runs",
    "forbidden_html": "403 with an HTML page, as a front server's firewall sends; nothing runs",
    "empty": "200 with an empty body; nothing runs",
    "query_limit": "503 QUERY_LIMIT_EXCEEDED though the bucket is not full; nothing runs",
    "server_error": "500 INTERNAL_SERVER_ERROR; nothing runs",
    "expired_token": "401 expired_token; nothing runs",
    "reset": "the connection is reset before an answer; nothing runs",
    "hang": "no answer until the client goes or the portal stops; nothing runs",
    "half_answer": "runs; the connection closes after half of the announced body",
    "reset_after": "runs; the connection is reset instead of an answer",
    "broken_json": "runs; 200 with half of the JSON text under a right Content-Length",
}
"""Faults of a whole HTTP request, by kind; ``method`` is the method in the URL, such as ``batch``."""

COMMAND_KINDS: Mapping[str, str] = {
    "command_error": "INTERNAL_SERVER_ERROR for one command (500 for a plain call); it does not run",
    "command_query_limit": "QUERY_LIMIT_EXCEEDED for one command (503 for a plain call); it does not run",
    "operation_time_limit": "OPERATION_TIME_LIMIT for one command (429 for a plain call); it does not run",
    "access_denied": "ACCESS_DENIED for one command (403 for a plain call); it does not run",
}
"""Faults of one REST call, alone or in a batch, by kind; ``method`` is the call's own method."""

FaultSpec = str | tuple[str, Mapping[str, Any]]


@dataclass(slots=True)
class _Fault:
    kind: str
    times: int | None  # None: for ever
    method: str | None
    after: int
    every: int
    over: int | None
    seen: int = 0

    def fits(self, method: str, commands: int | None) -> bool:
        """Whether it is for such a call; *commands* is the length of a batch, None for a command."""
        kinds = COMMAND_KINDS if commands is None else REQUEST_KINDS
        if self.kind not in kinds or (self.method is not None and self.method != method):
            return False
        return self.over is None or (commands is not None and method == "batch" and commands > self.over)

    def strikes(self) -> bool:
        """Whether it hits the call that it fits, counting that call."""
        if self.after > 0:
            self.after -= 1
            return False
        self.seen += 1
        return self.seen % self.every == 0


class Faults:
    """The faults still to come, taken in the order in which they were added."""

    def __init__(self, specs: Iterable[FaultSpec] | None = None) -> None:
        self._lock = threading.Lock()
        self._pending: list[_Fault] = []
        for spec in specs or ():
            if isinstance(spec, str):
                self.add(spec)
            else:
                self.add(spec[0], **spec[1])

    def add(
        self,
        kind: str,
        *,
        times: int | None = None,
        method: str | None = None,
        after: int = 0,
        every: int | None = None,
        over: int | None = None,
    ) -> None:
        """Ask for a fault.

        Args:
            kind: one of `REQUEST_KINDS` or `COMMAND_KINDS`.
            times: how often it hits; by default once, and for ever if *every* is given.
            method: hit calls of this method only, in any case; for faults of a request the one in the URL.
            after: let so many fitting calls pass first.
            every: of the calls that follow hit every so-many-th; 1 is each.
            over: for faults of a request: hit batches of more than so many commands only.

        Raises:
            ConfigurationError: for an unknown kind, ``every`` below 1, and ``over`` for a fault of a command.
        """
        known = {**REQUEST_KINDS, **COMMAND_KINDS}
        if kind not in known:
            raise ConfigurationError(f"the sandbox knows no fault {kind!r}{nearest(kind, known)}")
        if every is not None and every < 1:
            raise ConfigurationError(f"every={every}: a fault can hit every call (1) or fewer")
        if over is not None and kind in COMMAND_KINDS:
            raise ConfigurationError(f"over={over} is about batches, and {kind!r} is a fault of one command")
        if times is None and every is None:
            times = 1
        fault = _Fault(kind, times, method.lower() if method else None, after, every or 1, over)
        with self._lock:
            self._pending.append(fault)

    def clear(self) -> None:
        """Forget all faults still to come."""
        with self._lock:
            self._pending.clear()

    @property
    def pending(self) -> int:
        """How many faults are still to come; those that never end are left out."""
        with self._lock:
            return sum(fault.times or 0 for fault in self._pending)

    def for_request(self, method: str, commands: int = 0) -> str | None:
        """The fault of this HTTP request, if there is to be one; *commands* is the length of a batch."""
        return self._take(method, commands)

    def for_command(self, method: str) -> str | None:
        """The fault of this REST call, if there is to be one."""
        return self._take(method, None)

    def _take(self, method: str, commands: int | None) -> str | None:
        with self._lock:
            for fault in self._pending:
                if not fault.fits(method, commands) or not fault.strikes():
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._pending.remove(fault)
                return fault.kind
        return None
