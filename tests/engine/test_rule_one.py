"""Rule 1 against a plain model of the portal: whatever the ids, the page size, the faults and the changes meanwhile.

A list that ends normally holds every row that matched before it began and still matched when it ended, exactly once and
in order. One that breaks off says so, and what it handed out until then is right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24orm import Deal, Limits, Portal, errors
from b24orm.limits import SystemClock
from b24orm.sandbox import Sandbox

pytestmark = pytest.mark.slow


class Hurried(SystemClock):
    """Real time, but sleeping takes none of it."""

    __slots__ = ("ahead",)

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.ahead += seconds
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b24orm.engine.dispatcher.SystemClock", Hurried)


FAULTS = (
    "unavailable",
    "bad_gateway",
    "gateway_timeout",
    "html",
    "reset",
    "reset_after",
    "half_answer",
    "broken_json",
    "empty",
    "server_error",
    "command_error",
    "command_query_limit",
)

dense = st.integers(0, 400).map(lambda count: list(range(1, count + 1)))
sparse = st.lists(st.integers(1, 10**9), unique=True, max_size=300).map(sorted)
clustered = st.lists(st.tuples(st.integers(1, 200_000), st.integers(1, 130)), max_size=5).map(
    lambda pieces: sorted({start + offset for start, count in pieces for offset in range(count)})
)
special = st.sampled_from([0, 1, 2, 49, 50, 51, 99, 100, 101, 150, 2_500, 2_501]).map(
    lambda count: [3 * number for number in range(1, count + 1)]
)


@dataclass(frozen=True)
class World:
    """What the portal is like, and what happens to it."""

    ids: list[int]
    page_size: int
    faults: list[tuple[str, int]]
    changes: list[tuple[int, str, int]]  # at which command, what, to which row
    classic: bool
    descending: bool
    window: tuple[int, int | None] | None
    bounds: tuple[float, float] | None


worlds = st.builds(
    World,
    ids=st.one_of(dense, sparse, clustered, special),
    page_size=st.sampled_from([50, 50, 7, 20, 120]),
    faults=st.lists(st.tuples(st.sampled_from(FAULTS), st.integers(3, 60)), max_size=2),
    changes=st.just([])
    | st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["insert", "remove"]), st.integers(0, 10**6)), max_size=6),
    classic=st.booleans(),
    descending=st.booleans(),
    window=st.none() | st.tuples(st.sampled_from([0, 0, 30, 75]), st.none() | st.integers(1, 300)),
    bounds=st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)),
)


@dataclass
class Model:
    """The rows that the portal holds, and which of them were there all the time."""

    now: set[int]
    always: set[int] = field(default_factory=set[int])
    ever: set[int] = field(default_factory=set[int])

    def __post_init__(self) -> None:
        self.always, self.ever = set(self.now), set(self.now)


def run(world: World) -> None:
    with Sandbox(
        deal_ids=world.ids, limits=Limits.none(), page_size=world.page_size, contacts=1, companies=1
    ) as sandbox:
        model = Model(
            {i for i in world.ids if not world.classic or (sandbox.row("deal", i) or {})["is_recurring"] != "Y"}
        )
        handed: list[int] = []
        low, high = _bounds(world)
        asyncio.run(_read(world, sandbox, model, handed, low, high))
        assert sandbox.books.crashes == []


def _bounds(world: World) -> tuple[int, int]:
    if world.bounds is None or not world.ids:
        return 0, 2 * 10**9
    spread = world.ids[-1]
    first, second = sorted(int(share * spread) for share in world.bounds)
    return first, second


async def _read(world: World, sandbox: Sandbox, model: Model, handed: list[int], low: int, high: int) -> None:
    rows = Deal.objects.select("id").order_by("-id" if world.descending else "id")
    rows = rows.filter(id__gt=low, id__lte=high)
    if world.window is not None:
        start, count = world.window
        rows = rows[start : None if count is None else start + count]
    changes = {at: (what, which) for at, what, which in world.changes}
    calls = 0

    def hook(method: str, params: dict[str, Any], index: int) -> None:
        nonlocal calls
        calls += 1
        what, which = changes.get(calls, ("", 0))
        if what == "insert":
            model.ever.add(sandbox.insert("deal", title="late"))
        elif what == "remove" and model.always:
            gone = sorted(model.always)[which % len(model.always)]
            sandbox.remove("deal", gone)
            model.always.discard(gone)

    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic" if world.classic else "item") as portal:
        await portal.call("profile")
        sandbox.before_command = hook
        for fault, every in world.faults:
            sandbox.faults.add(fault, every=every)
        problem: errors.B24OrmError | None = None
        try:
            async for deal in rows:
                handed.append(deal.id)
        except errors.B24OrmError as error:
            problem = error
        assert problem is None or not handed or isinstance(problem, errors.IncompleteResult)
        _right(world, model, handed, low, high, whole=problem is None)


def _right(world: World, model: Model, handed: Sequence[int], low: int, high: int, *, whole: bool) -> None:
    assert list(handed) == sorted(set(handed), reverse=world.descending), "each once, in order"
    assert all(low < i <= high and i in model.ever for i in handed)
    always = sorted((i for i in model.always if low < i <= high), reverse=world.descending)
    touched = bool(world.changes)
    if world.window is None:
        if whole:
            assert set(always) <= set(handed)
        else:
            inside = [i for i in always if handed and (i >= handed[-1] if world.descending else i <= handed[-1])]
            assert set(inside) <= set(handed)
        return
    start, count = world.window
    if not touched:  # a window of a list that changes has no rows of its own
        wanted = always[start : None if count is None else start + count]
        assert list(handed) == (wanted if whole else wanted[: len(handed)])
        return
    between = [i for i in always if handed and min(handed) <= i <= max(handed)]
    assert set(between) <= set(handed)
    if whole and start == 0 and (count is None or len(handed) < count):
        assert set(always) <= set(handed)


@pytest.mark.slow
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(world=worlds)
def test_a_list_that_ends_normally_is_whole_and_one_that_does_not_says_so(world: World) -> None:
    run(world)


@pytest.mark.parametrize("count", [0, 1, 50, 100, 2_500, 2_501])
@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize("descending", [False, True])
def test_lists_of_special_lengths_are_whole(count: int, classic: bool, descending: bool) -> None:
    run(World([2 * n for n in range(1, count + 1)], 50, [], [], classic, descending, None, None))


long_lists = st.one_of(
    st.integers(300, 1_600).map(lambda count: list(range(1, count + 1))),
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 500)), min_size=1, max_size=4).map(
        lambda pieces: [place for place, _ in _laid(pieces)]
    ),
    st.lists(st.integers(1, 4_000), unique=True, min_size=300, max_size=900).map(sorted),
)


def _laid(pieces: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs of ids that are so far apart, with a hole between each two."""
    here, found = 0, []
    for step, count in pieces:
        for _ in range(count):
            here += step
            found.append((here, step))
        here += 1_000
    return found


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(
    world=st.builds(
        World,
        ids=long_lists,
        page_size=st.sampled_from([50, 7, 3]),
        faults=st.lists(st.tuples(st.sampled_from(FAULTS), st.integers(3, 60)), max_size=1),
        changes=st.just([])
        | st.lists(
            st.tuples(st.integers(1, 90), st.sampled_from(["insert", "remove"]), st.integers(0, 10**6)), max_size=6
        ),
        classic=st.just(False),
        descending=st.booleans(),
        window=st.none(),
        bounds=st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)),
    )
)
def test_a_list_that_is_taken_for_even_is_whole_or_says_that_it_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short it is, and at a portal that is not slow at all: its stretches are looked at, its lanes foretold."""
    monkeypatch.setattr("b24orm.engine.keyset._SLOW_BATCH", -1.0)
    monkeypatch.setattr("b24orm.plan.even._LONG", 0)
    monkeypatch.setattr("b24orm.plan.even._TRUSTED", 1)
    run(world)
