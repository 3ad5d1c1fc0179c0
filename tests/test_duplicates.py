"""Who has the same phone or e-mail address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from b24orm import Duplicates, Limits, Portal, find_duplicates
from b24orm.errors import InvalidValue
from b24orm.sandbox import Sandbox


def phone(value: str) -> list[dict[str, Any]]:
    return [{"id": 1, "typeId": "PHONE", "valueType": "WORK", "value": value}]


def email(value: str) -> list[dict[str, Any]]:
    return [{"id": 1, "typeId": "EMAIL", "valueType": "WORK", "value": value}]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A portal with little in it but what a test puts there."""
    with Sandbox(deals=1, contacts=1, companies=1, leads=1, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


async def test_each_value_has_an_answer_of_its_own(sandbox: Sandbox, portal: Portal) -> None:
    first = sandbox.insert("contact", name="A", fm=phone("+7 912 000-00-01"))
    second = sandbox.insert("contact", name="B", fm=phone("8 (912) 000 00 01"))
    lead = sandbox.insert("lead", title="C", fm=phone("79120000001"))
    company = sandbox.insert("company", title="D", fm=email("Office@Example.com"))
    found = await find_duplicates(phones=["+79120000001", "+7 000"], emails=["office@example.com"])
    assert found == [
        Duplicates("+79120000001", (lead,), (first, second), ()),
        Duplicates("+7 000", (), (), ()),
        Duplicates("office@example.com", (), (), (company,)),
    ]
    assert all(one.complete for one in found)
    assert portal.stats.requests == 1
    assert portal.stats.commands == 9


async def test_many_of_one_kind_do_not_hide_the_others(sandbox: Sandbox, portal: Portal) -> None:
    for number in range(25):
        sandbox.insert("lead", title=f"L{number}", fm=phone("555"))
    contact = sandbox.insert("contact", name="A", fm=phone("555"))
    (answer,) = await find_duplicates(phones=["555"])
    assert answer.contacts == (contact,)
    assert len(answer.leads) == 20
    assert not answer.complete
    together = await portal.call("crm.duplicate.findbycomm", {"type": "PHONE", "values": ["555"]})
    assert together.result.keys() == {"LEAD"}  # what the method itself does


@pytest.mark.parametrize("values", ["+7912", [""], ["  "], [5], [None]])
def test_what_is_no_list_of_texts_is_refused_before_any_request(values: Any) -> None:
    with pytest.raises(InvalidValue, match="phones takes"):
        find_duplicates(phones=values)


async def test_nothing_to_look_for_needs_no_request(sandbox: Sandbox, portal: Portal) -> None:
    assert await find_duplicates() == []
    assert portal.stats.requests == 0
    assert sandbox.books.requests == 0


def test_it_tells_what_it_will_do() -> None:
    plan = find_duplicates(phones=["1", "2"], emails=["a@b.c"]).explain()
    assert (plan.requests, plan.commands) == ("1", "9")
    assert plan.first[0].params == {"type": "PHONE", "values": ["1"], "entity_type": "LEAD"}


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({}, "Communication type is not defined"),
        ({"type": "FAX", "values": ["1"]}, "Communication type 'FAX' is not supported in current context"),
        ({"type": "PHONE"}, "Communication values is not defined"),
    ],
)
async def test_the_method_refuses_what_the_portal_refuses(portal: Portal, params: dict[str, Any], error: str) -> None:
    (outcome,) = await portal.call_many("crm.duplicate.findbycomm", [params])
    assert error in str(outcome.error)
