"""``bizproc.workflow.*``: running workflows and their templates.

Facts: api-reference/bizproc/*.md. A select that is empty means a few fields, not all. Templates are changed by the
application alone that brought them, so a webhook may not; a workflow that is not there can be ended, the pages know
no error for it.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.fields import Column
from b24orm.sandbox.filters_prefix import WORKFLOWS, compile_filter, compile_order, named
from b24orm.sandbox.methods.parameters import classic, classic_array, names
from b24orm.sandbox.paging import CLASSIC, page
from b24orm.sandbox.php import entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_RUNNING, _TEMPLATE = "workflow_instance", "workflow_template"
_AUTOMATIC = range(4)


def _list(key: str, default: tuple[str, ...], order: str, state: State, params: dict[str, Any]) -> Answer:
    source = state.table(key)
    where = compile_filter(
        named(source), classic_array(params, "filter"), WORKFLOWS, ignore_id=state.options.ignore_id_filter
    )
    sort = compile_order(named(source), classic_array(params, "order"), default=order)
    wanted = {name.upper() for name in names(classic(params, "select"))} or {*default}
    shown = {wire: c for wire, c in source.by_wire["default"].items() if c.selectable}
    columns: list[Column] = [c for wire, c in shown.items() if wire in wanted] or [shown["ID"]]
    found, answer = page(
        CLASSIC,
        state.options,
        params.get("start"),
        lambda: state.store.count(key, where),
        lambda window: fetch(state.store, source, "default", columns, where, sort, window),
    )
    answer.result = found
    return answer


def _end(state: State, params: dict[str, Any]) -> Answer:
    code = strval(classic(params, "id"))
    if not code:
        raise Refusal("ERROR_WRONG_WORKFLOW_ID", "Empty workflow instance ID")
    found = state.store.select(_RUNNING, "id", ("workflow_id = ?", [code]))
    if found:
        state.store.delete(_RUNNING, found[0][0])
        state.wrote(_RUNNING, found[0][0], "delete")
    return Answer(True)


def _start(state: State, params: dict[str, Any]) -> Answer:
    template = intval(classic(params, "template_id"))
    if not template:
        raise Refusal("ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID")
    row = state.store.row(_TEMPLATE, template)
    if row is None:
        raise Refusal("ERROR_WRONG_WORKFLOW_ID", "Template not found")
    given = classic(params, "document_id")
    document = [strval(part) for _, part in entries(given)] if is_array(given) else []
    if len(document) != 3:
        raise Refusal("", "Wrong DOCUMENT_ID!")
    if document[:2] != [row["module_id"], row["entity"]]:
        raise Refusal("", "Template type and DOCUMENT_ID mismatch!")
    now, number = iso(state.clock.time()), secrets.token_hex(7)
    code = f"{number}.{secrets.randbelow(10**8):08d}"
    made = {
        "workflow_id": code,
        "template_id": template,
        "module_id": document[0],
        "entity": document[1],
        "document_id": document[2],
        "started": now,
        "started_by": state.user_id,
        "modified": now,
    }
    new = state.store.insert(_RUNNING, made)
    state.wrote(_RUNNING, new, "add")
    return Answer(code)


def _for_applications(state: State) -> None:
    if not state.caller.application:
        raise Refusal("ACCESS_DENIED", "Application context required", 403)


def _template(state: State, params: dict[str, Any]) -> dict[str, Any]:
    row = state.store.row(_TEMPLATE, intval(classic(params, "id")))
    if row is None:
        raise Refusal("ERROR_TEMPLATE_NOT_FOUND", "Workflow template not found.")
    if row["system_code"] != _code(state):
        text = "You can update ONLY templates created by current application"
        raise Refusal("ERROR_TEMPLATE_NOT_OWNER", text)
    return row


def _code(state: State) -> str:
    """What marks the templates of the calling application."""
    return f"rest_app_{state.caller.client}"


def _sent(state: State, fields: Any, current: dict[str, Any] | None) -> dict[str, Any]:
    values = accepted(state, state.table(_TEMPLATE), "default", fields, current=current)
    values.pop("template_data", None)  # an archive of another program, which only a real portal can unpack
    if not {**(current or {}), **values}.get("name"):
        raise Refusal("ERROR_TEMPLATE_VALIDATION_FAILURE", "Empty template name!")
    if values.get("auto_execute") is not None and values["auto_execute"] not in _AUTOMATIC:
        raise Refusal("ERROR_TEMPLATE_VALIDATION_FAILURE", "Incorrect field AUTO_EXECUTE!")
    return values


def _add_template(state: State, params: dict[str, Any]) -> Answer:
    _for_applications(state)
    given = classic(params, "document_type")
    kind = [strval(part) for _, part in entries(given)] if is_array(given) else []
    if len(kind) != 3:
        raise Refusal("ERROR_TEMPLATE_VALIDATION_FAILURE", "Incorrect field DOCUMENT_TYPE!")
    if not classic(params, "template_data"):
        raise Refusal("ERROR_TEMPLATE_VALIDATION_FAILURE", "Incorrect field TEMPLATE_DATA!")
    plain = {name.upper(): value for name, value in params.items() if name.upper() != "DOCUMENT_TYPE"}
    values = _sent(state, plain, None)
    made = {
        "description": "",
        "module_id": kind[0],
        "entity": kind[1],
        "document_type": kind[2],
        "auto_execute": 0,
        **dict.fromkeys(("template", "parameters", "variables", "constants"), "[]"),
        "modified": iso(state.clock.time()),
        "is_modified": "N",
        "user_id": state.user_id,
        "system_code": _code(state),
    }
    new = state.store.insert(_TEMPLATE, made | values)
    state.wrote(_TEMPLATE, new, "add")
    return Answer(new)


def _update_template(state: State, params: dict[str, Any]) -> Answer:
    _for_applications(state)
    fields = classic_array(params, "fields")
    if not list(entries(fields)):
        raise Refusal("ERROR_TEMPLATE_VALIDATION_FAILURE", "No fields to update.")
    row = _template(state, params)
    values = _sent(state, fields, row)
    changed = any(row[name] != value for name, value in values.items())
    state.store.update(_TEMPLATE, row["id"], {**values, "modified": iso(state.clock.time())})
    state.wrote(_TEMPLATE, row["id"], "update", changed=changed)
    return Answer(row["id"])


def _delete_template(state: State, params: dict[str, Any]) -> Answer:
    _for_applications(state)
    row = _template(state, params)
    state.store.delete(_TEMPLATE, row["id"])
    state.wrote(_TEMPLATE, row["id"], "delete")
    return Answer(None)


METHODS: dict[str, Handler] = {
    "bizproc.workflow.instances": partial(_list, _RUNNING, ("ID", "MODIFIED", "OWNED_UNTIL"), "modified DESC, id"),
    "bizproc.workflow.start": _start,
    "bizproc.workflow.kill": _end,
    "bizproc.workflow.terminate": _end,
    "bizproc.workflow.template.list": partial(_list, _TEMPLATE, ("ID",), "id"),
    "bizproc.workflow.template.add": _add_template,
    "bizproc.workflow.template.update": _update_template,
    "bizproc.workflow.template.delete": _delete_template,
}
"""Handlers of this family."""
