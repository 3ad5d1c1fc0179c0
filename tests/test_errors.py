from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

from b24orm import Deal, errors
from b24orm.errors import (
    B24OrmError,
    DoesNotExist,
    FieldNotLoaded,
    IncompleteResult,
    InvalidRow,
    PortalError,
    QueryError,
    TransportError,
    nearest,
)

PARENTS: dict[str, tuple[type[BaseException], ...]] = {
    "ConfigurationError": (B24OrmError,),
    "QueryError": (B24OrmError, ValueError),
    "UnknownField": (QueryError,),
    "UnsupportedQuery": (QueryError,),
    "InvalidValue": (QueryError,),
    "FieldNotLoaded": (B24OrmError, AttributeError),
    "DoesNotExist": (B24OrmError, LookupError),
    "MultipleObjectsReturned": (B24OrmError,),
    "IncompleteResult": (B24OrmError,),
    "InvalidRow": (B24OrmError,),
    "InvalidEvent": (B24OrmError, ValueError),
    "ForgedEvent": (errors.InvalidEvent,),
    "TransportError": (B24OrmError,),
    "PortalError": (B24OrmError,),
    "AuthError": (PortalError,),
    "AccessDenied": (PortalError,),
    "NotFound": (PortalError,),
    "RateLimited": (PortalError,),
    "OperatingLimit": (PortalError,),
    "MethodNotFound": (PortalError,),
    "OutcomeUnknown": (B24OrmError,),
    "ConcurrentWrite": (B24OrmError,),
    "BulkError": (B24OrmError,),
}
NAMES = sorted(name for name in errors.__all__ if name not in ("nearest", "shortened", "ResumePoint"))


def test_the_tree_holds_every_error_and_no_other() -> None:
    assert {*PARENTS, "B24OrmError"} == set(NAMES)


def test_every_error_is_drawn_in_the_docstring() -> None:
    assert errors.__doc__ is not None
    assert set(re.findall(r"─ (\w+)", errors.__doc__)) == set(PARENTS)


@pytest.mark.parametrize(("name", "parents"), PARENTS.items())
def test_each_error_stands_where_the_tree_shows_it(name: str, parents: tuple[type[BaseException], ...]) -> None:
    assert getattr(errors, name).__bases__ == parents


def samples() -> list[B24OrmError]:
    made: list[B24OrmError] = []
    for name in NAMES:
        cls: Any = getattr(errors, name)
        if issubclass(cls, PortalError):
            made.append(cls("QUERY_LIMIT_EXCEEDED", "Too many requests", status=503, method="crm.deal.list"))
        elif cls is IncompleteResult:
            made.append(IncompleteResult("the portal went away", rows_so_far=150, resume_point=991))
        elif cls is InvalidRow:
            made.append(InvalidRow("Deal", 7, "opportunity", "много", "not a number"))
        elif cls is TransportError:
            made.append(TransportError("timed out", sent=False, status=504))
        else:
            made.append(cls("что-то не так"))
    return [*made, Deal.DoesNotExist("no Deal has id 5")]


@pytest.mark.parametrize("error", samples(), ids=lambda error: type(error).__qualname__)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_crosses_a_process_border_whole(error: B24OrmError, protocol: int) -> None:
    error.__dict__["__notes__"] = ["seen in the nightly export"]
    twin = pickle.loads(pickle.dumps(error, protocol))
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert twin.__dict__ == error.__dict__


def test_a_model_has_a_does_not_exist_of_its_own() -> None:
    assert issubclass(Deal.DoesNotExist, DoesNotExist)
    with pytest.raises(LookupError):
        raise Deal.DoesNotExist("no Deal has id 5")


def test_a_field_that_was_not_loaded_is_an_attribute_error_so_that_hasattr_works() -> None:
    class Row:
        @property
        def title(self) -> str:
            raise FieldNotLoaded("Deal.title was not loaded")

    assert not hasattr(Row(), "title")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PortalError("X", "why", status=400, method="crm.deal.get"), "crm.deal.get: X: why (HTTP 400)"),
        (PortalError("X"), "X (HTTP 400)"),
        (PortalError("", "Not found"), "error without a code: Not found (HTTP 400)"),
        (
            IncompleteResult("it broke", rows_so_far=3, resume_point=9),
            "the list is not complete: it broke (3 rows so far, resume after id 9)",
        ),
        (InvalidRow("Deal", 7, "title", None), "Deal id=7: field 'title' cannot hold None"),
        (InvalidRow("Deal", 7, "title", 1, "no text"), "Deal id=7: field 'title' cannot hold 1 (no text)"),
        (TransportError("down"), "down"),
    ],
)
def test_an_error_says_what_happened(error: B24OrmError, text: str) -> None:
    assert str(error) == text


def test_a_long_value_is_cut_in_the_message_but_not_in_the_attribute() -> None:
    error = InvalidRow("Deal", 7, "comments", "я" * 5000)
    assert len(str(error)) < 300
    assert str(error).endswith("…")
    assert error.value == "я" * 5000


def test_attributes_have_safe_defaults() -> None:
    assert TransportError("x").sent is True
    assert TransportError("x").status is None
    assert PortalError("x").method is None
    assert IncompleteResult("x").rows_so_far == 0
    assert IncompleteResult("x").resume_point is None


def test_the_nearest_names_are_offered_and_only_if_they_are_near() -> None:
    assert nearest("titel", ["title", "id"]) == "; did you mean 'title'?"
    assert nearest("name", ["names", "name_2", "namer", "named"], limit=2).count("name") == 2
    assert nearest("xyz", ["title"]) == ""


def test_a_resume_point_is_a_number_that_knows_what_it_counts() -> None:
    point = errors.ResumePoint(991, rows=150)
    assert (point, point + 1, point.rows, point.by) == (991, 992, 150, "id")
    assert repr(errors.ResumePoint(50, rows=50, by="offset")) == "ResumePoint(50, rows=50, by='offset')"
    copy = pickle.loads(pickle.dumps(point))
    assert (copy, copy.rows, copy.by) == (991, 150, "id")
    plain = IncompleteResult("gone", rows_so_far=7, resume_point=12).resume_point
    assert plain is not None
    assert (plain, plain.rows) == (12, 7)
