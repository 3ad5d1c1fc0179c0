"""The commands, one function each. What a command needs is imported when it runs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["clone", "demo", "generate", "pull", "serve"]


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
    _write(path, text)
    fields = sum(len(entity.fields) for entity in layout.entities)
    print(f"{path}: {len(layout.entities)} classes with {fields} fields of the portal's own")
    return 0


def _write(path: Path, text: str) -> None:
    from b24orm.errors import ConfigurationError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error


def clone(arguments: argparse.Namespace) -> int:
    """``b24orm sandbox clone``: a portal's layout in a file, for sandboxes with the same fields."""
    import json
    from pathlib import Path

    from b24orm import Portal
    from b24orm.cli.clone import clone as read
    from b24orm.sandbox.layout_file import read_layout_text

    with Portal(arguments.webhook) if arguments.webhook else Portal.from_env() as portal:
        said = portal.run_sync(lambda: read(portal))
    text = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
    layout = read_layout_text(text)  # what no sandbox could read is told now, not when somebody needs it
    for missing in said["missing"]:
        print(f"not read: {missing}", file=sys.stderr)
    path = Path(arguments.output)
    _write(path, text)
    fields = sum(name.startswith("UF_") for about in said["fields"].values() for name in about)
    print(f"{path}: {fields} user fields, {len(said['statuses'])} stages and values of dictionaries, ", end="")
    print(f"{len(layout.processes)} smart processes")
    return 0


def serve(arguments: argparse.Namespace) -> int:
    """``b24orm sandbox serve``: a portal until SIGINT or SIGTERM, which are its proper end (0)."""
    from b24orm.cli.sandboxes import options
    from b24orm.sandbox.faults import KINDS, read_fault
    from b24orm.sandbox.serve import serve as serve_portal

    if "list" in arguments.fault:
        width = max(map(len, KINDS))
        print("\n".join(f"{kind:{width}}  {text}" for kind, text in KINDS.items()))
        return 0
    given: Any = options(arguments)
    faults = [read_fault(text) for text in arguments.fault]
    what = f"a portal with {arguments.deals:,} deals, seed {arguments.seed}, limits of the plan {arguments.plan!r}"
    print(f"{what}; Ctrl-C ends it", file=sys.stderr, flush=True)
    return serve_portal(**given, faults=faults)
