"""REST 3.0: one call, alone or a batch, from its body to its envelope.

Facts: api-reference/rest-v3.md. An answer has no ``total`` and no ``next``. That unknown methods are reported before it
is asked who calls is so in the classic API; for REST 3.0 nothing is known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from b24orm.sandbox.access import admit
from b24orm.sandbox.call import Call
from b24orm.sandbox.desk import Stopwatch
from b24orm.sandbox.limits import Hit
from b24orm.sandbox.php import is_array
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.reply import CORS, Reply, refused
from b24orm.sandbox.rows import encode
from b24orm.sandbox.state import State
from b24orm.sandbox.v3.batch import Batch
from b24orm.sandbox.v3.desk import run
from b24orm.sandbox.v3.method import Method
from b24orm.sandbox.v3.methods import METHODS
from b24orm.sandbox.v3.refusals import invalid_json, method_not_found, translated
from b24orm.sandbox.v3.replays import Replays, check_key

__all__ = ["serve"]


def serve(state: State, call: Call) -> Reply:
    """The answer to a call."""
    hit: Hit | None = None
    try:
        method = METHODS.get(call.method)
        if method is None:
            raise method_not_found(call.method)
        hit = Hit(state.operating, admit(state, call))
        if not is_array(call.body):
            raise invalid_json()
        if method.name == "batch":
            reply = _batch(state, hit, call.body)
        elif call.idempotency_key is None or not method.writes:
            reply = _alone(state, hit, method, call)
        else:
            reply = _once(state, hit, method, call, call.idempotency_key)
    except Refusal as refusal:
        reply = refused(translated(refusal))
    if hit is not None:
        hit.close()
    return replace(reply, headers={**CORS, **reply.headers})


def _alone(state: State, hit: Hit, method: Method, call: Call) -> Reply:
    answer, took = run(state, hit, method, call.method, call.params, 0, meter=call.method.lower())
    body = answer.result if method.bare else {"result": answer.result, "time": took}
    return Reply(200, encode(body), after=hit.modelled)


def _once(state: State, hit: Hit, method: Method, call: Call, key: str) -> Reply:
    """A write with an Idempotency-Key: what it answered before, if it did."""
    check_key(key)
    replays = Replays.of(state, hit.caller, method.name, key, call.raw)
    before = replays.found()
    if before is not None:
        return Reply(200, before, headers={"Idempotency-Key": key, "Idempotent-Replayed": "true"})
    reply = _alone(state, hit, method, call)
    replays.keep(reply.body)
    return replace(reply, headers={"Idempotency-Key": key})


def _batch(state: State, hit: Hit, body: Any) -> Reply:
    """A batch: its time is that of the method ``batch``, whatever its commands are."""
    hit.check("batch")
    watch = Stopwatch.start(state, hit)
    batch = Batch(state, hit)
    try:
        results = batch.results(body)
    except Refusal as refusal:
        return replace(refused(translated(refusal)), commands=tuple(batch.ran))
    times = watch.report(hit.report("batch"), hit.modelled)
    return Reply(200, encode({"result": results, "time": times}), tuple(batch.ran), after=hit.modelled)
