from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from b24orm.errors import ConfigurationError
from b24orm.limits import Limits


def test_the_standard_tariff_is_the_default() -> None:
    assert Limits() == Limits.standard() == Limits(rate=2.0, burst=50, operating=480.0)


def test_the_enterprise_tariff_drains_faster_and_holds_more() -> None:
    assert Limits.enterprise() == Limits(5.0, 250, 480.0)


def test_no_limits_means_no_metering_and_no_operating_time() -> None:
    limits = Limits.none()
    assert limits.rate == math.inf
    assert limits.operating is None
    assert limits.unlimited
    assert not Limits().unlimited


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 0),
        ("rate", -1.0),
        ("rate", math.nan),
        ("rate", "2"),
        ("rate", True),
        ("rate", None),
        ("burst", 0),
        ("burst", 2.5),
        ("burst", True),
        ("operating", 0),
        ("operating", "480"),
    ],
)
def test_an_impossible_limit_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"Limits\.{name} must be"):
        Limits(**{name: value})


def test_limits_cannot_be_changed_after_they_were_made() -> None:
    with pytest.raises(FrozenInstanceError):
        Limits().rate = 3.0  # type: ignore[misc]
