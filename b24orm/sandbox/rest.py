"""The classic REST API: one call, alone or a batch, from its parameters to its envelope.

Facts: sections 2, 3 and 5 of the behaviour notes.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.access import admit
from b24orm.sandbox.batch import run_batch
from b24orm.sandbox.call import Call
from b24orm.sandbox.desk import Stopwatch, known, run
from b24orm.sandbox.limits import Hit
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.reply import Reply, refused
from b24orm.sandbox.rows import encode
from b24orm.sandbox.state import State
from b24orm.sandbox.transfers import content_type, fetched, stored

__all__ = ["serve", "transfer"]


def serve(state: State, call: Call) -> Reply:
    """The answer to a call."""
    try:
        if not known(call.method):  # reported before authorization is checked
            raise Refusal("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
        hit = Hit(state.operating, admit(state, call))
        watch = Stopwatch.start(state, hit)
        if call.method == "batch":
            done = run_batch(state, hit, call.params)
            times = watch.report(hit.report("batch"), hit.modelled)
            body = encode({"result": done.answer(), "time": times})
            return Reply(200, body, tuple(done.commands), after=hit.modelled)
        answer, took = run(state, hit, call.method, call.params, 0)
    except Refusal as refusal:
        return refused(refusal)
    envelope: dict[str, Any] = {"result": answer.result}
    if answer.next is not None:
        envelope["next"] = answer.next
    if answer.total is not None:
        envelope["total"] = answer.total
    envelope["time"] = took
    return Reply(200, encode(envelope), after=hit.modelled)


def transfer(state: State, call: Call) -> Reply:
    """The answer to a link to a file, whose token is all that it needs."""
    method, token = call.method, strval(classic(call.params, "token"))
    delay = state.delays.get(method, 0.0)
    try:
        file = fetched(state, method, token)
        if file is not None:
            kind = content_type(file)
            return Reply(200, file.content, content_type=kind, filename=file.name, after=delay)
        watch = Stopwatch.start(state, Hit(state.operating, state.owner))
        body = {"result": stored(state, token, call.upload), "time": watch.report({}, delay)}
        return Reply(200, encode(body), after=delay)
    except Refusal as refusal:
        return refused(refusal)
