"""The portal's memory: one sqlite database, one table per entity, safe to use from any thread."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from b24orm.sandbox.files import Files
from b24orm.sandbox.layout import ORDINARY, Layout
from b24orm.sandbox.memory import Memory

__all__ = ["SCATTER", "Sql", "Store", "Window"]

Sql = tuple[str, list[Any]]
"""A condition and its parameters; an empty text means no condition."""


class Window(NamedTuple):
    """The part of the matching rows that a page shows."""

    size: int
    offset: int = 0


SCATTER = "((id * 2654435761) & 4294967295)"
"""The order of rows where the portal promises none: always the same, and never ascending by id."""

_STRETCH = 500  # models, among which a copy takes its own; a prime far from its divisors scatters them
_ORDERS = 16  # orders of ids that are remembered, of 8 bytes a row
_INDEXED = (
    "stage_id",
    "category_id",
    "assigned_by_id",
    "company_id",
    "contact_id",
    "created_time",
    "updated_time",
    "opportunity",
    "owner_id",
)


def _source(key: str, where: Sql) -> str:
    return f'"{key}" WHERE {where[0]}' if where[0] else f'"{key}"'


def _near(index: int, place: int) -> int:
    """A model of the same stretch as that at *index*, another for each *place* of the next few hundred."""
    return index - index % _STRETCH + place * 211 % _STRETCH


class Store(Memory):
    """The few statements that the methods need. Every call takes the lock."""

    def __init__(self, files: Files, layout: Layout = ORDINARY) -> None:
        super().__init__(files, layout)
        self._counts: dict[tuple[str, str, tuple[Any, ...]], int] = {}
        self._orders: dict[tuple[str, str, tuple[Any, ...], str], array[int]] = {}

    def _forget(self) -> None:
        """What was remembered of the rows is no longer so."""
        self._counts.clear()
        self._orders.clear()

    def relay(self, key: str, layout: Layout) -> None:
        """Go on with *layout*, in which the table *key* has other columns; those that stay keep what they hold."""
        with self.lock:
            self._ready(key)
            before = {column.name for column in self.table(key).stored}
            indexes = self.run("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", [key])
            last = self.run("SELECT seq FROM sqlite_sequence WHERE name = ?", [key])
            self.layout = layout
            stored = self.table(key).stored
            kept = ", ".join(column.sql for column in stored if column.name in before)
            self.run(f'ALTER TABLE "{key}" RENAME TO "{key}+"', [])
            self.run(self._statement(key), [])
            self.run(f'INSERT INTO "{key}" ({kept}) SELECT {kept} FROM "{key}+"', [])  # noqa: S608 - our own names
            self.run(f'DROP TABLE "{key}+"', [])
            for column in stored:
                if column.name not in before and column.storage == "many":
                    self.run(f"UPDATE \"{key}\" SET {column.sql} = '[]'", [])  # noqa: S608 - our own names
            if last:  # the ids of deleted rows are not given again
                self.run("DELETE FROM sqlite_sequence WHERE name = ?", [key])
                self.run("INSERT INTO sqlite_sequence VALUES (?, ?)", [key, last[0][0]])
            for (text,) in indexes:
                if text:
                    self.run(text, [])
            self._forget()

    def drop(self, key: str, layout: Layout) -> None:
        """Go on with *layout*, which has no table *key*."""
        with self.lock:
            self._ready(key)
            self.run(f'DROP TABLE "{key}"', [])
            self._made.discard(key)
            self.layout = layout
            self._forget()

    def load(self, key: str, columns: Mapping[str, Iterable[Any]], *, index: bool = True) -> None:
        """Insert many rows given as columns of equal length, then build the indexes unless more is to come."""
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        with self.lock:
            self._make(key)
            self._db.execute("BEGIN")
            rows = zip(*columns.values(), strict=False)  # endless columns repeat one value
            self._db.executemany(f'INSERT INTO "{key}" ({names}) VALUES ({marks})', rows)  # noqa: S608 - our own names
            self._db.execute("COMMIT")
            self._forget()
            if index:
                self._index(key)

    def _index(self, key: str) -> None:
        for name in _INDEXED:
            if name in self.table(key).by_name:
                self._db.execute(f'CREATE INDEX "{key}_{name}" ON "{key}" ("{name}")')
        self._db.execute(f'CREATE INDEX "{key}_scatter" ON "{key}" ({SCATTER})')

    def multiply(self, key: str, models: Sequence[int], ids: Sequence[int]) -> None:
        """Add a row for each of *ids* (ascending) that is not there yet, then build the indexes.

        Each is a copy of one of *models*, ids of the table, whose number its title ends with; the title of the copy
        ends with its own. Rows near each other have different models, of about the same place in the list.
        """
        share = len(models) / len(ids)
        have = set(models)
        pairs = (
            (row_id, models[min(len(models) - 1, _near(int(place * share), place))])
            for place, row_id in enumerate(ids)
            if row_id not in have
        )
        copied = [c.name for c in self.table(key).stored if c.name not in {"id", "title"}]
        names = ", ".join(f'"{name}"' for name in copied)
        title = f'substr(title, 1, length(title) - length("{key}".id)) || wanted'
        with self.lock:
            self._db.execute("CREATE TEMP TABLE copies (wanted INTEGER PRIMARY KEY, model INTEGER)")
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO copies VALUES (?, ?)", pairs)
            self._db.execute(
                f'INSERT INTO "{key}" (id, title, {names}) SELECT wanted, {title}, {names} '  # noqa: S608 - our own names
                f'FROM copies JOIN "{key}" ON "{key}".id = model ORDER BY wanted'
            )
            self._db.execute("COMMIT")
            self._db.execute("DROP TABLE copies")
            self._forget()
            self._index(key)

    def insert(self, key: str, values: Mapping[str, Any]) -> int:
        """Insert one row; returns its id."""
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        self._ready(key)
        with self.lock:
            self._forget()
            if not values:
                cursor = self._db.execute(f'INSERT INTO "{key}" DEFAULT VALUES')
            else:
                cursor = self._db.execute(
                    f'INSERT INTO "{key}" ({names}) VALUES ({marks})',  # noqa: S608 - our own names
                    list(values.values()),
                )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def update(self, key: str, row_id: int, values: Mapping[str, Any]) -> bool:
        """Change one row; False if there is none."""
        if not values:
            return self.row(key, row_id) is not None
        pairs = ", ".join(f'"{name}" = ?' for name in values)
        self._ready(key)
        with self.lock:
            self._forget()
            cursor = self._db.execute(
                f'UPDATE "{key}" SET {pairs} WHERE id = ?',  # noqa: S608 - our own names
                [*values.values(), row_id],
            )
            return cursor.rowcount > 0

    def delete(self, key: str, row_id: int) -> bool:
        """Delete one row; False if there is none."""
        return self.delete_where(key, ("id = ?", [row_id])) > 0

    def delete_where(self, key: str, where: Sql) -> int:
        """Delete the rows that match; returns how many there were."""
        self._ready(key)
        with self.lock:
            self._forget()
            return self._db.execute(f"DELETE FROM {_source(key, where)}", where[1]).rowcount  # noqa: S608 - our own names

    def select(self, key: str, what: str, where: Sql = ("", []), tail: str = "") -> Sequence[tuple[Any, ...]]:
        """Rows of ``SELECT what FROM key WHERE … tail``."""
        self._ready(key)
        with self.lock:
            return self._db.execute(f"SELECT {what} FROM {_source(key, where)}{tail}", where[1]).fetchall()  # noqa: S608

    def page(self, key: str, what: str, where: Sql, order: str, window: Window) -> Sequence[tuple[Any, ...]]:
        """A *window* of the rows in *order*, for a *what* that is costly to compute.

        First which rows and in what order, then what is wanted of them: a sorter that is given both computes *what*
        for every matching row. The LIMIT makes sqlite keep the order of the inner query, CROSS JOIN its place outside.
        """
        self._ready(key)
        if window.offset:
            return self._later_page(key, what, where, order, window)
        inner = f"SELECT id AS wanted FROM {_source(key, where)}{order} LIMIT {window.size}"  # noqa: S608 - our own names
        text = f'SELECT {what} FROM ({inner}) CROSS JOIN "{key}" ON id = wanted'  # noqa: S608 - our own names
        with self.lock:
            return self._db.execute(text, where[1]).fetchall()

    def _later_page(self, key: str, what: str, where: Sql, order: str, window: Window) -> Sequence[tuple[Any, ...]]:
        """A page behind the first: sqlite would step over all rows before it, for each page once more."""
        memo = (key, where[0], tuple(where[1]), order)
        with self.lock:
            if memo not in self._orders:
                if len(self._orders) >= _ORDERS:
                    self._orders.clear()
                self._orders[memo] = array("q", (row[0] for row in self.select(key, "id", where, order)))
            wanted = self._orders[memo][window.offset : window.offset + window.size].tolist()
            inner = "SELECT value AS wanted FROM json_each(?)"  # in the order of the array, which CROSS JOIN keeps
            text = f'SELECT {what} FROM ({inner}) CROSS JOIN "{key}" ON id = wanted'  # noqa: S608 - our own names
            return self._db.execute(text, [json.dumps(wanted)]).fetchall()

    def count(self, key: str, where: Sql) -> int:
        """How many rows match; remembered until the next change."""
        memo = (key, where[0], tuple(where[1]))
        with self.lock:
            if memo not in self._counts:
                if len(self._counts) > 1000:
                    self._counts.clear()
                self._counts[memo] = self.select(key, "COUNT(*)", where)[0][0]
            return self._counts[memo]

    def row(self, key: str, row_id: int) -> dict[str, Any] | None:
        """One row as it is held, by column name."""
        source = self.table(key)
        names = [c.name for c in source.stored]
        rows = self.select(key, ", ".join(c.sql for c in source.stored), ("id = ?", [row_id]))
        return dict(zip(names, rows[0], strict=True)) if rows else None

    def ids(self, key: str) -> list[int]:
        """All ids, ascending."""
        return [row[0] for row in self.select(key, "id", tail=" ORDER BY id")]
