"""Runs the benchmarks and prints them as Markdown: python -m benchmarks --help."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bars import bars
from benchmarks.checking import CheckCost, measure_checking
from benchmarks.imports import ImportCost, measure
from benchmarks.runs import ROOT, Client, Data, Run, run
from benchmarks.writes import WriteRuns, measure_writes, write_bars, write_tables

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
FULL, QUICK, MILLION = 100_000, 10_000, 1_000_000
HEAD = (
    "| client | requests | commands | handed out | refused | wall, s | processor, s | peak, MB | first row, s "
    "| rows |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---|"
)


@dataclass(frozen=True)
class Scenario:
    """One table: its key, its heading, what the portal holds, who takes part, and for how long at most (seconds)."""

    key: str
    heading: str
    data: Data
    clients: tuple[Client, ...]
    bound: float
    gets: bool = False


def _clients(arguments: argparse.Namespace) -> tuple[tuple[Client, ...], tuple[Client, ...]]:
    """Those who read lists, and those who get deals one by one; who is not installed is left out, and told so."""
    here, other, newer = sys.executable, arguments.foreign, arguments.foreign312
    lists = (
        Client("b24orm, typed models", "use_b24orm", "models", here),
        Client("b24orm, `values()`", "use_b24orm", "values", here),
        Client("b24orm, `portal.list`", "use_b24orm", "raw", here),
        Client("fast_bitrix24, `get_all`", "use_fast_bitrix24", "list", other),
        Client("b24pysdk, `as_list_fast`", "use_b24pysdk", "list", other),
        Client("b24api, `iter_list_keyset`", "use_b24api", "keyset", newer),
        Client("b24api, `iter_list_counted`", "use_b24api", "counted", newer),
    )
    gets = (
        Client("b24orm, `objects.get`", "use_b24orm", "get", here),
        Client("fast_bitrix24, `get_by_ID`", "use_fast_bitrix24", "get", other),
    )
    missing = {client.module: client.python for client in lists if not _installed(client)}
    for module, python in missing.items():
        print(f"skipped: {module.removeprefix('use_')}, which {python} does not have", file=sys.stderr)
    wanted = arguments.clients

    def chosen(clients: tuple[Client, ...]) -> tuple[Client, ...]:
        return tuple(
            client
            for client in clients
            if client.module not in missing and (not wanted or any(one in client.label for one in wanted))
        )

    return chosen(lists), chosen(gets)


def _installed(client: Client) -> bool:
    if shutil.which(client.python) is None:
        return False
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({client.module.removeprefix('use_')!r}) is None)"
    return subprocess.run([client.python, "-c", code], cwd="/", capture_output=True).returncode == 0


def _scenarios(arguments: argparse.Namespace) -> Iterator[Scenario]:
    lists, gets = _clients(arguments)
    n, bound, page = arguments.deals, arguments.bound, arguments.page_time
    yield Scenario("dense", f"{n:,} deals, dense ids", Data(n, page_time=page), lists, bound)
    holes = "8 % of the ids missing, and a hole half as wide as the rest"
    yield Scenario("gaps", f"{n:,} deals, {holes}", Data(n, "gaps", page_time=page), lists, bound)
    dear = f"the same, where counting costs 20 µs a row ({n * 20e-6:.1f} s to count them all)"
    yield Scenario("dear", dear[0].upper() + dear[1:], Data(n, "gaps", 20e-6, page), lists, bound)
    few = Data(min(n, QUICK), "gaps", page_time=page)
    yield Scenario("get", "300 deals by their ids, at once", few, gets, bound, gets=True)
    if arguments.million:
        ours = tuple(client for client in lists if client.work == "models")
        million = Data(MILLION, page_time=page)
        yield Scenario("million", f"{MILLION:,} deals, dense ids", million, ours, max(bound, 900.0))


def _row(done: Run) -> str:
    books, measured = done.books, done.measured
    handed = f"{books['rows'] / done.deals:.3f} N" if books["rows"] else ""  # single rows are no lists
    counts = f"{books['requests']:,} | {books['commands']:,} | {handed} | {books['refusals']:,}"
    if not measured:
        return f"| {done.client.label} | {counts} | | | | | {done.verdict} |"
    first = "" if measured["first"] is None else f"{measured['first']:.2f}"
    return (
        f"| {done.client.label} | {counts} | {measured['wall']:.2f} | {measured['cpu']:.2f} "
        f"| {measured['peak'] / 1e6:.0f} | {first} | {done.verdict} |"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _about(runs: Iterable[Run], page_time: float) -> str:
    """Where, when and what was measured."""
    versions: dict[str, str] = {}
    for done in runs:
        if done.measured:
            versions[done.client.module.removeprefix("use_")] = done.measured["version"]
    named = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"{datetime.now(UTC).date()}, Python {platform.python_version()}, {os.cpu_count()} cores ({_processor()}), "
        f"{platform.system()}; {named}; {page_time * 1000:.0f} ms a page."
    )


def _report(
    done: dict[str, list[Run]],
    scenarios: list[Scenario],
    writes: WriteRuns,
    imports: ImportCost | None,
    checking: CheckCost | None,
) -> str:
    everything = [one for runs in (*done.values(), *writes.values()) for one in runs]
    parts = [_about(everything, scenarios[0].data.page_time if scenarios else 0.0)]
    for scenario in scenarios:
        rows = "\n".join(_row(one) for one in done[scenario.key])
        parts.append(f"### {scenario.heading}\n\n{HEAD}\n{rows}")
    parts += write_tables(writes)
    if imports is not None:
        parts.append(
            "### Import\n\n| whole process | seconds |\n|---|---:|\n"
            f"| `import aiohttp, pydantic` | {imports.base:.3f} |\n"
            f"| `import aiohttp, pydantic, b24orm` | {imports.ours:.3f} |\n"
            f"| `import aiohttp, pydantic; from b24orm import Deal, Portal` | {imports.used:.3f} |\n"
            f"| `import aiohttp, pydantic; from b24orm import Model, Portal` | {imports.core:.3f} |\n"
            f"| the same, and `from b24orm import Deal` | {imports.entity:.3f} |"
        )
    if checking is not None:
        parts.append(
            "### Type checking\n\n| pyright, strict, over one file | seconds |\n|---|---:|\n"
            f"| a model of pydantic's alone | {checking.pydantic:.1f} |\n"
            f"| a program that uses five entities | {checking.five:.1f} |"
        )
    if writes or any(one.data.deals == FULL for one in scenarios):
        good = {key: {_key(one.client): one for one in runs if one.good} for key, runs in done.items()}
        lines = [
            f"| {what} | {bar} | {measured} | {'yes' if held else '**no**'} |"
            for what, bar, measured, held in (*bars(good, imports, checking), *write_bars(writes))
        ]
        parts.append("### What must hold\n\n| | bar | measured | holds |\n|---|---|---|---|\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _key(client: Client) -> str:
    """How the bars call it: our own by their work, the others by their name."""
    return client.work if client.module == "use_b24orm" else client.module.removeprefix("use_")


def _write(path: Path, text: str) -> None:
    """Put *text* between the markers of the document."""
    old = path.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{path} has no markers {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--deals", type=int, default=FULL, help="how many (default: %(default)s)")
    parser.add_argument("--quick", dest="deals", action="store_const", const=QUICK, help=f"{QUICK:,} deals")
    parser.add_argument("--million", action="store_true", help="also 1,000,000 deals by b24orm; takes four minutes")
    parser.add_argument("--bound", type=float, default=180.0, help="seconds that a client may take (default: 180)")
    parser.add_argument(
        "--page-time", type=float, default=0.02, metavar="SECONDS", help="asleep, a page (default: %(default)s)"
    )
    parser.add_argument(
        "--scenarios",
        nargs="+",
        metavar="KEY",
        help="only these: dense, gaps, dear, get, million, writes, import, checking",
    )
    parser.add_argument("--clients", nargs="+", metavar="WORD", help="only clients whose label has one of these in it")
    parser.add_argument("--output", type=Path, help=f"write the figures between {BEGIN} and {END} of this file")
    parser.add_argument("--foreign", default=str(ROOT / ".venv-bench/bin/python"), help="Python of the other clients")
    parser.add_argument(
        "--foreign312", default=str(ROOT / ".venv-bench312/bin/python"), help="Python 3.12 or newer, of b24api"
    )
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    wanted = set(arguments.scenarios or ())
    scenarios = [one for one in _scenarios(arguments) if not wanted or one.key in wanted]
    done: dict[str, list[Run]] = {}
    for scenario in scenarios:
        done[scenario.key] = []
        for client in scenario.clients:
            one = run(client, scenario.data, bound=scenario.bound, gets=scenario.gets)
            done[scenario.key].append(one)
            took = f"{one.measured['wall']:.1f} s" if one.measured else one.failure
            print(f"{scenario.key}: {client.label}: {took}", file=sys.stderr, flush=True)
    imports = measure() if not wanted or "import" in wanted else None
    checking = measure_checking() if not wanted or "checking" in wanted else None
    writes = measure_writes(arguments.foreign, bound=arguments.bound) if not wanted or "writes" in wanted else {}
    text = _report(done, scenarios, writes, imports, checking)
    print(text)
    if arguments.output is not None:
        _write(arguments.output, text)


if __name__ == "__main__":
    main()
