"""The one road to the portal: a queue of commands, packed into requests when the limits grant one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from b24orm.command import Command, Outcome
from b24orm.engine.again import attempts_for
from b24orm.engine.answers import barred, reason_of
from b24orm.engine.credentials import Credentials
from b24orm.engine.exchange import Exchange
from b24orm.engine.meters import BATCH, TARGET_SECONDS, Meters
from b24orm.engine.places import Place, Places
from b24orm.engine.work import MAX_COMMANDS, Work, calls_of
from b24orm.errors import ConfigurationError, PortalError, RateLimited, TransportError
from b24orm.limits import Clock, Limits, SystemClock, backoff
from b24orm.transport import FileWire, PageParser, Transport, expired, retryable

__all__ = ["Dispatcher"]

# Tasks that start together reach the queue within a few turns of the event loop: let them, to share a request.
SETTLING_TURNS = 4

_NOTHING: Mapping[str, int] = {}


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
        self._meters = meters = Meters(limits, self._clock, max_concurrency=max_concurrency)
        self._budget, self._sizes = meters.budget, meters.sizes
        self.page_sizes, self.rests, self.stats, self.throttle = (
            meters.page_sizes,
            meters.rests,
            meters.stats,
            meters.throttle,
        )
        self._queue: deque[Work] = deque()
        self._wake = asyncio.Event()
        self._flying: dict[asyncio.Task[None], list[Work]] = {}
        self._places = Places(self._wake.set)
        self._credentials = Credentials(transport, self._clock)
        self._exchange = Exchange(transport, meters, self._credentials, self._clock, self._enqueue)
        self._loop_task: asyncio.Task[None] | None = None

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
        return self._meters.fits(method)

    def expected(self, method: str) -> float:
        """Seconds that the portal takes for one call of *method*, as it told lately; 0.0 if unknown."""
        return self._sizes.expected(method)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once, at the moment."""
        return self._meters.most_under_way

    def bytes_per_command(self, method: str) -> float:
        """How long the answers of *method* were lately; 0.0 if unknown."""
        return self._meters.bytes_per_command(method)

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
                self._meters.bucket.refused(place.left)
                raise
            except PortalError as error:
                self._meters.answered()
                if shown is not None and expired(error):
                    self._transport.rejected(shown)
                raise
            self._meters.answered()
            self._meters.retries.earn()

    async def transfer_again(self, error: PortalError | TransportError, attempts: int) -> bool:
        """Whether a file that failed so may travel once more: after a while, if it has not been tried too often."""
        if expired(error) and self._transport.token is not None and attempts == 1:
            self.stats.reasons[reason_of(error)] += 1
            return True  # with another token
        if retryable(error) == "never":
            return False
        if attempts >= attempts_for(error, reached=self._meters.reached) or not self._meters.retries.spend():
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
        while (wait := self._meters.wait) > 0:
            self.stats.waited += wait
            await self._clock.sleep(wait)
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)
        if self._places.wanted(self.concurrency, beside=self._commands_wait):
            self._places.give(self._meters.leave())
            return
        batch = self._pick()
        if not batch:
            return
        left = self._meters.leave()
        for method, calls in calls_of(batch).items():
            self._budget.depart(method, calls)
        sending = self._exchange.send(batch, left, lambda: len(self._flying))
        task = asyncio.create_task(sending, name="b24orm-request")
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
