"""`OperatingBudget`: the server time each method has used, and how long one that nears its limit must wait.

The portal adds up the execution time of each method over ten minutes, in ten baskets of one minute, and refuses the
method (that one only) with ``OPERATION_TIME_LIMIT`` while the sum is above the limit. Each answer says in its
``time`` block how much is used (``operating``, seconds) and when the oldest basket is forgotten
(``operating_reset_at``, seconds since the epoch). Source: ``settings/performance/limits.md``.

An answer tells of the past only, so what is under way is counted with what it is expected to cost. Up to `PACED_FROM`
of the limit nothing waits. From there on the seconds that are left are spread over the time until the oldest basket is
forgotten. What would rise above `CEILING` rests until then; after that nobody knows how much was forgotten, and one
request at a time is let through until an answer tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Literal

from b24orm.limits.clock import Clock
from b24orm.limits.costs import CommandCost
from b24orm.limits.ledger import WINDOW, Ledger
from b24orm.limits.settings import Limits

__all__ = ["CEILING", "PACED_FROM", "OperatingBudget", "Rest"]

PACED_FROM = 0.70
"""Share of the limit above which calls are spread over time."""
CEILING = 0.95
"""Share of the limit that is not exceeded, counting what is under way."""

_UNKNOWN_REST = 60.0  # seconds, one basket: the portal did not say how long
_ASK_AGAIN = 1.0  # seconds, while the answer to wait for is under way
_ROUNDING = 1.0  # seconds: portals write `operating_reset_at` without its fraction
_SLACK = 1e-6  # seconds; what floating-point numbers may add up to
_UNRELATED = 120.0  # seconds between two answers, after which the growth may well be somebody else's
_SKEW = 120.0  # seconds; an answer that is older than this by the portal's clock says that the clock was set


@dataclass(frozen=True, slots=True)
class Rest:
    """A method that must not be called for a while.

    Attributes:
        method: its name, in lower case.
        why: "blocked" after the portal's ``OPERATION_TIME_LIMIT``, "near the limit" if we keep from provoking it.
        used: operating time it has used, seconds, as the latest answer told.
        limit: operating time it may use, seconds; None if none was configured.
        seconds: how long it rests from now.
    """

    method: str
    why: Literal["blocked", "near the limit"]
    used: float
    limit: float | None
    seconds: float

    def __str__(self) -> str:
        of = "" if self.limit is None else f" of {self.limit:.0f}"
        return f"{self.method} rests for {self.seconds:.0f} s: {self.why} ({self.used:.0f}{of} s of operating time)"


@dataclass(slots=True)
class _Line:
    """The level that may be reached by a certain time: straight from one point to another."""

    start: float
    level: float
    end: float
    ceiling: float

    def reached(self, level: float) -> float:
        """When the line arrives at *level*."""
        if self.ceiling - self.level <= _SLACK:
            return self.end if level > self.level else self.start
        return self.start + (level - self.level) / (self.ceiling - self.level) * (self.end - self.start)


@dataclass(slots=True)
class _Method:
    name: str
    ledger: Ledger = field(default_factory=Ledger)
    cost: CommandCost = field(default_factory=CommandCost)
    reset_at: float | None = None  # by the portal's clock
    told_at: float = -math.inf  # by the portal's clock: when it gave the answer that counts
    heard_at: float = -math.inf  # by our monotonic clock: when that answer came
    rest_until: float = -math.inf  # by our monotonic clock; from then on `used` is no longer what the portal counts
    guessed: bool = False  # whether the portal did not tell `rest_until`
    blocked: bool = False
    flying: int = 0
    left_at: float = -math.inf
    lost: int = 0  # commands whose cost no answer has told yet
    line: _Line | None = None
    rest: Rest | None = None
    rest_ends: float = -math.inf
    news: bool = False  # whether `rest` was not asked for yet

    def used(self, now: float) -> float:
        """Seconds that the portal counts at most, for all that was told; without what is under way."""
        told = self.ledger.total if now - self.heard_at < WINDOW else 0.0
        return told + self.cost.of(self.lost)

    def under_way(self, now: float) -> int:
        # No request lasts ten minutes: whoever did not report them does not hold the method up for ever.
        return self.flying if now - self.left_at < WINDOW else 0


class OperatingBudget:
    """What the portal told about each method's server time. Safe to share between threads; it never sleeps.

    The one who sends asks `wait_time`, calls `depart` when commands leave, and when they are back first
    `observe` for each answer and then `landed`. Every answer may shorten or lengthen a wait: ask again after each.
    """

    __slots__ = ("_ceiling", "_clock", "_limit", "_lock", "_methods", "_paced_from", "_window")

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._clock = clock
        self._limit = limits.operating
        self._ceiling = math.inf if limits.operating is None else limits.operating * CEILING + _SLACK
        self._paced_from = math.inf if limits.operating is None else limits.operating * PACED_FROM
        self._window: float | None = None  # the longest time to a reset that was announced
        self._lock = Lock()
        self._methods: dict[str, _Method] = {}

    @property
    def operating(self) -> dict[str, float]:
        """The latest known operating time of each method (lower case), in seconds."""
        with self._lock:
            return {name: m.ledger.total for name, m in self._methods.items() if m.blocked or m.heard_at > -math.inf}

    # --------------------------------------------------------------------------------------- what the engine tells

    def observe(
        self,
        method: str,
        operating: float,
        reset_at: float | None = None,
        *,
        portal_time: float | None = None,
        duration: float | None = None,
    ) -> None:
        """Learn from the ``time`` block of one command's answer.

        Args:
            method: the REST method, in any case.
            operating: ``time.operating``, seconds.
            reset_at: ``time.operating_reset_at``, epoch seconds; None if the portal did not send it.
            portal_time: ``time.finish``, epoch seconds: makes the rest independent of how our clocks differ.
            duration: ``time.duration``, seconds: what one command costs is known sooner and better with it.
        """
        with self._lock:
            known = self._known(method)
            now = self._clock.monotonic()
            if duration is not None:
                known.cost.lasted(duration)
            rest = self._announced(reset_at, portal_time)
            if rest is not None:
                self._window = max(self._window or 0.0, rest)
            if self._overtaken(known, now, reset_at, portal_time):
                return
            same = reset_at == known.reset_at
            if known.heard_at > now - _UNRELATED and same:
                growth = max(0.0, operating - known.ledger.total)
                known.cost.billed(growth / (1 + known.lost), duration=duration)
            if same and reset_at is not None and (now < known.rest_until or rest is not None):
                # The oldest basket is the same, so that nothing can have been forgotten: the sum only grows.
                known.ledger.tell(max(operating, known.ledger.total), now)
            else:
                self._renew(known, now, reset_at, rest)
                own = known.cost.of(1) if operating < known.ledger.total else 0.0
                known.ledger.tell(operating, now, own=own)
            known.heard_at = now
            known.told_at = portal_time if portal_time is not None else known.told_at
            known.lost = 0

    def blocked(self, method: str, reset_at: float | None = None, *, portal_time: float | None = None) -> None:
        """The portal refused *method* with ``OPERATION_TIME_LIMIT``: let it rest.

        Until *reset_at* (epoch seconds) if given and still ahead, otherwise until the reset that the last answer
        announced, otherwise for 60 seconds; never longer than the window of 600 seconds.
        """
        with self._lock:
            known = self._known(method)
            known.blocked = True
            now = self._clock.monotonic()
            if reset_at is not None or known.rest_until <= now:
                rest = self._announced(reset_at, portal_time)
                known.guessed = rest is None
                known.rest_until = now + (self._unknown_rest() if rest is None else rest)
            self._note(known, "blocked", now, known.rest_until)

    def depart(self, method: str, commands: int = 1) -> None:
        """Account for *commands* calls of *method* that leave now, until they have `landed`."""
        with self._lock:
            known = self._known(method)
            now = self._clock.monotonic()
            known.flying = known.under_way(now) + commands
            known.left_at = now

    def landed(self, method: str, commands: int = 1, *, lost: int = 0) -> None:
        """*commands* calls of *method* are no longer under way; call it after `observe`.

        Args:
            method: the REST method, in any case.
            commands: how many came back, in whatever way.
            lost: how many of them came back without an answer (a timeout, a lost connection), so that the portal may
                have run them: what they are expected to cost counts as used until the next answer tells better.
        """
        with self._lock:
            known = self._known(method)
            known.flying = max(0, known.flying - commands)
            known.lost += lost

    # ---------------------------------------------------------------------------------------- what the engine asks

    def wait_time(self, method: str, commands: int = 1) -> float:
        """Seconds until *commands* calls of *method* may leave together; 0.0 for now. No other method waits for it.

        A method that nothing was told about never waits. Ask again after the wait, and after each answer.
        """
        with self._lock:
            known = self._methods.get(method.lower())
            return 0.0 if known is None else self._wait(known, commands, self._clock.monotonic(), note=True)

    def together(self, method: str, most: int) -> int:
        """How many calls of *method* are worth keeping together, *most* at most and one at least.

        So many that they may leave as soon as calls are spread over time. Fewer would not leave any sooner, in sum, and
        cost requests: whoever nears the limit waits, and does not cut what waits into pieces.
        """
        with self._lock:
            known = self._methods.get(method.lower())
            if known is None or self._limit is None:
                return most
            at_once = self._ceiling - self._paced_from
            fewest = 1
            while fewest < most:
                middle = (fewest + most + 1) // 2
                if known.cost.of(middle) <= at_once:
                    fewest = middle
                else:
                    most = middle - 1
            return fewest

    def expected(self, method: str, commands: int = 1) -> float:
        """Seconds of operating time that *commands* calls of *method* are expected to cost; 0.0 if nothing is known."""
        with self._lock:
            known = self._methods.get(method.lower())
            return 0.0 if known is None else known.cost.of(commands)

    def rest_of(self, method: str) -> Rest | None:
        """The rest that *method* began since this was asked last; None if there is nothing new to tell."""
        with self._lock:
            known = self._methods.get(method.lower())
            if known is None or not known.news:
                return None
            known.news = False
            return self._rest_now(known)

    @property
    def resting(self) -> list[Rest]:
        """All methods that rest now, with the seconds still to go."""
        with self._lock:
            rests = (self._rest_now(known) for known in self._methods.values())
            return [rest for rest in rests if rest is not None and rest.seconds > 0]

    # ------------------------------------------------------------------------------------------------ what follows

    def _known(self, method: str) -> _Method:
        name = method.lower()
        return self._methods.get(name) or self._methods.setdefault(name, _Method(name))

    def _announced(self, reset_at: float | None, portal_time: float | None) -> float | None:
        """Seconds until *reset_at*, at most the whole window; None if it is not known or past."""
        if reset_at is None:
            return None
        rest = reset_at - (self._clock.time() if portal_time is None else portal_time)
        if reset_at == int(reset_at):
            rest += _ROUNDING
        return min(rest, WINDOW) if rest > 0 else None

    def _unknown_rest(self) -> float:
        return _UNKNOWN_REST if self._window is None else min(_UNKNOWN_REST, self._window)

    @staticmethod
    def _overtaken(known: _Method, now: float, reset_at: float | None, portal_time: float | None) -> bool:
        """Whether the portal gave this answer before the one that counts."""
        older = portal_time is not None and known.told_at - _SKEW < portal_time < known.told_at
        if reset_at is None or known.reset_at is None:
            return older
        # The oldest basket gets younger, unless a call ends that began in a minute before it.
        return reset_at < known.reset_at and (older if portal_time is not None else now < known.rest_until)

    def _renew(self, known: _Method, now: float, reset_at: float | None, rest: float | None) -> None:
        """A basket was forgotten, or may have been."""
        ahead = now < known.rest_until
        if rest is None and ahead:
            return
        # A block that did not say how long is not lifted by an answer from before it, for nothing left since.
        lifted = not (known.blocked and known.guessed and ahead)
        known.reset_at = reset_at
        known.guessed = rest is None
        known.rest_until = now + (self._unknown_rest() if rest is None else rest)
        if lifted:
            known.blocked = known.news = False
            known.rest = None
        else:
            known.rest_ends = known.rest_until

    def _wait(self, known: _Method, commands: int, now: float, *, note: bool) -> float:
        fresh = now < known.rest_until
        if known.blocked and fresh:
            return known.rest_until - now
        flying = known.under_way(now)
        used = known.used(now)
        level = used + known.cost.of(flying + commands)
        if not known.blocked and level <= self._paced_from:
            known.line = None
            return 0.0
        if flying and not known.cost.known:
            return _ASK_AGAIN
        asked = known.cost.of(commands)
        if asked > self._ceiling:  # it will never fit: the time to go is when nothing else is under way
            if flying:
                return _ASK_AGAIN
            asked, level = 0.0, used
        if not known.blocked and level <= self._ceiling:
            return self._paced(known, used + known.cost.of(flying), now) if fresh else 0.0
        if fresh:
            ends = known.rest_until
            if used + asked <= self._ceiling:  # it is only what is under way, which may cost less than expected
                return ends - now
        else:
            if flying:
                return _ASK_AGAIN
            if used + asked <= (self._limit or 0.0):  # even if nothing was forgotten
                return 0.0
            reset, window = known.rest_until, WINDOW if self._window is None else self._window
            if known.guessed:
                reset, window = -math.inf, WINDOW
            if known.ledger.remembered(now, reset, window) + asked <= self._ceiling:
                return 0.0
            ends = max(now + _ASK_AGAIN, known.ledger.next_change(now, reset, window))
        if note:
            self._note(known, "blocked" if known.blocked else "near the limit", now, ends)
        return ends - now

    def _paced(self, known: _Method, level: float, now: float) -> float:
        """Seconds until *level* may have been reached, so that the ceiling is reached when the next basket goes."""
        line = known.line
        if line is None or line.end != known.rest_until:
            start = max(self._paced_from, min(level, self._ceiling))
            line = known.line = _Line(now, start, known.rest_until, self._ceiling)
        wait = line.reached(level) - now
        return wait if wait > _SLACK else 0.0

    def _note(self, known: _Method, why: Literal["blocked", "near the limit"], now: float, ends: float) -> None:
        if known.rest is None or now >= known.rest_ends or known.rest.why != why:
            known.news = True
        known.rest = Rest(known.name, why, known.ledger.total, self._limit, ends - now)
        known.rest_ends = ends

    def _rest_now(self, known: _Method) -> Rest | None:
        return known.rest and replace(known.rest, seconds=max(0.0, known.rest_ends - self._clock.monotonic()))
