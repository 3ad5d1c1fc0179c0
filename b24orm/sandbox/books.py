"""What the portal counted. Written by the server's thread, read by anyone."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal

__all__ = ["Books", "Delivery", "Record", "TokenRequest", "Verb", "Write"]

Verb = Literal["add", "update", "delete", "set"]
"""What a write did; ``set`` replaces all that belongs to one owner."""


@dataclass(frozen=True, slots=True)
class Record:
    """One HTTP request: the method called, the commands of a batch as (key, method), the HTTP status (0: no answer)."""

    method: str
    commands: tuple[tuple[str, str], ...]
    status: int


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One request to the authorization server for tokens.

    Attributes:
        grant: ``authorization_code`` or ``refresh_token``, as it was asked.
        client_id: who asked.
        status: of HTTP; 0 if no answer was sent.
        issued: whether tokens were issued, even if the answer was lost.
        error: the code of the refusal; empty if there was none.
    """

    grant: str
    client_id: str
    status: int
    issued: bool
    error: str


@dataclass(frozen=True, slots=True)
class Write:
    """One write that the portal applied, whether its answer reached the client or not.

    Attributes:
        method: the REST method, in lower case.
        entity: the schema's key of what was written: ``deal``, ``product_row``, ``smart_process_156``.
        id: the row's id. ``set`` has the id of the owner, and so has an address, which has no id of its own.
        verb: what was done.
        changed: False for an update that gave every field the value which it had.
    """

    method: str
    entity: str
    id: int
    verb: Verb
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to send an event to a handler.

    Attributes:
        event: its name, in capitals.
        handler: the address.
        status: what the handler answered; 0: nothing.
    """

    event: str
    handler: str
    status: int


class Books:
    """The portal's counters since the start or the last `reset`.

    Attributes:
        requests: HTTP requests that reached the portal.
        commands: REST calls run; a batch counts its commands, not itself.
        rows: rows handed out by list methods, whether the answer reached the client or not.
        method_rows: the same by method.
        refusals: QUERY_LIMIT_EXCEEDED answers.
        methods: REST calls run, by method.
        bytes_out: bytes of answer bodies.
        writes: the writes that were applied, in this order; one for each call, refused ones have none.
        applied: how many of them there are, by (entity, verb).
        tokens: requests to the authorization server for tokens, in their order; no other number has them in it.
        log: the last requests.
        events: attempts to send an event to a handler, in the order in which they ended.
        crashes: tracebacks of errors inside the sandbox itself; empty unless it has a bug.
    """

    def __init__(self, log_size: int = 10_000) -> None:
        self._lock = threading.Lock()
        self._log_size = log_size
        self.reset()

    def reset(self) -> None:
        """Start all counters again from zero."""
        with self._lock:
            self.requests = 0
            self.commands = 0
            self.rows = 0
            self.refusals = 0
            self.bytes_out = 0
            self.methods: Counter[str] = Counter()
            self.method_rows: Counter[str] = Counter()
            self.writes: list[Write] = []
            self.applied: Counter[tuple[str, Verb]] = Counter()
            self.tokens: list[TokenRequest] = []
            self.log: deque[Record] = deque(maxlen=self._log_size)
            self.events: list[Delivery] = []
            self.crashes: list[str] = []

    def request(self) -> None:
        """A request arrived."""
        with self._lock:
            self.requests += 1

    def refusal(self) -> None:
        """A request was refused because the bucket is full."""
        with self._lock:
            self.refusals += 1

    def command(self, method: str) -> None:
        """A REST call is run."""
        with self._lock:
            self.commands += 1
            self.methods[method] += 1

    def handed_out(self, method: str, rows: int) -> None:
        """*method* answered *rows* rows."""
        with self._lock:
            self.rows += rows
            if rows:
                self.method_rows[method] += rows

    def wrote(self, write: Write) -> None:
        """A write was applied."""
        with self._lock:
            self.writes.append(write)
            self.applied[write.entity, write.verb] += 1

    def token(self, request: TokenRequest) -> None:
        """The authorization server was asked for tokens."""
        with self._lock:
            self.tokens.append(request)

    @property
    def refreshes(self) -> int:
        """How many of `tokens` asked for new tokens in exchange for a refresh token, whatever became of that."""
        return sum(request.grant == "refresh_token" for request in self.tokens)

    def delivered(self, delivery: Delivery) -> None:
        """An event was sent, or could not be."""
        with self._lock:
            self.events.append(delivery)

    def answered(self, record: Record, size: int) -> None:
        """A request was answered (or dropped) with *size* bytes of body."""
        with self._lock:
            self.bytes_out += size
            self.log.append(record)

    def crash(self, traceback: str) -> None:
        """The sandbox itself failed."""
        with self._lock:
            self.crashes.append(traceback)

    def __repr__(self) -> str:
        return (
            f"<Books requests={self.requests} commands={self.commands} rows={self.rows} "
            f"refusals={self.refusals} bytes_out={self.bytes_out}>"
        )
