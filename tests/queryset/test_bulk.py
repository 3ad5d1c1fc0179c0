"""Many rows written: requests, outcomes, faults, and what the portal's books say of them."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

import pytest

from b24orm import BulkResult, Contact, Deal, Limits, Portal, errors
from b24orm.errors import BulkError, InvalidValue, OutcomeUnknown, QueryError, UnknownField
from b24orm.queryset import settling
from b24orm.sandbox import Sandbox
from tests.conftest import HurriedClock

VERBS: tuple[Literal["add", "update", "delete"], ...] = ("add", "update", "delete")
STATUSES = ("ok", "failed", "unknown", "not_executed")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=120, seed=8, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(autouse=True)
async def portal(sandbox: Sandbox, hurried: HurriedClock) -> AsyncIterator[Portal]:
    sandbox.books.reset()
    sandbox.before_command = None
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        yield portal
    sandbox.faults.clear()
    sandbox.denied.clear()


def new(count: int, **fields: Any) -> list[Deal]:
    return [Deal(title=f"n{number}", **fields) for number in range(count)]


def agrees(result: BulkResult, sandbox: Sandbox, before: set[int]) -> None:
    """The outcomes of creates are what the portal booked: every row that it made is one outcome, none two."""
    made = [write.id for write in sandbox.books.writes if write.verb == "add" and write.entity == "deal"]
    assert set(result.ids) <= set(made)
    assert len(set(result.ids)) == len(result.ids) == len(result.ok)
    assert set(made) == set(sandbox.ids("deal")) - before
    # What is not accounted for is among those of which nobody knows.
    assert len(made) - len(result.ids) <= len(result.unknown)


# -- creating ------------------------------------------------------------------------------------------------------


async def test_creates_go_50_a_request_and_outcomes_come_in_input_order(sandbox: Sandbox, portal: Portal) -> None:
    deals = new(230)
    result = await Deal.objects.bulk_create(deals)
    assert portal.stats.requests == 5
    assert str(result) == "230 Deal rows created: 230 ok"
    assert [outcome.input for outcome in result] == deals
    assert [outcome.id for outcome in result] == [deal.id for deal in deals] == result.ids
    assert [(await Deal.objects.get(deal.id)).title for deal in deals[:3]] == ["n0", "n1", "n2"]
    assert result[-1].status == "ok"
    assert [outcome.id for outcome in result[5:7]] == [deals[5].id, deals[6].id]
    assert result.all_ok
    assert result.counts["ok"] == 230
    result.raise_for_errors()
    with pytest.raises(IndexError):
        result[230]


async def test_objects_hold_what_the_portal_stored(sandbox: Sandbox) -> None:
    deals = new(3, stage_id="WON")
    await Deal.objects.bulk_create(deals)
    assert {(deal.stage_id, deal.currency_id, deal.closed) for deal in deals} == {("WON", "RUB", True)}
    assert all(deal.changed_fields == frozenset() for deal in deals)
    assert await Deal.objects.filter(id__in=[deal.id for deal in deals]) == deals


async def test_fields_that_a_classic_create_does_not_tell_are_not_loaded(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic") as portal:
        deals = new(60)
        await Deal.objects.bulk_create(deals)
        assert portal.stats.commands == 60
        assert deals[7].id in sandbox.ids("deal")
        assert deals[7].title == "n7"
        with pytest.raises(errors.FieldNotLoaded):
            _ = deals[7].stage_id


async def test_mappings_and_iterators_of_any_kind_are_taken(sandbox: Sandbox, portal: Portal) -> None:
    async def rows() -> AsyncIterator[dict[str, Any]]:
        for number in range(60):
            yield {"title": f"async {number}"}

    objects: Any = Deal.objects
    result = await objects.bulk_create(rows())
    assert (len(result), portal.stats.requests) == (60, 2)
    assert result[0].input is None  # an iterator need not be held in memory
    result = await Deal.objects.bulk_create({"title": f"{n}"} for n in range(3))
    assert len(result.ids) == 3
    assert len(await Deal.objects.bulk_create([])) == 0
    assert portal.stats.requests == 3


async def test_an_iterator_is_taken_little_by_little(sandbox: Sandbox) -> None:
    taken = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for number in range(3000):
            taken += 1
            yield {"title": f"{number}"}

    seen = 0
    objects: Any = Deal.objects
    async for outcome in objects.bulk_create(rows()):
        assert outcome.status == "ok"
        assert outcome.input == {"title": f"{seen}"}
        seen += 1
        if seen == 10:
            assert taken <= 50 * 20
    assert seen == taken == 3000


async def test_leaving_early_ends_the_writing(sandbox: Sandbox) -> None:
    outcomes = Deal.objects.bulk_create({"title": f"{n}"} for n in range(5000)).__aiter__()
    await anext(outcomes)
    await outcomes.aclose()
    assert sandbox.books.applied["deal", "add"] < 2000


@pytest.mark.parametrize(
    ("objs", "says"),
    [
        ([Deal(title="a"), {"titel": "x"}], "input 1: Deal has no field 'titel'"),
        ([Deal(title="a"), Deal(title="b", created_by=5)], "input 1: Deal.created_by is set by the portal"),
        ([{"title": "x"}, Contact(name="x")], "input 1: bulk_create takes objects of Deal"),
        ([{"title": "x"}, {}], "input 1: a new Deal needs title"),
        (5, "takes a list, an iterator"),
        ("abc", "takes a list, an iterator"),
    ],
    ids=["name", "read-only", "class", "missing", "number", "text"],
)
async def test_a_list_with_a_wrong_input_is_refused_before_any_request(portal: Portal, objs: Any, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        await Deal.objects.bulk_create(objs)
    assert portal.stats.requests == 0


async def test_the_same_object_twice_is_refused(portal: Portal) -> None:
    deal = Deal(title="x")
    with pytest.raises(InvalidValue, match="input 1 is the same object as input 0"):
        await Deal.objects.bulk_create([deal, deal])
    await Deal.objects.bulk_create([deal])
    with pytest.raises(InvalidValue, match="at the portal already"):
        await Deal.objects.bulk_create([deal])


async def test_a_wrong_input_of_an_iterator_fails_alone(sandbox: Sandbox) -> None:
    rows: list[dict[str, Any]] = [{"title": "a"}, {"title": "b", "opportunity": "much"}, {"title": "c"}]
    objects: Any = Deal.objects
    result = await objects.bulk_create(iter(rows))
    assert [outcome.status for outcome in result] == ["ok", "failed", "ok"]
    assert result.failed[0].input is rows[1]
    assert sandbox.books.applied["deal", "add"] == 2


# -- changing and deleting -----------------------------------------------------------------------------------------


async def test_each_object_sends_its_own_changes(sandbox: Sandbox, portal: Portal) -> None:
    one, two, three = (await Deal.objects[:3]).copy()
    seen: list[Any] = []
    sandbox.before_command = lambda method, params, index: seen.append(params)
    one.title = "one"
    two.comments, two.opportunity = "two", 7
    requests = portal.stats.requests
    result = await Deal.objects.bulk_update([one, two, three])
    assert portal.stats.requests == requests + 1
    assert [params["fields"] for params in seen] == [{"title": "one"}, {"comments": "two", "opportunity": "7"}]
    assert result.ids == [one.id, two.id, three.id]
    assert {deal.changed_fields for deal in (one, two, three)} == {frozenset()}
    one.title, one.comments = "x", "y"
    await Deal.objects.bulk_update([one], ["title"])
    assert seen[-1]["fields"] == {"title": "x"}
    assert one.changed_fields == {"comments"}


async def test_all_rows_that_match_are_changed(sandbox: Sandbox, portal: Portal) -> None:
    made = await Deal.objects.bulk_create({"title": "before", "opportunity": n} for n in range(130))
    requests = portal.stats.requests
    matching = Deal.objects.filter(title="before", opportunity__gte=10)
    assert matching.update(title="after").explain().strategy == "bulk"
    result = await matching.update(title="after", comments=None)
    assert str(result) == "120 Deal rows changed: 120 ok"
    assert portal.stats.requests <= requests + 2 + 3
    assert await Deal.objects.filter(title="after").count() == 120
    result = await Deal.objects.filter(id__in=made.ids).delete()
    assert len(result.ids) == 130
    assert await Deal.objects.filter(id__in=made.ids).count() == 0


async def test_changes_to_what_the_filter_looks_at_reach_every_row(sandbox: Sandbox) -> None:
    await Deal.objects.bulk_create({"title": f"{n}", "origin_id": "old"} for n in range(120))
    await Deal.objects.filter(origin_id="old").order_by("-title").update(origin_id="new")
    assert await Deal.objects.filter(origin_id="new").count() == 120
    assert len(await Deal.objects.filter(origin_id="new")[:70].delete()) == 70
    assert await Deal.objects.filter(origin_id="new").count() == 50


async def test_every_row_is_written_only_by_force(sandbox: Sandbox, portal: Portal) -> None:
    with Sandbox(deals=70, seed=1, limits=Limits.none()) as full:
        async with Portal(full.url, limits=Limits.none()) as there:
            with pytest.raises(QueryError, match="would delete every row there is"):
                Deal.objects.delete()
            with pytest.raises(QueryError, match="would update every row there is"):
                Deal.objects.all().update(title="x")
            with pytest.raises(QueryError, match="needs the fields"):
                Deal.objects.filter(id=1).update()
            assert there.stats.requests == 0
            assert len(await Deal.objects.update(force=True, title="same")) == 70
            assert len((await Deal.objects.delete(force=True)).ids) == 70
            assert await Deal.objects.count() == 0


async def test_explaining_shows_what_would_leave_first_and_sends_nothing(portal: Portal) -> None:
    deals = new(120)
    plan = Deal.objects.bulk_create(deals).explain()
    assert (plan.strategy, plan.requests, plan.commands) == ("bulk", "3", "120")
    assert [command.params["fields"] for command in plan.first[:2]] == [{"title": "n0"}, {"title": "n1"}]
    assert len(plan.first) == 50
    assert Deal.objects.bulk_delete([5, 6]).explain().first[1].params["id"] == 6
    assert Deal.objects.bulk_create(iter(deals)).explain().requests == "N/50"
    assert portal.stats.requests == 0
    assert (await Deal.objects.bulk_create(deals)).all_ok


async def test_wrong_changes_are_refused_at_once(portal: Portal) -> None:
    objects: Any = Deal.objects.filter(id=1)
    with pytest.raises(UnknownField, match="did you mean 'title'"):
        objects.update(titel="x")
    with pytest.raises(InvalidValue, match=r"Deal\.opportunity cannot hold"):
        objects.update(opportunity="much")
    with pytest.raises(InvalidValue, match=r"Deal\.created_by is set by the portal"):
        objects.update(created_by=1)
    with pytest.raises(InvalidValue, match="not at the portal yet"):
        await objects.bulk_update([Deal(title="x")])
    with pytest.raises(InvalidValue, match="takes objects of Deal"):
        await objects.bulk_update([5])
    with pytest.raises(InvalidValue, match="takes ids or objects of Deal"):
        await objects.bulk_delete([None])
    with pytest.raises(QueryError, match="list of names"):
        objects.bulk_update([], "title")
    assert portal.stats.requests == 0


async def test_ids_and_objects_are_deleted(sandbox: Sandbox) -> None:
    deals = new(3)
    await Deal.objects.bulk_create(deals)
    gone = max(sandbox.ids("deal")) + 1000
    result = await Deal.objects.bulk_delete([deals[0], deals[1].id, gone, deals[2].id])
    assert [outcome.status for outcome in result] == ["ok", "ok", "failed", "ok"]
    assert isinstance(result[2].error, Deal.DoesNotExist)
    assert not {deal.id for deal in deals} & set(sandbox.ids("deal"))


# -- results -------------------------------------------------------------------------------------------------------


async def test_a_result_says_what_happened(sandbox: Sandbox) -> None:
    sandbox.faults.add("access_denied", after=3, times=2)
    result = await Deal.objects.bulk_create(new(10))
    assert str(result) == "10 Deal rows created: 8 ok, 2 failed (ACCESS_DENIED)"
    assert repr(result) == f"<BulkResult: {result}>"
    assert result.counts == {"ok": 8, "failed": 2, "unknown": 0, "not_executed": 0}
    assert [outcome.status for outcome in result][3:5] == ["failed", "failed"]
    with pytest.raises(BulkError, match=r"8 ok, 2 failed .*\n  3: failed: crm.item.add: ACCESS_DENIED") as caught:
        result.raise_for_errors()
    assert caught.value.result is result
    twin = pickle.loads(pickle.dumps(caught.value))
    assert str(twin.result) == str(result)
    with pytest.raises(errors.ConfigurationError, match="pickled"):
        twin.result.retry_failed()


async def test_what_failed_is_sent_again_and_nothing_else(sandbox: Sandbox) -> None:
    deals = new(120)
    sandbox.faults.add("access_denied", every=10, times=12)
    result = await Deal.objects.bulk_create(deals)
    assert len(result.failed) == 12
    whole = await result.retry_failed()
    assert whole.all_ok
    assert [outcome.input for outcome in whole] == deals
    assert whole.ids == [deal.id for deal in deals]
    assert sandbox.books.applied["deal", "add"] == 120
    assert (await whole.retry_failed()).all_ok
    assert sandbox.books.applied["deal", "add"] == 120


async def test_changes_that_failed_are_sent_again(sandbox: Sandbox) -> None:
    ids = sandbox.ids("deal")[:20]
    sandbox.denied.add("crm.item.update")
    result = await Deal.objects.filter(id__in=ids).update(title="again")
    assert result.counts["failed"] == 20
    sandbox.denied.clear()
    assert (await result.retry_failed()).ids == ids
    assert await Deal.objects.filter(title="again").count() == 20


# -- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        ("reset_after", {"after": 1}),
        ("half_answer", {"after": 1}),
        ("broken_json", {"after": 2}),
        ("reset", {"after": 1}),
        ("bad_gateway", {"after": 1}),
        ("unavailable", {"every": 2, "times": 2}),
        ("gateway_timeout", {"after": 2}),
        ("empty", {"after": 0}),
        ("html", {"after": 1}),
        ("server_error", {"after": 1}),
        ("query_limit", {"every": 2, "times": 2}),
        ("too_many", {"after": 1}),
        ("command_error", {"every": 37}),
        ("command_query_limit", {"every": 37, "times": 4}),
        ("access_denied", {"every": 37}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_150_creates_make_150_rows_at_most_and_the_outcomes_match_the_books(
    sandbox: Sandbox, portal: Portal, fault: str, how: dict[str, Any]
) -> None:
    before = set(sandbox.ids("deal"))
    sandbox.faults.add(fault, **how)
    result = await Deal.objects.bulk_create(new(150))
    assert len(result) == 150
    assert {outcome.status for outcome in result} <= set(STATUSES)
    assert sandbox.books.applied["deal", "add"] <= 150
    agrees(result, sandbox, before)
    if fault in ("query_limit", "command_query_limit"):
        assert result.all_ok  # the portal proved that it had not run them


async def test_limits_that_run_out_in_the_middle_make_the_rest_wait(hurried: HurriedClock) -> None:
    limits = Limits(operating=2.0)
    with Sandbox(deals=5, seed=1, limits=limits, operating_window=3.0) as metered:
        hurried.portal = metered
        metered.costs["crm.item.add"] = 0.02  # 150 creates cost 3 s of the 2 s that a window has
        async with Portal(metered.url, limits=Limits(rate=100, burst=500)) as portal:  # of the 2 s it is not told
            result = await Deal.objects.bulk_create(new(150))
            assert result.all_ok
            assert portal.stats.reasons["OPERATION_TIME_LIMIT"] > 0
        assert metered.books.applied["deal", "add"] == 150


@pytest.mark.parametrize("fault", ["reset_after", "half_answer", "broken_json", "command_error"])
async def test_creates_with_a_key_of_their_own_are_all_accounted_for(
    sandbox: Sandbox, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "QUIET_SECONDS", (0.0, 0.01, 0.02))
    before = set(sandbox.ids("deal"))
    how: Any = {"every": 40} if fault == "command_error" else {"after": 1}
    sandbox.faults.add(fault, **how)
    deals = [Deal(title="x", origin_id=f"{fault}-{n}") for n in range(150)]
    result = await Deal.objects.bulk_create(deals, dedupe_key=Deal.origin_id)
    assert not result.unknown
    made = set(sandbox.ids("deal")) - before
    assert set(result.ids) == made
    if fault == "command_error":
        assert len(result.not_executed) == 3
        sandbox.faults.clear()
        whole = await result.retry_failed()
        assert len(whole.ids) == len(set(sandbox.ids("deal")) - before) == 150
    else:
        assert len(made) == 150
        assert [deal.id for deal in deals] == result.ids


async def test_two_rows_with_one_key_leave_the_outcome_unknown(sandbox: Sandbox) -> None:
    await Deal.objects.create(title="x", origin_id="shared")
    sandbox.faults.add("reset_after")
    result = await Deal.objects.bulk_create([Deal(title="x", origin_id="shared")], dedupe_key="origin_id")
    assert "2 rows have origin_id='shared'" in str(result.unknown[0].error)
    with pytest.raises(InvalidValue, match="without origin_id"):
        await Deal.objects.bulk_create([Deal(title="x")], dedupe_key="origin_id")


@pytest.mark.parametrize("fault", ["reset_after", "half_answer", "reset", "bad_gateway", "command_error"])
async def test_changes_and_deletions_are_sent_until_they_are_done(sandbox: Sandbox, fault: str) -> None:
    made = await Deal.objects.bulk_create({"title": "x"} for _ in range(150))
    how: Any = {"every": 60} if fault == "command_error" else {"after": 1}
    sandbox.faults.add(fault, **how)
    assert (await Deal.objects.filter(id__in=made.ids).update(title="y")).all_ok
    assert await Deal.objects.filter(id__in=made.ids, title="y").count() == 150
    sandbox.faults.add(fault, **how)
    result = await Deal.objects.bulk_delete(made.ids)
    assert result.all_ok
    assert result.ids == made.ids
    assert not set(made.ids) & set(sandbox.ids("deal"))


async def test_what_is_unknown_is_not_sent_again(sandbox: Sandbox) -> None:
    sandbox.faults.add("reset_after")
    result = await Deal.objects.bulk_create(new(50))
    assert result.counts["unknown"] == 50
    assert all(isinstance(outcome.error, OutcomeUnknown) for outcome in result)
    again = await result.retry_failed()
    assert again.counts["unknown"] == 50
    assert sandbox.books.applied["deal", "add"] == 50


# -- limits, and the bar -------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_2500_creates_within_the_limits_are_never_refused(hurried: HurriedClock) -> None:
    with Sandbox(deals=5, seed=1, limits=Limits(rate=400, burst=10, operating=480)) as metered:
        hurried.portal = metered
        async with Portal(metered.url, limits=Limits(rate=400, burst=10)) as portal:
            result = await Deal.objects.bulk_create({"title": f"{n}"} for n in range(2500))
            assert len(result.ids) == 2500
            assert portal.stats.requests == 50
            assert metered.books.refusals == 0


@pytest.mark.slow
async def test_10000_creates_updates_and_deletes_are_200_requests_each(sandbox: Sandbox, portal: Portal) -> None:
    ids: list[int] = []
    async for outcome in Deal.objects.bulk_create({"title": f"{n}"} for n in range(10_000)):
        assert isinstance(outcome.id, int)
        ids.append(outcome.id)
    assert portal.stats.requests == 200
    assert (await Deal.objects.bulk_update([Deal(id=id, title="x") for id in ids])).all_ok
    assert portal.stats.requests == 400
    assert (await Deal.objects.bulk_delete(ids)).ids == ids
    assert portal.stats.requests == 600
    assert portal.stats.retries == portal.stats.refusals == sandbox.books.refusals == 0
    booked = {verb: sandbox.books.applied["deal", verb] for verb in VERBS}
    assert booked == {"add": 10_000, "update": 10_000, "delete": 10_000}


async def test_several_bulk_writes_at_once_keep_their_outcomes_apart(sandbox: Sandbox) -> None:
    jobs = [Deal.objects.bulk_create([Deal(title=f"{job}-{n}") for n in range(70)]) for job in range(5)]
    results = await asyncio.gather(*jobs)
    for job, result in enumerate(results):
        assert [outcome.input.title for outcome in result] == [f"{job}-{n}" for n in range(70)]
    assert len({id for result in results for id in result.ids}) == 350


async def test_progress_is_drawn_on_request(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    await Deal.objects.progress().bulk_create(new(60))
    assert "Deal rows created: 100%" in capsys.readouterr().err


def test_blocking_code_writes_in_bulk(sandbox: Sandbox) -> None:
    with Portal(sandbox.url, limits=Limits.none()):
        result = Deal.objects.bulk_create(new(60)).run_sync()
        assert len(Deal.objects.bulk_delete(result.ids).run_sync().ids) == 60
