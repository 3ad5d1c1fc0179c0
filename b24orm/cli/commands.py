"""The commands, one function each. What a command needs is imported when it runs."""

from __future__ import annotations

import argparse
import sys

__all__ = ["demo", "generate", "serve"]


def demo(arguments: argparse.Namespace) -> int:
    """``b24orm demo``: the tour; 1 if the stream lost a row or the portal refused a request."""
    from b24orm.cli.demo import run

    return run(deals=arguments.deals, seed=arguments.seed)


def generate(arguments: argparse.Namespace) -> int:
    """``b24orm generate``: the files written; with ``--check`` those that would be, and 1 if there are any."""
    from b24orm.codegen import generate as bring_up_to_date

    changed = bring_up_to_date(check=arguments.check)
    if arguments.check and changed:
        print("out of date with schemas/*.json; run `b24orm generate`:", file=sys.stderr)
    for path in changed:
        print(path)
    if not changed:
        print("everything generated is up to date")
    return 1 if arguments.check and changed else 0


def serve(arguments: argparse.Namespace) -> int:
    """``b24orm sandbox serve``: a portal until SIGINT or SIGTERM, which are its proper end (0)."""
    from b24orm.sandbox.serve import serve as serve_portal

    what = f"a portal with {arguments.deals:,} deals, seed {arguments.seed}, limits of the plan {arguments.plan!r}"
    print(f"{what}; Ctrl-C ends it", file=sys.stderr, flush=True)
    return serve_portal(
        port=arguments.port,
        deals=arguments.deals,
        deal_ids=arguments.deal_ids,
        seed=arguments.seed,
        plan=arguments.plan,
        count_cost=arguments.count_cost,
    )
