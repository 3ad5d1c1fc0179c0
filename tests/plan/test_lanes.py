"""Lanes against a portal in memory: ids with holes of all sizes, batches that land in any order or break off."""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24orm.plan import EvenBook, Lane, LaneBook, is_even


@dataclass
class Reading:
    """Follows a book to its end, as the engine does, and keeps count of what it costs."""

    ids: Sequence[int]
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    page_size: int = 50
    batch_pages: int = 50
    ahead: int = 4
    cheap_overshoot: bool = True
    breaks: float = 0.0
    requests: int = 1
    wasted: int = 0
    most_held: int = 0
    most_flying: int = 0
    got: list[int] = field(default_factory=list[int])
    wanted: int | None = None
    handed: int = 100
    hurry: bool = False
    even: bool = False

    def run(self) -> Reading:
        ids, size = self.ids, self.page_size
        head, tail = ids[:size], ids[-size:]
        assert head[-1] < tail[0]
        book = (EvenBook if self.even else LaneBook)(
            head[-1],
            tail[0],
            density=(len(head) + len(tail) - 2) / max(1, head[-1] - head[0] + tail[-1] - tail[0]),
            seen=(len(head) + len(tail), head[-1] - head[0] + tail[-1] - tail[0]),
            page_size=size,
            batch_pages=self.batch_pages,
            ahead=self.ahead,
            wanted=self.wanted,
            cheap_overshoot=self.cheap_overshoot,
        )
        book.hurry = self.hurry or self.even
        self.got += head
        flying: list[list[Lane]] = []
        while not book.finished:
            while batch := book.next_batch():
                assert sum(lane.pages for lane in batch) <= self.batch_pages
                assert all(lane.pages > 0 and lane.state == "flying" for lane in batch)
                self.requests += 1
                flying.append(batch)
            self.most_flying = max(self.most_flying, len(flying))
            assert flying, "a book that is not finished always has something under way"
            assert self.requests <= 2 * len(ids) + 10, "the book runs in circles"
            for lane in flying.pop(self.chance.randrange(len(flying))):
                if lane.both_ends and isinstance(book, EvenBook):
                    self._settle_ends(book, lane)
                else:
                    self._settle(book, lane)
            book.landed()
            self.most_held = max(self.most_held, sum(len(lane.held) for lane in _lanes(book)))
            for page in book.ready():
                self.got += page
                if book.wanted is not None:
                    book.wanted -= len(page)
                    if book.wanted <= 0:
                        return self
        self.got += tail
        return self

    def _settle(self, book: LaneBook, lane: Lane) -> None:
        answered = lane.pages
        if self.chance.random() < self.breaks:
            answered = self.chance.randint(1, lane.pages)
        pages: list[Sequence[int]] = []
        last, whole = lane.low, False
        for number in range(answered):
            start = bisect.bisect_right(self.ids, last)
            page = self.ids[start : min(bisect.bisect_left(self.ids, lane.high), start + self.page_size)]
            self.handed += len(page)
            if page:
                pages.append(page)
                last = page[-1]
            if len(page) < self.page_size:
                whole = True
                self.wasted += lane.pages - number - 1
                if not self.cheap_overshoot:
                    self.handed += self.page_size * (lane.pages - number - 1)
                break
        first = pages[0][0] if pages else None
        book.settle(lane, pages, sum(map(len, pages)), first, last if pages else None, whole=whole)

    def _settle_ends(self, book: EvenBook, lane: Lane) -> None:
        start, stop = bisect.bisect_right(self.ids, lane.low), bisect.bisect_left(self.ids, lane.high)
        high, size = lane.high, self.page_size
        begin, end = (list(self.ids[start : min(stop, start + size)]), list(self.ids[max(start, stop - size) : stop]))
        self.handed += len(begin) + len(end)
        whole = len(begin) < size
        pages = [begin] if begin else []
        edges = (begin[0], begin[-1]) if begin else (None, None)
        book.settle(lane, pages, len(begin), *edges, whole=whole)
        if whole or high - begin[-1] <= 1:
            return
        new = [key for key in end if key > begin[-1]]
        edges = (new[0], new[-1]) if new else (None, None)
        book.settle_end(lane, [new] if new else [], len(new), *edges, whole=len(new) < size)


def _lanes(book: LaneBook) -> list[Lane]:
    return book._lanes


def spread(count: int, steps: Iterator[int]) -> list[int]:
    here, ids = 1, []
    for _ in range(count):
        here += next(steps)
        ids.append(here)
    return ids


def uniform(count: int, width: int, seed: int) -> list[int]:
    return list(accumulate(random.Random(seed).choices(range(1, width + 1), k=count)))


runs = st.lists(
    st.tuples(
        st.sampled_from([1, 40, 3_000, 500_000, 10**8]),  # a hole,
        st.sampled_from([1, 2, 9, 150, 5_000]),  # then ids that are so far apart,
        st.sampled_from([1, 7, 60, 400, 2_600]),  # and so many of them
    ),
    min_size=1,
    max_size=8,
)
chances = st.integers(0, 2**32 - 1).map(random.Random)  # st.randoms() would have Hypothesis draw each number itself


def laid_out(pieces: list[tuple[int, int, int]], chance: random.Random) -> list[int]:
    ids: list[int] = []
    here = 0
    for hole, width, count in pieces:
        ids += (here + hole + step for step in accumulate(chance.choices(range(1, width + 1), k=count)))
        here = ids[-1]
    return ids


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(
    pieces=runs,
    chance=chances,
    ahead=st.integers(1, 6),
    batch_pages=st.sampled_from([1, 2, 7, 50]),
    page_size=st.sampled_from([1, 2, 50]),
    cheap=st.booleans(),
    breaks=st.sampled_from([0.0, 0.3, 1.0]),
    hurry=st.booleans(),
)
def test_every_row_comes_once_and_in_order_whatever_the_ids_and_whatever_breaks(
    pieces: list[tuple[int, int, int]],
    chance: random.Random,
    ahead: int,
    batch_pages: int,
    page_size: int,
    cheap: bool,
    breaks: float,
    hurry: bool,
) -> None:
    ids = laid_out(pieces, chance)[: 100 * page_size]
    if len(ids) <= 2 * page_size:
        ids = list(range(1, 2 * page_size + 2))
    read = Reading(ids, chance, page_size, batch_pages, ahead, cheap, breaks, hurry=hurry).run()
    assert read.got == ids
    assert read.most_flying <= ahead


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(pieces=runs, chance=chances, ahead=st.integers(1, 8), cheap=st.booleans())
def test_requests_and_waste_stay_bounded_however_the_ids_are_strewn(
    pieces: list[tuple[int, int, int]], chance: random.Random, ahead: int, cheap: bool
) -> None:
    ids = laid_out(pieces, chance)
    if len(ids) <= 100:
        ids = list(range(1, 102))
    read = Reading(ids, chance, ahead=ahead, cheap_overshoot=cheap).run()
    # Each change of density is a surprise, which may cost a request or some; without one, 2500 rows a request.
    assert read.requests <= len(ids) / 2500 + 6 + 5 * len(pieces)
    assert read.most_held <= (2 * ahead + ahead + 1) * 50


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    pieces=runs,
    chance=chances,
    ahead=st.integers(1, 8),
    wanted=st.integers(1, 4000),
    hurry=st.booleans(),
)
def test_a_limit_is_kept_and_hardly_more_is_read(
    pieces: list[tuple[int, int, int]], chance: random.Random, ahead: int, wanted: int, hurry: bool
) -> None:
    ids = laid_out(pieces, chance)
    if len(ids) <= 100:
        ids = list(range(1, 102))
    read = Reading(ids, chance, ahead=ahead, wanted=wanted, hurry=hurry).run()
    inside = ids[50:-50]
    assert read.got[50 : 50 + min(wanted, len(inside))] == inside[:wanted]
    assert read.handed - 100 <= wanted + 50 * (2 + len(pieces))


@pytest.mark.slow
@pytest.mark.parametrize("count", [101, 150, 2_600, 5_000, 20_000, 60_000, 100_000])
@pytest.mark.parametrize("width", [1, 3, 200])
@pytest.mark.parametrize("cheap", [True, False])
def test_even_ids_take_hardly_more_than_one_request_for_2500_rows(count: int, width: int, cheap: bool) -> None:
    for seed in range(3):
        read = Reading(uniform(count, width, seed), random.Random(seed), cheap_overshoot=cheap).run()
        assert read.got == read.ids
        assert read.requests <= 1.02 * count / 2500 + 5
        assert read.handed <= 1.03 * count + 250


@cache
def with_gaps_and_a_hole(count: int, seed: int) -> list[int]:
    """8 % gaps, and a hole a third of the way, half as wide as the rest."""
    ids = sorted(random.Random(seed).sample(range(1, round(count / 0.92) + 1), count))
    width = ids[-1] // 2
    return [id if number < count // 3 else id + width for number, id in enumerate(ids)]


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [1, 3, 8])
@pytest.mark.parametrize("cheap", [True, False])
def test_100000_rows_with_gaps_and_a_hole_take_about_41_requests_and_hardly_a_row_too_many(
    ahead: int, cheap: bool
) -> None:
    for seed in range(4):
        ids = with_gaps_and_a_hole(100_000, seed)
        for direction in (ids, [-id for id in reversed(ids)]):
            read = Reading(direction, random.Random(seed), ahead=ahead, cheap_overshoot=cheap).run()
            assert read.got == direction
            assert read.requests <= (43 if cheap else 46)
            assert read.handed <= 1.03 * len(ids)


@pytest.mark.slow
def test_a_slow_portal_is_read_with_many_lanes_at_once_for_hardly_more_requests() -> None:
    for seed in range(4):
        ids = with_gaps_and_a_hole(100_000, seed)
        read = Reading(ids, random.Random(seed), ahead=12, hurry=True).run()
        assert read.got == ids
        assert read.most_flying >= 10
        assert read.requests <= 48
        assert read.handed <= 1.03 * len(ids)
        assert read.most_held <= 2 * 12 * 50


class OneAfterTheOther(random.Random):
    """Lands what left first."""

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_an_even_list_with_a_hole_is_read_for_44_requests_at_most(seed: int) -> None:
    ids = with_gaps_and_a_hole(100_000, seed)
    for direction in (ids, [-id for id in reversed(ids)]):
        read = Reading(direction, OneAfterTheOther(), ahead=16, even=True).run()
        assert read.got == direction
        assert read.most_flying >= 14
        assert read.requests <= 44
        assert read.handed <= len(ids) + 100


@pytest.mark.slow
@pytest.mark.parametrize(("width", "most"), [(1, 42), (3, 46), (200, 47)])
def test_ids_that_are_missing_by_chance_cost_hardly_a_request(width: int, most: int) -> None:
    for seed in range(2):
        ids = uniform(100_000, width, seed)
        read = Reading(ids, OneAfterTheOther(), ahead=16, even=True).run()
        assert read.got == ids
        assert read.requests <= most
        assert read.handed == len(ids)


def test_trust_that_is_misplaced_costs_its_lanes_and_no_more() -> None:
    """Both ends are dense, and there is next to nothing between them."""
    ids = [*range(1, 3_000), *range(10**6, 10**6 + 3_000)]
    trusting, wary = (Reading(ids, OneAfterTheOther(), ahead=12, hurry=True, even=even).run() for even in (True, False))
    assert trusting.got == wary.got == ids
    assert trusting.requests <= wary.requests + 10


def test_a_stretch_that_is_not_even_is_looked_at_again_and_costs_some_requests() -> None:
    """A crowd of ids in the middle of a list whose others are ten times as far apart."""
    ids = [*range(0, 400_000, 10), *range(400_000, 430_000), *range(430_000, 830_000, 10)]
    read = Reading(ids, OneAfterTheOther(), ahead=16, even=True).run()
    assert read.got == ids
    assert read.requests <= len(ids) / 2500 + 25
    assert read.handed <= 1.01 * len(ids)


def test_a_list_that_proves_uneven_is_read_like_any_other() -> None:
    chance = random.Random(3)
    ids = spread(80_000, (1 if chance.random() < 0.99 else chance.choice([60, 4_000]) for _ in iter(int, 1)))
    trusting, wary = (Reading(ids, OneAfterTheOther(), ahead=12, hurry=True, even=even).run() for even in (True, False))
    assert trusting.got == wary.got == ids
    assert trusting.requests <= wary.requests + 25


@pytest.mark.slow
@pytest.mark.parametrize("cheap", [True, False])
def test_lists_of_any_shape_are_whole_though_they_were_taken_for_even(cheap: bool) -> None:
    for seed in range(4):
        chance = random.Random(seed)
        ids = spread(60_000, (1 if chance.random() < 0.999 else chance.choice([50, 20_000]) for _ in iter(int, 1)))
        read = Reading(ids, chance, ahead=12, even=True, breaks=0.05, cheap_overshoot=cheap).run()
        assert read.got == ids


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(
    pieces=runs,
    chance=chances,
    ahead=st.integers(1, 16),
    batch_pages=st.sampled_from([31, 32, 50]),
    page_size=st.sampled_from([1, 2, 50]),
    breaks=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_every_row_of_a_list_taken_for_even_comes_once_and_in_order(
    pieces: list[tuple[int, int, int]],
    chance: random.Random,
    ahead: int,
    batch_pages: int,
    page_size: int,
    breaks: float,
) -> None:
    ids = laid_out(pieces, chance)
    if len(ids) <= 2 * page_size:
        ids = list(range(1, 2 * page_size + 2))
    read = Reading(ids, chance, page_size, batch_pages, ahead, True, breaks, even=True).run()
    assert read.got == ids
    assert read.most_flying <= ahead


def test_a_list_is_taken_for_even_if_it_is_long_and_its_ends_may_tell_the_same_density() -> None:
    long, batch = 100_000.0, 2_500
    assert is_even((49, 49), (49, 53), long, batch)
    assert is_even((49, 5_000), (49, 4_400), long, batch)
    assert not is_even((49, 49), (49, 98), long, batch)
    assert not is_even((49, 49), (49, 49), 20_000.0, batch)
    assert not is_even((0, 0), (49, 49), long, batch)


def test_20000_rows_take_at_most_ten_requests() -> None:
    for seed in range(10):
        chance = random.Random(seed)
        steps = (1 if chance.random() < 0.93 else chance.randrange(2, 8) for _ in iter(int, 1))
        assert Reading(spread(20_000, steps), chance).run().requests <= 10


@pytest.mark.parametrize("cheap", [True, False])
def test_wide_holes_every_3000_rows_do_not_multiply_the_requests(cheap: bool) -> None:
    ids = [number + number // 3_000 * 500_000 for number in range(1, 60_001)]
    read = Reading(ids, cheap_overshoot=cheap).run()
    assert read.got == ids
    assert read.requests <= 1.4 * 60_000 / 2500 + 6


@pytest.mark.parametrize("cheap", [True, False])
def test_a_crowd_of_ids_far_from_both_ends_does_not_come_page_by_page(cheap: bool) -> None:
    """Both ends are sparse, so that the first guess is wrong by orders of magnitude."""
    far = 10**8
    ids = [*range(1, far, far // 60), *range(5 * far, 5 * far + 30_000), *range(9 * far, 10 * far, far // 60)]
    read = Reading(ids, cheap_overshoot=cheap).run()
    assert read.got == ids
    assert read.requests <= len(ids) / 2500 + 12


def test_pages_held_back_stay_bounded_while_the_first_batch_is_late() -> None:
    class Last(random.Random):
        def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
            return start - 1  # always land the batch that left last

    read = Reading(uniform(100_000, 4, 3), Last(), ahead=4).run()
    assert read.got == read.ids
    assert read.most_held <= 2 * 4 * 50 + 50


def test_what_may_wait_is_bounded_further_where_pages_are_large() -> None:
    book = LaneBook(0, 10**6, density=1.0, ahead=8)
    book.most_waiting = 120
    _first_chain(book)
    while book.next_batch():
        pass
    assert sum(lane.pages for lane in _lanes(book) if lane.state == "flying") <= 120 + 50


def _first_chain(book: LaneBook) -> None:
    """The first batch of *book* comes back full: ids are dense."""
    (lane,) = book.next_batch()
    rows = 50 * lane.pages
    book.settle(
        lane, [range(lane.low + 1, lane.low + 51)] * lane.pages, rows, lane.low + 1, lane.low + rows, whole=False
    )
    book.landed()
    list(book.ready())


@pytest.mark.parametrize(("low", "high"), [(5, 6), (5, 5), (6, 5)])
def test_an_empty_range_is_finished_at_once(low: int, high: int) -> None:
    book = LaneBook(low, high, density=1.0)
    assert book.finished
    assert book.next_batch() == []
    assert list(book.ready()) == []
    assert len(book) == 0


def test_a_range_of_one_position_takes_one_page() -> None:
    book = LaneBook(5, 7, density=1.0)
    (lane,) = book.next_batch()
    assert (lane.low, lane.high, lane.pages) == (5, 7, 1)
    book.settle(lane, ["page"], 1, 6, 6, whole=True)
    book.landed()
    assert list(book.ready()) == ["page"]
    assert book.finished


def test_a_lane_that_broke_off_goes_on_behind_its_last_row() -> None:
    book = LaneBook(0, 1001, density=1.0)
    (lane,) = book.next_batch()
    book.settle(lane, ["page"], 50, 1, 50, whole=False)
    book.landed()
    assert list(book.ready()) == ["page"]
    (rest,) = book.next_batch()
    assert (rest.low, rest.high) == (50, 1001)


def test_a_lane_that_brought_nothing_and_is_not_whole_is_asked_for_again() -> None:
    book = LaneBook(0, 1001, density=1.0)
    (lane,) = book.next_batch()
    book.settle(lane, [], 0, None, None, whole=False)
    book.landed()
    list(book.ready())
    (again,) = book.next_batch()
    assert (again.low, again.high) == (0, 1001)


def test_lanes_cover_their_range_without_gap_or_overlap() -> None:
    book = LaneBook(0, 10**6, density=1.0, ahead=4)
    _first_chain(book)
    widest = 0
    for _ in range(6):
        batches: list[list[Lane]] = []
        while batch := book.next_batch():
            batches.append(batch)
        widest = max(widest, len(batches))
        lanes = _lanes(book)
        assert lanes[-1].high == 10**6
        assert all(after.low == before.high - 1 for before, after in pairwise(lanes))
        for batch in batches:
            for lane in batch:
                rows = min(50 * lane.pages, lane.high - lane.low - 1)
                pages = ["page"] * -(-rows // 50)
                book.settle(lane, pages, rows, lane.low + 1, lane.low + rows, whole=rows < 50 * lane.pages)
            book.landed()
        list(book.ready())
    assert 1 < widest <= 4


def test_before_a_long_chain_is_sent_somewhere_one_page_is_read_there() -> None:
    book = LaneBook(0, 10**6, density=1.0, ahead=3)
    _first_chain(book)
    batch = book.next_batch()
    probes = [lane for lane in batch if not lane.seen]
    assert [lane.pages for lane in probes] == [1] * len(probes)
    assert probes
    assert sum(lane.pages for lane in batch) == 50


def test_a_hole_costs_one_command() -> None:
    book = LaneBook(0, 10**6, density=1.0, ahead=3)
    _first_chain(book)
    (chain, *rest) = sorted(book.next_batch(), key=lambda lane: lane.low)
    for lane in rest[:-1]:
        book.settle(lane, [], 0, None, None, whole=True)
    book.settle(rest[-1], ["page"], 50, 900_001, 900_050, whole=False)  # behind the hole
    book.settle(
        chain, ["page"] * chain.pages, 50 * chain.pages, chain.low + 1, chain.low + 50 * chain.pages, whole=False
    )
    book.landed()
    following = [lane for lane in book.next_batch() if lane.low > chain.high]
    assert all(lane.low >= 900_050 for lane in following)


def test_a_batch_that_is_not_full_waits_for_what_is_under_way() -> None:
    book = LaneBook(0, 10**6, density=1.0, ahead=3)
    _first_chain(book)
    book.next_batch()
    while book.next_batch():
        pass
    book._lanes[:] = [lane for lane in _lanes(book) if lane.state == "flying"]
    book._lanes.append(Lane(book._lanes[-1].high - 1, book._lanes[-1].high + 500, 1.0, 0.01))
    assert book.next_batch() == []


def test_a_chain_that_came_back_full_against_expectation_is_doubled() -> None:
    book = LaneBook(0, 10**9, density=1e-7)
    (lane,) = book.next_batch()
    lane.pages = 2
    book.settle(lane, ["page"] * 2, 100, 1, 10_000, whole=False)
    book.landed()
    list(book.ready())
    again = min(book.next_batch(), key=lambda lane: lane.low)
    assert again.least == 4
