"""The classic REST API: one call, alone or a batch, from its parameters to its envelope.

Facts: sections 2, 3 and 5 of the behaviour notes.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from b24orm.sandbox.access import admit
from b24orm.sandbox.batch import run_batch
from b24orm.sandbox.call import Call
from b24orm.sandbox.desk import Stopwatch, allow, known, run
from b24orm.sandbox.limits import Hit
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import strval
from b24orm.sandbox.refusal import Refusal, insufficient_scope, not_found
from b24orm.sandbox.reply import Reply, refused, written
from b24orm.sandbox.state import State
from b24orm.sandbox.transfers import content_type, fetched, stored

__all__ = ["serve", "transfer"]


def serve(state: State, call: Call) -> Reply:
    """The answer to a call."""
    hit: Hit | None = None
    used = os.times()
    try:
        if not known(call.method):  # reported before authorization is checked
            raise not_found()
        hit = Hit(state.operating, admit(state, call))
        if not hit.caller.may(call.method):
            raise insufficient_scope(webhook=hit.caller.application is None)
        reply = _batch(state, hit, call) if call.method == "batch" else _single(state, hit, call)
    except Refusal as refusal:
        reply = refused(refusal, call.form)
    if hit is not None:
        hit.close()
    return replace(reply, headers={**reply.headers, **_measured(reply, hit, used)})


def _measured(reply: Reply, hit: Hit | None, before: os.times_result) -> dict[str, str]:
    """What portals in the cloud say in headers: who called, and the seconds that the method took."""
    headers = {"X-Bitrix-Rest-Time": f"{reply.took or 0:.10f}"}
    if hit is not None and hit.caller.application is not None:
        headers["X-Bitrix-Rest-Application"] = hit.caller.application.client_id
    if reply.took is not None:
        used = os.times()
        headers["X-Bitrix-Rest-User-Time"] = f"{used.user - before.user:.10f}"
        headers["X-Bitrix-Rest-System-Time"] = f"{used.system - before.system:.10f}"
    return headers


def _batch(state: State, hit: Hit, call: Call) -> Reply:
    allow(state, hit, "batch")
    watch = Stopwatch.start(state, hit)
    done = run_batch(state, hit, call.params)
    times = watch.report(hit.report("batch"), hit.modelled)
    reply = written({"result": done.answer(), "time": times}, call.form)
    return replace(reply, commands=tuple(done.commands), after=hit.modelled, took=hit.modelled + watch.elapsed)


def _single(state: State, hit: Hit, call: Call) -> Reply:
    answer, took = run(state, hit, call.method, call.params, 0)
    envelope: dict[str, Any] = {"result": answer.result}
    if answer.next is not None:
        envelope["next"] = answer.next
    if answer.total is not None:
        envelope["total"] = answer.total
    envelope["time"] = took
    return replace(written(envelope, call.form), after=hit.modelled, took=took["processing"])


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
        return replace(written(body, call.form), after=delay)
    except Refusal as refusal:
        return refused(refusal, call.form)
