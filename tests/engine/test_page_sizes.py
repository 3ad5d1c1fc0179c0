from __future__ import annotations

import pytest

from b24orm import Deal, Limits, Portal
from b24orm.engine.pagesizes import PageSizes
from b24orm.sandbox import Sandbox

LIST = "crm.item.list"


def test_a_page_ends_a_list_only_if_a_longer_one_was_seen() -> None:
    sizes = PageSizes()
    assert sizes.ends(LIST, 0)
    assert sizes.ends(LIST, 1)  # no portal has pages of a single row
    assert not sizes.ends(LIST, 7)
    sizes.saw("CRM.item.list", 8)
    assert sizes.ends(LIST, 7)
    assert not sizes.ends(LIST, 8)
    assert not sizes.ends("user.get", 7)


def test_a_page_behind_which_more_came_tells_the_size() -> None:
    sizes = PageSizes()
    assert sizes.size(LIST, 50) == 50
    sizes.more_followed(LIST, 20)
    assert sizes.size("CRM.Item.List", 50) == 20
    assert sizes.ends(LIST, 19)
    assert not sizes.ends(LIST, 20)
    assert sizes.size("user.get", 50) == 50
    sizes.more_followed(LIST, 0)
    assert sizes.size(LIST, 50) == 20


@pytest.mark.parametrize("page_size", [51, 75, 120])
async def test_a_window_behind_the_end_is_empty_however_long_pages_are(page_size: int) -> None:
    with Sandbox(deal_ids=range(1, 52), limits=Limits.none(), page_size=page_size, contacts=1, companies=1) as sandbox:
        async with Portal(sandbox.url, limits=Limits.none()):
            assert [deal.id for deal in await Deal.objects[75:]] == []
            assert [deal.id for deal in await Deal.objects[50:]] == [51]
            assert [deal.id for deal in await Deal.objects[45:60]] == [46, 47, 48, 49, 50, 51]
