"""The arguments of ``b24orm sandbox serve``: the options of `b24orm.sandbox.Sandbox` by their names."""

from __future__ import annotations

import argparse

from b24orm.cli.numbers import amount, number, size

__all__ = ["options", "serving"]

_NAMES = (
    *("deals", "seed", "deal_ids", "state", "layout", "plan", "port", "host", "latency", "page_size"),
    *("count_cost", "offset_cost", "request_timeout", "operating_window", "clock_speed", "tls", "rest_v3"),
)


def serving(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add = parser.add_argument
    add("--port", type=number(0, 65535), default=0, help="port to listen at; 0, the default, picks one")
    add("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    add("--tls", action="store_true", help="serve https; how to trust its certificate is said on stderr")
    size(parser, deals=1000, least=0)
    add(
        "--plan",
        choices=("standard", "enterprise", "none"),
        default="standard",
        help="the tariff whose limits the portal keeps (default: %(default)s)",
    )
    add(
        "--deal-ids",
        choices=("dense", "gaps"),
        help="the deals' ids: 1 to N, or with 8 %% gaps and a wide hole (default: holes as real portals have them)",
    )
    add(
        "--state",
        metavar="FILE",
        help="keep everything in this file, and go on with the portal that it holds (default: in memory)",
    )
    add("--layout", metavar="FILE", help="have the fields, pipelines and processes that `sandbox clone` wrote there")
    add(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:NAME=VALUE,...]",
        help="inject a fault, such as server_error:rate=0.01 or html:method=batch,times=2; may be repeated. "
        "--fault list shows all kinds",
    )
    seconds = (
        ("--latency", 0.0, "what every request waits"),
        ("--count-cost", 0.0, "what each row costs that a list counts; 20e-6 on large portals"),
        ("--offset-cost", 0.0, "what each row costs that a list skips because of its start"),
        ("--request-timeout", 60.0, "what a request may take in costs and delays until it is answered by 504"),
        ("--operating-window", 600.0, "for how long operating time counts"),
    )
    for name, default, text in seconds:
        add(name, type=amount, default=default, metavar="SECONDS", help=f"{text} (default: %(default)s)")
    add("--clock-speed", type=amount, default=1.0, metavar="X", help="how fast the portal's time goes (default: 1)")
    add("--no-rest-v3", dest="rest_v3", action="store_false", help="be a portal of old, without REST 3.0")
    add("--page-size", type=number(1), default=50, metavar="N", help="rows a page (default: %(default)s)")


def options(arguments: argparse.Namespace) -> dict[str, object]:
    """The arguments as the options of a sandbox; faults are left out."""
    return {name: getattr(arguments, name) for name in _NAMES}
