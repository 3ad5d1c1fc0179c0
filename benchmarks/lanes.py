"""Simulates the reading of portals of many shapes, without a portal: requests, rows handed out, and time.

python benchmarks/lanes.py

Shows what the numbers in `b24orm/plan/lanes.py` were chosen by. The simulated portal takes `--page` seconds for a full
page, serves any number of batches side by side, and refuses (`item`) or reads from the start (`classic`) the pages
behind the end of a chain. The consumer takes `--consume` seconds for a page.
"""

from __future__ import annotations

import argparse
import bisect
import heapq
import random
from collections.abc import Callable, Sequence

from b24orm.plan import Lane, LaneBook, alike

SIZE, PAGES = 50, 50
Answer = tuple[Lane, int, int, int | None, int | None, bool]


def gaps(count: int, chance: random.Random) -> list[int]:
    """8 % gaps, and a hole a third of the way, half as wide as the rest."""
    ids = sorted(chance.sample(range(1, round(count / 0.92) + 1), count))
    width = ids[-1] // 2
    return [i if n < count // 3 else i + width for n, i in enumerate(ids)]


def uniform(width: int) -> Callable[[int, random.Random], list[int]]:
    def make(count: int, chance: random.Random) -> list[int]:
        here, ids = 0, []
        for _ in range(count):
            here += chance.randint(1, width)
            ids.append(here)
        return ids

    return make


def wild(count: int, chance: random.Random) -> list[int]:
    """Dense stretches, thin ones, and some large gaps, as the sandbox has them."""
    here, ids = 100, []
    while len(ids) < count:
        thin = chance.choices((1, 3, 12, 60), (60, 25, 12, 3))[0]
        for _ in range(chance.randint(20, 300)):
            here += chance.randint(1, thin)
            ids.append(here)
        here += chance.randint(0, chance.choices((1, 50, 1_000, 20_000), (45, 35, 16, 4))[0])
    return ids[:count]


def clusters(count: int, chance: random.Random) -> list[int]:
    here, ids = 0, []
    while len(ids) < count:
        for _ in range(chance.randint(500, 8_000)):
            here += 1
            ids.append(here)
        here += chance.randint(1_000, 100_000)
    return ids[:count]


def growing(count: int, chance: random.Random) -> list[int]:
    """Sparse at first (old rows were deleted), dense at the end."""
    here, ids = 0.0, []
    for number in range(count):
        here += 1 + chance.random() * 20 * (1 - number / count)
        ids.append(int(here))
    return ids


SHAPES: dict[str, Callable[[int, random.Random], list[int]]] = {
    "dense": lambda count, _: list(range(1, count + 1)),
    "gaps and hole": gaps,
    "every 100th": uniform(200),
    "growing": growing,
    "wild": wild,
    "clusters": clusters,
}


class Portal:
    def __init__(self, ids: Sequence[int], page: float, *, cheap: bool) -> None:
        self.ids, self.page, self.cheap = ids, page, cheap
        self.requests, self.handed, self.commands = 1, 2 * SIZE, 2

    def serve(self, book: LaneBook, batch: list[Lane]) -> tuple[float, list[Answer]]:
        """Seconds that the batch takes, and what becomes of its lanes."""
        self.requests += 1
        took, answers = 0.1, []
        for lane in batch:
            first, last, rows, whole, pages = None, lane.low, 0, False, 0
            for number in range(lane.pages):
                start = bisect.bisect_right(self.ids, last)
                end = min(bisect.bisect_left(self.ids, lane.high), start + SIZE)
                count = max(0, end - start)
                self.commands += 1
                self.handed += count
                took += self.page * (0.3 + 0.7 * count / SIZE)
                if count:
                    first = self.ids[start] if first is None else first
                    rows, pages, last = rows + count, pages + 1, self.ids[end - 1]
                if count < SIZE:
                    whole = True
                    over = lane.pages - number - 1
                    if not self.cheap:
                        self.handed += SIZE * over
                        took += self.page * over
                    break
            answers.append((lane, pages, rows, first, last if rows else None, whole))
        return took, answers


def read(ids: Sequence[int], *, ahead: int, page: float, consume: float, cheap: bool) -> tuple[int, int, float, int]:
    portal = Portal(ids, page, cheap=cheap)
    head, tail = ids[:SIZE], ids[-SIZE:]
    book = LaneBook(
        head[-1],
        tail[0],
        density=(2 * SIZE - 2) / (head[-1] - head[0] + tail[-1] - tail[0]),
        seen=(2 * SIZE, head[-1] - head[0] + tail[-1] - tail[0]),
        ahead=ahead,
        cheap_overshoot=cheap,
        even=alike(head[-1] - head[0], tail[-1] - tail[0]),
    )
    book.hurry = page * PAGES > 0.5
    now, most, got, order = 2 * page + 0.1, 0, 2 * SIZE, 0
    flying: list[tuple[float, int, list[Answer]]] = []
    while not book.finished:
        while batch := book.next_batch():
            took, answers = portal.serve(book, batch)
            order += 1
            heapq.heappush(flying, (now + took, order, answers))
        if next(book.ready(), None) is not None:
            now += consume
        elif not book.finished:
            now = max(now, flying[0][0])
        while flying and flying[0][0] <= now:
            for lane, pages, rows, first, last, whole in heapq.heappop(flying)[2]:
                book.settle(lane, [rows] * pages, rows, first, last, whole=whole)
                got += rows
            book.landed()
            most = max(most, sum(len(lane.held) for lane in book._lanes))
    assert got == len(ids), (got, len(ids))
    return portal.requests, portal.handed, now, most


def main() -> None:
    parser = argparse.ArgumentParser(description="simulates the reading of lists")
    parser.add_argument("--page", type=float, default=0.05, help="seconds that the portal takes for a full page")
    parser.add_argument("--consume", type=float, default=0.002, help="seconds that the consumer takes for a page")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    print("| ids | rows | least | method | ahead | requests, mean (most) | rows handed out | seconds | pages held |")
    print("|---|---:|---:|---|---:|---:|---:|---:|---:|")
    for name, make in SHAPES.items():
        for count in (5_000, 20_000, 100_000):
            for cheap in (True, False):
                for ahead in (1, 3, 8):
                    runs = [
                        read(
                            make(count, random.Random(seed)),
                            ahead=ahead,
                            page=arguments.page,
                            consume=arguments.consume,
                            cheap=cheap,
                        )
                        for seed in range(arguments.seeds)
                    ]
                    requests, handed, seconds, held = zip(*runs, strict=True)
                    print(
                        f"| {name} | {count:,} | {1 + -(-(count - 2 * SIZE) // (SIZE * PAGES))} "
                        f"| {'item' if cheap else 'classic'} | {ahead} "
                        f"| {sum(requests) / len(runs):.1f} ({max(requests)}) | {max(handed) / count:.3f} N "
                        f"| {sum(seconds) / len(runs):.1f} | {max(held)} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
