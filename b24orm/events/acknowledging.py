"""Acknowledges offline events: at once, but never in more than one request at a time, so that many share one."""

from __future__ import annotations

import asyncio
import logging

from b24orm.command import Command
from b24orm.context import PortalLike
from b24orm.errors import B24OrmError

__all__ = ["Acknowledger"]


logger = logging.getLogger("b24orm.events")


class Acknowledger:
    """Tells the portal which events of which reservations are done. Lives on the portal's event loop."""

    def __init__(self, portal: PortalLike) -> None:
        self._portal = portal
        self._waiting: dict[str, list[int]] = {}
        self._task: asyncio.Task[None] | None = None
        self._error: Exception | None = None

    def add(self, process: str, id: int) -> None:
        """Acknowledges the record *id* of the reservation *process*, soon."""
        if process:  # otherwise the portal deleted it when it gave it
            self._waiting.setdefault(process, []).append(id)
            self._start()

    def check(self) -> None:
        """Raises what became of acknowledging, if it went wrong; what is left is tried again with the next one."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    async def flush(self) -> None:
        """Returns when the portal has everything.

        Raises:
            PortalError, TransportError: it does not.
        """
        self.check()
        while self._waiting or self._task is not None:
            await asyncio.shield(self._start())
            self.check()

    async def close(self) -> None:
        """The same for a consumer that ends, and is not interested in errors any more: they are logged.

        What is not acknowledged comes again.
        """
        try:
            await self.flush()
        except B24OrmError as error:
            logger.warning("offline events are not acknowledged, and come again: %s", error)

    def _start(self) -> asyncio.Task[None]:
        if self._task is None:
            self._task = asyncio.create_task(self._send())
        return self._task

    async def _send(self) -> None:
        taken: dict[str, list[int]] = {}
        try:
            while self._waiting:
                taken, self._waiting = self._waiting, {}
                for process in list(taken):
                    # Clearing what is cleared already does no harm.
                    params = {"process_id": process, "id": taken[process]}
                    (await self._portal.submit(Command("event.offline.clear", params, replay="safe"))).unwrap()
                    del taken[process]
        except Exception as error:
            self._error = error
            for process, ids in taken.items():
                self._waiting[process] = ids + self._waiting.get(process, [])
        finally:
            self._task = None
