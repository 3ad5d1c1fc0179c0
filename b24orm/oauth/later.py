"""`Later`: a request to the authorization server that waits to be run: awaited, or blocking."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from typing_extensions import override

from b24orm.sync import background_loop, run_blocking

__all__ = ["Later"]

T_co = TypeVar("T_co", covariant=True)


class Later(Generic[T_co]):
    """``await later`` in coroutines, ``later.run_sync()`` in scripts, threads and notebooks. Needs no portal."""

    __slots__ = ("_run", "_what")

    def __init__(self, run: Callable[[], Coroutine[Any, Any, T_co]], what: str) -> None:
        self._run = run
        self._what = what

    def __await__(self) -> Generator[Any, None, T_co]:
        return self._run().__await__()

    def run_sync(self) -> T_co:
        """Runs it and blocks until it is done."""
        return run_blocking(background_loop(), self._run)

    @override
    def __repr__(self) -> str:
        return f"<{self._what}: not run yet; await it or call .run_sync()>"
