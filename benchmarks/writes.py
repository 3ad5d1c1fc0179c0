"""10,000 creates, updates of one field and deletes, by b24orm and by fast_bitrix24's `call`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.runs import Client, Data, Run, run

__all__ = ["WRITES", "WriteRuns", "measure_writes", "write_bars", "write_tables"]

WRITES = 10_000
HEAD = (
    "| client | requests | refused | rows written | wall, s | processor, µs a row | peak, MB | |\n"
    "|---|---:|---:|---:|---:|---:|---:|---|"
)
_BOOKED = {"create": "deal add", "create_fields": "deal add", "update": "deal update", "delete": "deal delete"}

WriteRuns = dict[str, list[Run]]


def _clients(ours: str, foreign: str) -> list[Client]:
    return [
        Client("b24orm, `bulk_create` of objects", "use_b24orm", "create", ours),
        Client("b24orm, `bulk_create` of fields", "use_b24orm", "create_fields", ours),
        Client("fast_bitrix24, `call` of crm.item.add", "use_fast_bitrix24", "create", foreign),
        Client("b24orm, `bulk_update`", "use_b24orm", "update", ours),
        Client("fast_bitrix24, `call` of crm.item.update", "use_fast_bitrix24", "update", foreign),
        Client("b24orm, `bulk_delete`", "use_b24orm", "delete", ours),
        Client("fast_bitrix24, `call` of crm.item.delete", "use_fast_bitrix24", "delete", foreign),
    ]


def measure_writes(foreign: str, *, bound: float) -> WriteRuns:
    """Runs everyone twice: within the portal's usual limits, and without any, to compare processor times."""
    done: WriteRuns = {}
    for key, limited in (("limits", True), ("none", False)):
        done[key] = []
        for client in _clients(sys.executable, foreign):
            deals = 0 if client.work.startswith("create") else WRITES
            data = Data(deals, some=WRITES if deals else 1, limited=limited)
            one = run(client, data, bound=bound, writes=WRITES)
            done[key].append(one)
            took = f"{one.measured['wall']:.1f} s" if one.measured else one.failure
            print(f"writes, {key}: {client.label}: {took}", file=sys.stderr, flush=True)
    return done


def _row(done: Run) -> str:
    booked = done.books["applied"].get(_BOOKED[done.client.work], 0)
    counts = f"{done.books['requests']:,} | {done.books['refusals']:,} | {booked:,}"
    if not done.measured:
        return f"| {done.client.label} | {counts} | | | | **{done.failure}** |"
    measured = done.measured
    each = measured["cpu"] / WRITES * 1e6
    wrong = "" if measured["rows"] == booked == WRITES else f"**{measured['rows']:,} answers**"
    return (
        f"| {done.client.label} | {counts} | {measured['wall']:.1f} | {each:.0f} "
        f"| {measured['peak'] / 1e6:.0f} | {wrong} |"
    )


def write_tables(done: WriteRuns) -> Iterator[str]:
    """The tables, as Markdown."""
    headings = {
        "limits": f"{WRITES:,} rows written, standard limits (200 requests: 50 at once, the rest at 2 a second)",
        "none": f"{WRITES:,} rows written, a portal without limits",
    }
    for key, runs in done.items():
        rows = "\n".join(_row(one) for one in runs)
        yield f"### {headings[key]}\n\n{HEAD}\n{rows}"


def write_bars(done: WriteRuns) -> Iterator[tuple[str, str, str, bool]]:
    """What must hold."""
    for one in done.get("limits", ()):
        if one.client.module == "use_b24orm":
            held = one.books["requests"] == 200 and not one.books["refusals"] and bool(one.measured)
            measured = f"{one.books['requests']} and {one.books['refusals']} refused"
            yield f"{WRITES:,} by {one.client.label.partition(', ')[2]}", "200 requests, 0 refused", measured, held
