"""Answers that are known already: operations that ask the portal nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Generator, Iterator, Sequence
from typing import Any, TypeVar

from typing_extensions import override

from b24orm.context import PortalLike
from b24orm.op import Op, Rows
from b24orm.plan import Plan

__all__ = ["HeldRows", "Known", "plan_held"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def plan_held() -> Plan:
    """How rows at hand are fetched: not at all."""
    return Plan("nothing", "the rows are at hand", "0", "0")


class Known(Op[T_co]):
    """An operation whose answer is known. It needs no portal."""

    __slots__ = ("_answer",)

    def __init__(self, answer: T_co) -> None:
        async def run(portal: PortalLike) -> T_co:
            del portal
            return answer

        super().__init__(run, explain=plan_held, portal=None)
        self._answer = answer

    @override
    def __await__(self) -> Generator[Any, None, T_co]:
        return self._now().__await__()

    async def _now(self) -> T_co:
        return self._answer

    @override
    def run_at(self, portal: PortalLike) -> Coroutine[Any, Any, T_co]:
        return self._now()

    @override
    def run_sync(self) -> T_co:
        return self._answer


class HeldRows(Rows[T]):
    """Rows that are at hand. They need no portal."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Sequence[T]) -> None:
        async def pages(portal: PortalLike) -> AsyncGenerator[list[T]]:
            del portal
            if rows:
                yield list(rows)

        super().__init__(pages, explain=plan_held, portal=None)
        self._rows = rows

    @override
    def __await__(self) -> Generator[Any, None, list[T]]:
        return self._now().__await__()

    async def _now(self) -> list[T]:
        return list(self._rows)

    @override
    def run_at(self, portal: PortalLike) -> Coroutine[Any, Any, list[T]]:
        return self._now()

    @override
    def run_sync(self) -> list[T]:
        return list(self._rows)

    @override
    async def pages(self) -> AsyncGenerator[list[T]]:
        if self._rows:
            yield list(self._rows)

    @override
    async def __aiter__(self) -> AsyncGenerator[T]:
        for row in self._rows:
            yield row

    @override
    def __iter__(self) -> Iterator[T]:
        return iter(list(self._rows))
