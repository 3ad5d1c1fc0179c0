"""Comments, time records and checklists of tasks: the methods of old that read their parameters by place.

Facts: api-reference/tasks/comment-item, elapsed-item and checklist-item; the section on old task methods of
settings/how-to-call-rest-api/data-encoding.md. Whatever the parameters are called, the first is the task, the second
the order or the record, and so on: a wrong order is an error. Of errors the pages give these texts; of time records
that are not there they name none but "ACTION_NOT_ALLOWED".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.conditions import all_of
from b24orm.sandbox.fields import Column
from b24orm.sandbox.filters_prefix import TASK_ITEMS, compile_filter, compile_order
from b24orm.sandbox.methods.parameters import names
from b24orm.sandbox.php import as_map, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import Sql, Window
from b24orm.sandbox.taskkinds import CHECKLISTS, COMMENTS, HOURS, Items
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_PAGE = 50


def _wrong(text: str) -> Refusal:
    return Refusal("ERROR_CORE", f"TASKS_ERROR_EXCEPTION_#256; {text}; 256/TE/WRONG_ARGUMENTS<br>")


def _arguments(params: dict[str, Any]) -> list[Any]:
    """The parameters by their place. The one that counts pages elsewhere is none of them."""
    return [value for name, value in params.items() if name.lower() != "start"]


def _number(items: Items, verb: str, arguments: list[Any], place: int, name: str) -> int:
    if len(arguments) <= place:
        raise _wrong(f"Param #{place} ({name}) expected by method {items.title(verb)}, but not given.")
    value = arguments[place]
    if is_array(value) or isinstance(value, bool) or not strval(value).strip().isdigit():
        raise _wrong(
            f'Param #{place} ({name}) for method {items.title(verb)} expected to be of type "integer", '
            "but given something else."
        )
    return intval(value)


def _map(items: Items, verb: str, arguments: list[Any], place: int, name: str) -> Any:
    value = arguments[place] if len(arguments) > place else None
    if value is None or value == "" or (is_array(value) and as_map(value) == {"0": ""}):
        return {}  # an empty list in a query string is a list of one empty text
    if not is_array(value):
        raise _wrong(
            f'Param #{place} ({name}) for method {items.title(verb)} expected to be of type "array", '
            "but given something else."
        )
    return value


def _foreign(items: Items, verb: str, place: int, name: str) -> Callable[[str], Refusal]:
    return lambda key: _wrong(f'Param #{place} ({name}) for method {items.title(verb)} must not contain key "{key}".')


def _columns(items: Items, state: State, names: frozenset[str]) -> Mapping[str, Column]:
    return {wire: c for wire, c in state.table(items.key).by_wire["default"].items() if wire in names}


def _task(items: Items, state: State, task: int) -> None:
    if state.store.row("task", task) is None:
        raise items.no_task


def _list(items: Items, state: State, params: dict[str, Any]) -> Answer:
    arguments = _arguments(params)
    if items.paged and (not arguments or is_array(arguments[0])):
        arguments = [None, *arguments]  # the task is no must: without it those of all tasks come
    where: Sql = ("", [])
    if not items.paged or arguments[0] not in (None, ""):
        task = _number(items, "getlist", arguments, 0, "taskId")
        _task(items, state, task)
        where = ("task_id = ?", [task])
    sorts = _columns(items, state, items.sorted_by)
    order = compile_order(
        sorts,
        _map(items, "getlist", arguments, 1, "arOrder"),
        default="id DESC",
        unknown=_foreign(items, "getlist", 1, "arOrder"),
    )
    if items.filtered_by:
        condition = compile_filter(
            _columns(items, state, items.filtered_by),
            _map(items, "getlist", arguments, 2, "arFilter"),
            TASK_ITEMS,
            unknown=_foreign(items, "getlist", 2, "arFilter"),
            ignore_id=state.options.ignore_id_filter,
        )
        where = all_of(where, condition)
    columns = _shown(items, state, arguments[3] if items.paged and len(arguments) > 3 else None)
    if not items.paged:
        found = fetch(state.store, state.table(items.key), "default", columns, where, order)
        return Answer(found, rows=len(found))
    total = state.store.count(items.key, where)
    window = _window(arguments[4] if len(arguments) > 4 else None, total)
    found = fetch(state.store, state.table(items.key), "default", columns, where, order, window)
    return Answer(found, total=total, rows=len(found), counting=total * state.options.count_cost)


def _window(options: Any, total: int) -> Window:
    """The page that ``PARAMS[NAV_PARAMS]`` asks for; a page that there is not is the first."""
    wanted = as_map(as_map(options).get("NAV_PARAMS"))
    size = min(intval(wanted.get("nPageSize")) or _PAGE, _PAGE)
    number = max(1, intval(wanted.get("iNumPage")))
    offset = (number - 1) * size
    return Window(max(1, size), offset if offset < total else 0)


def _shown(items: Items, state: State, select: Any) -> list[Column]:
    wanted = names(select) or {"*"}
    named = state.table(items.key).by_wire["default"]
    return [c for wire, c in named.items() if wire not in items.hidden and ("*" in wanted or wire in wanted)]


def _record(items: Items, state: State, verb: str, arguments: list[Any]) -> dict[str, Any]:
    task = _number(items, verb, arguments, 0, "taskId")
    number = _number(items, verb, arguments, 1, "itemId")
    row = state.store.row(items.key, number)
    if row is None or row["task_id"] != task:
        raise items.gone[0] if verb == "get" else items.gone[1]
    return row


def _get(items: Items, state: State, params: dict[str, Any]) -> Answer:
    row = _record(items, state, "get", _arguments(params))
    source, columns = state.table(items.key), _shown(items, state, None)
    found = fetch(state.store, source, "default", columns, ("id = ?", [row["id"]]))
    return Answer(found if items.paged else found[0])


def _sent(items: Items, state: State, verb: str, fields: Any, current: dict[str, Any] | None) -> dict[str, Any]:
    values = accepted(state, state.table(items.key), "default", fields, current=current)
    if not {**(current or {}), **values}.get(items.text[0]):
        raise Refusal("ERROR_CORE", items.text[1])
    return {**items.defaults(state, {**(current or {}), **values}), **values}


def _add(items: Items, state: State, params: dict[str, Any]) -> Answer:
    arguments = _arguments(params)
    task = _number(items, "add", arguments, 0, "taskId")
    _task(items, state, task)
    values = _sent(items, state, "add", _map(items, "add", arguments, 1, items.fields), None)
    empty = {c.name: "[]" for c in state.table(items.key).stored if c.storage == "many"}
    new = state.store.insert(items.key, empty | values | {"task_id": task})
    state.wrote(items.key, new, "add")
    return Answer(new)


def _update(items: Items, state: State, params: dict[str, Any]) -> Answer:
    arguments = _arguments(params)
    row = _record(items, state, "update", arguments)
    values = _sent(items, state, "update", _map(items, "update", arguments, 2, items.fields), row)
    _save(items, state, row, values)
    return Answer(items.answers[0])


def _save(items: Items, state: State, row: dict[str, Any], values: dict[str, Any]) -> None:
    state.store.update(items.key, row["id"], values)
    changed = any(row.get(name) != value for name, value in values.items())
    state.wrote(items.key, row["id"], "update", changed=changed)


def _delete(items: Items, state: State, params: dict[str, Any]) -> Answer:
    row = _record(items, state, "delete", _arguments(params))
    state.store.delete(items.key, row["id"])
    state.wrote(items.key, row["id"], "delete")
    return Answer(items.answers[1])


def _toggle(complete: str, items: Items, state: State, params: dict[str, Any]) -> Answer:
    row = _record(items, state, "complete" if complete == "Y" else "renew", _arguments(params))
    toggled = {"is_complete": complete, "toggled_by": state.user_id, "toggled_date": iso(state.clock.time())}
    _save(items, state, row, toggled)
    return Answer(True)


METHODS: dict[str, Handler] = {
    **{
        f"{items.method}.{verb}": partial(handler, items)
        for items in (COMMENTS, HOURS, CHECKLISTS)
        for verb, handler in (
            ("getlist", _list),
            ("get", _get),
            ("add", _add),
            ("update", _update),
            ("delete", _delete),
        )
    },
    "task.checklistitem.complete": partial(_toggle, "Y", CHECKLISTS),
    "task.checklistitem.renew": partial(_toggle, "N", CHECKLISTS),
}
"""Handlers of these families."""
