"""Runs a sandbox until it is told to stop: what ``b24orm sandbox serve`` calls."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Literal

from b24orm.limits import Limits
from b24orm.sandbox.sandbox import Sandbox
from b24orm.sandbox.seeding import DealIds

__all__ = ["Plan", "limits_of", "serve"]

Plan = Literal["standard", "enterprise", "none"]


def limits_of(plan: Plan) -> Limits:
    """The limits of a tariff."""
    return {"standard": Limits.standard, "enterprise": Limits.enterprise, "none": Limits.none}[plan]()


def serve(
    *,
    port: int,
    deals: int,
    seed: int,
    plan: Plan = "standard",
    host: str = "127.0.0.1",
    deal_ids: DealIds = None,
    count_cost: float = 0.0,
) -> int:
    """Serve a portal until SIGINT or SIGTERM; returns the exit code.

    The first line on stdout is the webhook URL, so that a script can read it.
    """
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    watched = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, on_signal) for number in watched}
    try:
        with Sandbox(
            deals=deals,
            deal_ids=deal_ids,
            seed=seed,
            limits=limits_of(plan),
            port=port,
            host=host,
            count_cost=count_cost,
        ) as sandbox:
            sys.stdout.write(f"{sandbox.url}\n")
            sys.stdout.flush()
            while not stop.wait(0.5):  # a wait without end cannot be interrupted on every system
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0
