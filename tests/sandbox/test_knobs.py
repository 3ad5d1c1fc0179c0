"""The options of a sandbox that say how it behaves, in Python and on the command line."""

from __future__ import annotations

import argparse
import inspect
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from b24orm import Limits
from b24orm.cli.sandboxes import options, serving
from b24orm.errors import ConfigurationError
from b24orm.sandbox import Faults, Knobs, Sandbox
from b24orm.sandbox.clock import Clock
from b24orm.sandbox.faults import KINDS, read_fault

Call = Callable[..., Awaitable[dict[str, Any]]]


@pytest.mark.parametrize(
    ("plan", "limits"),
    [(None, Limits.standard()), ("standard", Limits.standard()), ("enterprise", Limits.enterprise())],
)
def test_a_plan_has_its_limits(plan: Any, limits: Limits) -> None:
    assert Sandbox(deals=0, plan=plan).limits == limits
    assert Sandbox(deals=0, plan="none").limits == Limits.none()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"plan": "entreprise"}, "plan='entreprise': a sandbox has the plans standard, enterprise, none.*enterprise"),
        ({"plan": "none", "limits": Limits.none()}, "either plan= or limits=, not both"),
        ({"limits": 5}, "limits is a Limits"),
        ({"deals": -1}, "deals=-1"),
        ({"leads": 2.5}, "leads=2.5"),
        ({"users": True}, "users=True"),
        ({"latency": -0.1}, "latency=-0.1"),
        ({"count_cost": "much"}, "count_cost='much'"),
        ({"offset_cost": float("nan")}, "offset_cost=nan"),
        ({"page_size": 0}, "page_size=0: a number above 0"),
        ({"page_size": 2.5}, "page_size=2.5"),
        ({"request_timeout": 0}, "request_timeout=0"),
        ({"operating_window": -1}, "operating_window=-1"),
        ({"clock_speed": 0}, "clock_speed=0: a number above 0"),
        ({"faults": ["htlm"]}, "no fault 'htlm'.*html"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Sandbox(**options)


async def test_a_list_that_skips_rows_takes_longer_the_more_it_skips(call: Call) -> None:
    async with Sandbox(deals=60, page_size=10, offset_cost=1e-3, limits=Limits.none()) as sandbox:
        asked = {"entityTypeId": 2, "select": ["id"]}
        first, deep, beyond, uncounted = [
            (await call(sandbox, "crm.item.list", {**asked, "start": start}))["time"] for start in (0, 50, 5000, -1)
        ]
    assert deep["duration"] >= 0.05 > first["duration"]
    assert 0.06 <= beyond["duration"] < 1  # there are but 60 rows to skip
    assert uncounted["duration"] < 0.05


def test_the_portals_clock_may_run_faster_and_be_moved_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    clock = Clock(60.0)
    assert clock.time() == 1000.0
    now = 1002.0
    assert clock.time() == 1120.0
    clock.advance(5)
    assert clock.time() == 1125.0
    now = 1003.0
    assert clock.time() == 1185.0


async def test_at_a_faster_clock_the_bucket_leaks_and_operating_time_expires_faster(call: Call) -> None:
    async with Sandbox(deals=1, limits=Limits(rate=1, burst=3, operating=0.5), clock_speed=1e6) as sandbox:
        sandbox.costs["profile"] = 10
        for _ in range(10):  # each of which fills the bucket by a third and uses up the time of the method
            assert "result" in await call(sandbox, "profile")
        assert sandbox.books.refusals == 0


def test_a_fault_by_rate_strikes_as_the_seed_decides() -> None:
    def struck(seed: int, *before: str) -> list[int]:
        faults = Faults([*before, ("command_error", {"rate": 0.1})], seed=seed)
        return [place for place in range(1000) if faults.for_command("crm.item.list")]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 60 < len(struck(1)) < 140
    assert struck(1, "html") != struck(1)  # another place in the list, other dice


def test_a_fault_by_rate_ends_after_its_times_and_waits_for_its_method() -> None:
    faults = Faults()
    faults.add("command_error", rate=1, times=2, method="crm.item.get", after=1)
    assert not any(faults.for_command("crm.item.list") for _ in range(3))
    assert [bool(faults.for_command("crm.item.get")) for _ in range(4)] == [False, True, True, False]


def test_each_fault_throws_its_own_dice() -> None:
    alone, beside = Faults(seed=3), Faults(seed=3)
    for faults in (alone, beside):
        faults.add("command_error", rate=0.2, method="profile")
    beside.add("command_error", rate=0.5, method="scope")
    got = []
    for faults in (alone, beside):
        struck = []
        for place in range(200):
            faults.for_command("scope")
            if faults.for_command("profile"):
                struck.append(place)
        got.append(struck)
    assert got[0] == got[1] != []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rate": 0}, "rate=0: a probability"),
        ({"rate": 1.5}, "rate=1.5: a probability"),
        ({"rate": 0.5, "every": 2}, "either every= or rate="),
        ({"times": 0}, "times=0: 1 or more"),
        ({"after": -1}, "after=-1: 0 or more"),
        ({"over": -2}, "over=-2: 0 or more"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Faults().add("server_error", **options)


def test_faults_are_read_from_text() -> None:
    assert read_fault("html") == ("html", {})
    assert read_fault("server_error:rate=0.01,method=batch,times=3,after=2") == (
        "server_error",
        {"rate": 0.01, "method": "batch", "times": 3, "after": 2},
    )
    assert {"html", "command_error"} <= set(KINDS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("htlm", "no fault 'htlm'"),
        ("html:evry=2", "no option 'evry'.*every"),
        ("html:every=two", "every=two: a number is needed"),
        ("html:every", "every=: a number is needed"),
        ("html:every=0", "every=0"),
        ("command_error:over=3", "over=3"),
    ],
)
def test_a_text_that_is_no_fault_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_fault(text)


async def test_a_copy_goes_on_from_what_the_other_holds_and_neither_disturbs_the_other(call: Call) -> None:
    async with Sandbox(deals=5, seed=3, limits=Limits.none(), faults=[("html", {"after": 99})]) as sandbox:
        mine = sandbox.insert("deal", title="before")
        added = await call(
            sandbox,
            "crm.deal.add",
            {"fields": {"TITLE": "x", "UF_CRM_1700000012": {"fileData": ["a.txt", "aGVsbG8="]}}},
        )
        assert "result" in added
        async with sandbox.copy(plan="none", page_size=7) as other:
            assert other.ids("deal") == sandbox.ids("deal")
            assert other.code == sandbox.code
            assert other.books.requests == 0
            assert other.faults.pending == 0
            theirs, ours = other.insert("deal", title="theirs"), sandbox.insert("deal", title="ours")
            assert theirs == ours > mine
            assert (other.row("deal", theirs) or {})["title"] == "theirs"
            assert (sandbox.row("deal", ours) or {})["title"] == "ours"
            # What is made when it is first asked for is made once, and is the same.
            listed = [
                (await call(one, "crm.activity.list", {"order": {"ID": "ASC"}}))["result"] for one in (other, sandbox)
            ]
            assert len(listed[0]) == 7
            assert [row["ID"] for row in listed[1]][:7] == [row["ID"] for row in listed[0]]


async def test_what_belongs_to_a_row_goes_with_it_in_a_copy_too(call: Call) -> None:
    """Though the other sandbox, which still has the row, makes what belongs to it when it is first asked for."""
    async with Sandbox(deals=5, product_rows=5, limits=Limits.none()) as sandbox, sandbox.copy(plan="none") as other:
        gone = other.ids("deal")[0]
        await call(other, "crm.item.delete", {"entityTypeId": 2, "id": gone})

        def owners(one: Sandbox) -> set[int]:
            rows = [one.row("product_row", row_id) or {} for row_id in one.ids("product_row")]
            return {row["owner_id"] for row in rows if row["owner_type"] == "D"}

        assert owners(other) == set(other.ids("deal"))
        assert owners(sandbox) == {gone, *other.ids("deal")}


def test_a_copy_of_a_sandbox_that_does_not_run_is_refused(tmp_path: Path) -> None:
    sandbox = Sandbox(deals=1)
    with pytest.raises(ConfigurationError, match="not running"):
        sandbox.copy().start()


def test_ids_of_other_entities_may_be_given_as_those_of_deals() -> None:
    ids: dict[str, Any] = {"contact": [7, 9, 2**31 + 5], "lead": "dense", "company": "gaps"}
    with Sandbox(deals=40, leads=3, ids=ids, limits=Limits.none()) as sandbox:
        assert sandbox.ids("contact") == [7, 9, 2**31 + 5]
        assert sandbox.ids("lead") == [1, 2, 3]
        assert len(sandbox.ids("company")) == 5
        assert len(sandbox.ids("deal")) == 40
        held = {(sandbox.row("deal", one) or {})["contact_id"] for one in sandbox.ids("deal")}
        assert held <= {7, 9, 2**31 + 5, None}


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ({"contacts": "dense"}, "no ids can be given for 'contacts'.*contact"),
        ({"lead": "sparse"}, r"ids\['lead'\]='sparse'"),
        ({"lead": [2, 1]}, r"ids\['lead'\] must be positive integers in ascending order"),
    ],
)
def test_ids_that_cannot_be_are_refused(ids: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Sandbox(ids=ids)


def test_every_option_says_what_a_sandbox_holds_or_how_it_behaves() -> None:
    """The fixtures of pytest copy a sandbox that holds the same, and give the copy its own knobs."""
    contents = {"deals", "deal_ids", "ids", "seed", "leads", "contacts", "companies", "quotes", "invoices", "users"}
    contents |= {"smart_items", "product_rows", "tasks", "code", "layout", "path"}
    assert set(inspect.signature(Sandbox).parameters) - contents == set(Knobs.__annotations__)


def test_the_command_line_has_every_knob() -> None:
    parser = argparse.ArgumentParser()
    serving(parser)
    given = options(parser.parse_args([]))
    # Limits of one's own are no matter of the command line, and neither are portals that are odd on purpose.
    absent = {"limits", "faults", "ignore_id_filter", "omit_total"}
    assert set(Knobs.__annotations__) - set(given) == absent
    assert {name: given[name] for name in ("deals", "seed", "plan", "layout", "state")} == {
        "deals": 1000,
        "seed": 1,
        "plan": "standard",
        "layout": None,
        "state": None,
    }
