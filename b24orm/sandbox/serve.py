"""Runs a sandbox until it is told to stop: what ``b24orm sandbox serve`` calls."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

from typing_extensions import Unpack

from b24orm.sandbox.knobs import Knobs
from b24orm.sandbox.sandbox import Sandbox
from b24orm.sandbox.seeding import DealIds
from b24orm.sandbox.tls import how_to_trust

__all__ = ["serve"]


def serve(
    *,
    deals: int,
    seed: int,
    deal_ids: DealIds = None,
    state: str | None = None,
    layout: str | None = None,
    **knobs: Unpack[Knobs],
) -> int:
    """Serve a portal until SIGINT or SIGTERM; returns the exit code.

    The first line on stdout is the webhook URL, so that a script can read it; stderr says where its status page is, and
    how to trust its certificate if it has one. *state* is the file that the portal lives in, *layout* the one that says
    what fields it has; see `Sandbox` for these and the other options.
    """
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    watched = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, on_signal) for number in watched}
    try:
        with Sandbox(deals=deals, deal_ids=deal_ids, seed=seed, path=state, layout=layout, **knobs) as sandbox:
            sys.stdout.write(f"{sandbox.url}\n")
            sys.stdout.flush()
            trust = f"{how_to_trust(sandbox.ca_file)}\n" if knobs.get("tls") else ""
            sys.stderr.write(f"its status page is {sandbox.status_url}\n{trust}")
            sys.stderr.flush()
            while not stop.wait(0.5):  # a wait without end cannot be interrupted on every system
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0
