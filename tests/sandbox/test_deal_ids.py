from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from b24orm.errors import ConfigurationError
from b24orm.limits import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.seeding import MOST_DRAWN


def _ids(**options: Any) -> list[int]:
    with Sandbox(leads=0, contacts=3, companies=3, quotes=0, invoices=0, **options) as sandbox:
        return sandbox.ids("deal")


def test_dense_ids_count_from_1() -> None:
    assert _ids(deals=70, deal_ids="dense") == list(range(1, 71))


def test_gapped_ids_miss_8_percent_and_have_one_hole_a_third_of_the_way() -> None:
    ids = _ids(deals=3000, deal_ids="gaps", seed=4)
    assert len(ids) == 3000
    steps = [other - one for one, other in pairwise(ids)]
    assert steps.index(max(steps)) == 999
    hole = max(steps) - 1
    without = ids[-1] - ids[0] + 1 - hole
    assert hole / without == pytest.approx(0.5, abs=0.01)
    assert 3000 / without == pytest.approx(0.92, abs=0.01)
    assert _ids(deals=3000, deal_ids="gaps", seed=4) == ids
    assert _ids(deals=3000, deal_ids="gaps", seed=5) != ids
    assert _ids(deals=0, deal_ids="gaps") == []


def test_given_ids_are_the_ids_whatever_the_number_of_deals() -> None:
    assert _ids(deals=7, deal_ids=(n * n for n in range(1, 20))) == [n * n for n in range(1, 20)]
    assert _ids(deal_ids=[]) == []
    with Sandbox(deal_ids=[5], leads=0) as sandbox:
        assert "deals=1 " in repr(sandbox)
        assert sandbox.insert("deal", title="next") == 6


@pytest.mark.parametrize("wrong", [[0, 1], [-3], [1, 1], [2, 1], [1.5], ["1"], [True], "sparse"])
def test_ids_that_cannot_be_are_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="deal_ids"):
        Sandbox(deal_ids=wrong)


async def test_deals_beyond_those_drawn_are_like_the_others(call: Any) -> None:
    count = MOST_DRAWN + 1
    async with Sandbox(
        deals=count, deal_ids="gaps", leads=9, contacts=9, companies=9, quotes=9, invoices=0, limits=Limits.none()
    ) as sandbox:
        ids = sandbox.ids("deal")
        assert len(ids) == count
        place = ids[count // 2]
        around = [sandbox.row("deal", row_id) or {} for row_id in ids[count // 2 :][:60]]
        assert all(row["title"].endswith(f" №{row['id']}") for row in around)
        assert len({(row["created_time"], row["opportunity"]) for row in around}) > 50
        first, last = sandbox.row("deal", ids[10]) or {}, sandbox.row("deal", ids[-10]) or {}
        assert first["created_time"] < around[0]["created_time"] < last["created_time"]
        params = {"entityTypeId": 2, "filter": {"%title": f"№{place}"}, "select": ["id"]}
        found = (await call(sandbox, "crm.item.list", params))["result"]["items"]
        assert {"id": place} in found
        assert sandbox.insert("deal", title="next") == ids[-1] + 1
