"""`Exchange`: one request, and what becomes of the work that it carried: an answer for each, or another try."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from b24orm.command import Outcome
from b24orm.compiler import query_string
from b24orm.engine.again import may_be_under_way, may_repeat, pause
from b24orm.engine.answers import (
    BatchAnswer,
    done_before,
    halts,
    keys_of,
    left_out,
    lost,
    nothing_ran,
    reason_of,
    succeeded,
)
from b24orm.engine.credentials import Credentials
from b24orm.engine.meters import BATCH, Meters
from b24orm.engine.work import Work, calls_of
from b24orm.errors import B24OrmError, OperatingLimit, PortalError, RateLimited, TransportError
from b24orm.limits import Clock
from b24orm.transport import Envelope, Page, Transport, expired, read_batch, retryable

__all__ = ["Exchange"]

# A timeout after fewer seconds than this does not tell that the batch was too long.
LONG_SECONDS = 5.0
# A request may go on at the portal for so long after its connection broke (``settings/performance/limits.md``). Two
# with the same Idempotency-Key may both run if they are under way together (``api-reference/rest-v3.md``): the second
# waits.
REQUEST_SECONDS = 60.0

_DONE = succeeded(True, None, None, None)  # a deletion that an earlier attempt brought about


class Exchange:
    """Sends requests that may leave.

    Args:
        transport: sends one.
        meters: are told what came back.
        credentials: know whether a request that was not let in is worth another.
        clock: the time.
        queue_again: puts work back into the queue.
    """

    def __init__(
        self,
        transport: Transport,
        meters: Meters,
        credentials: Credentials,
        clock: Clock,
        queue_again: Callable[[Work], None],
    ) -> None:
        self._transport = transport
        self._meters = meters
        self._stats = meters.stats
        self._credentials = credentials
        self._clock = clock
        self._queue_again = queue_again

    async def send(self, batch: list[Work], left: float, under_way: Callable[[], int]) -> None:
        """Sends *batch*, and tells each work what became of it, or queues it again.

        Args:
            left: when it leaves: now, monotonic seconds.
            under_way: how many requests are under way.
        """
        counts = calls_of(batch)  # now: what comes back may shorten the works
        answered = False
        try:
            answered = await self._exchange(batch, left, under_way)
        finally:
            for method, calls in counts.items():
                self._meters.budget.landed(method, calls, lost=0 if answered else calls)

    async def _exchange(self, batch: list[Work], left: float, under_way: Callable[[], int]) -> bool:
        """One request and what follows from it. Whether the portal answered it."""
        self._stats.requests += 1
        shown = self._transport.token
        for work in batch:
            work.attempts += 1
            work.shown = shown
            self._stats.commands += len(work.sent)
            self._stats.retries += len(work.sent) if work.attempts > 1 else 0
        only = batch[0] if len(batch) == 1 and len(batch[0].sent) == 1 else None
        trouble = True
        try:
            if only is not None:
                envelope = await self._post(only)
            else:
                envelope = await self._transport.post(BATCH, self._body(batch), parse=self._parse(batch))
            trouble = False
        except (PortalError, TransportError) as error:
            answered = isinstance(error, PortalError)
            trouble = (not answered or error.status in (502, 504)) and not isinstance(error, RateLimited)
            self._refused(batch, error, left)
            return answered
        finally:
            self._meters.concurrency.landed(
                self._clock.monotonic() - left,
                commands=sum(len(work.sent) for work in batch),
                trouble=trouble,
                departed_at=left,
                under_way=under_way(),
            )
        self._accepted(batch, envelope, only)
        return True

    async def _post(self, work: Work) -> Envelope:
        """One call, alone."""
        command = work.sent[0]
        parse = None if work.parser is None else work.parser.read_plain
        if command.version == 2:
            return await self._transport.post(command.method, work.params[0], parse=parse)
        envelope = await self._transport.post(command.method, work.params[0], parse=parse, version=3, key=work.key)
        self._meters.knows_keys |= envelope.keyed
        self._stats.replayed += envelope.replayed
        return envelope

    def _accepted(self, batch: list[Work], envelope: Envelope, only: Work | None) -> None:
        self._meters.accepted(envelope, calls_of(batch))
        if only is not None:
            self._meters.observe(only.sent[0].method, envelope.time)
            only.deliver([succeeded(envelope.result, envelope.total, envelope.next, envelope.time)])
            return
        self._meters.observe(BATCH, envelope.time)
        parts = BatchAnswer(envelope, halt=halts(batch), redact=self._transport.redact)
        for work, keys in zip(batch, keys_of(batch), strict=True):
            self._settle(work, [parts.outcome(key, command) for key, command in zip(keys, work.sent, strict=True)])

    @staticmethod
    def _parse(batch: list[Work]) -> Callable[[bytes], Any] | None:
        """How to read the answer of *batch*: lists as pages of rows."""
        if all(work.parser is None for work in batch):
            return None
        parsers = {key: work.parser for work, keys in zip(batch, keys_of(batch), strict=True) for key in keys}
        return partial(read_batch, parsers=parsers)

    def _body(self, batch: list[Work]) -> dict[str, Any]:
        commands = {
            key: query_string(command.method, params)
            for work, keys in zip(batch, keys_of(batch), strict=True)
            for key, command, params in zip(keys, work.sent, work.params, strict=False)
        }
        return {"halt": int(halts(batch)), "cmd": commands}

    # -- again -----------------------------------------------------------------------------------------------------

    def _settle(self, work: Work, outcomes: list[Outcome]) -> None:
        """Hands *outcomes* over, or queues the work again if its first command failed in a way that allows it."""
        for command, outcome in zip(work.sent, outcomes, strict=True):
            if outcome.response is not None:
                self._meters.observe(command.method, outcome.response.time)
                if isinstance(outcome.response.result, Page):
                    self._meters.page_sizes.saw(command.method, len(outcome.response.result))
            elif isinstance(outcome.error, OperatingLimit):
                self._meters.blocked(command.method)
            elif isinstance(outcome.error, RateLimited):
                self._stats.refusals += 1
            elif expired(outcome.error) and work.shown is not None:
                self._transport.rejected(work.shown)
        failed = next((outcome.error for outcome in outcomes if outcome.error is not None), None)
        # Later commands of a chain may have run though the first did not: only reads may be repeated along with it.
        repeatable = len(outcomes) == 1 or work.replay_safe or nothing_ran(outcomes)
        if done_before(work, outcomes[0]):
            outcomes, failed = [_DONE], None
        error = outcomes[0].error
        if (
            error is not None
            and repeatable
            and self._again(work, error, self._clock.monotonic() + pause(error, work.attempts))
        ):
            return
        if error is None and failed is not None and retryable(failed) != "never":
            self._stats.reasons[reason_of(failed)] += 1  # whoever reads goes on from there
            self._stats.retries += 1
        _deliver(work, outcomes)

    def _refused(self, batch: list[Work], error: PortalError | TransportError, left: float) -> None:
        """The request as a whole, which left at that moment, failed."""
        if isinstance(error, RateLimited):
            self._stats.refusals += 1
            self._meters.bucket.refused(left)
        elif isinstance(error, OperatingLimit):
            self._meters.blocked(BATCH if sum(len(work.sent) for work in batch) > 1 else batch[0].sent[0].method)
        elif isinstance(error, PortalError):
            self._meters.answered()
        timed_out = isinstance(error, TransportError) and error.timed_out
        # A gateway that gives up at once has troubles of its own: only if it does so again, the batch is to blame.
        to_blame = self._clock.monotonic() - left > LONG_SECONDS or any(work.attempts > 1 for work in batch)
        halved = timed_out and to_blame and self._halve(batch)
        resume = self._clock.monotonic() + pause(error, max(work.attempts for work in batch))
        if isinstance(error, RateLimited | OperatingLimit) or expired(error):
            resume = 0.0  # the limits, and the renewal of a token, have a waiting time of their own
        # To learn what a batch may hold costs a few requests, once: after it, none of that size leaves.
        paid = halved or retryable(error) == "never" or self._meters.retries.spend()
        if batch[0].key is not None and may_be_under_way(error):
            resume = max(resume, left + REQUEST_SECONDS)
        for work in batch:
            work.attempts -= halved
            # Together, so that they share a request again.
            if not paid or not self._again(work, error, resume):
                outcomes = [lost(command, error, doubtful=work.doubtful) for command in work.sent]
                _deliver(work, [_DONE] if done_before(work, outcomes[0]) else outcomes)

    def _halve(self, batch: list[Work]) -> bool:
        """After a batch that took too long: half of its commands a request from now on, down to single calls."""
        commands = sum(len(work.sent) for work in batch)
        if commands == 1 or any(work.halt is not None for work in batch):
            return False
        for method in calls_of(batch):
            self._meters.sizes.too_long(method, commands)
        for work in batch:
            work.most = max(1, min(work.most, commands // 2))
        return True

    def _again(self, work: Work, error: B24OrmError, resume: float) -> bool:
        """Queues *work* again for the moment *resume*, if it may be sent again."""
        fresh = self._credentials.worth_it(work, error)
        if not fresh and not may_repeat(work, error, reached=self._meters.reached, keyed=self._meters.knows_keys):
            return False
        self._stats.reasons[reason_of(error)] += 1
        work.doubtful |= retryable(error) == "reads"
        work.not_before = resume
        self._queue_again(work)
        return True


def _deliver(work: Work, outcomes: list[Outcome]) -> None:
    work.deliver([*outcomes, *(left_out(command) for command in work.commands[len(outcomes) :])])
