"""Columns: what comparisons of class attributes make."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from b24orm import Column, Deal, Q
from b24orm.model import DecimalColumn


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (lambda: Deal.title == "x", Q(title="x")),
        (lambda: Deal.title != "x", Q(title__ne="x")),
        (lambda: Deal.id > 1, Q(id__gt=1)),
        (lambda: Deal.id >= 1, Q(id__gte=1)),
        (lambda: Deal.id < 1, Q(id__lt=1)),
        (lambda: Deal.id <= 1, Q(id__lte=1)),
        (lambda: Deal.id.in_([1]), Q(id__in=[1])),
        (lambda: Deal.id.not_in([1]), Q(id__not_in=[1])),
        (lambda: Deal.id.between(1, 2), Q(id__range=(1, 2))),
        (lambda: Deal.stage_id.is_null(), Q(stage_id__isnull=True)),
        (lambda: Deal.stage_id.is_null(False), Q(stage_id__isnull=False)),
        (lambda: Deal.observers.has(1), Q(observers=1)),
        (lambda: Deal.title.contains("x"), Q(title__contains="x")),
        (lambda: Deal.title.not_contains("x"), Q(title__not_contains="x")),
        (lambda: Deal.title.startswith("x"), Q(title__startswith="x")),
        (lambda: Deal.title.endswith("x"), Q(title__endswith="x")),
        (lambda: Deal.title.like("x%"), Q(title__like="x%")),
        (lambda: Deal.title.not_like("x%"), Q(title__not_like="x%")),
        (lambda: Deal.opportunity == 1.5, Q(opportunity=1.5)),
        (lambda: Deal.opportunity != 1, Q(opportunity__ne=1)),
        (lambda: Deal.opportunity > 1, Q(opportunity__gt=1)),
        (lambda: Deal.opportunity >= 1, Q(opportunity__gte=1)),
        (lambda: Deal.opportunity < 1, Q(opportunity__lt=1)),
        (lambda: Deal.opportunity <= Decimal(1), Q(opportunity__lte=Decimal(1))),
        (lambda: Deal.opportunity.in_([1]), Q(opportunity__in=[1])),
        (lambda: Deal.opportunity.not_in([1]), Q(opportunity__not_in=[1])),
        (lambda: Deal.opportunity.between(1, 2.5), Q(opportunity__range=(1, 2.5))),
    ],
)
def test_an_expression_means_what_its_lookup_means(made: Callable[[], Any], written: Q) -> None:
    assert made() == written


def test_amounts_have_columns_that_take_any_number() -> None:
    assert type(Deal.opportunity) is DecimalColumn
    assert type(Deal.title) is Column


def test_a_column_shows_its_name_and_cannot_be_a_key() -> None:
    assert repr(Deal.opportunity) == "<column opportunity>"
    for column in (Deal.title, Deal.opportunity):
        with pytest.raises(TypeError, match="unhashable"):
            hash(column)


def test_conditions_joined_by_and_or_not_instead_of_the_signs_are_refused() -> None:
    with pytest.raises(TypeError, match=r"join filters with & \| ~"):
        _ = Deal.title == "x" and Deal.id > 5
    with pytest.raises(TypeError):
        _ = 1 < Deal.id < 5
