"""The columns of one entity in the making, and the few ways in which values are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import repeat
from random import Random
from typing import Any, TypeVar

from b24orm.sandbox.fields import Column, table
from b24orm.sandbox.layout import ORDINARY, Layout
from b24orm.sandbox.seeding.own import own_columns

__all__ = ["Frame", "as_columns"]

T = TypeVar("T")
_FIRST_DAY = date(2021, 1, 11)
_DAYS = 1500
_DAY_TEXTS = [(_FIRST_DAY + timedelta(days=n)).isoformat() for n in range(_DAYS + 500)]


class Frame:
    """One entity's rows in the making: *n* ids and a generator to draw columns from.

    Of the times of day it draws *hours*, and picks among them afterwards.
    """

    def __init__(
        self,
        key: str,
        ids: Mapping[str, Sequence[int]],
        rng: Random,
        *,
        hours: int = 700,
        layout: Layout = ORDINARY,
    ) -> None:
        self.key = key
        self.layout = layout
        self.all_ids = ids
        self.ids = ids[key]
        self.n = len(self.ids)
        self.rng = rng
        # Days rise with the ids, as they do on a portal that was filled over years.
        self.created_days = [_DAYS * place // max(1, self.n) for place in range(self.n)]
        self._hours = [f"T{h:02}:{m:02}:{s:02}+03:00" for h, m, s in (self._moment() for _ in range(hours))]

    def _moment(self) -> tuple[int, int, int]:
        draw = self.rng.randrange  # as randint draws, with one call less in between
        return 8 + draw(13), draw(60), draw(60)

    def pick(self, pool: Sequence[T], weights: Sequence[float] | None = None) -> list[T]:
        """One of *pool* for each row."""
        return self.rng.choices(pool, weights, k=self.n)

    def sparse(self, pool: Sequence[T], share: float, nothing: Any = None) -> list[Any]:
        """One of *pool* for a *share* of the rows, *nothing* for the others."""
        draw = self.rng.random
        return [value if draw() < share else nothing for value in self.pick(pool)]

    def refer(self, key: str, share: float = 1.0, nothing: Any = None) -> list[Any]:
        """The id of a row of another entity."""
        pool = self.all_ids[key]
        return self.sparse(pool, share, nothing) if pool else [nothing] * self.n

    def moments(self, latest: int = 0) -> list[str]:
        """Date and time of each row: its day of creation and up to *latest* days more."""
        offsets = self.pick(range(latest + 1)) if latest else repeat(0)
        hours = self.pick(self._hours)
        return [
            _DAY_TEXTS[day + offset] + hour
            for day, offset, hour in zip(self.created_days, offsets, hours, strict=False)
        ]

    def days(self, latest: int, share: float = 1.0) -> list[str | None]:
        """A bare date of each row, or NULL."""
        draw = self.rng.random
        return [
            f"{_DAY_TEXTS[day + offset]}T03:00:00+03:00" if draw() < share else None
            for day, offset in zip(self.created_days, self.pick(range(latest + 1)), strict=True)
        ]

    def birthdays(self, share: float) -> list[str | None]:
        """A birthday for a *share* of the rows."""
        draw = self.rng.randint
        pool = [f"{draw(1950, 2004)}-{draw(1, 12):02}-{draw(1, 28):02}T03:00:00+03:00" for _ in range(300)]
        return self.sparse(pool, share)

    def amounts(self) -> list[float]:
        """Amounts as deals have them: mostly round, some to the kopeck, some nothing."""
        rng = self.rng
        whole = [1000 * round(rng.paretovariate(1.1) * 12) for _ in range(self.n)]
        odd = rng.choices((0, 1, 2), (70, 22, 8), k=self.n)
        kopecks = rng.choices(range(100_000), k=self.n)
        return [
            0 if kind == 2 else (min(amount, 90_000_000) + (kopeck / 100 if kind else 0))
            for amount, kind, kopeck in zip(whole, odd, kopecks, strict=True)
        ]

    def authors(self) -> dict[str, Iterable[Any]]:
        """The columns that every CRM entity has."""
        users = self.all_ids["user"]
        return {
            "assigned_by_id": self.pick(users),
            "created_by": self.pick(users),
            "updated_by": self.pick(users),
            "last_activity_by": self.pick(users),
            "created_time": self.moments(),
            "updated_time": self.moments(60),
            "last_activity_time": self.moments(90),
            "opened": self.pick("YN", (85, 15)),
            "utm_source": self.sparse(("google", "yandex", "vk", "newsletter"), 0.3),
            "utm_medium": self.sparse(("cpc", "organic", "email"), 0.3),
            "utm_campaign": self.sparse(("summer_sale", "весна-2024", "b2b & retail"), 0.1),
        }

    def columns(self, made: Mapping[str, Iterable[Any]]) -> dict[str, Iterable[Any]]:
        """All columns of the table: those made, and for the others what an unfilled field holds."""
        result: dict[str, Iterable[Any]] = {"id": self.ids}
        if self.layout is not ORDINARY:
            made = {**made, **own_columns(self)}
        for column in self.layout.table(self.key).stored:
            if column.name != "id":
                result[column.name] = made[column.name] if column.name in made else repeat(_unfilled(column))
        return result


def _unfilled(column: Column) -> Any:
    if column.storage in {"many", "fm"}:
        return "[]"
    if column.nullable:
        return None
    return {"flag": "N", "number": 0, "int": 0, "text": ""}.get(column.storage)


def as_columns(key: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Iterable[Any]]:
    """Rows, each with its id, as columns: for tables so small that rows are the plainer way to write them down."""
    stored = {column.name: column for column in table(key).stored}
    ids: dict[str, Iterable[Any]] = {"id": [row["id"] for row in rows]}
    return ids | {
        name: [row.get(name, _unfilled(column)) for row in rows] for name, column in stored.items() if name != "id"
    }
