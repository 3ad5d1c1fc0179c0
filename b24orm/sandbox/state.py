"""What one running portal consists of, and what a method of it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from b24orm.sandbox.books import Books, Verb, Write
from b24orm.sandbox.caller import Caller
from b24orm.sandbox.clock import Clock
from b24orm.sandbox.faults import Faults
from b24orm.sandbox.files import Files
from b24orm.sandbox.limits import Bucket, OperatingTime
from b24orm.sandbox.store import Store

__all__ = ["Answer", "Handler", "Options", "State"]


@dataclass(frozen=True, slots=True)
class Options:
    """How this portal differs from an ordinary one."""

    code: str
    page_size: int = 50
    ignore_id_filter: bool = False
    omit_total: bool = False
    latency: float = 0.0
    count_cost: float = 0.0
    request_timeout: float = 60.0
    user_id: int = 1


@dataclass(slots=True)
class State:
    """The portal: its memory, its clock, its meters and its books."""

    options: Options
    store: Store
    clock: Clock
    books: Books
    faults: Faults
    bucket: Bucket
    operating: OperatingTime
    files: Files
    costs: dict[str, float] = field(default_factory=dict[str, float])
    delays: dict[str, float] = field(default_factory=dict[str, float])
    denied: set[str] = field(default_factory=set[str])
    sorts: dict[tuple[str, int, int], int] = field(default_factory=dict[tuple[str, int, int], int])
    """SORT of bindings by (schema key, owner, bound object), where a client gave one."""
    before_command: Callable[[str, dict[str, Any], int], object] | None = None
    method: str = ""
    """The method that runs, in lower case; the store's lock lets one run at a time."""
    caller: Caller = field(init=False)
    """On whose behalf it runs."""
    last_id: int = 100_000

    def __post_init__(self) -> None:
        """Until somebody calls, the webhook's owner acts."""
        self.caller = self.owner

    @property
    def owner(self) -> Caller:
        """Who calls with the webhook."""
        return Caller(self.options.user_id, f"webhook:{self.options.code}")

    @property
    def user_id(self) -> int:
        """The user on whose behalf the running method acts."""
        return self.caller.user_id

    def next_id(self) -> int:
        """A new id for what has no table of its own: files and multifield entries."""
        self.last_id += 1
        return self.last_id

    def keep(self, name: str, content: bytes) -> int:
        """Keep a file that a client sent; returns its id."""
        file_id = self.next_id()
        self.files.keep(file_id, name, content)
        return file_id

    def wrote(self, entity: str, row_id: int, verb: Verb, *, changed: bool = True) -> None:
        """Book a write that the running method has applied."""
        self.books.wrote(Write(self.method, entity, row_id, verb, changed))


@dataclass(slots=True)
class Answer:
    """What a method answers: the result and, from list methods, ``total`` and ``next``.

    Attributes:
        rows: rows handed out, for the books.
        counting: seconds that counting rows took beyond what the database took here.
    """

    result: Any
    total: int | None = None
    next: int | None = None
    rows: int = 0
    counting: float = 0.0


Handler = Callable[[State, dict[str, Any]], Answer]
"""A REST method: it gets the parameters as PHP decoded them, and raises Refusal for an error answer."""
