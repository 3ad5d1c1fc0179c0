"""The current portal: which one a queryset without `using` talks to.

Set by `Portal` (for a context) and by `connect` (for the process); read by querysets, which know a portal only
by the protocol below. Nothing here opens anything.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterator,
    Sequence,
)
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from b24orm.errors import ConfigurationError

if TYPE_CHECKING:
    from b24orm.command import Command, Outcome, RowFormat
    from b24orm.errors import InvalidRow
    from b24orm.plan import Plan

__all__ = ["FileHead", "PortalLike", "current_portal", "default_portal", "portal_in_context"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileHead:
    """What is known of a file before it comes.

    Attributes:
        name: its name, without any directories; may be empty.
        size: its length in bytes, if the portal says it.
    """

    name: str
    size: int | None


class PortalLike(Protocol):
    """What querysets and operations need of a portal."""

    @property
    def crm_api(self) -> str:
        """The CRM dialect that this portal prefers: ``item`` or ``classic``."""
        ...

    @property
    def api(self) -> str:
        """The dialects that this portal prefers: ``item`` or ``classic`` as `crm_api` says, with REST 3.0 where it
        serves better; ``v2``: as ``item``, without REST 3.0; ``v3``: REST 3.0 wherever an entity has it."""
        ...

    @property
    def user_id(self) -> int | None:
        """The user on whose behalf calls are made; None if that is not known."""
        ...

    def known_methods(self) -> Collection[str] | None:
        """The methods of REST 3.0 that this portal offers, as far as that has been asked; None if it has not."""
        ...

    async def offered(self) -> Collection[str]:
        """The same, asked for once; empty if the portal has no REST 3.0."""
        ...

    def offers_not(self, method: str) -> None:
        """The portal has refused *method* of REST 3.0, whatever it said before."""
        ...

    @property
    def show_progress(self) -> bool:
        """Whether long operations draw a progress bar unless told otherwise."""
        ...

    @property
    def keeps_invalid(self) -> bool:
        """Whether values that do not fit their field are kept as they came, unless a query says otherwise."""
        ...

    def note_invalid(self, found: Sequence[InvalidRow]) -> None:
        """Takes note of values that were kept though they do not fit."""
        ...

    def read(
        self,
        plan: Plan,
        format: RowFormat,
        *,
        on_total: Callable[[int], None] | None = None,
        on_rest: Callable[[str], None] | None = None,
    ) -> AsyncGenerator[list[Any]]:
        """Pages of rows, as *plan* says and *format* reads them."""
        ...

    def submit(self, command: Command) -> Awaitable[Outcome]:
        """Runs one command; the outcome tells what became of it."""
        ...

    def write(
        self,
        groups: AsyncIterator[list[Command]],
        *,
        method: str = "",
        on_rest: Callable[[str], None] | None = None,
    ) -> AsyncGenerator[tuple[list[Command], list[Outcome]]]:
        """Each of the *groups* with what became of its commands, in order; several are under way at once."""
        ...

    def fetch(self, address: Callable[[], str], *, again: bool = False) -> AsyncGenerator[FileHead | bytes]:
        """The file at an address, never whole in memory: its head, then its contents piece by piece.

        Args:
            address: gives the address, which is a secret, so that no traceback shows it.
            again: whether a file that breaks off may start anew, with another head.
        """
        ...

    async def send_file(
        self,
        address: Callable[[], str],
        *,
        field: str,
        name: str,
        size: int,
        pieces: Callable[[], AsyncIterator[bytes]],
    ) -> Any:
        """Sends a file to the address that the portal gave for it; gives what the portal answered.

        Args:
            address: gives the address.
            field: what the portal calls the field of the form.
            name: the file's name.
            size: its length in bytes.
            pieces: gives its contents, from the beginning each time it is called.
        """
        ...

    async def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs *work* on the event loop where this portal lives, whichever loop asks."""
        ...

    def run_sync(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The same, blocking the calling thread."""
        ...

    def iterate(self, work: Callable[[], AsyncGenerator[T]]) -> AsyncGenerator[T]:
        """Iterates over *work* on the event loop where this portal lives."""
        ...

    def iterate_sync(self, work: Callable[[], AsyncGenerator[T]]) -> Iterator[T]:
        """The same, blocking the calling thread."""
        ...


portal_in_context: ContextVar[PortalLike | None] = ContextVar("b24orm_portal", default=None)


class _Default:
    portal: PortalLike | None = None


default_portal = _Default()


def current_portal() -> PortalLike:
    """The portal of this context, or else the process-wide default.

    Raises:
        ConfigurationError: there is neither.
    """
    portal = portal_in_context.get() or default_portal.portal
    if portal is None:
        raise ConfigurationError(
            "no portal: use `async with Portal(url):`, `connect(url)`, or `.using(portal)` on the queryset",
        )
    return portal
