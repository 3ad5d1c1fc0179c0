"""``crm.*.userfield.add``, ``update`` and ``delete``, and those of ``userfieldconfig``.

Facts: api-reference/crm/deals/user-defined-fields/crm-deal-userfield-*.md and
api-reference/crm/universal/userfieldconfig/userfieldconfig-*.md. A name gets the prefix UF_CRM_; the name, the type and
whether there are several values never change. Of the values of an enumeration this portal keeps ids, texts and their
order, not which is the default. The pages name no error for a name that is taken; its text here is the server's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from b24orm.sandbox.alterations import change_user_fields
from b24orm.sandbox.layout import BASES
from b24orm.sandbox.methods import userfieldconfig
from b24orm.sandbox.methods.parameters import array, classic_fields, classic_id, required
from b24orm.sandbox.php import as_map, entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.userfields import LABELS, LANGUAGES, UserField

__all__ = ["METHODS"]

_PREFIX, _LONGEST = "UF_CRM_", 50
_NAME = re.compile(r"[A-Z0-9_]+")
_TYPES = frozenset(
    {
        *("string", "integer", "double", "boolean", "enumeration", "date", "datetime", "money", "url", "address"),
        *("file", "employee", "crm_status", "iblock_section", "iblock_element", "crm"),
    }
)
_FIRST_ID, _FIRST_ITEM = 2001, 5001


def _missing(name: str) -> Refusal:
    return Refusal("", f"The '{name}' field is not found.")


def _upper(fields: Any) -> dict[str, Any]:
    """The fields by the classic names; controllers have them in camel case."""
    return {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper(): value for name, value in entries(fields)}


def _flag(given: Mapping[str, Any], name: str, now: bool) -> bool:
    return given[name] in ("Y", True, "1", 1) if given.get(name) is not None else now


def _labels(given: Mapping[str, Any], now: UserField) -> dict[str, Mapping[str, str]]:
    """The labels after a write: one text for all languages, or texts by language."""
    labels = dict(now.labels)
    common = given.get("LABEL")
    for name in LABELS:
        value = given.get(name, common if name.endswith("LABEL") else None)
        if is_array(value):
            labels[name] = {**labels.get(name, {}), **{key: strval(text) for key, text in entries(value)}}
        elif value is not None:
            labels[name] = dict.fromkeys(LANGUAGES, strval(value))
    return labels


def _items(state: State, given: Mapping[str, Any], now: UserField) -> tuple[tuple[int, str], ...]:
    """The values of an enumeration after a write: with an id changed or (DEL) dropped, without one added."""
    sent = given.get("LIST", given.get("ENUM"))
    if not is_array(sent):
        return now.items
    items = dict(now.items)
    for _, item in entries(sent):
        said = _upper(item)
        number = intval(said.get("ID"))
        if number and number not in items:
            continue
        if number and said.get("DEL") == "Y":
            del items[number]
        elif said.get("VALUE") not in (None, ""):
            items[number or _next_item(state, items)] = strval(said["VALUE"])
    return tuple(items.items())


def _next_item(state: State, items: Mapping[int, str]) -> int:
    every = [number for fields in state.layout.user_fields.values() for f in fields for number, _ in f.items]
    return max(_FIRST_ITEM - 1, *every, *items) + 1


def _changed(state: State, f: UserField, given: Mapping[str, Any]) -> UserField:
    labels = _labels(given, f)
    shown = labels.get("EDIT_FORM_LABEL", {})
    settings = given.get("SETTINGS")
    return replace(
        f,
        label=shown.get("ru") or next(iter(shown.values()), f.label),
        labels=labels,
        items=_items(state, given, f),
        mandatory=_flag(given, "MANDATORY", f.mandatory),
        sort=intval(given["SORT"]) if given.get("SORT") is not None else f.sort,
        xml_id=strval(given["XML_ID"]) if given.get("XML_ID") is not None else f.xml_id,
        show_filter=strval(given["SHOW_FILTER"]) if given.get("SHOW_FILTER") is not None else f.show_filter,
        show_in_list=_flag(given, "SHOW_IN_LIST", f.show_in_list),
        edit_in_list=_flag(given, "EDIT_IN_LIST", f.edit_in_list),
        searchable=_flag(given, "IS_SEARCHABLE", f.searchable),
        settings={**f.settings, **as_map(settings)} if is_array(settings) else f.settings,
    )


def _new(state: State, key: str, given: Mapping[str, Any]) -> int:
    """Add a field; returns its id."""
    for name in ("FIELD_NAME", "USER_TYPE_ID"):
        if given.get(name) in (None, ""):
            raise _missing(name)
    name, kind = strval(given["FIELD_NAME"]), strval(given["USER_TYPE_ID"])
    if not _NAME.fullmatch(name):
        raise Refusal("ERROR_CORE", "Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _.")
    name = name if name.startswith("UF_") else _PREFIX + name
    if len(name) > _LONGEST:
        raise Refusal("ERROR_CORE", f"Field name is too long (more than {_LONGEST} characters).")
    if kind not in _TYPES:
        raise Refusal("ERROR_CORE", "Incorrect custom type specified.")
    fields = state.layout.user_fields.get(key, ())
    if any(f.name == name for f in fields):
        entity = state.layout.user_field_entity(key)
        raise Refusal("ERROR_CORE", f"Field {name} for object {entity} already exists.")
    known = [f.id for owned in state.layout.user_fields.values() for f in owned]
    number = max(_FIRST_ID - 1, *known) + 1
    fresh = UserField(number, name, kind, name, multiple=_flag(given, "MULTIPLE", now=False))
    change_user_fields(state, key, (*fields, _changed(state, fresh, given)))
    state.wrote(_entity(key), number, "add")
    return number


def _entity(key: str) -> str:
    """What the books call a field of an object."""
    return f"{key}_user_field"


def _owner(state: State, number: int) -> tuple[str, UserField] | None:
    """Whose field that is."""
    every = ((key, f) for key, fields in state.layout.user_fields.items() for f in fields)
    return next(((key, f) for key, f in every if f.id == number), None)


def _save(state: State, key: str, f: UserField, given: Mapping[str, Any]) -> None:
    changed = _changed(state, f, given)
    if changed != f:
        fields = tuple(changed if one.id == f.id else one for one in state.layout.user_fields[key])
        change_user_fields(state, key, fields)
    state.wrote(_entity(key), f.id, "update", changed=changed != f)


def _drop(state: State, key: str, f: UserField) -> None:
    change_user_fields(state, key, tuple(one for one in state.layout.user_fields[key] if one.id != f.id))
    state.wrote(_entity(key), f.id, "delete")


# ------------------------------------------------------------------------------------------------ crm.*.userfield.*


def _known(state: State, key: str, params: dict[str, Any]) -> UserField:
    number = classic_id(params)
    found = _owner(state, number)
    if found is None:
        raise Refusal("ERROR_NOT_FOUND", f"The entity with ID '{number}' is not found")
    if found[0] != key:
        raise Refusal("", "Access denied.", 403)
    return found[1]


def _add(key: str, state: State, params: dict[str, Any]) -> Answer:
    return Answer(_new(state, key, _upper(classic_fields(params))))


def _update(key: str, state: State, params: dict[str, Any]) -> Answer:
    given = _upper(classic_fields(params))
    _save(state, key, _known(state, key, params), given)
    return Answer(True)


def _delete(key: str, state: State, params: dict[str, Any]) -> Answer:
    _drop(state, key, _known(state, key, params))
    return Answer(True)


# -------------------------------------------------------------------------------------------------- userfieldconfig


def _sent(params: dict[str, Any]) -> dict[str, Any]:
    required(params, "field")
    return _upper(array(params, "field"))


def _config(state: State, params: dict[str, Any], number: int) -> Answer:
    """The field as a get answers it."""
    return userfieldconfig.METHODS["userfieldconfig.get"](state, {"moduleId": params.get("moduleId"), "id": number})


def _config_owner(state: State, params: dict[str, Any], refusal: str) -> tuple[str, UserField]:
    userfieldconfig.check_module(params)
    found = _owner(state, intval(required(params, "id")))
    if found is None:
        raise Refusal("", refusal)
    return found


def _config_add(state: State, params: dict[str, Any]) -> Answer:
    userfieldconfig.check_module(params)
    given = _sent(params)
    entity = strval(given.get("ENTITY_ID"))
    layout = state.layout
    keys = [key for key in (*BASES, *layout.processes, "requisite") if layout.user_field_entity(key) == entity]
    if not keys:
        raise Refusal("", "Access denied")
    if given.get("FIELD_NAME") not in (None, "") and not strval(given["FIELD_NAME"]).startswith(f"UF_{entity}_"):
        raise Refusal("", "You cannot create custom fields")
    return _config(state, params, _new(state, keys[0], given))


def _config_update(state: State, params: dict[str, Any]) -> Answer:
    given = _sent(params)
    key, f = _config_owner(state, params, "You cannot change the settings of the user field")
    _save(state, key, f, given)
    return _config(state, params, f.id)


def _config_delete(state: State, params: dict[str, Any]) -> Answer:
    _drop(state, *_config_owner(state, params, "You cannot delete the user field"))
    return Answer(None)


METHODS: dict[str, Handler] = {
    "userfieldconfig.add": _config_add,
    "userfieldconfig.update": _config_update,
    "userfieldconfig.delete": _config_delete,
    **{
        f"crm.{key}.userfield.{verb}": partial(handler, key)
        for key in ("deal", "lead", "contact", "company", "quote", "requisite")
        for verb, handler in (("add", _add), ("update", _update), ("delete", _delete))
    },
}
"""Handlers of these families."""
