"""The ids of a portal's rows: where its holes are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from random import Random
from typing import Literal

from b24orm.errors import ConfigurationError

__all__ = ["DealIds", "deal_ids_of", "holed_ids"]

DealIds = Literal["dense", "gaps"] | Iterable[int] | None
"""What a caller may say about the ids of deals; see `b24orm.sandbox.Sandbox`."""

_GAPS = 0.08  # of the ids


def holed_ids(rng: Random, count: int, *, first: int, wild: bool = True) -> list[int]:
    """Ascending ids with holes as real portals have them: dense stretches, thin ones, and some large gaps."""
    steps: list[int] = []
    while len(steps) < count:
        length = rng.randint(20, max(30, min(300, count // 8)))
        thinness = rng.choices((1, 3, 12, 60), (60, 25, 12, 3))[0]
        steps += [1] * length if thinness == 1 else [rng.randint(1, thinness) for _ in range(length)]
        if wild:
            widest = rng.choices((1, 50, 1_000, 20_000), (45, 35, 16, 4))[0]
            # Even a small portal has one wide hole: after its first stretch.
            steps[-1] += rng.randint(0, widest) if len(steps) > length else 1_500
    return list(accumulate(steps[:count], initial=first - 1))[1:] if count > 0 else []


def deal_ids_of(
    asked: DealIds, count: int, seed: int, *, name: str = "deal_ids", dice: str = "gaps"
) -> Sequence[int] | None:
    """The ids that *asked* means, for *count* rows unless it lists them; None for those that `holed_ids` draws.

    *name* is what the caller calls the option, *dice* tells the gaps of one table from those of another.

    Raises:
        ConfigurationError: for an unknown word, and for ids that are not positive and ascending.
    """
    if asked is None:
        return None
    if isinstance(asked, str):
        if asked == "dense":
            return range(1, count + 1)
        if asked == "gaps":
            return _gapped_ids(Random(f"{seed}:{dice}"), count)
        raise ConfigurationError(f"{name}={asked!r}: the sandbox knows 'dense', 'gaps' and lists of ids")
    ids = list(asked)
    # A bool is an int as well, but no id.
    if any(type(one) is not int for one in ids) or any(one >= other for one, other in pairwise([0, *ids])):
        raise ConfigurationError(f"{name} must be positive integers in ascending order")
    return ids


def _gapped_ids(rng: Random, count: int) -> list[int]:
    """Ids of which 8 % are missing, and a third of the way a hole half as wide as they span without it."""
    if count == 0:
        return []
    ids = sorted(rng.sample(range(1, round(count / (1 - _GAPS)) + 1), count))
    hole = (ids[-1] - ids[0] + 1) // 2
    start = count // 3
    return ids[:start] + [one + hole for one in ids[start:]]
