"""`Op`: an operation that has not run yet, and `batch`, which runs several together.

What the terminals of querysets and the calls of the raw API give back. It knows a portal by the protocol in `context`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar, overload

from typing_extensions import override

from b24orm.context import PortalLike, current_portal
from b24orm.errors import QueryError
from b24orm.plan import Plan

__all__ = ["Op", "Rows", "batch"]

T_co = TypeVar("T_co", covariant=True)
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")
T6 = TypeVar("T6")

Run = Callable[[PortalLike], Coroutine[Any, Any, T_co]]


class Op(Generic[T_co]):
    """An operation that waits to be run: ``await op``, ``op.run_sync()``, or as part of a `batch`.

    It may be run more than once; each time it asks the portal anew.
    """

    __slots__ = ("_explain", "_portal", "_run")

    def __init__(self, run: Run[T_co], *, explain: Callable[[], Plan], portal: PortalLike | None) -> None:
        self._run = run
        self._explain = explain
        self._portal = portal

    @property
    def _at(self) -> PortalLike:
        return self._portal or current_portal()

    def __await__(self) -> Generator[Any, None, T_co]:
        portal = self._at
        return portal.run(lambda: self._run(portal)).__await__()

    def run_at(self, portal: PortalLike) -> Coroutine[Any, Any, T_co]:
        """The coroutine of the operation, at its own portal or else at *portal*, on that portal's event loop."""
        at = self._portal or portal
        return at.run(lambda: self._run(at))

    def run_sync(self) -> T_co:
        """Runs the operation and blocks until it is done: for scripts, threads and notebooks."""
        portal = self._at
        return portal.run_sync(lambda: self._run(portal))

    def explain(self) -> Plan:
        """How the operation will be run: strategy, reason, requests expected, first commands. Sends nothing."""
        return self._explain()

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__}: not run yet; await it or call .run_sync()>"


class Runnable(Protocol[T_co]):
    """What a `batch` can run: an operation, or a queryset for its rows."""

    def run_at(self, portal: PortalLike) -> Coroutine[Any, Any, T_co]:
        """The coroutine of the operation, at its own portal or else at *portal*, on that portal's event loop."""
        ...

    def explain(self) -> Plan:
        """How it will be run."""
        ...


R = TypeVar("R")


class Rows(Op[list[R]]):
    """An operation that gives rows: awaited it is a list, iterated over it streams them page by page."""

    __slots__ = ("_pages",)

    def __init__(
        self,
        pages: Callable[[PortalLike], AsyncGenerator[list[R]]],
        *,
        explain: Callable[[], Plan],
        portal: PortalLike | None,
    ) -> None:
        async def collect(at: PortalLike) -> list[R]:
            async with aclosing(pages(at)) as source:
                return [row async for page in source for row in page]

        super().__init__(collect, explain=explain, portal=portal)
        self._pages = pages

    def pages_at(self, portal: PortalLike) -> AsyncGenerator[list[R]]:
        """The rows page by page, at *portal*, on that portal's event loop."""
        return self._pages(portal)

    async def pages(self) -> AsyncGenerator[list[R]]:
        """The rows page by page, as they come from the portal."""
        portal = self._at
        async with aclosing(portal.iterate(lambda: self._pages(portal))) as pages:
            async for page in pages:
                yield page

    async def __aiter__(self) -> AsyncGenerator[R]:
        portal = self._at
        async with aclosing(portal.iterate(lambda: self._pages(portal))) as pages:
            async for page in pages:
                for row in page:
                    yield row

    def __iter__(self) -> Iterator[R]:
        portal = self._at
        for page in portal.iterate_sync(lambda: self._pages(portal)):
            yield from page


@overload
def batch(a: Runnable[T1], /) -> Op[tuple[T1]]: ...
@overload
def batch(a: Runnable[T1], b: Runnable[T2], /) -> Op[tuple[T1, T2]]: ...
@overload
def batch(a: Runnable[T1], b: Runnable[T2], c: Runnable[T3], /) -> Op[tuple[T1, T2, T3]]: ...
@overload
def batch(a: Runnable[T1], b: Runnable[T2], c: Runnable[T3], d: Runnable[T4], /) -> Op[tuple[T1, T2, T3, T4]]: ...
@overload
def batch(
    a: Runnable[T1], b: Runnable[T2], c: Runnable[T3], d: Runnable[T4], e: Runnable[T5], /
) -> Op[tuple[T1, T2, T3, T4, T5]]: ...
@overload
def batch(
    a: Runnable[T1], b: Runnable[T2], c: Runnable[T3], d: Runnable[T4], e: Runnable[T5], f: Runnable[T6], /
) -> Op[tuple[T1, T2, T3, T4, T5, T6]]: ...
@overload
def batch(*ops: Runnable[T1]) -> Op[tuple[T1, ...]]: ...
def batch(*ops: Runnable[Any]) -> Op[Any]:
    """Runs *ops* together: their commands share HTTP requests, one request for all of them where it fits.

    The answer is a tuple of their answers. If some fail, the others still run to their end, then the first error is
    raised.

    Raises:
        QueryError: something that is neither an operation nor a queryset.
    """
    for op in ops:
        if not hasattr(op, "run_at"):
            raise QueryError(f"batch takes operations such as Deal.objects.count(), not {op!r}")

    async def together(portal: PortalLike) -> tuple[Any, ...]:
        import asyncio  # here, since programs that only define models and queries have no event loop

        answers = await asyncio.gather(*(op.run_at(portal) for op in ops), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return tuple(answers)

    def explain() -> Plan:
        plans = [op.explain() for op in ops]
        first = tuple(command for plan in plans for command in plan.first)
        return Plan(
            "batch",
            f"{len(ops)} operations whose commands share requests: " + ", ".join(plan.strategy for plan in plans),
            "1 to begin with, if it holds at most 50 commands",
            " + ".join(plan.commands for plan in plans),
            first,
        )

    return Op(together, explain=explain, portal=None)
