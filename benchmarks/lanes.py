"""How long lists of many shapes are cut into lanes: requests, rows handed out, and time, without a portal.

python -m benchmarks.lanes

The engine is the real one, in virtual time (`benchmarks.virtual`). The numbers in `b24orm/plan/lanes.py` and
`b24orm/plan/even.py` were chosen with it.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable

from benchmarks.virtual import FAST, SIZE, SLOW, simulate

__all__ = ["SHAPES", "gaps"]


def gaps(count: int, chance: random.Random) -> list[int]:
    """8 % gaps, and a hole a third of the way, half as wide as the rest."""
    ids = sorted(chance.sample(range(1, round(count / 0.92) + 1), count))
    width = ids[-1] // 2
    return [i if n < count // 3 else i + width for n, i in enumerate(ids)]


def _uniform(width: int) -> Callable[[int, random.Random], list[int]]:
    def make(count: int, chance: random.Random) -> list[int]:
        here, ids = 0, []
        for _ in range(count):
            here += chance.randint(1, width)
            ids.append(here)
        return ids

    return make


def _wild(count: int, chance: random.Random) -> list[int]:
    """Dense stretches, thin ones, and some large gaps, as the sandbox has them."""
    here, ids = 100, []
    while len(ids) < count:
        thin = chance.choices((1, 3, 12, 60), (60, 25, 12, 3))[0]
        for _ in range(chance.randint(20, 300)):
            here += chance.randint(1, thin)
            ids.append(here)
        here += chance.randint(0, chance.choices((1, 50, 1_000, 20_000), (45, 35, 16, 4))[0])
    return ids[:count]


def _clusters(count: int, chance: random.Random) -> list[int]:
    here, ids = 0, []
    while len(ids) < count:
        for _ in range(chance.randint(500, 8_000)):
            here += 1
            ids.append(here)
        here += chance.randint(1_000, 100_000)
    return ids[:count]


def _growing(count: int, chance: random.Random) -> list[int]:
    """Sparse at first (old rows were deleted), dense at the end."""
    here, ids = 0.0, []
    for number in range(count):
        here += 1 + chance.random() * 20 * (1 - number / count)
        ids.append(int(here))
    return ids


SHAPES: dict[str, Callable[[int, random.Random], list[int]]] = {
    "dense": lambda count, _: list(range(1, count + 1)),
    "gaps and hole": gaps,
    "every 100th": _uniform(200),
    "growing": _growing,
    "wild": _wild,
    "clusters": _clusters,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="simulates the reading of long lists")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 55_000, 100_000, 250_000])
    parser.add_argument("--slow", action="store_true", help="a machine on which the processor is the narrow place")
    arguments = parser.parse_args()
    print("| ids | rows | least | requests, mean (most) | rows handed out | seconds, mean (most) | batches held |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, make in SHAPES.items():
        for count in arguments.rows:
            runs = [
                simulate(make(count, random.Random(seed)), SLOW if arguments.slow else FAST, descending=seed % 2 > 0)
                for seed in range(arguments.seeds)
            ]
            requests = [run.requests for run in runs]
            seconds = [run.seconds for run in runs]
            print(
                f"| {name} | {count:,} | {1 + -(-(count - 2 * SIZE) // (SIZE * 50))} "
                f"| {sum(requests) / len(runs):.1f} ({max(requests)}) "
                f"| {max(run.handed_out for run in runs) / count:.3f} N "
                f"| {sum(seconds) / len(runs):.1f} ({max(seconds):.1f}) "
                f"| {max(run.most_held for run in runs) / (SIZE * 50):.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
