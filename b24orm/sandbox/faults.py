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
    "operation_time_limit": "OPERATION_TIME_LIMIT for one command (429 for a plain call); it does not run",
    "access_denied": "ACCESS_DENIED for one command (403 for a plain call); it does not run",
}
"""Faults of one REST call, alone or in a batch, by kind; ``method`` is the call's own method."""

FaultSpec = str | tuple[str, Mapping[str, Any]]


@dataclass(slots=True)
class _Fault:
    kind: str
    times: int
    method: str | None
    after: int


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

    def add(self, kind: str, *, times: int = 1, method: str | None = None, after: int = 0) -> None:
        """Ask for *kind*, *times* times, for calls of *method* (any, if None), after letting *after* of them pass."""
        known = {**REQUEST_KINDS, **COMMAND_KINDS}
        if kind not in known:
            raise ConfigurationError(f"the sandbox knows no fault {kind!r}{nearest(kind, known)}")
        with self._lock:
            self._pending.append(_Fault(kind, times, method.lower() if method else None, after))

    def clear(self) -> None:
        """Forget all faults still to come."""
        with self._lock:
            self._pending.clear()

    @property
    def pending(self) -> int:
        """How many faults are still to come."""
        with self._lock:
            return sum(fault.times for fault in self._pending)

    def for_request(self, method: str) -> str | None:
        """The fault of this HTTP request, if there is to be one."""
        return self._take(method, REQUEST_KINDS)

    def for_command(self, method: str) -> str | None:
        """The fault of this REST call, if there is to be one."""
        return self._take(method, COMMAND_KINDS)

    def _take(self, method: str, kinds: Mapping[str, str]) -> str | None:
        with self._lock:
            for fault in self._pending:
                if fault.kind not in kinds or (fault.method is not None and fault.method != method):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._pending.remove(fault)
                return fault.kind
        return None
