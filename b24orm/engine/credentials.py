"""`Credentials`: what lets requests in is renewed before they leave, once for all that wait.

Where it stands on the road: in the dispatcher, before a request gets its place in the bucket. Whoever waits there
cannot leave without a token anyway, so one renewal serves all, and the limits count each request in the moment in which
it really leaves. What was refused because its token had expired did not run; it goes back into the queue like anything
else that is sent again, a single command of a batch as well, and its second request is counted like any other.
"""

from __future__ import annotations

import asyncio

from b24orm.engine.work import Work
from b24orm.errors import B24OrmError, ConfigurationError, TransportError
from b24orm.limits import Clock, backoff
from b24orm.transport import Transport, expired

__all__ = ["Credentials"]

_ATTEMPTS = 3
_FAREWELL = 5.0  # seconds that a renewal under way gets when the portal is closed: lost tokens cannot be had again
_MOST_RENEWALS = 1  # for one piece of work: a token that was just issued and has expired will not get better


class Credentials:
    """Renews what lets requests in.

    Args:
        transport: knows how.
        clock: waits before another try.
    """

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._renewal: asyncio.Task[B24OrmError | None] | None = None

    @property
    def due(self) -> bool:
        """Whether `renewed` is to be awaited before a request leaves."""
        return self._transport.due

    async def renewed(self) -> B24OrmError | None:
        """None as soon as requests may leave, or why they may not.

        Whoever waits here may give up; the renewal goes on, as its tokens must not get lost on their way.
        """
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew(), name="b24orm-renewal")
            self._renewal.add_done_callback(self._done)
        return await asyncio.shield(self._renewal)

    def worth_it(self, work: Work, error: B24OrmError | None) -> bool:
        """Whether *work* failed for its token alone, and may be sent again with another one."""
        if not expired(error) or work.shown is None or not self._transport.rejected(work.shown):
            return False
        if work.renewals >= _MOST_RENEWALS or work.future.done():
            return False
        work.renewals += 1
        return True

    async def settle(self) -> None:
        """Wait for a renewal that is under way."""
        renewal = self._renewal
        if renewal is not None:
            await asyncio.wait({renewal}, timeout=_FAREWELL)
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)

    async def _renew(self) -> B24OrmError | None:
        failure: TransportError | None = None
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._transport.renew()
            except TransportError as error:
                # Sent again even if it may have arrived: if the server has spent the refresh token, it says so.
                failure = error
            except B24OrmError as error:
                return error
            except Exception as error:  # of a store or a function of the user's
                return ConfigurationError(f"the access token could not be renewed: {type(error).__name__}")
            else:
                return None
            if attempt < _ATTEMPTS:
                await self._clock.sleep(backoff(attempt))
        # What waits was never sent, whatever became of the requests for tokens.
        return TransportError(f"no access token: {failure}", sent=False)

    def _done(self, renewal: asyncio.Task[B24OrmError | None]) -> None:
        if self._renewal is renewal:
            self._renewal = None
