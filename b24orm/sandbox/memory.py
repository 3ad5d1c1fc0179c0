"""The life of the portal's memory: in memory or in a file, filled when it is needed, copied from another portal's."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from b24orm.errors import ConfigurationError
from b24orm.sandbox.database import in_memory, on_file
from b24orm.sandbox.fields import Storage, Table
from b24orm.sandbox.files import Files
from b24orm.sandbox.layout import ORDINARY, Layout

__all__ = ["Memory"]

_TYPES: Mapping[Storage, str] = {
    "int": "INTEGER",
    "number": "NUMERIC",
    "text": "TEXT",
    "code": "TEXT COLLATE NOCASE",
    "flag": "TEXT COLLATE NOCASE",
    "bit": "INTEGER",
    "date": "TEXT",
    "datetime": "TEXT",
    "many": "TEXT",
    "file": "INTEGER",
    "json": "TEXT",
    "fm": "TEXT",
}
_BESIDE = (
    "CREATE TABLE shelf (name TEXT, key TEXT, value TEXT, PRIMARY KEY (name, key))",
    "CREATE TABLE kept_file (id INTEGER PRIMARY KEY, name TEXT, content BLOB)",
)


def _fold(value: str | int | float | None) -> str | int | float | None:
    """Case folding for text comparison: sqlite's own knows only ASCII, the portal's MySQL collation all letters."""
    return value.casefold() if isinstance(value, str) else value


class Memory:
    """The tables of a portal, safe to use from any thread."""

    def __init__(self, files: Files, layout: Layout = ORDINARY) -> None:
        self._files = files
        self.layout = layout
        self.lock = threading.RLock()
        self._open: sqlite3.Connection | None = None
        self._on_file = False
        self._made: set[str] = set()
        self._pending: dict[str, Callable[[], None]] = {}
        self._copied = False

    @property
    def _db(self) -> sqlite3.Connection:
        if self._open is None:
            raise ConfigurationError("the sandbox is not running")
        return self._open

    def table(self, key: str) -> Table:
        """The table of an entity, with the user fields of this portal."""
        return self.layout.table(key)

    def open(self) -> None:
        """An empty database, in memory. Each table is made when it is first needed: most tests need few of them."""
        self._use(in_memory())
        for statement in _BESIDE:
            self._db.execute(statement)

    def _use(self, database: sqlite3.Connection) -> None:
        self._open = database
        database.create_function("fold", 1, _fold, deterministic=True)
        database.create_function("browser_link", 1, self._files.browser_link)
        database.create_function("machine_link", 1, self._files.machine_link)
        database.create_function("disk_link", 1, self._files.disk_link)

    def _statement(self, key: str) -> str:
        stored = self.table(key).stored
        columns = ", ".join(f"{c.sql} {_TYPES[c.storage]}" for c in stored if c.name != "id")
        for column in stored:
            if column.folded:
                columns += f', "{column.name}_folded" TEXT GENERATED ALWAYS AS (fold({column.sql})) STORED'
        # AUTOINCREMENT: the portal never gives the id of a deleted row to a new one.
        return f'CREATE TABLE "{key}" (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})'

    def _make(self, key: str) -> None:
        """See to it that there is a table; to be called with the lock held."""
        if key not in self._made:
            self._db.execute(self._statement(key))
            self._made.add(key)

    def open_copy(self, source: Memory) -> None:
        """Begin with what *source* holds, which stays as it is; both are of one layout.

        What *source* has not loaded yet is taken from it when it is needed here.
        """
        self._use(in_memory())
        self._copied = True
        with source.lock:
            source._db.backup(self._db)
            self._made = set(source._made)
            waiting = tuple(source._pending)
        for key in waiting:
            self.later(key, partial(self._fetch_from, source, key))

    def _fetch_from(self, source: Memory, key: str) -> None:
        names = ", ".join(column.sql for column in self.table(key).stored)
        source._ready(key)
        rows = source.run(f'SELECT {names} FROM "{key}"', [])  # noqa: S608 - our own names
        marks = ", ".join("?" * len(self.table(key).stored))
        self._db.executemany(f'INSERT INTO "{key}" ({names}) VALUES ({marks})', rows)  # noqa: S608 - our own names

    def open_file(self, path: Path) -> None:
        """Go on with the portal that a file holds.

        Raises:
            ConfigurationError: the file is in use, or its tables are not those of this version of b24orm.
        """
        self._use(on_file(path))
        self._on_file = True
        have = {text for (text,) in self._db.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")}
        self._made = set(self.layout.keys)
        missing = [one for one in (*_BESIDE, *map(self._statement, self.layout.keys)) if one not in have]
        if missing:
            self.close()
            raise ConfigurationError(
                f"{path} was made by another version of b24orm, whose tables have other columns: make a new file"
            )

    def move_to(self, path: Path) -> None:
        """Write everything to a new file, and go on there.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        for key in self.layout.keys:
            self._ready(key)
        memory = self._db
        self._use(on_file(path, memory))
        self._on_file = True
        memory.close()

    @contextmanager
    def working(self) -> Generator[None]:
        """One method at a time; what it writes to a file is written as a whole."""
        with self.lock:
            if self._on_file:
                self._db.execute("BEGIN")
            try:
                yield
            finally:
                if self._on_file:
                    self._db.execute("COMMIT")

    def run(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a statement about what is not a table of an entity; returns its rows."""
        with self.lock:
            return self._db.execute(statement, values).fetchall()

    def close(self) -> None:
        """Free the memory; the store is of no use afterwards."""
        with self.lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def later(self, key: str, fill: Callable[[], None]) -> None:
        """Let *fill* load the rows of a table when it is first needed."""
        self._pending[key] = fill

    def waits(self, key: str) -> bool:
        """Whether the rows of a table are still to be made, out of what the others will hold by then."""
        return key in self._pending and not self._copied

    def _ready(self, key: str) -> None:
        """Load what waits to be loaded; to be called with the lock held, or before it is needed."""
        if key in self._pending or key not in self._made:
            with self.lock:
                self._make(key)
                fill = self._pending.pop(key, None)
                if fill is not None:
                    fill()
