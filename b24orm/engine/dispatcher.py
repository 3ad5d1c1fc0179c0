"""The one road to the portal: a queue of commands, packed into requests when the limits grant one."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from typing import Any

from b24orm.command import Command, Outcome
from b24orm.compiler import query_string
from b24orm.engine.answers import BatchAnswer, halts, keys_of, lost, succeeded
from b24orm.engine.stats import Stats
from b24orm.engine.work import Work
from b24orm.errors import (
    B24OrmError,
    ConfigurationError,
    OperatingLimit,
    PortalError,
    RateLimited,
    TransportError,
)
from b24orm.limits import Clock, LeakyBucket, Limits, OperatingBudget, SystemClock
from b24orm.transport import Transport, as_map, retryable

__all__ = ["Dispatcher"]

BATCH_SIZE = 50  # https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html
MAX_ATTEMPTS = 6
FIRST_CONTACT_ATTEMPTS = 3
DEFAULT_CONCURRENCY = 8
# A request may last 60 s in the cloud; what is expected to take longer than this is not packed into one.
TARGET_SECONDS = 20.0
# Tasks that start together reach the queue within a few turns of the event loop: let them, to share a request.
SETTLING_TURNS = 4
FIRST_BACKOFF = 0.5
LAST_BACKOFF = 30.0


class Dispatcher:
    """Packs waiting commands into requests, sends them within the limits, and tells each what became of it.

    Args:
        transport: sends one request.
        limits: what the portal allows.
        max_concurrency: requests under way at once.
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
        self._slots = asyncio.Semaphore(max_concurrency or DEFAULT_CONCURRENCY)
        self._queue: deque[Work] = deque()
        self._wake = asyncio.Event()
        self._flying: dict[asyncio.Task[None], list[Work]] = {}
        self._pace: dict[str, float] = {}
        self._loop_task: asyncio.Task[None] | None = None
        self._reached = False  # whether the portal ever answered
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
        for work in waiting:
            work.break_off(ConfigurationError("the portal was closed before the answer came"))
        await self._transport.close()

    async def run(self, command: Command) -> Outcome:
        """What becomes of one command. It may share a batch with others that wait at the same time."""
        return (await self._submit(Work([command], chained=False)))[0]

    async def run_chain(self, commands: Sequence[Command], *, halt: bool | None = None) -> list[Outcome]:
        """What becomes of commands that refer to each other's results; they travel in one batch, in order.

        With *halt* given they share the batch with no others, and the portal stops at the first failure or not.

        A chain is sent again as a whole if its first command failed in a way that allows it. If a later one failed, the
        outcomes are handed back as they are: the caller knows where to go on.
        """
        return await self._submit(Work(commands, chained=True, halt=halt))

    def chain_length(self, method: str) -> int:
        """How many calls of *method* fit into one request without making it too long."""
        pace = self._pace.get(method.lower(), 0.0)
        return BATCH_SIZE if pace * BATCH_SIZE <= TARGET_SECONDS else max(1, int(TARGET_SECONDS / pace))

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
                if delay == 0.0:
                    await self._launch()
                else:
                    await self._rest(delay)
        except Exception as error:  # a bug of ours must not leave anyone waiting for ever
            self._loop_task = None
            while self._queue:
                self._queue.popleft().break_off(error)
            raise

    async def _launch(self) -> None:
        """Waits for a free slot and a free place in the bucket; packs last, so that the most can share the request."""
        await self._slots.acquire()
        batch: list[Work] = []
        try:
            while (wait := self._bucket.wait_time()) > 0:
                self.stats.waited += wait
                await self._clock.sleep(wait)
            for _ in range(SETTLING_TURNS):
                await asyncio.sleep(0)
            batch = self._pick()
        finally:
            if not batch:
                self._slots.release()
        if not batch:
            return
        self._bucket.take()
        task = asyncio.create_task(self._send(batch), name="b24orm-request")
        self._flying[task] = batch
        task.add_done_callback(self._landed)
        for work in batch:
            work.future.add_done_callback(lambda _: self._abandon(task))

    def _landed(self, task: asyncio.Task[None]) -> None:
        batch = self._flying.pop(task)
        self._slots.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            for work in batch:
                work.break_off(error)

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

    def _ready_in(self, work: Work) -> float:
        rests = (self._budget.wait_time(command.method) for command in work.commands)
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

    def _pick(self) -> list[Work]:
        """Takes the work of the next request out of the queue, oldest first."""
        batch: list[Work] = []
        kept: list[Work] = []
        room, seconds = BATCH_SIZE, TARGET_SECONDS
        while self._queue and room > 0:
            work = self._queue.popleft()
            if work.future.done():
                continue
            expected = sum(self._pace.get(command.method.lower(), 0.0) for command in work.commands)
            fits = len(work.commands) <= room and (not batch or expected <= seconds)
            if not fits or (work.alone and batch) or self._ready_in(work) > 0:
                kept.append(work)
                continue
            batch.append(work)
            room -= len(work.commands)
            seconds -= expected
            if work.alone:
                break
        self._queue.extendleft(reversed(kept))
        return batch

    async def _send(self, batch: list[Work]) -> None:
        self.stats.requests += 1
        for work in batch:
            work.attempts += 1
            self.stats.commands += len(work.commands)
            self.stats.retries += len(work.commands) if work.attempts > 1 else 0
        only = batch[0] if len(batch) == 1 and len(batch[0].commands) == 1 else None
        try:
            if only is not None:
                envelope = await self._transport.post(only.commands[0].method, only.params[0])
            else:
                envelope = await self._transport.post("batch", self._body(batch))
        except (PortalError, TransportError) as error:
            self._refused(batch, error)
            return
        self._reached = True
        self._bucket.accepted()
        self.stats.bytes += envelope.size
        if only is not None:
            self._observe(only.commands[0].method, envelope.time)
            only.deliver([succeeded(envelope.result, envelope.total, envelope.next, envelope.time)])
            return
        parts = BatchAnswer(envelope, halt=halts(batch))
        for work, keys in zip(batch, keys_of(batch), strict=True):
            self._settle(work, [parts.outcome(key, command) for key, command in zip(keys, work.commands, strict=True)])

    def _body(self, batch: list[Work]) -> dict[str, Any]:
        commands = {
            key: query_string(command.method, params)
            for work, keys in zip(batch, keys_of(batch), strict=True)
            for key, command, params in zip(keys, work.commands, work.params, strict=True)
        }
        return {"halt": int(halts(batch)), "cmd": commands}

    def _observe(self, method: str, time: Any) -> None:
        block = as_map(time)
        operating, duration = block.get("operating"), block.get("duration")
        if isinstance(operating, int | float):
            reset = block.get("operating_reset_at")
            finish = block.get("finish")
            self._budget.observe(
                method,
                float(operating),
                float(reset) if isinstance(reset, int | float) else None,
                portal_time=float(finish) if isinstance(finish, int | float) else None,
            )
        if isinstance(duration, int | float):
            name = method.lower()
            known = self._pace.get(name)
            self._pace[name] = float(duration) if known is None else known + (float(duration) - known) / 5

    def _settle(self, work: Work, outcomes: list[Outcome]) -> None:
        """Hands *outcomes* over, or queues the work again if its first command failed in a way that allows it."""
        for command, outcome in zip(work.commands, outcomes, strict=True):
            if outcome.response is not None:
                self._observe(command.method, outcome.response.time)
            elif isinstance(outcome.error, OperatingLimit):
                self._budget.blocked(command.method)
        error = outcomes[0].error
        # Later commands of a chain may have run though the first did not: only reads may be repeated along with it.
        repeatable = len(outcomes) == 1 or work.replay_safe
        if error is not None and repeatable and self._again(work, error, self._resume_at(error, work.attempts)):
            return
        work.deliver(outcomes)

    def _refused(self, batch: list[Work], error: PortalError | TransportError) -> None:
        """The request as a whole failed."""
        if isinstance(error, RateLimited):
            self.stats.refusals += 1
            self._bucket.refused()
        elif isinstance(error, PortalError):
            self._reached = True
            self._bucket.accepted()
        resume = self._resume_at(error, max(work.attempts for work in batch))
        for work in batch:
            if isinstance(error, OperatingLimit):
                self._budget.blocked(work.commands[0].method)
            if not self._again(work, error, resume):  # together, so that they share a request again
                work.deliver([lost(command, error) for command in work.commands])

    def _resume_at(self, error: B24OrmError, attempts: int) -> float:
        """When to send again after *error*: later each time, and not all clients at the same moment."""
        if isinstance(error, RateLimited | OperatingLimit):
            return 0.0  # the limits have a waiting time of their own
        backoff: float = min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** (attempts - 1))
        return self._clock.monotonic() + backoff * random.uniform(0.5, 1.0)

    def _again(self, work: Work, error: B24OrmError, resume: float) -> bool:
        """Queues *work* again for the moment *resume*, if that is safe, worth it, and wanted."""
        verdict = retryable(error)
        allowed = verdict == "always" or (verdict == "reads" and work.replay_safe)
        # A portal that never answered is more likely a wrong address than a passing trouble: say so soon.
        attempts = MAX_ATTEMPTS if self._reached or not isinstance(error, TransportError) else FIRST_CONTACT_ATTEMPTS
        if not allowed or work.attempts >= attempts or work.future.done():
            return False
        work.not_before = resume
        self._enqueue(work)
        return True
