"""What a caller may turn at a sandbox, checked: the same on the command line and in `Sandbox`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, TypedDict, cast, get_args

from b24orm.errors import ConfigurationError, nearest
from b24orm.limits import Limits
from b24orm.sandbox.faults import FaultSpec

__all__ = ["Knobs", "Plan", "check_amounts", "check_counts", "limits_of"]

Plan = Literal["standard", "enterprise", "none"]


class Knobs(TypedDict, total=False):
    """The options of a sandbox that say how it behaves, not what it holds; see `b24orm.sandbox.Sandbox`."""

    limits: Limits | None
    plan: Plan | None
    faults: Iterable[FaultSpec] | None
    tls: bool
    host: str
    port: int
    latency: float
    page_size: int
    ignore_id_filter: bool
    omit_total: bool
    count_cost: float
    offset_cost: float
    request_timeout: float
    operating_window: float
    clock_speed: float
    rest_v3: bool


def limits_of(plan: Plan | None, limits: Limits | None) -> Limits:
    """What the portal allows: the *limits* themselves, or those of a tariff; by default of the standard one.

    Raises:
        ConfigurationError: both are given, or a tariff that nobody sells.
    """
    if limits is not None:
        if plan is not None:
            raise ConfigurationError("either plan= or limits=, not both")
        if not isinstance(limits, Limits):
            raise ConfigurationError(f"limits is a Limits, such as Limits.standard(), not {type(limits).__name__}")
        return limits
    plans = get_args(Plan)
    if plan is not None and plan not in plans:
        # Callers without a type checker give other words, too.
        said = cast("object", plan)
        raise ConfigurationError(
            f"plan={said!r}: a sandbox has the plans {', '.join(plans)}{nearest(str(said), plans)}"
        )
    return {"standard": Limits.standard, "enterprise": Limits.enterprise, "none": Limits.none}[plan or "standard"]()


def check_counts(**counts: int | None) -> None:
    """Refuse what is no number of things, 0 or more.

    Raises:
        ConfigurationError: which names the option.
    """
    for name, count in counts.items():
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
            raise ConfigurationError(f"{name}={count!r}: how many is a whole number, 0 or more")


def check_amounts(*, above: bool = False, **amounts: float) -> None:
    """Refuse what is no finite number that is 0 or more, or *above* 0.

    Raises:
        ConfigurationError: which names the option.
    """
    for name, amount in amounts.items():
        number = not isinstance(amount, bool) and isinstance(amount, int | float) and math.isfinite(amount)
        if not number or amount < 0 or (above and amount == 0):
            raise ConfigurationError(f"{name}={amount!r}: a number {'above 0' if above else 'of 0 or more'} is needed")
