"""Keyset lanes: which id ranges to read next, in which chains of pages, within one batch.

A list is read from both ends; what lies between is cut into lanes. A lane is a chain of pages inside one batch: each
page starts after the last id of the page before, and none goes past the lane's upper bound. Lanes are guessed from the
density of ids seen so far, on the long side: a lane that holds more rows than its chain can carry costs nothing (every
page is full, and the rest becomes a new lane), while one that holds fewer wastes the end of its chain. Small left-over
lanes share a batch.

Pure: it is told what came back and says what to ask for. Positions are ids in reading order (negated when reading
down).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Lane", "LaneBook"]

# How many times longer than the guess a lane is cut: a chain that comes back full wastes nothing, whatever is left
# over, while a hole in the ids that swallows a lane wastes its whole batch. Chosen by simulating ids with holes of
# many sizes, for few requests; not tuned for the latency of a real portal.
_STRETCH = 2.0
# One more lane at a time for so many batches that are still to come: a wrong guess costs a request or two, which a
# long list does not feel and a short one does.
_BATCHES_PER_LANE = 10
# How much longer than the guess a chain is made that should reach the end of its lane.
_SPARE = 1.15
# A chain shorter than this is not worth starting at the end of a batch for a lane that will not fit.
_SHORTEST_START = 12


@dataclass(slots=True, eq=False)
class Lane:
    """A range of positions, ``low < position < high``, and what has become of it.

    Attributes:
        low, high: bounds, both excluded.
        pages: how many pages its chain asks for.
        least: how many it asks for at least: twice as many as the chain before it, which came back full.
        state: waiting to be asked for, flying, or done.
        rows: the pages that came back.
    """

    low: int
    high: int
    pages: int = 0
    least: int = 1
    state: Literal["waiting", "flying", "done"] = "waiting"
    rows: list[list[dict[str, Any]]] = field(default_factory=list[list[dict[str, Any]]])


class LaneBook:
    """Cuts a range of positions into lanes and keeps the books on them.

    Args:
        low, high: bounds of the range, both excluded.
        density: rows per position, as seen so far.
        page_size: rows a page.
        batch_pages: pages that one batch may carry.
        max_ahead: how many batches may be under way at once.
        cheap_overshoot: whether the portal refuses the pages behind the end of a chain at once, instead of reading
        rows for them.
    """

    def __init__(
        self,
        low: int,
        high: int,
        *,
        density: float,
        page_size: int = 50,
        batch_pages: int = 50,
        max_ahead: int = 3,
        cheap_overshoot: bool = False,
    ) -> None:
        self._lanes: list[Lane] = [Lane(low, high)] if high - low > 1 else []
        self._density = self._nearby = max(density, 1e-9)
        self._rows = self._span = 0
        self._page_size = page_size
        self.batch_pages = batch_pages
        self._max_ahead = max_ahead
        self._ahead = 1  # two pages tell little of the density: the first lane is not guessed
        self._cheap_overshoot = cheap_overshoot
        self._flying = 0
        self._left_in_wave = 0
        self._wasted = 0

    @property
    def finished(self) -> bool:
        """Whether every row has been handed out."""
        return not self._lanes

    @property
    def expected_rows(self) -> float:
        """Rows still to be asked for, as far as the density tells."""
        return sum(self._expected(lane) for lane in self._lanes if lane.state == "waiting")

    def _expected(self, lane: Lane) -> float:
        return min(self._density, 1.0) * (lane.high - lane.low - 1)

    def _wave(self) -> int:
        """How many batches may leave together: few for short lists, where one wrong guess is a large part of all."""
        batches = self.expected_rows / (self.batch_pages * self._page_size)
        # Rows that wait for others before them take memory, whatever the length of the list: when many do, only the
        # hole in front of them is filled.
        held = sum(len(lane.rows) for lane in self._lanes)
        room = self._max_ahead - held // self.batch_pages
        return max(1, min(self._ahead, room, math.floor(batches / _BATCHES_PER_LANE)))

    def next_batch(self) -> list[Lane]:
        """The lanes of the next batch, now flying; empty if nothing should be asked for at the moment.

        Batches leave in waves. The last lane of a wave has no guessed bound, so that it comes back full whatever the
        ids look like; no lane can start behind it until it is back.
        """
        if self._flying == 0:
            self._left_in_wave = self._wave()
        if self._left_in_wave < 1:
            return []
        self._left_in_wave -= 1
        budget = self.batch_pages
        batch: list[Lane] = []
        index = 0
        while budget > 0 and index < len(self._lanes):
            lane = self._lanes[index]
            if lane.state == "waiting":
                needed = math.ceil(self._expected(lane) * _SPARE / self._page_size) + 1
                needed = max(needed, min(lane.least, self.batch_pages))
                if needed <= budget:
                    lane.pages = needed
                elif not batch or budget >= _SHORTEST_START:
                    lane.pages = budget
                    if self._left_in_wave:
                        self._cut(index)
                else:
                    break
                lane.state = "flying"
                budget -= lane.pages
                batch.append(lane)
            index += 1
        if batch:
            self._flying += 1
            if self._cheap_overshoot:
                # The density of what is left is a guess; room that nobody needs is better spent on a longer chain. One
                # that travels alone stops at its end (halt), so that it may take all of it.
                batch[-1].pages += budget if len(batch) == 1 else min(budget, 2 * batch[-1].pages)
        return batch

    def _cut(self, index: int) -> None:
        """Shortens the lane at *index* to what its pages will surely fill; the rest waits as a lane of its own."""
        lane = self._lanes[index]
        middle = lane.low + math.ceil(lane.pages * self._page_size * _STRETCH / min(self._density, self._nearby, 1.0))
        if middle < lane.high - 1:
            self._lanes.insert(index + 1, Lane(middle - 1, lane.high))
            lane.high = middle

    def landed(self) -> None:
        """One batch came back; `settle` was called for each of its lanes."""
        self._flying -= 1
        if self._flying == 0:
            # After a wave that guessed badly, go on with fewer guesses; after a good one, with one more.
            poor = self._wasted > 0.25 * self.batch_pages
            self._ahead = max(1, self._ahead // 2) if poor else min(self._max_ahead, self._ahead + 1)
            self._wasted = 0

    def settle(self, lane: Lane, pages: list[list[dict[str, Any]]], last: int | None, *, whole: bool) -> None:
        """Books what came back for *lane*.

        Args:
            pages: its non-empty pages, in order.
            last: position of the last row, None if there was none.
            whole: whether the lane is known to hold no more rows.
        """
        lane.state = "done"
        lane.rows = pages
        count = sum(map(len, pages))
        if whole:
            self._wasted += max(0, lane.pages - len(pages) - 1)
        end = lane.high
        if not whole:
            end = (last if last is not None else lane.low) + 1
            self._leave_over(lane, end - 1, 2 * lane.pages if len(pages) == lane.pages else 1)
        if end - lane.low > 1 and count > 1:
            self._rows += count
            self._span += end - lane.low
            self._density = self._rows / self._span
            self._nearby = count / (end - lane.low)

    def _leave_over(self, lane: Lane, low: int, least: int) -> None:
        # The density of a far end may tell nothing of a crowd of ids here: chains that come back full grow, so that
        # even a guess that is wrong by orders of magnitude costs a few requests only.
        index = self._lanes.index(lane)
        following = self._lanes[index + 1] if index + 1 < len(self._lanes) else None
        if following is not None and following.state == "waiting":
            following.low = low
            following.least = max(following.least, least)
        elif lane.high - low > 1:
            self._lanes.insert(index + 1, Lane(low, lane.high, least=least))
        lane.high = low + 1

    def ready(self) -> Iterator[list[dict[str, Any]]]:
        """Pages that may be handed out now, in order; each is forgotten as it is given."""
        while self._lanes and self._lanes[0].state == "done":
            lane = self._lanes[0]
            while lane.rows:
                yield lane.rows.pop(0)
            self._lanes.pop(0)

    def __len__(self) -> int:
        return len(self._lanes)
