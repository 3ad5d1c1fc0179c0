"""`Offer`: which methods of REST 3.0 a portal offers, asked for once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from b24orm.command import Command, Outcome
from b24orm.errors import B24OrmError
from b24orm.narrow import is_mapping

__all__ = ["Offer"]

logger = logging.getLogger("b24orm.portal")

# Its answer is the OpenAPI document itself, with a path for each method: api-reference/rest-v3.md#openapi
_DOCUMENTATION = "rest.documentation.openapi"

_NOTHING: frozenset[str] = frozenset()


class Offer:
    """The methods of REST 3.0 at one portal.

    A portal that has no REST 3.0, or does not answer with a list of methods, offers none: the classic methods do. A
    portal that cannot be reached is asked again the next time.

    Attributes:
        methods: their names; None as long as nobody asked.
    """

    __slots__ = ("_asking", "_refused", "methods")

    def __init__(self) -> None:
        self.methods: Collection[str] | None = None
        self._refused: set[str] = set()
        self._asking: asyncio.Lock | None = None

    async def ask(self, submit: Callable[[Command], Awaitable[Outcome]]) -> Collection[str]:
        """The methods; those who ask at the same time share one request."""
        if self.methods is not None:
            return self.methods
        self._asking = self._asking or asyncio.Lock()
        async with self._asking:
            if self.methods is None:
                outcome = await submit(Command(_DOCUMENTATION, version=3))
                found = _methods(outcome)
                if found is None:
                    return _NOTHING
                self.methods = found - self._refused
        return self.methods

    def strike(self, method: str) -> None:
        """*method* is not offered, whatever the portal says."""
        self._refused.add(method)
        if self.methods is not None:
            self.methods = frozenset(self.methods) - self._refused


def _methods(outcome: Outcome) -> frozenset[str] | None:
    """The methods in the portal's answer, none if it answered anything else; None if it could not be asked."""
    response = outcome.response
    if response is None:
        logger.info("REST 3.0 is not used: %s", outcome.error)
        return None if _may_pass(outcome.error) else _NOTHING
    paths = response.result.get("paths") if is_mapping(response.result) else None
    if not is_mapping(paths):
        return _NOTHING
    return frozenset(str(path).removeprefix("/") for path in paths)


def _may_pass(error: B24OrmError | None) -> bool:
    """Whether the portal might answer another time: a page with the status 404 is an answer, too."""
    status: int | None = getattr(error, "status", None)
    return status is None or status >= 500 or status in (408, 425, 429)
