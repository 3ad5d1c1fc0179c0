"""Runs one REST call: finds the method, asks the meters and the faults, books it, and times it."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.limits import Hit
from b24orm.sandbox.methods import METHODS
from b24orm.sandbox.refusal import Refusal, access_denied, insufficient_scope, internal_error, over_limit
from b24orm.sandbox.state import Answer, State

__all__ = ["Stopwatch", "known", "run"]


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Measures what the ``time`` of an answer reports."""

    started: float
    ticks: float

    @classmethod
    def start(cls, state: State, hit: Hit) -> Stopwatch:
        """Start measuring now, which is later by what the earlier commands of the request took in the model."""
        return cls(state.clock.time() + hit.modelled, time.perf_counter())

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.ticks

    def report(self, operating: dict[str, float], modelled: float) -> dict[str, Any]:
        """The ``time`` object: *modelled* seconds more than measured; *operating* is empty where that meter is off."""
        elapsed = self.elapsed + modelled
        finish = self.started + elapsed
        return {
            "start": self.started,
            "finish": finish,
            "duration": elapsed,
            "processing": elapsed,
            "date_start": iso(self.started),
            "date_finish": iso(finish),
            **operating,
        }


def known(method: str) -> bool:
    """Whether the portal has the method (given in lower case)."""
    return method == "batch" or method in METHODS


def run(state: State, hit: Hit, method: str, params: dict[str, Any], index: int) -> tuple[Answer, dict[str, Any]]:
    """Run *method* (in lower case); returns its answer and its ``time``. Raises Refusal for an error answer."""
    handler = METHODS.get(method)
    if handler is None:
        raise Refusal("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
    if not hit.caller.may(method):
        raise insufficient_scope()
    hit.check(method)
    fault = state.faults.for_command(method)
    if fault is not None:
        if fault == "command_query_limit":
            state.books.refusal()
        raise _faulty(fault)
    if method in state.denied:
        raise access_denied()
    if state.before_command is not None:
        state.before_command(method, params, index)
    watch = Stopwatch.start(state, hit)
    modelled = 0.0  # what is refused is refused at once
    state.books.command(method)
    try:
        with state.store.lock:
            state.method, state.caller = method, hit.caller
            answer = handler(state, params)
        modelled = state.delays.get(method, 0.0) + answer.counting
    except Refusal:
        raise
    except Exception as error:
        # A crash inside a real portal is an error answer as well; the books tell a test that it was ours.
        state.books.crash(traceback.format_exc())
        raise internal_error() from error
    finally:
        operating = hit.spend(method, watch.elapsed + modelled + state.costs.get(method, 0.0))
        hit.modelled += modelled
    state.books.handed_out(method, answer.rows)
    return answer, watch.report(operating, modelled)


def _faulty(kind: str) -> Refusal:
    if kind == "operation_time_limit":
        return Refusal("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)
    if kind == "command_query_limit":
        return over_limit()
    if kind == "access_denied":
        return access_denied()
    return internal_error()
