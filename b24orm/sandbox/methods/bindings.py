"""``crm.deal.contact.*`` and the like: which contacts (companies) an object is bound to.

Facts: api-reference/crm/deals/contacts/*.md and its sisters for leads, quotes, contacts and companies. The bindings are
the lists ``contactIds`` and ``companyIds`` of the objects themselves, so that both families of methods show the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import pydantic_core

from b24orm.sandbox.clock import iso
from b24orm.sandbox.fields import table
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import as_map, entries, intval, is_array
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]


@dataclass(frozen=True, slots=True)
class _Binding:
    """Objects *owner* are bound to objects *other*."""

    owner: str
    other: str

    @property
    def entity(self) -> str:
        """The key of the schema that describes the bindings."""
        return f"{self.owner}_{self.other}"

    @property
    def one(self) -> str:
        """The column of the owner that holds the primary one, where it has such a column."""
        return f"{self.other}_id"

    @property
    def many(self) -> str:
        """The column of the owner that holds all of them."""
        return f"{self.other}_ids"

    @property
    def parameter(self) -> str:
        """What a binding calls the id of the other object."""
        return f"{self.other}_id".upper()


_BINDINGS = (
    *(_Binding(key, "contact") for key in ("deal", "lead", "quote", "company")),
    _Binding("contact", "company"),
)


def _owner(state: State, binding: _Binding, params: dict[str, Any], *, quoted: bool) -> dict[str, Any]:
    owner_id = intval(classic(params, "id"))
    if owner_id <= 0:
        name = "'ownerEntityID'" if quoted else "ownerEntityID"
        raise Refusal("", f"The parameter {name} is invalid or not defined.")
    row = state.store.row(binding.owner, owner_id)
    if row is None:
        raise Refusal("", "Not found.")
    return row


def _links(state: State, binding: _Binding, row: dict[str, Any]) -> list[int]:
    """The ids of what the object is bound to, in their order."""
    ids: list[int] = pydantic_core.from_json(row[binding.many] or "[]")
    if binding.owner == "company":  # whose contacts say so themselves
        said = "EXISTS (SELECT 1 FROM json_each(company_ids) WHERE value = ?)", [row["id"]]
        ids += [found[0] for found in state.store.select("contact", "id", said, " ORDER BY id") if found[0] not in ids]
    return ids


def _primary(binding: _Binding, row: dict[str, Any], ids: list[int]) -> int | None:
    held = row.get(binding.one)
    return held if held in ids else next(iter(ids), None)


def _save(state: State, binding: _Binding, row: dict[str, Any], ids: list[int], primary: int | None) -> None:
    before = _links(state, binding, row)
    if binding.one not in table(binding.owner).by_name and primary is not None:
        ids = [primary, *(one for one in ids if one != primary)]  # without a column of its own the first is primary
    values = {
        binding.many: pydantic_core.to_json(ids).decode(),
        binding.one: primary,
        "updated_time": iso(state.clock.time()),
        "updated_by": state.user_id,
    }
    known = table(binding.owner).by_name
    state.store.update(binding.owner, row["id"], {name: value for name, value in values.items() if name in known})
    if binding.owner == "company":
        for contact in set(before) ^ set(ids):
            _tell_contact(state, contact, row["id"], bound=contact in ids)


def _tell_contact(state: State, contact_id: int, company_id: int, *, bound: bool) -> None:
    row = state.store.row("contact", contact_id)
    if row is None:
        return
    ids = [one for one in pydantic_core.from_json(row["company_ids"]) if one != company_id]
    ids += [company_id] if bound else []
    first = row["company_id"] if row["company_id"] in ids else next(iter(ids), None)
    state.store.update("contact", contact_id, {"company_ids": pydantic_core.to_json(ids).decode(), "company_id": first})


def _get(binding: _Binding, state: State, params: dict[str, Any]) -> Answer:
    row = _owner(state, binding, params, quoted=False)
    ids = _links(state, binding, row)
    primary = _primary(binding, row, ids)
    bound = [
        {
            binding.parameter: one,
            "SORT": state.sorts.get((binding.entity, row["id"], one), 10 * place),
            "ROLE_ID": 0,
            "IS_PRIMARY": "Y" if one == primary else "N",
        }
        for place, one in enumerate(ids, start=1)
    ]
    bound.sort(key=lambda one: intval(one["SORT"]))
    return Answer(bound, rows=len(bound))


def _named(binding: _Binding, params: dict[str, Any], *, name: str) -> dict[str, Any]:
    """What a client says about the one binding to be added or deleted."""
    given = classic(params, "fields")
    if not is_array(given):
        raise Refusal("", f"The parameter '{name}' must be array.")
    fields = as_map(given)
    if intval(fields.get(binding.parameter)) <= 0:
        raise Refusal("", "The parameter 'fields' is not valid.")
    return fields


def _add(binding: _Binding, state: State, params: dict[str, Any]) -> Answer:
    row = _owner(state, binding, params, quoted=True)
    fields = _named(binding, params, name="fields")
    other = intval(fields[binding.parameter])
    ids = _links(state, binding, row)
    if other in ids:
        return Answer(False)
    primary = other if fields.get("IS_PRIMARY") == "Y" or not ids else _primary(binding, row, ids)
    _remember_sort(state, binding, row["id"], other, fields.get("SORT"))
    _save(state, binding, row, [*ids, other], primary)
    state.wrote(binding.entity, other, "add")
    return Answer(True)


def _remember_sort(state: State, binding: _Binding, owner_id: int, other: int, sort: Any) -> None:
    if sort is None or sort == "":
        state.sorts.pop((binding.entity, owner_id, other), None)
    else:
        state.sorts[binding.entity, owner_id, other] = intval(sort)


def _delete(binding: _Binding, state: State, params: dict[str, Any]) -> Answer:
    row = _owner(state, binding, params, quoted=True)
    other = intval(_named(binding, params, name="item")[binding.parameter])
    ids = _links(state, binding, row)
    if other not in ids:
        return Answer(False)
    left = [one for one in ids if one != other]
    _save(state, binding, row, left, _primary(binding, row, left))
    state.wrote(binding.entity, other, "delete")
    return Answer(True)


def _set(binding: _Binding, state: State, params: dict[str, Any]) -> Answer:
    row = _owner(state, binding, params, quoted=False)
    items = classic(params, "items")
    if not is_array(items):
        raise Refusal("", "The parameter items must be array.")
    given = [as_map(item) for _, item in entries(items)]
    sent = {intval(item.get(binding.parameter)): item for item in given}
    sent.pop(0, None)
    primary = next((one for one, item in sent.items() if item.get("IS_PRIMARY") == "Y"), next(iter(sent), None))
    for other, item in sent.items():
        _remember_sort(state, binding, row["id"], other, item.get("SORT"))
    _save(state, binding, row, list(sent), primary)
    state.wrote(binding.entity, row["id"], "set")
    return Answer(True)


def _clear(binding: _Binding, state: State, params: dict[str, Any]) -> Answer:
    row = _owner(state, binding, params, quoted=False)
    _save(state, binding, row, [], None)
    state.wrote(binding.entity, row["id"], "set")
    return Answer(True)


def _fields(binding: _Binding, state: State, params: dict[str, Any]) -> Answer:
    del state, params

    def described(kind: str, title: str, *, required: bool = False) -> dict[str, Any]:
        flags = dict.fromkeys(("isReadOnly", "isImmutable", "isMultiple", "isDynamic"), False)
        return {"type": kind, "isRequired": required, **flags, "title": title}

    return Answer(
        {
            binding.parameter: described(
                "integer", "Контакт" if binding.other == "contact" else "Компания", required=True
            ),
            "SORT": described("integer", "Сортировка"),
            "IS_PRIMARY": described("char", "Первичность"),
        }
    )


METHODS: dict[str, Handler] = {
    f"crm.{binding.owner}.{binding.other}.{verb}": partial(handler, binding)
    for binding in _BINDINGS
    for verb, handler in (
        ("add", _add),
        ("delete", _delete),
        ("items.get", _get),
        ("items.set", _set),
        ("items.delete", _clear),
        ("fields", _fields),
    )
}
"""Handlers of this family."""
