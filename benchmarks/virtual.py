"""Long lists in virtual time: the real engine, at a portal that only counts and waits.

Nothing sleeps and nothing is decoded: the clock of the event loop jumps to whatever comes next, so that the reading of
100,000 rows takes a third of a second and always goes the same way. The portal is that of one list: ids, chains of
pages by ``$result``, one processor that serves all batches side by side.
"""

from __future__ import annotations

import asyncio
import bisect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from b24orm import Deal
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.reader import read
from b24orm.limits import Limits
from b24orm.transport import Envelope, Page, Transport

__all__ = ["FAST", "SLOW", "Reading", "Speed", "simulate"]

SIZE = 50
_EPOCH = 1_700_000_040.0  # begins a minute
BYTES_PER_ROW = 2100  # deals of the benchmark
_REFERENCE = re.compile(r"\$result\[(\w+)\].*\[(\d+)\]")


@dataclass(frozen=True)
class Speed:
    """Seconds for a full page: asleep at the portal, of its processor, to receive and skim, to read and consume."""

    asleep: float
    portal: float
    skim: float
    consume: float


FAST = Speed(0.02, 0.0007, 0.0002, 0.0009)
"""About the machine on which `docs/benchmarks.md` was measured, with typed models."""
SLOW = Speed(0.02, 0.0016, 0.0004, 0.0022)
"""The same in its slow hours."""


@dataclass(frozen=True)
class Reading:
    """What the reading of a list took.

    Attributes:
        requests, commands: what the portal was asked.
        handed_out: rows that it sent.
        seconds: of virtual time, to the last row.
        most_held: rows that had come and waited for their turn, at most.
        most_flying: requests that were under way together, at most.
    """

    requests: int
    commands: int
    handed_out: int
    seconds: float
    most_held: int
    most_flying: int


def simulate(
    ids: Sequence[int], speed: Speed = FAST, *, descending: bool = False, limits: Limits | None = None
) -> Reading:
    """Read the deals *ids*, which ascend, as `Deal.objects` does. All rows must come, once and in order.

    Args:
        limits: of the portal; those of a standard tariff if not given. It breaks off when its operating time is up.
    """
    loop = _Loop()
    try:
        return loop.run_until_complete(_read(loop, ids, speed, descending, limits or Limits.standard()))
    finally:
        loop.close()


async def _read(loop: _Loop, ids: Sequence[int], speed: Speed, descending: bool, limits: Limits) -> Reading:
    portal = _Portal(loop, ids, speed, limits.operating or math.inf)
    dispatcher = Dispatcher(cast("Transport", portal), limits, clock=_Clock(loop))
    await dispatcher.open()
    plan = (Deal.objects.order_by("-id") if descending else Deal.objects).explain()
    got: list[int] = []
    most_held = 0
    async for page in read(dispatcher, plan, Deal.__rows__("item")):
        most_held = max(most_held, portal.arrived - len(got))
        got += cast("list[int]", page)
        loop.busy(speed.consume * len(page) / SIZE)
    await dispatcher.close()
    assert got == (list(ids)[::-1] if descending else list(ids)), "rows are missing, double or out of order"
    return Reading(portal.requests, portal.commands, portal.arrived, loop.time(), most_held, portal.most_flying)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose time passes when everybody waits."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector: Any
        self._selector.select = self._select
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def busy(self, seconds: float) -> None:
        """The program computes."""
        self._now += seconds

    def _select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "nothing is left to wait for"
        self._now += max(0.0, timeout)
        return []


class _Clock:
    def __init__(self, loop: _Loop) -> None:
        self._loop = loop

    def monotonic(self) -> float:
        return self._loop.time()

    def time(self) -> float:
        return _EPOCH + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Portal:
    """In the place of a `Transport`: answers ``batch`` and lone calls of a list with pages of ids."""

    token = None
    due = False

    def __init__(self, loop: _Loop, ids: Sequence[int], speed: Speed, operating: float) -> None:
        self._loop, self._ids, self._speed = loop, ids, speed
        self._operating = operating
        self._baskets: dict[int, float] = {}  # seconds by minute
        self._busy_until = 0.0
        self._flying = 0
        self.requests = self.commands = self.arrived = self.most_flying = 0

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def redact(self, text: str) -> str:
        return text

    async def post(self, method: str, body: Mapping[str, Any], *, parse: Callable[[bytes], Any] | None) -> Envelope:
        self.requests += 1
        self._flying += 1
        self.most_flying = max(self.most_flying, self._flying)
        batch = method == "batch"
        begun = self._loop.time()
        result = await self._serve(body["cmd"] if batch else {"only": _query(method, body)})
        self._flying -= 1
        rows = sum(map(len, result["result"].values()))
        self.arrived += rows
        self._loop.busy(self._speed.skim * rows / SIZE)
        time = {"duration": self._loop.time() - begun, "operating": 0.0, "finish": _EPOCH + self._loop.time()}
        if not batch:
            return Envelope(result["result"]["only"], size=BYTES_PER_ROW * rows, time=result["result_time"]["only"])
        return Envelope(result, size=BYTES_PER_ROW * rows, time=time)

    async def _serve(self, commands: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        pages: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        times: dict[str, Any] = {}
        for key, text in commands.items():
            self.commands += 1
            query = dict(parse_qsl(text.partition("?")[2]))
            low = _bound(query.get("filter[>id]"), pages, -math.inf)
            high = _bound(query.get("filter[<id]"), pages, math.inf)
            if low is None or high is None:
                errors[key] = {"error": "100", "error_description": "an array in the place of an id"}
                continue
            begun = self._loop.time()
            start, stop = bisect.bisect_right(self._ids, low), bisect.bisect_left(self._ids, high)
            downwards = query.get("order[id]") == "DESC"
            here = (
                self._ids[max(start, stop - SIZE) : stop][::-1]
                if downwards
                else self._ids[start : min(stop, start + SIZE)]
            )
            await self._work(len(here))
            pages[key] = Page(list(here), rows=list(here))
            times[key] = self._billed(begun)
        return {"result": pages, "result_error": errors, "result_time": times, "result_total": {}, "result_next": {}}

    def _billed(self, begun: float) -> dict[str, float]:
        """The ``time`` block of a command, which took since *begun*, with all that the method used in ten minutes."""
        now = self._loop.time()
        minute = int(begun // 60)
        self._baskets[minute] = self._baskets.get(minute, 0.0) + now - begun
        self._baskets = {number: used for number, used in self._baskets.items() if number > now // 60 - 10}
        used = sum(self._baskets.values())
        assert used <= self._operating + now - begun, "the portal would have refused the method"
        reset = _EPOCH + 60 * (min(self._baskets) + 10)
        return {"duration": now - begun, "operating": used, "operating_reset_at": reset, "finish": _EPOCH + now}

    async def _work(self, rows: int) -> None:
        """One page: asleep, then a turn of the processor, which a page that is not full takes less of."""
        await asyncio.sleep(self._speed.asleep)
        self._busy_until = max(self._busy_until, self._loop.time()) + self._speed.portal * (0.1 + 0.9 * rows / SIZE)
        await asyncio.sleep(self._busy_until - self._loop.time())


def _query(method: str, body: Mapping[str, Any]) -> str:
    parts = {f"{name}[{key}]": value for name in ("filter", "order") for key, value in body.get(name, {}).items()}
    return f"{method}?{urlencode(parts)}"


def _bound(text: str | None, pages: Mapping[str, Page], otherwise: float) -> float | None:
    """A bound on ids, excluded; *otherwise* if there is none; None if it refers to a row that is not there."""
    if text is None:
        return otherwise
    found = _REFERENCE.match(text)
    if found is None:
        return int(text)
    page, place = pages.get(found[1]), int(found[2])
    return page.ids[place] if page is not None and place < len(page) else None
