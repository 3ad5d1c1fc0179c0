"""`EvenBook`: lanes of a long list whose ids are spread evenly, at a portal that takes its time.

Such a portal takes a second for a batch, so that what counts is how many are under way, and how soon; and a limit of
requests makes every batch count that is not full. Where ids are even, both can be had, since where a row lies can be
foretold:

- While nothing is known but both ends of the list, its first lanes leave on trust. Beside them leaves a short batch
  that looks at what follows: each stretch of some lanes is read from both ends, one page each, as the list itself was.
  These pages are rows like all others. A hole shows in them, with where it begins and where it ends.
- Between two ends that are alike, a chain is cut off for each batch, as long as the batch has room. How many rows it
  will hold is known up to chance, and the room that is left for chance grows with what is not known yet (`_spread`).
- Rows that come behind that all the same are a rest of a page, which shares the next batch.
- As soon as the number of batches that are still to leave is known, all of them get the same share of the rows, so that
  the room in the last one is everybody's room for chance.

Stretches whose ends are not alike are cut one batch at a time, and looked at again. A list in which stretches are found
empty more often than not is not even: it is read like any other, see `LaneBook`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from b24orm.plan.lanes import UNEVEN, Lane, LaneBook, alike

__all__ = ["EvenBook", "is_even"]

# Lists are read so if they seem to be longer than so many batches.
_LONG = 20
# Batches that leave before anything was looked at.
_TRUSTED = 7
# Stretches that are looked at, first and later, and how many batches each may take at most.
_STRETCHES = 8
_LONGEST = 6.5
# Pages of the batch that looks first. What its looks leave are rows from the front: they are wanted first anyway, but
# everybody waits for this batch.
_FIRST_PAGES = 32
# A list is not even if this share of its stretches have ends that are not alike, or of its chains far too few rows.
_ODD = 0.5
# Standard deviations of room for chance: a rest costs a command, and its lane waits for it.
_SURE = 2.0
# A chain shorter than this is not started for the beginning of a stretch: each cut costs about a command.
_SHORTEST = 3
# A batch leaves while others are under way if it is so full before chains are made longer; they may leave rests for it.
_FULL = 0.5


def is_even(head: tuple[int, int], tail: tuple[int, int], rows: float, batch: int) -> bool:
    """Whether a list may be read by an `EvenBook`.

    Args:
        head, tail: how many rows its first and its last page hold, and how many positions they take.
        rows: about how many it holds between them.
        batch: how many rows come in a batch.
    """
    return alike(head[0] / max(1, head[1]), tail[0] / max(1, tail[1])) and rows > _LONG * batch


class EvenBook(LaneBook):
    """Lanes of a long list whose ids are spread evenly, at a portal that refuses what is behind the end of a chain.

    See `LaneBook` for what it is told and asked.
    """

    _odd = 0.0  # the share of stretches and chains that were not as foretold, lately

    @property
    def _even(self) -> bool:
        """Whether what was looked at says that the list is even, all in all."""
        return self._missed < UNEVEN and self._odd < _ODD

    @override
    def next_batch(self) -> list[Lane]:
        """The lanes of the next batch, now flying; empty if nothing should be asked for at the moment."""
        if not self._even or self.batch_pages < _FIRST_PAGES:
            return super().next_batch()
        if not self._lanes or not self._may_start():
            return []
        if not self._surveyed:
            self._surveyed = True
            return self._take_off(self._first_looks())
        batch = self._looks()
        looks = len(batch)
        used = self._fill(batch, self.batch_pages - 2 * looks)
        if self._flying and not looks and used < _FULL * self.batch_pages:
            return []  # what is under way may leave rests that fill it
        if chains := batch[looks:]:
            # Guesses are guesses; room that nobody needs is better spent on longer chains.
            max(chains, key=lambda lane: lane.pages).pages += self.batch_pages - used
        return self._take_off(batch)

    # -- looking ahead ---------------------------------------------------------------------------------------------

    def _first_looks(self) -> list[Lane]:
        """The batch that looks at what follows the trusted lanes."""
        front = self._lanes[0]
        rows = self._room(front, _FIRST_PAGES - 2 * _STRETCHES) + _TRUSTED * self._room(front, self.batch_pages)
        self._split(0, front.low + self._positions(front, rows))
        front.trusted = True
        self._cut_stretches()
        batch = self._ask_both_ends(self._lanes)
        self._fill(batch, _FIRST_PAGES - sum(lane.pages for lane in batch))
        return batch

    def _looks(self) -> list[Lane]:
        """Stretches to look at now: what rows are wanted before others that may be asked for already, and further ones
        as soon as no more was seen than what may be under way."""
        waiting = [lane for lane in self._lanes if lane.state == "waiting"]
        seen = sum(self._rows_in(lane) for lane in waiting if lane.seen)
        if seen <= self.ahead * self.batch_pages * self.page_size and not self._looking:
            self._cut_stretches()
            return self._ask_both_ends(self._lanes)
        return self._ask_both_ends(waiting[:-1])

    @property
    def _looking(self) -> bool:
        """Whether looks are under way."""
        return any(lane.both_ends and lane.state == "flying" for lane in self._lanes)

    def _ask_both_ends(self, lanes: Sequence[Lane]) -> list[Lane]:
        looks = [lane for lane in lanes if lane.state == "waiting" and not lane.seen][:_STRETCHES]
        for lane in looks:
            lane.pages, lane.both_ends = 2, True
        return looks

    def _cut_stretches(self) -> None:
        """Cuts what follows all that was seen into stretches, so many that they may be looked at together."""
        rest = self._lanes[-1]
        if rest.state == "waiting" and not rest.seen:
            batches = self._rows_in(rest) / (self.batch_pages * self.page_size)
            self._cut_up(rest, max(1.0, min(_LONGEST, batches / _STRETCHES)))

    def _cut_up(self, lane: Lane, batches: float) -> None:
        """Cuts *lane* into stretches of so many batches each; what many of them leave stays whole."""
        positions = self._positions(lane, batches * self.batch_pages * self.page_size)
        index = self._lanes.index(lane)
        for _ in range(_STRETCHES):
            low, high = self._lanes[index].low, self._lanes[index].high
            if high - low < 1.5 * positions or not self._split(index, low + positions):
                break
            index += 1

    @override
    def settle(
        self, lane: Lane, pages: Sequence[Any], rows: int, first: int | None, last: int | None, *, whole: bool
    ) -> None:
        """See `LaneBook.settle`. Where far fewer rows came than were foretold, what follows is not trusted any more."""
        foretold = self._rows_in(lane)
        super().settle(lane, pages, rows, first, last, whole=whole)
        if not lane.trusted:
            return
        odd = whole and rows < foretold / 2
        self._odd += (odd - self._odd) / _STRETCHES
        if odd:
            index = self._lanes.index(lane) + 1
            following = self._lanes[index] if index < len(self._lanes) else lane
            if following.state == "waiting" and following.trusted:
                following.seen = following.trusted = False

    def settle_end(
        self, lane: Lane, pages: Sequence[Any], rows: int, first: int | None, last: int | None, *, whole: bool
    ) -> None:
        """Books the last page of a stretch that was asked for both ends, after `settle` was told its first one.

        Args:
            lane: the stretch.
            pages: its last page without rows that are on the first one; nothing if that leaves none.
            rows: how many rows are left of it.
            first, last: positions of the first and the last of them, None if there is none.
            whole: whether the stretch is known to hold no more rows.
        """
        index = self._lanes.index(lane) + 1
        between = self._lanes.pop(index)
        if first is not None and last is not None:
            end = Lane(first - 1, between.high, (rows - 1) / max(1, last - first), between.doubt)
            end.state, end.held = "done", list(pages)
            self._lanes.insert(index, end)
            self._rows += rows
            self._span += between.high - first
            self._learn_nearby(rows, last - first)
            between.high = first
            nearby = self._nearby(between)
            between.trusted = alike(end.density, between.density) or (
                alike(end.density, nearby) and alike(between.density, nearby)
            )
            self._odd += ((not between.trusted) - self._odd) / _STRETCHES
        if not whole:
            self._lanes.insert(index, between)

    @override
    def _leave_over(self, lane: Lane, low: int, least: int) -> None:
        if lane.high - low > 1:
            rest = Lane(low, lane.high, lane.density, lane.doubt, least=least)
            rest.trusted = lane.trusted
            self._lanes.insert(self._lanes.index(lane) + 1, rest)
        lane.high = low + 1

    # -- chains ----------------------------------------------------------------------------------------------------

    def _fill(self, batch: list[Lane], budget: int) -> int:
        """Adds the next rows in order to *batch*, *budget* pages at most. How many pages it asks for then."""
        for lane in list(self._lanes):
            if budget <= 0:
                break
            if lane.state != "waiting" or lane.both_ends or (not lane.seen and lane is not self._lanes[0]):
                continue
            needed = self._needed(lane)
            if needed > budget:
                if budget < _SHORTEST and batch:
                    break
                self._cut_off(lane, budget)
                needed = budget
            lane.pages = needed
            budget -= needed
            batch.append(lane)
        return sum(lane.pages for lane in batch)

    def _cut_off(self, lane: Lane, pages: int) -> None:
        """Bounds *lane* after what *pages* pages surely hold. If it is not to be trusted, the rest is looked at."""
        index = self._lanes.index(lane)
        if not self._split(index, lane.low + self._positions(lane, self._room(lane, pages) * self._share)):
            return
        rest = self._lanes[index + 1]
        if lane.trusted:
            rest.seen = rest.trusted = True
        else:
            self._cut_up(rest, 1.0)

    @property
    def _share(self) -> float:
        """How full batches may be if all that are still to leave get the same share of what is left to ask for."""
        waiting = [lane for lane in self._lanes if lane.state == "waiting"]
        if self._looking or not waiting or not all(lane.seen for lane in waiting):
            return 1.0
        batches = sum(map(self._rows_in, waiting)) / self._room(waiting[0], self.batch_pages)
        return batches / max(1, math.ceil(batches))

    def _needed(self, lane: Lane) -> int:
        """Pages that surely hold all rows of *lane*."""
        rows = self._rows_in(lane)
        surely = (rows + self._spread(lane, rows)) / self._share
        pages = max(math.ceil(surely / self.page_size), min(lane.least, self.batch_pages))
        return max(1, min(pages, (lane.high - lane.low - 2) // self.page_size + 1))

    def _room(self, lane: Lane, pages: int) -> float:
        """How many rows may be expected where surely no more than *pages* pages come."""
        rows = float(pages * self.page_size)
        return max(1.0, rows - self._spread(lane, rows))

    def _spread(self, lane: Lane, rows: float) -> float:
        """By how many rows *rows* that are expected may surely be exceeded.

        Ids are taken to be missing by chance: rows among positions are binomial. The density itself is known from the
        rows that came nearby; that none was missing among them does not say that none will.
        """
        told = self._latest[0] or float(self._rows)
        missing = 1 - min(self._nearby(lane), told / (told + 1))
        return _SURE * math.sqrt(missing * (rows + rows * rows / max(1.0, told)))

    def _rows_in(self, lane: Lane) -> float:
        return self._nearby(lane) * (lane.high - lane.low - 1)

    def _positions(self, lane: Lane, rows: float) -> int:
        return max(2, math.floor(rows / self._nearby(lane)))
