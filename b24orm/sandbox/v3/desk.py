"""Runs one call of REST 3.0: asks the meters, the faults and the rights, books it, and times it.

What a batch of REST 3.0 runs counts as operating time of the method ``batch`` alone; of a plain call, as its own.
"""

from __future__ import annotations

import traceback
from typing import Any

from b24orm.sandbox.desk import Stopwatch
from b24orm.sandbox.limits import Hit
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.v3.method import Method
from b24orm.sandbox.v3.refusals import access_denied, insufficient_scope, internal_error

__all__ = ["run"]


def run(
    state: State, hit: Hit, method: Method, called: str, params: dict[str, Any], index: int, *, meter: str
) -> tuple[Answer, dict[str, Any]]:
    """Run *method*, which was *called* by that name; its time is booked as that of *meter*.

    Raises:
        Refusal: for an error answer.
    """
    name = called.lower()
    if not method.allowed(hit.caller):
        raise insufficient_scope()
    if meter == name:
        hit.check(name)
    fault = state.faults.for_command(name)
    if fault is not None:
        if fault.kind == "command_query_limit":
            state.books.refusal()
        raise fault.refusal or access_denied()
    if name in state.denied:
        raise access_denied()
    if state.before_command is not None:
        state.before_command(name, params, index)
    watch = Stopwatch.start(state, hit)
    state.books.command(name)
    try:
        with state.store.working():
            state.method, state.caller, state.connector = name, hit.caller, ""
            answer = method.run(state, params)
    except Refusal:
        raise  # what is refused is refused at once, and uses no operating time
    except Exception as error:
        # A crash inside a real portal is an error answer as well; the books tell a test that it was ours.
        state.books.crash(traceback.format_exc())
        raise internal_error() from error
    modelled = state.delays.get(name, 0.0) + answer.counting
    operating = hit.spend(meter, watch.elapsed + modelled + state.costs.get(name, 0.0), watch.started)
    hit.modelled += modelled
    state.books.handed_out(name, answer.rows)
    return answer, watch.report(operating, modelled)
