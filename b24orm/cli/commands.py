"""The commands, one function each. What a command needs is imported when it runs."""

from __future__ import annotations

import argparse
import sys

__all__ = ["demo", "generate", "pull", "serve"]


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


def pull(arguments: argparse.Namespace) -> int:
    """``b24orm pull``: the module of a portal's models; with ``--check`` what has changed, and 1 if anything has."""
    import difflib
    from pathlib import Path

    from b24orm import Portal
    from b24orm.codegen import render_portal
    from b24orm.discovery import read_layout
    from b24orm.errors import ConfigurationError

    path = Path(arguments.out)
    with Portal(arguments.webhook) if arguments.webhook else Portal.from_env() as portal:
        layout = portal.run_sync(lambda: read_layout(portal))
    text = render_portal(layout)
    for missing in layout.missing:
        print(f"not read: {missing}", file=sys.stderr)
    before = path.read_bytes().decode(errors="replace") if path.is_file() else ""
    if before == text:
        print(f"{path} is up to date")
        return 0
    if arguments.check:
        print(f"{path} is out of date with the portal; run `b24orm pull --out {path}`:", file=sys.stderr)
        lines = difflib.unified_diff(before.splitlines(), text.splitlines(), str(path), "portal", lineterm="", n=1)
        print("\n".join(lines))
        return 1
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error
    fields = sum(len(entity.fields) for entity in layout.entities)
    print(f"{path}: {len(layout.entities)} classes with {fields} fields of the portal's own")
    return 0


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
