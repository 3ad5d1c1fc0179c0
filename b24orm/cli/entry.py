"""Arguments to commands, and errors to exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from b24orm import B24OrmError, __version__
from b24orm.cli import commands, sandboxes
from b24orm.cli.numbers import size

__all__ = ["main"]

OK: Final = 0
WRONG: Final = 2
BROKEN_PIPE: Final = 1
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code.

    0: done; 1: done, and the answer is "no" (drift, a lost row); 2: wrong arguments or an error of b24orm; 130: Ctrl-C.

    Args:
        argv: the arguments without the program's name; those of the process by default.

    Raises:
        SystemExit: from argparse, for wrong arguments (2), ``--help`` and ``--version`` (0).
    """
    arguments = _parser().parse_args(argv)
    run: Command = arguments.run
    try:
        return run(arguments)
    except B24OrmError as error:
        print(f"b24orm: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`b24orm demo | head`); the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="b24orm", description="A typed, asynchronous ORM for Bitrix24.")
    parser.add_argument("--version", action="version", version=f"b24orm {__version__}")
    found = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    demo = found.add_parser("demo", help="a tour of the library against an embedded portal")
    size(demo, deals=20_000, least=1)
    demo.set_defaults(run=commands.demo)

    generate = found.add_parser("generate", help="write the entities that follow from schemas/*.json")
    generate.add_argument(
        "--check", action="store_true", help="write nothing; list what is out of date and exit with 1 if anything is"
    )
    generate.set_defaults(run=commands.generate)

    pull = found.add_parser("pull", help="write typed models of a portal: its user fields, stages and smart processes")
    pull.add_argument(
        "--webhook",
        metavar="URL",
        help="the webhook of an administrator; it is a secret, so rather leave it in the environment: B24_WEBHOOK",
    )
    pull.add_argument(
        "--out", default="crm_models.py", metavar="FILE", help="the module to write (default: %(default)s)"
    )
    pull.add_argument(
        "--check", action="store_true", help="write nothing; show what has changed at the portal and exit with 1 if so"
    )
    pull.set_defaults(run=commands.pull)

    sandbox = found.add_parser("sandbox", help="an embedded portal for tests and experiments")
    actions = sandbox.add_subparsers(title="actions", metavar="ACTION", required=True)
    serve = actions.add_parser("serve", help="serve a portal until Ctrl-C; the first line on stdout is its webhook URL")
    sandboxes.serving(serve)
    serve.set_defaults(run=commands.serve)

    clone = actions.add_parser(
        "clone", help="write the layout of a real portal, not its data, for sandboxes with the same fields"
    )
    clone.add_argument(
        "--webhook",
        metavar="URL",
        help="the webhook of an administrator; it is a secret, so rather leave it in the environment: B24_WEBHOOK",
    )
    clone.add_argument(
        "--output", default="layout.json", metavar="FILE", help="the file to write (default: %(default)s)"
    )
    clone.set_defaults(run=commands.clone)
    return parser
