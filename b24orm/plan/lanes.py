"""Keyset lanes: which id ranges to read next, in which chains of pages, within one batch.

A list is read from both ends; what lies between is cut into lanes. A lane is a chain of pages inside one batch: each
page starts after the last id of the page before, and none goes past the lane's upper bound. Several lanes may share a
batch, and several batches may be under way.

- Before a long chain is sent somewhere, one page is read there, along with a batch that leaves anyway: its rows are
  results like all others, and they tell whether ids are dense, sparse or missing. A hole costs one command.
- A lane that holds more rows than its chain can carry wastes nothing: every page is full, and the rest becomes a lane
  of its own, which shares a later batch. One that holds fewer wastes the end of its chain. So a chain goes for the end
  of its lane only where its distance is all but known, and asks for what is surely there elsewhere.
- A batch that is not full waits for what is under way, which leaves rests that may share it.

Long lists whose ids are spread evenly are read another way: see `EvenBook`.

Pure: it is told what came back and says what to ask for. Positions are ids in reading order (negated when reading
down). `benchmarks/lanes.py` simulates portals of many shapes; the numbers below were chosen with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal

__all__ = ["UNEVEN", "Lane", "LaneBook", "alike"]

# A long lane is cut after so many batches: each cut costs about a command, and what is behind it waits in memory. In a
# hurry, a lane is what one batch can carry besides a page or two that look ahead.
_BATCHES_PER_LANE = 2
_BATCHES_PER_HASTY_LANE = 0.985
_BATCHES_PER_FIRST_LANE = 0.97  # little has told the density: a rest that is left of a lane costs a round
# How many lanes are looked at first, and later: so many for each batch that may be under way.
_FIRST_SCOUTS = 8
_SCOUTS_FOR_EACH = 3
# A list is no longer taken for even when so large a share of the pages that looked ahead found nothing, lately: in a
# mean that forgets one of so many pages.
UNEVEN = 0.48
_REMEMBERED = 32
# The density nearby is that of about so many rows that came last.
_NEARBY_ROWS = 20_000
# One more batch at a time for so many of the whole list: a wrong guess costs a request or two, which a long list does
# not feel and one of fewer batches than this does. In a hurry, waiting costs more than requests.
_BATCHES_PER_GUESS = 9
_WORTH_A_GUESS = 14
_BATCHES_PER_HASTY_GUESS = 1.5
# How far off a guess is expected to be, as a share of itself: at first, and at least.
_DOUBT = 0.3
_LEAST_DOUBT = 0.01
# The share of a new error in the running mean of errors.
_LEARNING = 0.4
# A chain is sent to the end of its lane if no more than so many pages of it are in doubt.
_TOLERATED = 2.5
# Lanes of no more than so many pages may share a batch with another in a hurry.
_SMALL = 6
# A chain shorter than this is not started for the beginning of a longer lane.
_SHORTEST_START = 4
# A batch this full need not wait for more.
_FULL = 0.9
_LEAST_DENSITY = 1e-12
# Densities that differ by no more than this factor (its logarithm) may be the same one, seen twice on a page or two.
_AGREEMENT = 0.3
# So large a share of commands that found nothing calls for fewer guesses at a time.
_WASTEFUL = 0.15


def alike(one: float, other: float) -> bool:
    """Whether two densities, each seen on a page or more, may be the same one."""
    return one > 0 and other > 0 and abs(math.log(one / other)) < _AGREEMENT


class Lane:
    """A range of positions, ``low < position < high``, and what has become of it.

    Attributes:
        low, high: bounds, both excluded.
        density: rows per position, as seen nearby.
        doubt: how far off a guess by it is expected to be, as a share of the guess.
        seen: whether its first rows, or those right before it, were seen.
        trusted: whether its rows may be taken to go on as they begin, up to its end.
        both_ends: whether it was asked for its first and its last page, instead of a chain.
        pages: how many pages its chain asks for.
        to_end: whether they were expected to reach its end.
        least: how many it asks for at least: twice as many as the chain before it, which came back full unexpectedly.
        state: waiting to be asked for, flying, or done.
        held: the pages that came back, in whatever form the engine keeps them.
    """

    __slots__ = (
        "both_ends",
        "density",
        "doubt",
        "held",
        "high",
        "least",
        "low",
        "pages",
        "seen",
        "state",
        "to_end",
        "trusted",
    )

    def __init__(self, low: int, high: int, density: float, doubt: float, *, seen: bool = True, least: int = 1) -> None:
        self.low = low
        self.high = high
        self.density = min(1.0, max(density, _LEAST_DENSITY))
        self.doubt = doubt
        self.seen = seen
        self.trusted = False
        self.both_ends = False
        self.pages = 0
        self.to_end = False
        self.least = least
        self.state: Literal["waiting", "flying", "done"] = "waiting"
        self.held: list[Any] = []


class LaneBook:
    """Cuts a range of positions into lanes and keeps the books on them.

    Args:
        low, high: bounds of the range, both excluded.
        density: rows per position, as seen at its beginning.
        seen: how many rows were seen outside the range, and how many positions they take.
        page_size: rows a page.
        batch_pages: pages that one batch may carry.
        ahead: how many batches may be under way at once; it bounds the rows that wait for those before them. A list
            that is nearly at its end, or whose ids keep surprising, is read with fewer.
        wanted: how many rows are wanted from the beginning of the range; None for all of them.
        cheap_overshoot: whether the portal refuses the pages behind the end of a chain at once, instead of reading
            rows for them.
    """

    def __init__(
        self,
        low: int,
        high: int,
        *,
        density: float,
        seen: tuple[int, int] = (0, 0),
        page_size: int = 50,
        batch_pages: int = 50,
        ahead: int = 3,
        wanted: int | None = None,
        cheap_overshoot: bool = False,
    ) -> None:
        self._lanes: list[Lane] = [Lane(low, high, density, _DOUBT)] if high - low > 1 else []
        self.page_size = page_size
        self.batch_pages = batch_pages
        self._most_ahead = ahead
        self.wanted = wanted
        self.hurry = False
        self._surveyed = False
        self.most_waiting: int | None = None
        self._cheap_overshoot = cheap_overshoot
        self._missed = 0.0  # the share of pages that looked ahead and found nothing, lately
        self._doubt = _DOUBT  # of the last guesses, everywhere
        self._waste = 0.0  # the share of commands behind the end of a chain, lately
        self._rows, self._span = seen
        self._latest = (0.0, 0.0)  # rows and positions of the latest chains and pages, without what lies between
        self._flying = 0
        self._landed = 0

    @property
    def finished(self) -> bool:
        """Whether every row has been handed out."""
        return not self._lanes

    @property
    def ahead(self) -> int:
        """How many batches may be under way at once."""
        density = self._rows / max(1, self._span)
        coming = [lane for lane in self._lanes if lane.state != "done"]
        if self.hurry:
            rows = sum(map(self._expected, coming))
        else:
            rows = density * sum(lane.high - lane.low - 1 for lane in coming)
        batches = (self._rows + rows) / (self.batch_pages * self.page_size)
        most = 1 + math.floor(batches / (_BATCHES_PER_HASTY_GUESS if self.hurry else _BATCHES_PER_GUESS))
        if not self.hurry and (batches < _WORTH_A_GUESS or not self._landed):
            most = 1  # two pages tell little of the density: the first chain is not guessed
        if self._waste > _WASTEFUL:
            most = min(most, max(2, self._most_ahead // 2))
        return max(1, min(self._most_ahead, most))

    @ahead.setter
    def ahead(self, most: int) -> None:
        self._most_ahead = most

    @staticmethod
    def _expected(lane: Lane) -> float:
        """Rows that *lane* holds, as far as the density nearby tells."""
        return lane.density * (lane.high - lane.low - 1)

    # -- asking ---------------------------------------------------------------------------------------------------

    def next_batch(self) -> list[Lane]:
        """The lanes of the next batch, now flying; empty if nothing should be asked for at the moment."""
        if not self._lanes or not self._may_start():
            return []
        batch: list[Lane] = []
        budget = self._budget()
        full = budget
        for lane in self._frontier(budget):
            lane.pages = 1
            budget -= 1
            batch.append(lane)
        if batch and self.hurry:
            # Nobody waits for a long chain to learn where the others may go: these pages come soon, and alone.
            self._surveyed = True
            return self._take_off(batch)
        for lane in self._next_lanes(batch):
            needed = self._needed(lane)
            if budget <= 0 or (needed > budget and full > budget and budget < _SHORTEST_START):
                break
            lane.pages = min(needed, budget)
            budget -= lane.pages
            batch.append(lane)
        if self._flying and full - budget < _FULL * full:
            return []  # what is under way may leave rests that fill it
        if batch and self._cheap_overshoot and budget:
            # Guesses are guesses; room that nobody needs is better spent on longer chains. One that travels alone stops
            # at its end (halt), so that it may take all of it.
            longest = max(batch, key=lambda lane: lane.pages * lane.doubt)
            longest.pages += budget
        return self._take_off(batch)

    def _take_off(self, batch: list[Lane]) -> list[Lane]:
        for lane in batch:
            lane.to_end = lane.pages * self.page_size > self._expected(lane)
            lane.state = "flying"
        self._flying += bool(batch)
        return batch

    def _next_lanes(self, taken: list[Lane]) -> Iterator[Lane]:
        """Lanes whose chains may be asked for, in the order in which they should be."""
        waiting = 0
        found: list[Lane] = []
        for index, lane in enumerate(self._lanes):
            if index and waiting >= self._window + self.hurry * self.batch_pages:
                break
            waiting += self._coming(lane)
            if lane.state == "waiting" and lane not in taken and (lane.seen or index == 0):
                if not self.hurry:
                    yield lane
                    waiting += lane.pages
                found.append(lane)
        if self.hurry and found:
            # Rests of a batch's room go to a lane far behind: one that is needed soon should come in one piece, since
            # each rest that is left of it costs a round. Small ones that fit as a whole may come along.
            small = [lane for lane in found[1:] if self._expected(lane) < _SMALL * self.page_size]
            far = [lane for lane in reversed(found[self.ahead :]) if lane not in small]
            near = [lane for lane in reversed(found[1 : self.ahead]) if lane not in small]
            if taken:  # pages that look ahead make the batch wait for them, or the other way round
                yield from (*small, *far, *near, found[0])
            else:
                yield from (found[0], *small, *far, *near)

    def _may_start(self) -> bool:
        """Whether another batch may leave: the one in front always, others while not too many rows wait."""
        if self._flying == 0:
            return True
        if self._flying >= self.ahead:
            return False
        pages = sum(map(self._coming, self._lanes))
        if self.wanted is not None and pages * self.page_size >= self.wanted:
            return False
        if self._lanes[0].state == "waiting":
            return True
        held = sum(len(lane.held) for lane in self._lanes)
        return pages < self._window and (self.hurry or self.most_waiting is None or held < self.most_waiting)

    @property
    def _batches_per_lane(self) -> float:
        if not self.hurry:
            return _BATCHES_PER_LANE
        return _BATCHES_PER_HASTY_LANE if self._surveyed else _BATCHES_PER_FIRST_LANE

    @property
    def _window(self) -> float:
        """Pages that may be under way or wait before those of a lane that is asked for."""
        pages = self._batches_per_lane * self.ahead * self.batch_pages
        return pages if self.most_waiting is None else min(pages, float(self.most_waiting))

    @staticmethod
    def _coming(lane: Lane) -> int:
        """Pages of *lane* that came back or are under way."""
        return 0 if lane.state == "waiting" else len(lane.held) if lane.state == "done" else lane.pages

    def _budget(self) -> int:
        if self.wanted is None:
            return self.batch_pages
        coming = sum(map(self._coming, self._lanes))
        return max(1, min(self.batch_pages, math.ceil(self.wanted / self.page_size) - coming))

    def _needed(self, lane: Lane) -> int:
        """Commands to ask for: for the whole of *lane* where its end is near, else so many as will surely be full."""
        pages = self._expected(lane) / self.page_size
        doubt = pages * lane.doubt
        if doubt > (_TOLERATED if self._cheap_overshoot else 1.0) and not self.hurry:
            needed = math.floor(pages - doubt)
        elif self._cheap_overshoot:
            # Better a few commands too many than a rest that has to wait for another round.
            needed = math.floor(pages + min(doubt, _TOLERATED)) + 1
        else:
            needed = math.ceil(pages)
        # No lane holds more rows than it has positions.
        most = (lane.high - lane.low - 2) // self.page_size + 1
        return max(1, min(max(needed, min(lane.least, self.batch_pages)), most))

    def _frontier(self, budget: int) -> list[Lane]:
        """Cuts the long lane at the end and gives the lanes whose first page should be seen now."""
        if self.ahead < 2 or budget < 2 * self.ahead or self.wanted is not None:
            return []
        seen = sum(lane.seen for lane in self._lanes if lane.state == "waiting")
        if not self.hurry:
            self._cut_ahead(self.ahead - seen + 1)
            return self._unseen()[: max(0, self.ahead + 1 - seen)]
        if not self._surveyed:
            self._cut_ahead(_FIRST_SCOUTS)
        elif seen <= 1.5 * self.ahead:
            self._cut_ahead(min(budget, _SCOUTS_FOR_EACH * self.ahead))
        return self._unseen()[:budget]

    def _unseen(self) -> list[Lane]:
        return [lane for lane in self._lanes[1:] if lane.state == "waiting" and not lane.seen]

    def _cut_ahead(self, count: int) -> None:
        """Cuts *count* lanes off the last one whose beginning was seen.

        What is behind them stays whole: should it begin in a hole, its first page tells where ids go on.
        """
        index = len(self._lanes) - 1
        while index >= 0 and self._lanes[index].state != "waiting":
            index -= 1
        if index > 0 and not self._lanes[index].seen:
            return  # it is still to be looked at
        while index >= 0 and count > 0 and self._cut(index):
            count -= 1
            index += 1

    def _cut(self, index: int) -> bool:
        """Bounds the lane at *index* after some batches; the rest waits as a lane of its own. Whether there is one."""
        lane = self._lanes[index]
        rows = self._batches_per_lane * self.batch_pages * self.page_size
        if self._expected(lane) < 1.5 * rows:
            return False
        if self.hurry:
            # What one chain can carry, and no more, behind the page that looks ahead.
            ahead = 0 if lane.seen else self.page_size
            middle = lane.low + math.ceil((rows + ahead) / self._nearby(lane))
        else:
            overall = max(_LEAST_DENSITY, self._rows / self._span) if self._span else 1.0
            middle = lane.low + math.ceil(rows * (1 + lane.doubt) / min(lane.density, overall))
        return self._split(index, middle)

    def _split(self, index: int, middle: int) -> bool:
        """Cuts the lane at *index* before the position *middle*; the rest, unseen, follows it. Whether there is one."""
        lane = self._lanes[index]
        if not lane.low < middle < lane.high - 1:
            return False
        rest = Lane(middle - 1, lane.high, lane.density, max(lane.doubt, self._doubt), seen=False)
        self._lanes.insert(index + 1, rest)
        lane.high = middle
        return True

    def _nearby(self, lane: Lane) -> float:
        """The density of *lane*: as its own page tells, or as the latest pages do, which are more, where they agree."""
        rows, span = self._latest
        latest = min(1.0, rows / span) if span else lane.density
        return latest if alike(latest, lane.density) else lane.density

    # -- learning -------------------------------------------------------------------------------------------------

    def landed(self) -> None:
        """One batch came back; `settle` was called for each of its lanes."""
        self._flying -= 1
        self._landed += 1

    def settle(
        self, lane: Lane, pages: Sequence[Any], rows: int, first: int | None, last: int | None, *, whole: bool
    ) -> None:
        """Books what came back for *lane*.

        Args:
            pages: its non-empty pages, in order.
            rows: how many rows they hold.
            first, last: positions of the first and the last row, None if there was none.
            whole: whether the lane is known to hold no more rows.
        """
        if not lane.seen:
            self._missed += ((not rows) - self._missed) / _REMEMBERED
        lane.state = "done"
        lane.held = list(pages)
        self._rows += rows
        self._span += max(0, (lane.high if whole or last is None else last + 1) - lane.low - 1)
        end = lane.high if whole or last is None else last + 1
        if lane.seen and (whole or last is not None):
            guessed = lane.density * max(1, end - lane.low - 1)
            error = min(1.0, abs(math.log((rows + 1) / (guessed + 1))))
            self._doubt = max(_LEAST_DOUBT, self._doubt + _LEARNING * (error - self._doubt))
            lane.doubt = max(_LEAST_DOUBT, lane.doubt + _LEARNING * (error - lane.doubt))
        elif rows:
            lane.doubt = min(max(self._doubt, 1 / math.sqrt(rows)), 0.5)
        if first is not None and last is not None and rows > 1:
            lane.density = min(1.0, (rows - 1) / (last - first))
            self._learn_nearby(rows, last - first)
        if lane.pages > 1 and not lane.both_ends:
            wasted = (lane.pages - len(pages)) / lane.pages if whole else 0.0
            self._waste += _LEARNING / 4 * lane.pages / self.batch_pages * (wasted - self._waste)
        lane.seen = True
        if not whole:
            surprised = lane.to_end and len(pages) == lane.pages
            self._leave_over(lane, last if last is not None else lane.low, 2 * lane.pages if surprised else 1)

    def _learn_nearby(self, rows: int, span: int) -> None:
        kept = max(0.0, 1 - rows / _NEARBY_ROWS)
        self._latest = self._latest[0] * kept + rows - 1, self._latest[1] * kept + span

    def _leave_over(self, lane: Lane, low: int, least: int) -> None:
        # The density of a far end may tell nothing of a crowd of ids here: chains that come back full grow, so that
        # even a guess that is wrong by orders of magnitude costs a few requests only.
        index = self._lanes.index(lane)
        following = self._lanes[index + 1] if index + 1 < len(self._lanes) else None
        if following is not None and following.state == "waiting" and not following.seen:
            following.low = low
            following.density, following.doubt, following.seen = lane.density, lane.doubt, True
            following.least = max(following.least, least)
        elif lane.high - low > 1:
            self._lanes.insert(index + 1, Lane(low, lane.high, lane.density, lane.doubt, least=least))
        lane.high = low + 1

    # -- handing out ----------------------------------------------------------------------------------------------

    def ready(self) -> Iterator[Any]:
        """Pages that may be handed out now, in order; each is forgotten as it is given. More may land meanwhile."""
        while self._lanes and self._lanes[0].state == "done":
            lane = self._lanes[0]
            if not lane.held:
                self._lanes.pop(0)
                continue
            page = lane.held.pop(0)
            if not lane.held:
                self._lanes.pop(0)
            yield page

    def __len__(self) -> int:
        return len(self._lanes)
