"""A portal that meters operating time, and a client that does what its budget says: both in simulated time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from b24orm.limits import Limits, OperatingBudget
from b24orm.sandbox.caller import Caller
from b24orm.sandbox.limits import Hit, OperatingTime
from b24orm.sandbox.refusal import Refusal
from tests.limits.virtual import VirtualClock

METHOD = "crm.item.list"
CALLER = Caller(1, "webhook")


@dataclass
class Report:
    """What the portal saw."""

    seconds: float = 0.0  # of operating time, billed or not
    commands: int = 0
    refused: int = 0
    highest: float = 0.0  # operating time within any window
    rests: list[str] = field(default_factory=list)
    asked: int = 0  # how often the client asked for the wait
    left: list[float] = field(default_factory=list)  # when requests left


@dataclass
class Client:
    """Sends requests of *unit* commands, *slots* at once, as soon as the budget allows.

    *costs* and *lateness* say what the n-th command costs the portal and how long the n-th message travels, in seconds.
    What the answers tell can be cut down: no ``duration``, no ``finish``, no ``operating_reset_at``.
    """

    costs: Callable[[int], float]
    slots: int = 4
    unit: int = 1
    rate: float = 2.0
    lateness: Callable[[int], float] = lambda _: 0.1
    tells: frozenset[str] = frozenset({"duration", "finish", "reset"})
    limits: Limits = field(default_factory=Limits.standard)
    skew: float = 0.0  # how far our clock is ahead of the portal's, seconds
    foreign: float = 0.0  # operating time that another client used shortly before
    loses: Callable[[int], bool] = lambda _: False  # which answers get lost

    def run(self, seconds: float, *, ahead: float = 0.0) -> Report:
        """Let *seconds* pass; *ahead* seconds before, the other client used its time, evenly from then to now."""
        return _Run(self, ahead).until(seconds)


class _Run:
    def __init__(self, client: Client, ahead: float) -> None:
        self.client = client
        self.clock = VirtualClock()
        self.clock.now = ahead
        self.budget = OperatingBudget(client.limits, self.clock)
        self.meter = OperatingTime(client.limits, self.portal_time)
        self.report = Report()
        self.events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.order = count()
        self.messages = count()
        self.commands = count()
        self.requests = count()
        self.free = client.slots
        self.not_before = 0.0
        self.woken_at = -1.0
        parts = 1 + int(ahead // 20)
        for part in range(parts):
            self.clock.now = ahead * part / parts
            self.meter.add(CALLER.client, METHOD, client.foreign / parts, self.portal_time())
        self.clock.now = ahead

    def portal_time(self) -> float:
        return self.clock.time() - self.client.skew

    def until(self, seconds: float) -> Report:
        end = self.clock.now + seconds
        self.ask()
        while self.events and self.events[0][0] <= end:
            at, _, action, details = heapq.heappop(self.events)
            self.clock.now = max(self.clock.now, at)
            action(*details)
            self.ask()
        return self.report

    def later(self, delay: float, action: Callable[..., None], *details: Any) -> None:
        heapq.heappush(self.events, (self.clock.now + delay, next(self.order), action, details))

    def ask(self) -> None:
        while self.free:
            self.report.asked += 1
            wait = self.budget.wait_time(METHOD, self.client.unit)
            if (rest := self.budget.rest_of(METHOD)) is not None:
                self.report.rests.append(str(rest))
            wait = max(wait, self.not_before - self.clock.now)
            if wait > 0:
                if self.woken_at <= self.clock.now or self.clock.now + wait < self.woken_at:
                    self.woken_at = self.clock.now + wait
                    self.later(wait, lambda: None)
                return
            self.free -= 1
            self.not_before = self.clock.now + 1 / self.client.rate
            self.budget.depart(METHOD, self.client.unit)
            self.report.left.append(self.clock.now)
            self.later(
                self.client.lateness(next(self.messages)), self.begin, Hit(self.meter, CALLER), self.client.unit, []
            )

    def begin(self, hit: Hit, commands: int, answers: list[dict[str, float] | None]) -> None:
        if len(answers) == commands:
            hit.close()
            self.report.highest = max(self.report.highest, self.meter.used(CALLER.client, METHOD))
            self.later(self.client.lateness(next(self.messages)), self.landed, answers)
            return
        try:
            hit.check(METHOD)
        except Refusal:
            self.report.refused += 1
            self.begin(hit, commands, [*answers, None])
            return
        cost = self.client.costs(next(self.commands))
        self.later(cost, self.finish, hit, commands, answers, cost)

    def finish(self, hit: Hit, commands: int, answers: list[dict[str, float] | None], cost: float) -> None:
        told = hit.spend(METHOD, cost, self.portal_time() - cost)
        self.report.seconds += cost
        self.report.commands += 1
        self.begin(hit, commands, [*answers, {**told, "finish": self.portal_time(), "duration": cost}])

    def landed(self, answers: list[dict[str, float] | None]) -> None:
        self.free += 1
        lost = len(answers) if self.client.loses(next(self.requests)) else 0
        tells = self.client.tells
        for answer in answers if not lost else []:
            if answer is None:
                self.budget.blocked(METHOD)
            elif "operating" in answer:
                self.budget.observe(
                    METHOD,
                    answer["operating"],
                    answer["operating_reset_at"] if "reset" in tells else None,
                    portal_time=answer["finish"] if "finish" in tells else None,
                    duration=answer["duration"] if "duration" in tells else None,
                )
        self.budget.landed(METHOD, len(answers), lost=lost)
