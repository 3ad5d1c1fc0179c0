from __future__ import annotations

from b24orm.engine.pagesizes import PageSizes

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
