"""Runs one REST call: finds the method, asks the meters and the faults, books it, and times it."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from typing import Any

from b24orm.sandbox.clock import iso, read_by
from b24orm.sandbox.limits import Hit
from b24orm.sandbox.methods import METHODS
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import strval
from b24orm.sandbox.refusal import Refusal, internal_error, not_found
from b24orm.sandbox.rights import denial, for_administrators
from b24orm.sandbox.state import Answer, State

__all__ = ["Stopwatch", "allow", "known", "run"]


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


def allow(state: State, hit: Hit, method: str) -> None:
    """Let a call of *method* pass, if meters, faults and rights do. Raises Refusal if they do not."""
    hit.check(method)
    fault = state.faults.for_command(method)
    if fault is not None:
        if fault.kind == "command_query_limit":
            state.books.refusal()
        raise fault.refusal or denial(method)
    if method in state.denied or (not hit.caller.admin and for_administrators(method)):
        raise denial(method)


def run(state: State, hit: Hit, method: str, params: dict[str, Any], index: int) -> tuple[Answer, dict[str, Any]]:
    """Run *method* (in lower case); returns its answer and its ``time``. Raises Refusal for an error answer."""
    handler = METHODS.get(method)
    if handler is None:
        raise not_found()
    if not hit.caller.may(method):
        raise Refusal("insufficient_scope", "", 403)  # in a batch it comes without a description (batch.md)
    allow(state, hit, method)
    if state.before_command is not None:
        state.before_command(method, params, index)
    watch = Stopwatch.start(state, hit)
    state.books.command(method)
    read_by(state.clock)
    try:
        with state.store.working():
            state.method, state.caller = method, hit.caller
            state.connector = strval(classic(params, "auth_connector"))
            answer = handler(state, params)
    except Refusal:
        raise  # what is refused is refused at once, and uses no operating time
    except UnicodeEncodeError as error:
        # The database takes no bytes that are no UTF-8; that the portal answers so is inferred from its SQL failures.
        raise Refusal("ERROR_CORE", "Internal error!", 500) from error
    except Exception as error:
        # A crash inside a real portal is an error answer as well; the books tell a test that it was ours.
        state.books.crash(traceback.format_exc())
        raise internal_error() from error
    modelled = state.delays.get(method, 0.0) + answer.counting
    used = watch.elapsed + modelled + state.costs.get(method, 0.0)
    operating = hit.spend(method, used, watch.started)
    hit.modelled += modelled
    state.books.handed_out(method, answer.rows)
    return answer, watch.report(operating, modelled)
