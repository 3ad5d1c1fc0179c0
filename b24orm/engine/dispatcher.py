"""The one road to the portal: a queue of commands, packed into requests when the limits grant one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from b24orm.command import Command, Outcome
from b24orm.compiler import query_string
from b24orm.engine.again import attempts_for, may_be_under_way, may_repeat, pause
from b24orm.engine.answers import (
    BatchAnswer,
    barred,
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
from b24orm.engine.pagesizes import PageSizes
from b24orm.engine.places import Place, Places
from b24orm.engine.rests import Rests
from b24orm.engine.stats import Stats
from b24orm.engine.work import MAX_COMMANDS, Work
from b24orm.errors import (
    B24OrmError,
    ConfigurationError,
    OperatingLimit,
    PortalError,
    RateLimited,
    TransportError,
)
from b24orm.limits import (
    BatchSize,
    Clock,
    Concurrency,
    LeakyBucket,
    Limits,
    OperatingBudget,
    RetryBudget,
    SystemClock,
    Throttle,
    backoff,
)
from b24orm.transport import Envelope, FileWire, Page, PageParser, Transport, as_map, expired, read_batch, retryable

__all__ = ["Dispatcher"]

# Requests under way at once: to begin with, and at most, unless the user says otherwise.
FIRST_CONCURRENCY = 16
MOST_CONCURRENCY = 20
# A request may last 60 s in the cloud; what is expected to take longer than this is not packed into one.
TARGET_SECONDS = 20.0
# A timeout after fewer seconds than this does not tell that the batch was too long.
LONG_SECONDS = 5.0
# A request may go on at the portal for so long after its connection broke (``settings/performance/limits.md``). Two
# with the same Idempotency-Key may both run if they are under way together (``api-reference/rest-v3.md``): the second
# waits.
REQUEST_SECONDS = 60.0
# Tasks that start together reach the queue within a few turns of the event loop: let them, to share a request.
SETTLING_TURNS = 4

_NOTHING: Mapping[str, int] = {}

BATCH = "batch"  # the method, whose own server time is tracked beside that of its commands


class Dispatcher:
    """Packs waiting commands into requests, sends them within the limits, and tells each what became of it.

    Args:
        transport: sends one request.
        limits: what the portal allows.
        max_concurrency: requests under way at once; None lets it follow what the portal can take.
        clock: for tests.
    """

    def __init__(
        self,
        transport: Transport,
        limits: Limits,
        *,
        max_concurrency: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._transport = transport
        self._clock = clock or SystemClock()
        self._bucket = LeakyBucket(limits, self._clock)
        self._budget = OperatingBudget(limits, self._clock)
        most = max_concurrency or MOST_CONCURRENCY
        self._concurrency = Concurrency(most, start=min(most, FIRST_CONCURRENCY), clock=self._clock)
        self._sizes = BatchSize(target_seconds=TARGET_SECONDS, maximum=MAX_COMMANDS)
        self._retries = RetryBudget()
        self.throttle = Throttle(limits, self._clock)
        self._queue: deque[Work] = deque()
        self._wake = asyncio.Event()
        self._flying: dict[asyncio.Task[None], list[Work]] = {}
        self._bytes: dict[str, float] = {}
        self.rests = Rests(self._budget, BATCH)
        self._places = Places(self._wake.set)
        self._credentials = Credentials(transport, self._clock)
        self._loop_task: asyncio.Task[None] | None = None
        self._reached = False  # whether the portal ever answered
        self.knows_keys = False  # whether it has acknowledged an Idempotency-Key
        self.page_sizes = PageSizes()
        self.stats = Stats(operating_source=lambda: self._budget.operating)

    async def open(self) -> None:
        """Starts to serve the queue."""
        await self._transport.open()
        self._loop_task = asyncio.create_task(self._serve(), name="b24orm-dispatcher")

    async def close(self) -> None:
        """Stops at once: what is under way is cancelled, whoever waits is told."""
        tasks = [*self._flying, *([self._loop_task] if self._loop_task else [])]
        waiting = [*self._queue, *(work for batch in self._flying.values() for work in batch)]
        self._loop_task = None
        self._queue.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
        closed = ConfigurationError("the portal was closed before the answer came")
        for work in waiting:
            work.break_off(closed)
        self._places.break_off(closed)
        await self._credentials.settle()
        await self._transport.close()

    # -- what readers ask ------------------------------------------------------------------------------------------

    async def run(self, command: Command, *, parser: PageParser | None = None) -> Outcome:
        """What becomes of one command. It may share a batch with others that wait at the same time.

        Args:
            parser: reads the rows of the answer, if the command is a list; the result may then be a `Page`.
        """
        return (await self._submit(Work([command], chained=False, parser=parser)))[0]

    async def run_all(self, commands: Sequence[Command]) -> list[Outcome]:
        """What becomes of commands that have nothing to do with each other, but are best sent together."""
        if self._loop_task is None:
            raise ConfigurationError("the portal is not open")
        works = [Work([command], chained=False) for command in commands]
        for work in works:
            self._enqueue(work)
        return [outcomes[0] for outcomes in await asyncio.gather(*(work.future for work in works))]

    async def run_chain(
        self,
        commands: Sequence[Command],
        *,
        halt: bool | None = None,
        parser: PageParser | None = None,
    ) -> list[Outcome]:
        """What becomes of commands that refer to each other's results; they travel in one batch, in order.

        With *halt* given they share the batch with no others, and the portal stops at the first failure or not.

        A chain is sent again as a whole if its first command failed in a way that allows it. If a later one failed, the
        outcomes are handed back as they are: the caller knows where to go on. After batches that took too long, only
        the beginning of a chain may be sent; the rest is ``not_executed``.

        Args:
            parser: reads the rows of the answers, if the commands are lists; their results may then be `Page`s.
        """
        return await self._submit(Work(commands, chained=True, halt=halt, parser=parser))

    def fits(self, method: str) -> int:
        """How many calls of *method* fit into one request without making it too long, or wait for too much."""
        return self._budget.together(method, self._sizes.fits(method))

    def expected(self, method: str) -> float:
        """Seconds that the portal takes for one call of *method*, as it told lately; 0.0 if unknown."""
        return self._sizes.expected(method)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once, at the moment."""
        return min(self._concurrency.limit, self.throttle.concurrency)

    def bytes_per_command(self, method: str) -> float:
        """How long the answers of *method* were lately; 0.0 if unknown."""
        return self._bytes.get(method.lower(), 0.0)

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return self._clock.monotonic()

    # -- files (b24orm.engine.transfers) ----------------------------------------------------------------------------

    @property
    def files(self) -> FileWire:
        """Fetches and sends files."""
        return self._transport.files

    @asynccontextmanager
    async def transfer(self, attempt: int) -> AsyncGenerator[Place]:
        """A place among the requests under way, for a file: entered when the limits let one more request leave."""
        if self._loop_task is None:
            raise ConfigurationError("the portal is not open")
        async with self._places.one() as place:
            self.stats.requests += 1
            self.stats.retries += attempt > 1
            shown = self._transport.token
            try:
                yield place
            except RateLimited:
                self.stats.refusals += 1
                self._bucket.refused(place.left)
                raise
            except PortalError as error:
                self._reached = True
                self._bucket.accepted()
                if shown is not None and expired(error):
                    self._transport.rejected(shown)
                raise
            self._reached = True
            self._bucket.accepted()
            self._retries.earn()

    async def transfer_again(self, error: PortalError | TransportError, attempts: int) -> bool:
        """Whether a file that failed so may travel once more: after a while, if it has not been tried too often."""
        if expired(error) and self._transport.token is not None and attempts == 1:
            self.stats.reasons[reason_of(error)] += 1
            return True  # with another token
        if retryable(error) == "never":
            return False
        if attempts >= attempts_for(error, reached=self._reached) or not self._retries.spend():
            return False
        self.stats.reasons[reason_of(error)] += 1
        if not isinstance(error, RateLimited):  # the bucket has a waiting time of its own
            await self._clock.sleep(backoff(attempts))
        return True

    # -- the queue -------------------------------------------------------------------------------------------------

    async def _submit(self, work: Work) -> list[Outcome]:
        if self._loop_task is None:
            raise ConfigurationError("the portal is not open")
        self._enqueue(work)
        return await work.future

    def _enqueue(self, work: Work) -> None:
        self._queue.append(work)
        self._wake.set()

    async def _serve(self) -> None:
        try:
            while True:
                delay = self._until_ready()
                if delay == 0.0 or self._places.wanted(self.concurrency):
                    await self._launch()
                else:
                    await self._rest(delay)
        except Exception as error:  # a bug of ours must not leave anyone waiting for ever
            self._loop_task = None
            while self._queue:
                self._queue.popleft().break_off(error)
            self._places.break_off(error)
            raise

    async def _launch(self) -> None:
        """Waits for a free slot and a free place in the bucket; packs last, so that the most can share the request."""
        while len(self._flying) + self._places.taken >= self.concurrency:
            self._wake.clear()
            await self._wake.wait()  # a request that lands wakes us too
        if self._credentials.due and not await self._let_in():
            return
        while (wait := max(self._bucket.wait_time(), self.throttle.wait_time())) > 0:
            self.stats.waited += wait
            await self._clock.sleep(wait)
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)
        if self._places.wanted(self.concurrency, beside=self._commands_wait):
            self._places.give(self._bucket.take())
            self.throttle.take()
            return
        batch = self._pick()
        if not batch:
            return
        left = self._bucket.take()
        self.throttle.take()
        for method, calls in _counts(batch).items():
            self._budget.depart(method, calls)
        task = asyncio.create_task(self._send(batch, left), name="b24orm-request")
        self._flying[task] = batch
        task.add_done_callback(self._landed)
        for work in batch:
            work.future.add_done_callback(lambda _: self._abandon(task))

    async def _let_in(self) -> bool:
        """Whether requests may leave now that what lets them in was renewed; if not, whoever waits is told."""
        failure = await self._credentials.renewed()
        if failure is None:
            return True
        while self._queue:
            work = self._queue.popleft()
            work.deliver(barred(work, failure))
        self._places.break_off(failure)
        return False

    def _landed(self, task: asyncio.Task[None]) -> None:
        batch = self._flying.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            for work in batch:
                work.break_off(error)
        self._wake.set()

    def _abandon(self, task: asyncio.Task[None]) -> None:
        """Cancels a request that nobody waits for any more."""
        batch = self._flying.get(task)
        if batch is not None and all(work.future.cancelled() for work in batch):
            task.cancel()

    async def _rest(self, delay: float | None) -> None:
        """Waits for new work, at most *delay* seconds."""
        self._wake.clear()
        if delay is None:
            await self._wake.wait()
            return
        waits: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self._wake.wait()),
            asyncio.ensure_future(self._clock.sleep(delay)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _ready_in(self, work: Work, beside: Mapping[str, int] = _NOTHING) -> float:
        """Seconds until *work* may leave, along with so many calls of each method."""
        rests = [self._budget.wait_time(method, count + beside.get(method, 0)) for method, count in work.methods]
        if len(work.sent) > 1:
            rests.append(self._budget.wait_time(BATCH))
        for method, _ in work.methods:
            self.rests.report(method)
        return max(0.0, work.not_before - self._clock.monotonic(), *rests)

    def _until_ready(self) -> float | None:
        """Seconds until some work may leave; None if there is none."""
        while self._queue and self._queue[0].future.done():
            self._queue.popleft()
        shortest: float | None = None
        for work in self._queue:
            delay = self._ready_in(work)
            if delay == 0.0:
                return 0.0
            shortest = delay if shortest is None else min(shortest, delay)
        return shortest

    def _commands_wait(self) -> bool:
        return self._until_ready() == 0.0

    def _pick(self) -> list[Work]:
        """Takes the work of the next request out of the queue, oldest first."""
        batch: list[Work] = []
        kept: list[Work] = []
        # While `batch` itself rests, single calls still may go, each for itself.
        room, seconds = (1 if self._budget.wait_time(BATCH) > 0 else MAX_COMMANDS), TARGET_SECONDS
        taken: dict[str, int] = {}
        while self._queue and room > 0:
            work = self._queue.popleft()
            if work.future.done():
                continue
            count = len(work.sent)
            expected = sum(self._sizes.expected(method) * calls for method, calls in work.methods)
            fits = count <= room and count <= work.most - (MAX_COMMANDS - room) and (not batch or expected <= seconds)
            fits = fits and all(taken.get(m, 0) + n <= self._sizes.fits(m) for m, n in work.methods if batch)
            if not fits or (work.alone and batch) or self._ready_in(work, taken) > 0:
                kept.append(work)
                continue
            batch.append(work)
            for method, calls in work.methods:
                taken[method] = taken.get(method, 0) + calls
            room = min(room - count, work.most - (MAX_COMMANDS - room) - count)
            seconds -= expected
            if work.alone:
                break
        self._queue.extendleft(reversed(kept))
        return batch

    # -- one request -----------------------------------------------------------------------------------------------

    async def _send(self, batch: list[Work], left: float) -> None:
        counts = _counts(batch)  # now: what comes back may shorten the works
        answered = False
        try:
            answered = await self._exchange(batch, left)
        finally:
            for method, calls in counts.items():
                self._budget.landed(method, calls, lost=0 if answered else calls)

    async def _exchange(self, batch: list[Work], left: float) -> bool:
        """One request and what follows from it. Whether the portal answered it."""
        self.stats.requests += 1
        shown = self._transport.token
        for work in batch:
            work.attempts += 1
            work.shown = shown
            self.stats.commands += len(work.sent)
            self.stats.retries += len(work.sent) if work.attempts > 1 else 0
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
            self._concurrency.landed(
                self._clock.monotonic() - left,
                commands=sum(len(work.sent) for work in batch),
                trouble=trouble,
                departed_at=left,
                under_way=len(self._flying),
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
        self.knows_keys |= envelope.keyed
        self.stats.replayed += envelope.replayed
        return envelope

    def _accepted(self, batch: list[Work], envelope: Envelope, only: Work | None) -> None:
        self._reached = True
        self._bucket.accepted()
        self._retries.earn()
        self.stats.bytes += envelope.size
        counts = _counts(batch)
        for method, calls in counts.items():
            self._sizes.went_well(method, calls)
            if len(counts) == 1:
                self._bytes[method] = envelope.size / calls
        if only is not None:
            self._observe(only.sent[0].method, envelope.time)
            only.deliver([succeeded(envelope.result, envelope.total, envelope.next, envelope.time)])
            return
        self._observe(BATCH, envelope.time)
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

    def _observe(self, method: str, time: Any) -> None:
        block = as_map(time)
        operating, duration = _seconds(block.get("operating")), _seconds(block.get("duration"))
        if operating is not None:
            self._budget.observe(
                method,
                operating,
                _seconds(block.get("operating_reset_at")),
                portal_time=_seconds(block.get("finish")),
                duration=duration,
            )
            self.rests.report(method)
        if duration is not None and method != BATCH:
            self._sizes.observe(method, duration)

    def _blocked(self, method: str) -> None:
        self._budget.blocked(method)
        self.rests.report(method)

    # -- again -----------------------------------------------------------------------------------------------------

    def _settle(self, work: Work, outcomes: list[Outcome]) -> None:
        """Hands *outcomes* over, or queues the work again if its first command failed in a way that allows it."""
        for command, outcome in zip(work.sent, outcomes, strict=True):
            if outcome.response is not None:
                self._observe(command.method, outcome.response.time)
                if isinstance(outcome.response.result, Page):
                    self.page_sizes.saw(command.method, len(outcome.response.result))
            elif isinstance(outcome.error, OperatingLimit):
                self._blocked(command.method)
            elif isinstance(outcome.error, RateLimited):
                self.stats.refusals += 1
            elif expired(outcome.error) and work.shown is not None:
                self._transport.rejected(work.shown)
        failed = next((outcome.error for outcome in outcomes if outcome.error is not None), None)
        # Later commands of a chain may have run though the first did not: only reads may be repeated along with it.
        repeatable = len(outcomes) == 1 or work.replay_safe or nothing_ran(outcomes)
        if done_before(work, outcomes[0]):
            outcomes = [succeeded(True, None, None, None)]
            failed = None
        error = outcomes[0].error
        if (
            error is not None
            and repeatable
            and self._again(work, error, self._clock.monotonic() + pause(error, work.attempts))
        ):
            return
        if error is None and failed is not None and retryable(failed) != "never":
            self.stats.reasons[reason_of(failed)] += 1  # whoever reads goes on from there
            self.stats.retries += 1
        work.deliver([*outcomes, *(left_out(command) for command in work.commands[len(outcomes) :])])

    def _refused(self, batch: list[Work], error: PortalError | TransportError, left: float) -> None:
        """The request as a whole, which left at that moment, failed."""
        if isinstance(error, RateLimited):
            self.stats.refusals += 1
            self._bucket.refused(left)
        elif isinstance(error, OperatingLimit):
            self._blocked(BATCH if sum(len(work.sent) for work in batch) > 1 else batch[0].sent[0].method)
        elif isinstance(error, PortalError):
            self._reached = True
            self._bucket.accepted()
        timed_out = isinstance(error, TransportError) and error.timed_out
        # A gateway that gives up at once has troubles of its own: only if it does so again, the batch is to blame.
        to_blame = self._clock.monotonic() - left > LONG_SECONDS or any(work.attempts > 1 for work in batch)
        halved = timed_out and to_blame and self._halve(batch)
        resume = self._clock.monotonic() + pause(error, max(work.attempts for work in batch))
        if isinstance(error, RateLimited | OperatingLimit) or expired(error):
            resume = 0.0  # the limits, and the renewal of a token, have a waiting time of their own
        # To learn what a batch may hold costs a few requests, once: after it, none of that size leaves.
        paid = halved or retryable(error) == "never" or self._retries.spend()
        if batch[0].key is not None and may_be_under_way(error):
            resume = max(resume, left + REQUEST_SECONDS)
        for work in batch:
            work.attempts -= halved
            # Together, so that they share a request again.
            if not paid or not self._again(work, error, resume):
                outcomes = [lost(command, error, doubtful=work.doubtful) for command in work.sent]
                if done_before(work, outcomes[0]):
                    outcomes = [succeeded(True, None, None, None)]
                work.deliver([*outcomes, *(left_out(command) for command in work.commands[len(outcomes) :])])

    def _halve(self, batch: list[Work]) -> bool:
        """After a batch that took too long: half of its commands a request from now on, down to single calls."""
        commands = sum(len(work.sent) for work in batch)
        if commands == 1 or any(work.halt is not None for work in batch):
            return False
        for method in _counts(batch):
            self._sizes.too_long(method, commands)
        for work in batch:
            work.most = max(1, min(work.most, commands // 2))
        return True

    def _again(self, work: Work, error: B24OrmError, resume: float) -> bool:
        """Queues *work* again for the moment *resume*, if it may be sent again."""
        fresh = self._credentials.worth_it(work, error)
        if not fresh and not may_repeat(work, error, reached=self._reached, keyed=self.knows_keys):
            return False
        self.stats.reasons[reason_of(error)] += 1
        work.doubtful |= retryable(error) == "reads"
        work.not_before = resume
        self._enqueue(work)
        return True


def _counts(batch: list[Work]) -> dict[str, int]:
    """How many calls of each method a request carries."""
    counts: dict[str, int] = {}
    for work in batch:
        for method, calls in work.methods:
            counts[method] = counts.get(method, 0) + calls
    return counts


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
