"""Fault injection: what a test asks the portal to do wrong, and how often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from b24orm.errors import ConfigurationError, nearest
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.verdicts import COMMAND_VERDICTS, VERDICTS

__all__ = ["COMMAND_KINDS", "KINDS", "REQUEST_KINDS", "TOKEN_KINDS", "Fault", "FaultSpec", "Faults", "read_fault"]

REQUEST_KINDS: Mapping[str, str] = {
    "html": "200 with an HTML page; nothing runs",
    "bad_gateway": "502 with an HTML page; nothing runs",
    "unavailable": "503 with an HTML page; nothing runs",
    "gateway_timeout": "504 with an HTML page, at once; nothing runs",
    "too_many": "429 with an HTML page, as a front server sends; nothing runs",
    "not_found_html": "404 with an HTML page; nothing runs",
    "forbidden_html": "403 with an HTML page, as a front server's firewall sends; nothing runs",
    "empty": "200 with an empty body; nothing runs",
    **{kind: f"{verdict.statuses[0]} {verdict.code}; nothing runs" for kind, verdict in VERDICTS.items()},
    "reset": "the connection is reset before an answer; nothing runs",
    "hang": "no answer until the client goes or the portal stops; nothing runs",
    "half_answer": "runs; the connection closes after half of the announced body",
    "reset_after": "runs; the connection is reset instead of an answer",
    "broken_json": "runs; 200 with half of the JSON text under a right Content-Length",
}
"""Faults of a whole HTTP request, by kind; ``method`` is the method in the URL, such as ``batch``."""

COMMAND_KINDS: Mapping[str, str] = {
    **{
        kind: f"{verdict.code} for one command ({verdict.statuses[0]} for a plain call); it does not run"
        for kind, verdict in COMMAND_VERDICTS.items()
    },
    "access_denied": "what the method says to a user without the right to call it; it does not run",
}
"""Faults of one REST call, alone or in a batch, by kind; ``method`` is the call's own method."""

TOKEN_KINDS: Mapping[str, str] = {
    "invalid_grant": "400 invalid_grant; nothing is issued",
    "invalid_client": "400 invalid_client; nothing is issued",
    "payment_required": "401 PAYMENT_REQUIRED; nothing is issued",
    "token_html": "200 with an HTML page; nothing is issued",
    "token_unavailable": "503 with an HTML page; nothing is issued",
    "token_reset": "the connection is reset before an answer; nothing is issued",
    "token_hang": "no answer until the client goes or the portal stops; nothing is issued",
    "token_lost": "tokens are issued; the connection is reset instead of an answer",
}
"""Faults of the authorization server's answers to requests for tokens, by kind; they have no ``method``."""

KINDS: Mapping[str, str] = {**REQUEST_KINDS, **COMMAND_KINDS, **TOKEN_KINDS}
"""All kinds of faults."""

FaultSpec = str | tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that strikes.

    Attributes:
        kind: one of the kinds.
        error: code, text and status, if it is an error of the portal.
    """

    kind: str
    error: tuple[str, str, int] | None = None

    @property
    def refusal(self) -> Refusal | None:
        """The error that the portal answers, if it is one."""
        return Refusal(*self.error) if self.error else None


def _error(kind: str, code: str | None, text: str | None, status: int | None) -> tuple[str, str, int] | None:
    verdict = VERDICTS.get(kind) or COMMAND_VERDICTS.get(kind)
    if verdict is not None:
        return (
            verdict.code if code is None else code,
            verdict.description if text is None else text,
            verdict.statuses[0] if status is None else status,
        )
    if (code, text, status) != (None, None, None):
        raise ConfigurationError(f"code=, text= and status= are those of an error of the portal; {kind!r} is none")
    return None


@dataclass(slots=True)
class _Fault:
    what: Fault
    times: int | None  # None: for ever
    method: str | None
    after: int
    every: int
    over: int | None
    dice: Callable[[], bool]
    seen: int = 0

    def fits(self, kinds: Mapping[str, str], method: str, commands: int | None) -> bool:
        """Whether it is one of *kinds* and for such a call; *commands* is the length of a batch, None for a command."""
        if self.what.kind not in kinds or (self.method is not None and self.method != method):
            return False
        if commands is None and method == "batch" and self.method is None:
            return False  # a batch is no command of its own unless it is asked for by name
        return self.over is None or (commands is not None and method == "batch" and commands > self.over)

    def strikes(self) -> bool:
        """Whether it hits the call that it fits, counting that call."""
        if self.after > 0:
            self.after -= 1
            return False
        self.seen += 1
        return self.seen % self.every == 0 and self.dice()


def _always() -> bool:
    return True


_READ: Mapping[str, Callable[[str], Any]] = {
    "times": int,
    "method": str,
    "after": int,
    "every": int,
    "over": int,
    "rate": float,
    "code": str,
    "text": str,
    "status": int,
}
"""The options of a fault, and how their values are read."""


def read_fault(text: str) -> FaultSpec:
    """The fault that ``kind`` or ``kind:name=value,name=value`` means, as the command line has them.

    Raises:
        ConfigurationError: it means none.
    """
    kind, _, rest = text.partition(":")
    options: dict[str, Any] = {}
    for pair in rest.split(",") if rest else ():
        name, _, value = (part.strip() for part in pair.partition("="))
        read = _READ.get(name)
        if read is None:
            raise ConfigurationError(f"a fault has no option {name!r}{nearest(name, _READ)}")
        try:
            options[name] = read(value)
        except ValueError:
            raise ConfigurationError(f"{name}={value}: a number is needed") from None
    Faults([(kind.strip(), options)])  # which refuses what cannot be
    return kind.strip(), options


class Faults:
    """The faults still to come, taken in the order in which they were added.

    Args:
        specs: faults to begin with.
        seed: the same seed and the same calls in the same order give the same faults by *rate*.
    """

    def __init__(self, specs: Iterable[FaultSpec] | None = None, *, seed: int = 1) -> None:
        self._lock = threading.Lock()
        self._seed = seed
        self._added = 0
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
        rate: float | None = None,
        code: str | None = None,
        text: str | None = None,
        status: int | None = None,
    ) -> None:
        """Ask for a fault.

        Args:
            kind: one of `REQUEST_KINDS`, `COMMAND_KINDS` or `TOKEN_KINDS`.
            times: how often it hits; by default once, and for ever if *every* or *rate* is given.
            method: hit calls of this method only, in any case; for faults of a request the one in the URL.
            after: let so many fitting calls pass first.
            every: of the calls that follow hit every so-many-th; 1 is each.
            over: for faults of a request: hit batches of more than so many commands only.
            rate: of the calls that follow hit each with this probability, above 0 and up to 1, as the seed decides.
            code: for faults that are errors of the portal: another ``error``.
            text: the same: another ``error_description``.
            status: the same: another HTTP status, since portals differ.

        Raises:
            ConfigurationError: for an unknown kind, numbers out of range, *every* and *rate* together, *over* for what
                is no fault of a request, and a code, a text or a status for what is no error of the portal.
        """
        if kind not in KINDS:
            raise ConfigurationError(f"the sandbox knows no fault {kind!r}{nearest(kind, KINDS)}")
        if every is not None and every < 1:
            raise ConfigurationError(f"every={every}: a fault can hit every call (1) or fewer")
        if rate is not None and not 0 < rate <= 1:
            raise ConfigurationError(f"rate={rate}: a probability is above 0 and up to 1")
        if rate is not None and every is not None:
            raise ConfigurationError("either every= or rate= of a fault, not both")
        for name, number, least in (("times", times, 1), ("after", after, 0), ("over", over, 0)):
            if number is not None and number < least:
                raise ConfigurationError(f"{name}={number}: {least} or more is needed")
        if over is not None and kind in COMMAND_KINDS:
            raise ConfigurationError(f"over={over} is about batches, and {kind!r} is a fault of one command")
        what = Fault(kind, _error(kind, code, text, status))
        if times is None and every is None and rate is None:
            times = 1
        with self._lock:
            # Each fault throws dice of its own, so that another one does not change what they show.
            random = Random(f"{self._seed}:{self._added}:{kind}").random
            self._added += 1
            dice = _always if rate is None else lambda: random() < rate
            self._pending.append(_Fault(what, times, method.lower() if method else None, after, every or 1, over, dice))

    def clear(self) -> None:
        """Forget all faults still to come."""
        with self._lock:
            self._pending.clear()

    @property
    def pending(self) -> int:
        """How many faults are still to come; those that never end are left out."""
        with self._lock:
            return sum(fault.times or 0 for fault in self._pending)

    def listed(self) -> list[dict[str, Any]]:
        """The faults still to come, to be looked at: kind, method, and how often yet (None: for ever)."""
        with self._lock:
            return [{"kind": f.what.kind, "method": f.method, "left": f.times} for f in self._pending]

    def for_request(self, method: str, commands: int = 0) -> Fault | None:
        """The fault of this HTTP request, if there is to be one; *commands* is the length of a batch."""
        return self._take(REQUEST_KINDS, method, commands)

    def for_command(self, method: str) -> Fault | None:
        """The fault of this REST call, if there is to be one."""
        return self._take(COMMAND_KINDS, method, None)

    def for_tokens(self) -> str | None:
        """The fault of this request to the authorization server, if there is to be one."""
        fault = self._take(TOKEN_KINDS, "", None)
        return fault.kind if fault else None

    def _take(self, kinds: Mapping[str, str], method: str, commands: int | None) -> Fault | None:
        with self._lock:
            for fault in self._pending:
                if not fault.fits(kinds, method, commands) or not fault.strikes():
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._pending.remove(fault)
                return fault.what
        return None
