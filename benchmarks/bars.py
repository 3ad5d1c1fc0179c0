"""What must hold of b24orm on 100,000 deals at standard limits, against what was measured in the same run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.checking import CheckCost
from benchmarks.imports import ImportCost
from benchmarks.runs import Run

__all__ = ["Bar", "bars"]

Bar = tuple[str, str, str, bool]
"""What, the bar, what was measured, whether it holds."""

Runs = Mapping[str, Mapping[str, Run]]
"""Runs that did their whole work, by scenario and by the client's module and work."""

_OURS = ("models", "values", "raw")
_NAMES = {"dense": "dense ids", "gaps": "holes", "dear": "dear counting"}


def bars(runs: Runs, imports: ImportCost | None, checking: CheckCost | None) -> Iterator[Bar]:
    """The bars for which there are runs."""
    for scenario in ("dense", "gaps", "dear"):
        yield from _counts(scenario, [runs[scenario][work] for work in _OURS if work in runs.get(scenario, {})])
    for scenario in ("dense", "gaps"):
        found = runs.get(scenario, {})
        fast, sdk = found.get("fast_bitrix24"), found.get("b24pysdk")
        for work, share in (("models", 0.55), ("values", 0.35)):
            yield from _share(scenario, work, "cpu", found.get(work), fast, "fast_bitrix24", share)
        yield from _share(scenario, "models", "wall", found.get("models"), fast, "fast_bitrix24", 0.65)
        yield from _share(scenario, "models", "wall", found.get("models"), sdk, "b24pysdk", 0.12)
    if "models" in runs.get("dear", {}):
        wall = runs["dear"]["models"].measured["wall"]
        yield f"{_NAMES['dear']}: wall, models", "<= 9 s", f"{wall:.1f} s", wall <= 9
    yield from _memory(runs)
    if "get" in runs.get("get", {}):
        books = runs["get"]["get"].books
        held = books["requests"] <= 7 and not books["refusals"]
        yield "300 gets at once", "<= 7 requests", f"{books['requests']} and {books['refusals']} refused", held
    if imports is not None:
        yield "import", "< 60 ms more", f"{imports.extra * 1000:.0f} ms", imports.extra < 0.060
        yield "one entity after the core", "< 40 ms", f"{imports.one * 1000:.0f} ms", imports.one < 0.040
    if checking is not None:
        yield "pyright over five entities", "< 5 s", f"{checking.five:.1f} s", checking.five < 5.0


def _counts(scenario: str, ours: Sequence[Run]) -> Iterator[Bar]:
    if not ours:
        return
    requests = max(run.books["requests"] for run in ours)
    name = _NAMES[scenario]
    yield f"{name}: requests", "<= 43", str(requests), requests <= 43
    rows = max(run.books["rows"] / run.deals for run in ours)
    yield f"{name}: rows handed out", "<= 1.03 N", f"{rows:.3f} N", rows <= 1.03
    refusals = sum(run.books["refusals"] for run in ours)
    yield f"{name}: refusals", "0", str(refusals), refusals == 0


def _share(
    scenario: str, work: str, figure: str, ours: Run | None, other: Run | None, name: str, share: float
) -> Iterator[Bar]:
    if ours is None or other is None:
        return
    ratio = ours.measured[figure] / other.measured[figure]
    words = {"cpu": "processor", "wall": "wall"}
    yield f"{_NAMES[scenario]}: {words[figure]}, {work}", f"<= {share} of {name}", f"{ratio:.2f}", ratio <= share


def _memory(runs: Runs) -> Iterator[Bar]:
    small, large = runs.get("dense", {}).get("models"), runs.get("million", {}).get("models")
    if small is None:
        return
    peak = small.measured["peak"] / 1e6
    yield "dense ids: peak memory, models", "<= 130 MB", f"{peak:.0f} MB", peak <= 130
    if large is not None:
        ratio = large.measured["peak"] / small.measured["peak"]
        yield "a million: peak memory, models", "<= 1.15 of 100,000", f"{ratio:.2f}", ratio <= 1.15
