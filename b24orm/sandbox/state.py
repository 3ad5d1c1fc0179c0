"""What one running portal consists of, and what a method of it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from b24orm.sandbox.books import Books, Verb, Write
from b24orm.sandbox.caller import Caller
from b24orm.sandbox.clock import Clock
from b24orm.sandbox.database import PORTAL
from b24orm.sandbox.emission import caused
from b24orm.sandbox.events import Events
from b24orm.sandbox.faults import Faults
from b24orm.sandbox.fields import Table
from b24orm.sandbox.files import SEEDED, Files
from b24orm.sandbox.layout import Layout
from b24orm.sandbox.limits import Buckets, OperatingTime
from b24orm.sandbox.oauth import OAuth
from b24orm.sandbox.shelf import Shelf
from b24orm.sandbox.store import Store

__all__ = ["Answer", "Handler", "Options", "State"]

_LAST_ID = "last_id"


@dataclass(frozen=True, slots=True)
class Options:
    """How this portal differs from an ordinary one."""

    code: str
    page_size: int = 50
    ignore_id_filter: bool = False
    omit_total: bool = False
    latency: float = 0.0
    count_cost: float = 0.0
    offset_cost: float = 0.0
    request_timeout: float = 60.0
    user_id: int = 1
    tls: bool = False
    rest_v3: bool = True


@dataclass(slots=True)
class State:
    """The portal: its memory, its clock, its meters and its books."""

    options: Options
    store: Store
    clock: Clock
    books: Books
    faults: Faults
    buckets: Buckets
    operating: OperatingTime
    files: Files
    oauth: OAuth
    costs: dict[str, float] = field(default_factory=dict[str, float])
    delays: dict[str, float] = field(default_factory=dict[str, float])
    denied: set[str] = field(default_factory=set[str])
    sorts: MutableMapping[tuple[str, int, int], int] = field(init=False)
    """SORT of bindings by (schema key, owner, bound object), where a client gave one."""
    kept: MutableMapping[str, Any] = field(init=False)
    """What else the portal remembers; copies and files have it, too. There may be more such shelves."""
    before_command: Callable[[str, dict[str, Any], int], object] | None = None
    method: str = ""
    """The method that runs, in lower case; the store's lock lets one run at a time."""
    connector: str = ""
    """The source key that it came with (``auth_connector``): offline events of that key skip what it writes."""
    events: Events = field(init=False)
    caller: Caller = field(init=False)
    """On whose behalf it runs."""

    def __post_init__(self) -> None:
        """Until somebody calls, the webhook's owner acts."""
        self.caller = self.owner
        self.events = Events(self.clock, self.oauth, self.books)
        self.sorts = Shelf[tuple[str, int, int]](self.store, "sorts")
        self.kept = Shelf[str](self.store, PORTAL)

    def table(self, key: str) -> Table:
        """The table of an entity, with the user fields of this portal."""
        return self.store.table(key)

    @property
    def owner(self) -> Caller:
        """Who calls with the webhook."""
        return Caller(self.options.user_id, f"webhook:{self.options.code}")

    @property
    def layout(self) -> Layout:
        """The user fields and smart processes of this portal."""
        return self.store.layout

    @property
    def user_id(self) -> int:
        """The user on whose behalf the running method acts."""
        return self.caller.user_id

    def next_id(self) -> int:
        """A new id for what has no table of its own: files and multifield entries."""
        with self.store.lock:
            new = int(self.kept.get(_LAST_ID, SEEDED)) + 1
            self.kept[_LAST_ID] = new
            return new

    def keep(self, name: str, content: bytes) -> int:
        """Keep a file that a client sent; returns its id."""
        file_id = self.next_id()
        self.files.keep(file_id, name, content)
        return file_id

    def wrote(
        self,
        entity: str,
        row_id: int,
        verb: Verb,
        *,
        changed: bool = True,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """Book a write that the running method has applied, and let happen what follows from it.

        *about* is what its events say beyond the id.
        """
        self.books.wrote(Write(self.method, entity, row_id, verb, changed))
        if changed and self.events.bindings:
            for event, data in caused(entity, row_id, verb, about or {}):
                self.events.happened(event, data, self.user_id, connector=self.connector)


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
