from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import pytest

from b24orm.command import Command, Outcome, Response, is_read
from b24orm.errors import B24OrmError, NotFound


@pytest.mark.parametrize(
    "method",
    [
        "crm.deal.get",
        "crm.item.list",
        "CRM.ITEM.LIST",
        "crm.deal.fields",
        "task.elapseditem.getlist",
        "catalog.product.getFields",
        "user.current",
        "user.search",
        "profile",
        "server.time",
        "crm.duplicate.findbycomm",
        "event.offline.list",
    ],
)
def test_reads_may_be_sent_twice(method: str) -> None:
    assert is_read(method)
    assert Command(method).replay_safe


@pytest.mark.parametrize(
    "method",
    [
        "crm.deal.add",
        "crm.item.update",
        "crm.item.delete",
        "crm.contact.company.items.set",
        "batch",
        "event.offline.get",
        "Event.Offline.Get",
        "crm.item.batchImport",
        "something.nobody.knows",
        "target",
        "",
    ],
)
def test_whatever_may_change_something_is_sent_once(method: str) -> None:
    assert not is_read(method)
    assert not Command(method).replay_safe


@pytest.mark.parametrize(
    ("result", "id"),
    [
        (5, 5),
        ("5", "5"),
        ("e4d90-uuid", "e4d90-uuid"),
        ({"id": 5}, 5),
        ({"ID": "5"}, "5"),
        ({"item": {"id": 5, "title": "x"}}, 5),
        ({"task": {"id": "7", "title": "x"}}, "7"),
        ({"result": {"item": {"id": 5}}}, 5),
        ({"id": {"id": 5}}, None),
        ({"item": {"id": None}}, None),
        ({"item": {"title": "x"}}, None),
        ({"deleted": 5}, None),
        ({"a": {"id": 1}, "b": {"id": 2}}, None),
        ({"items": [{"id": 5}]}, None),
        ({}, None),
        ([], None),
        ([5], None),
        (True, None),
        (False, None),
        (None, None),
        (1.5, None),
    ],
    ids=repr,
)
def test_the_id_of_a_new_object_is_found_where_the_answer_holds_one(result: Any, id: int | str | None) -> None:
    assert Outcome("ok", response=Response(result)).id == id


def test_an_outcome_without_an_answer_has_no_id() -> None:
    assert Outcome("failed", error=NotFound("NOT_FOUND")).id is None


def test_an_ok_outcome_gives_its_answer() -> None:
    response = Response({"id": 5}, total=1, next=50)
    outcome = Outcome("ok", input={"x": 1}, response=response)
    assert outcome.unwrap() is response
    assert outcome.result == {"id": 5}
    assert outcome.input == {"x": 1}


def test_a_failed_outcome_raises_its_error() -> None:
    error = NotFound("NOT_FOUND")
    outcome = Outcome("failed", error=error)
    with pytest.raises(NotFound) as raised:
        _ = outcome.result
    assert raised.value is error


def test_an_outcome_that_never_ran_says_so() -> None:
    with pytest.raises(B24OrmError, match="the command was not executed"):
        Outcome("not_executed").unwrap()


def test_commands_cannot_be_changed_and_outcomes_can_be_pickled() -> None:
    command = Command("crm.deal.get", {"id": 1}, key="a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        command.method = "crm.deal.delete"  # type: ignore[misc]
    outcome = Outcome("failed", input=command, error=NotFound("X", "y", status=404, method="crm.deal.get"))
    twin = pickle.loads(pickle.dumps(outcome))
    assert twin.input == command
    assert str(twin.error) == str(outcome.error)
