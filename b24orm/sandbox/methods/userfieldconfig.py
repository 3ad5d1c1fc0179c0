"""``userfieldconfig.*``: the user fields of all CRM entities, those of smart processes included.

Facts: api-reference/crm/universal/userfieldconfig/userfieldconfig-*.md. A list has labels only if its select names a
``language``; a get has those of every language. Lists have the values of enumerations here as gets have, which their
page allows and its sample does not show.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pydantic_core

from b24orm.sandbox.methods.parameters import array, required
from b24orm.sandbox.methods.userfield import describe_user_field
from b24orm.sandbox.paging import CONTROLLER, page
from b24orm.sandbox.php import as_map, entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.userfields import LABELS, LANGUAGES, UserField

__all__ = ["METHODS", "check_module"]

_KEY = re.compile(r"(!@|!=|>=|<=|>|<|=|@|%|!)?(.*)", re.DOTALL)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NUMBERS = frozenset({"id", "sort"})
_SORTABLE = frozenset({"id", "fieldName", "userTypeId", "xmlId", "sort"})
_FILTERABLE = _SORTABLE | {
    *("entityId", "multiple", "mandatory", "showFilter", "showInList", "editInList", "isSearchable"),
}


def _camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def _described(entity_id: str, f: UserField) -> dict[str, Any]:
    described = {_camel(name): value for name, value in describe_user_field(entity_id, f).items()}
    described.pop("list", None)
    return described


def _every(state: State) -> Iterator[tuple[dict[str, Any], UserField]]:
    for key, fields in state.layout.user_fields.items():
        entity_id = state.layout.user_field_entity(key)
        yield from ((_described(entity_id, f), f) for f in fields)


def _extra(f: UserField, languages: tuple[str, ...]) -> dict[str, Any]:
    """What no select can name: labels by language, and the values of an enumeration."""
    extra: dict[str, Any] = {}
    if languages:
        spoken = [language for language in languages if language in LANGUAGES]
        extra["languageId"] = {language: language for language in spoken} or None
        for name in LABELS:
            extra[_camel(name)] = {language: f.phrase(name, language) for language in spoken} or None
    if f.items:
        extra["enum"] = [
            {
                "id": str(item_id),
                "userFieldId": str(f.id),
                "value": text,
                "def": "N",
                "sort": str(100 * place),
                "xmlId": f"{f.name}_{item_id}",
            }
            for place, (item_id, text) in enumerate(f.items, start=1)
        ]
    return extra


def check_module(params: dict[str, Any]) -> None:
    """Refuse a call that is about no module, or about another one than the CRM."""
    if strval(required(params, "moduleId")) != "crm":
        raise Refusal("", "No settings for UserFieldAccess")


def _known(name: str, names: frozenset[str]) -> str:
    if name not in names:
        upper = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
        raise Refusal("100", f"Unknown field definition `{upper}` ({upper}) for UserField Entity.")
    return name


def _value(name: str, value: Any) -> Any:
    return intval(value) if name in _NUMBERS else strval(value).lower()


def _matches(row: dict[str, Any], prefix: str, name: str, value: Any) -> bool:
    held = _value(name, row[name])
    if prefix == "%":
        return strval(value).lower() in str(held)
    if prefix in _COMPARE:
        return _COMPARE[prefix](held, _value(name, value))
    among = [_value(name, item) for _, item in entries(value)] if is_array(value) else [_value(name, value)]
    return (held in among) != prefix.startswith("!")


def _place(name: str, found: tuple[dict[str, Any], UserField]) -> Any:
    return _value(name, found[0][name])


def _conditions(params: dict[str, Any]) -> list[tuple[str, str, Any]]:
    conditions: list[tuple[str, str, Any]] = []
    for key, value in entries(array(params, "filter")):
        matched = _KEY.fullmatch(key)
        assert matched is not None
        conditions.append((matched[1] or "", _known(matched[2], _FILTERABLE), value))
    return conditions


def _order(params: dict[str, Any]) -> list[tuple[str, bool]]:
    asked = list(entries(array(params, "order"))) or [("sort", "ASC"), ("id", "ASC")]
    return [(_known(name, _SORTABLE), strval(word).upper() == "DESC") for name, word in asked]


def _list(state: State, params: dict[str, Any]) -> Answer:
    check_module(params)
    conditions, order = _conditions(params), _order(params)
    found = [(row, f) for row, f in _every(state) if all(_matches(row, *condition) for condition in conditions)]
    for name, descending in reversed(order):
        found.sort(key=partial(_place, name), reverse=descending)
    select = array(params, "select")
    language = strval(as_map(select).get("language"))
    names = {strval(name) for key, name in entries(select) if key != "language"} or {"*"}
    texts = [
        pydantic_core.to_json(
            {name: value for name, value in row.items() if "*" in names or name in names}
            | _extra(f, (language,) if language else ())
        )
        for row, f in found
    ]
    shown, answer = page(
        CONTROLLER,
        state.options,
        params.get("start", 0),
        lambda: len(texts),
        lambda window: Rows(texts[window.offset : window.offset + window.size]),
    )
    answer.result = {"fields": shown}
    return answer


def _get(state: State, params: dict[str, Any]) -> Answer:
    check_module(params)
    wanted = intval(required(params, "id"))
    for row, f in _every(state):
        if f.id == wanted:
            return Answer({"field": row | _extra(f, LANGUAGES)})
    raise Refusal("", "You do not have permission to view user field settings")


METHODS: dict[str, Handler] = {"userfieldconfig.list": _list, "userfieldconfig.get": _get}
"""Handlers of this family."""
