"""``crm.item.productrow.*`` and the older ``crm.deal.productrows.*``: the product rows of CRM objects.

Facts: api-reference/crm/universal/product-rows/*.md, api-reference/crm/deals/crm-deal-productrows-*.md. A list must
name its owner by ``=ownerType`` and ``=ownerId``; the latter may be an array ("works with arrays as well"). Unlike
``crm.item.list`` the method hands its filter to the database's own layer, which knows an error for unknown fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from b24orm.sandbox.fields import Column, table
from b24orm.sandbox.filters_item import compile_filter, compile_order
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import array, classic, required
from b24orm.sandbox.owners import OWN, Owner
from b24orm.sandbox.paging import CONTROLLER, page
from b24orm.sandbox.php import as_map, entries, intval, is_array, strval
from b24orm.sandbox.products import follow_amount, priced, rows_of
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted
from b24orm.schema import entity

__all__ = ["METHODS"]

_KEY = "product_row"
_STORE = "store_id"  # answered by list and get only
_OWNER = ("owner_id", "owner_type")


def _columns(*, stores: bool) -> list[Column]:
    return [column for column in table(_KEY).columns if stores or column.name != _STORE]


# ------------------------------------------------------------------------------------------------------------ reading


def _names(raw: Any) -> Iterator[str]:
    for key, value in entries(raw):
        if key.isdigit() and is_array(value):
            yield from _names(value)
        elif key != "logic":
            yield key.lstrip("!=<>@%")


def _known_names(raw: Any) -> None:
    for name in _names(raw):
        if name not in table(_KEY).by_wire["default"]:
            upper = "".join("_" + c if c.isupper() else c for c in name).upper()
            raise Refusal("100", f"Unknown field definition `{upper}` ({upper}) for ProductRow Entity.")


def _owned(conditions: dict[str, Any]) -> None:
    """The owner must be named, since the right to read its rows depends on it."""
    code, owner_id = conditions.get("=ownerType"), conditions.get("=ownerId")
    if not code or is_array(code):
        raise Refusal("REQUIRED_ARG_MISSING", "Argument '=ownerType' is required")
    if not is_array(owner_id) and intval(owner_id) <= 0:
        raise Refusal("REQUIRED_ARG_MISSING", "Argument '=ownerId' is required")


def _list(state: State, params: dict[str, Any]) -> Answer:
    source = table(_KEY)
    columns = source.by_wire["default"]
    raw, asked = array(params, "filter"), array(params, "order")
    _owned(as_map(raw))
    _known_names(raw)
    _known_names(asked)
    where = compile_filter(columns, raw, ignore_id=state.options.ignore_id_filter)
    order = compile_order(columns, asked)
    found, answer = page(
        CONTROLLER,
        state.options,
        params.get("start", 0),
        lambda: state.store.count(_KEY, where),
        lambda window: fetch(state.store, source, "default", _columns(stores=True), where, order, window),
    )
    answer.result = {"productRows": found}
    return answer


def _one(state: State, row_id: int, *, stores: bool) -> Any:
    return fetch(state.store, table(_KEY), "default", _columns(stores=stores), ("id = ?", [row_id]))[0]


def _row(state: State, params: dict[str, Any]) -> tuple[dict[str, Any], Owner]:
    row = state.store.row(_KEY, intval(required(params, "id")))
    if row is None:
        raise Refusal("NOT_FOUND", "Элемент не найден")
    return row, _owner(state, row["owner_type"], row["owner_id"])


def _owner(state: State, code: Any, owner_id: Any) -> Owner:
    owner = state.layout.owners.by_code.get(strval(code))
    if owner is None or not owner.has_products:
        raise Refusal("ENTITY_TYPE_NOT_SUPPORTED", "Работа с сущностями этого типа не поддерживается")
    if not state.store.select(owner.key, "id", ("id = ?", [intval(owner_id)])):
        raise Refusal("OWNER_NOT_FOUND", "Owner was not found")
    return owner


def _get(state: State, params: dict[str, Any]) -> Answer:
    row, _ = _row(state, params)
    return Answer({"productRow": _one(state, row["id"], stores=True)})


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    return Answer({"fields": {wire: describe(column) for wire, column in table(_KEY).by_wire["default"].items()}})


# ------------------------------------------------------------------------------------------------------------ writing


def _add(state: State, params: dict[str, Any]) -> Answer:
    required(params, "fields")
    values = accepted(state, table(_KEY), "default", array(params, "fields"), current=None)
    owner_id = intval(values.get("owner_id"))
    owner = _owner(state, values.get("owner_type"), owner_id)
    sort = 10 * (len(rows_of(state, owner, owner_id)) + 1)
    new = _insert(state, {"sort": sort} | values)
    follow_amount(state, owner, owner_id)
    state.wrote(_KEY, new, "add")
    return Answer({"productRow": _one(state, new, stores=False)})


def _insert(state: State, values: dict[str, Any]) -> int:
    new = state.store.insert(_KEY, priced(values))
    if not values.get("product_name"):
        state.store.update(_KEY, new, {"product_name": f"[{new}]"})
    return new


def _update(state: State, params: dict[str, Any]) -> Answer:
    row, owner = _row(state, params)
    required(params, "fields")
    given = array(params, "fields")
    values = accepted(state, table(_KEY), "default", given, current=row)
    if not values:
        names = ", ".join(name for name, _ in entries(given))
        raise Refusal("INVALID_ARG_VALUE", f"Field '{names}' not available for update")
    changed = _change(state, row, values)
    follow_amount(state, owner, row["owner_id"])
    state.wrote(_KEY, row["id"], "update", changed=changed)
    return Answer({"productRow": _one(state, row["id"], stores=False)})


def _change(state: State, row: dict[str, Any], values: dict[str, Any]) -> bool:
    if "discount_rate" in values or "discount_sum" in values or "discount_type_id" in values:
        kind = values.get("discount_type_id", row["discount_type_id"])
        values = {("discount_sum" if kind == 2 else "discount_rate"): 0} | values
    whole = priced({**row, **values}) | {name: None for name, value in values.items() if value is None}
    if all(row[name] == value for name, value in whole.items()):
        return False
    state.store.update(_KEY, row["id"], whole)
    return True


def _delete(state: State, params: dict[str, Any]) -> Answer:
    row, owner = _row(state, params)
    state.store.delete(_KEY, row["id"])
    follow_amount(state, owner, row["owner_id"])
    state.wrote(_KEY, row["id"], "delete")
    return Answer(None)


def _set(state: State, params: dict[str, Any]) -> Answer:
    owner_id = intval(required(params, "ownerId"))
    required(params, "productRows")
    owner = _owner(state, required(params, "ownerType"), owner_id)
    sent = [
        (as_map(row).get("id"), accepted(state, table(_KEY), "default", row, current=None))
        for _, row in entries(array(params, "productRows"))
    ]
    ids = _replace(state, owner, owner_id, sent)
    return Answer({"productRows": [_one(state, row_id, stores=False) for row_id in ids]})


def _replace(state: State, owner: Owner, owner_id: int, sent: list[tuple[Any, dict[str, Any]]]) -> list[int]:
    """Make *sent*, pairs of an id (or nothing) and values, the rows of an object: a known id keeps its row."""
    before = rows_of(state, owner, owner_id)
    belongs = {"owner_id": owner_id, "owner_type": owner.code}
    after: list[int] = []
    for place, (given_id, given) in enumerate(sent, start=1):
        values = {"sort": 10 * place} | given | belongs
        known = intval(given_id)
        row = state.store.row(_KEY, known) if known in before else None
        if row is None:
            after.append(_insert(state, values))
        else:
            _change(state, row, values)
            after.append(known)
    for row_id in set(before) - set(after):
        state.store.delete(_KEY, row_id)
    follow_amount(state, owner, owner_id)
    state.wrote(_KEY, owner_id, "set")
    return after


# ------------------------------------------------------------------------------------------------------------ classic

_OLDER = tuple(owner for owner in OWN if owner.key in ("deal", "lead", "quote"))


@cache
def _older_names() -> dict[str, str]:
    """Attribute by classic name: the same for all owners, save that each calls its id otherwise."""
    fields = entity("deal_product_row").fields
    return {f.wire["default"]: "owner_id" if f.name == "deal_id" else f.name for f in fields}


def _older_id(state: State, owner: Owner, params: dict[str, Any]) -> int:
    owner_id = intval(classic(params, "id"))
    if owner_id <= 0:
        raise Refusal("", "The parameter id is invalid or not defined.")
    if not state.store.select(owner.key, "id", ("id = ?", [owner_id])):
        raise Refusal("", "Not found.")
    return owner_id


def _older_row(row: dict[str, Any]) -> dict[str, Any]:
    texts = {"id": str(row["id"]), "owner_id": str(row["owner_id"]), "price_account": f"{row['price_account']:.8f}"}
    more = {"original_product_name": row["product_name"], "product_description": ""}
    source = {**row, **more, **texts}
    return {wire: source.get(name) for wire, name in _older_names().items()}


def _older_get(owner: Owner, state: State, params: dict[str, Any]) -> Answer:
    found = [state.store.row(_KEY, row_id) for row_id in rows_of(state, owner, _older_id(state, owner, params))]
    rows = [_older_row(row) for row in found if row is not None]
    return Answer(rows, rows=len(rows))


def _older_set(owner: Owner, state: State, params: dict[str, Any]) -> Answer:
    owner_id = _older_id(state, owner, params)
    given = classic(params, "rows")
    if not is_array(given):
        raise Refusal("", "The parameter rows must be array.")
    sent: list[tuple[Any, dict[str, Any]]] = []
    for _, row in entries(given):
        fields = as_map(row)
        _discounted(fields)
        camel = {_modern(name): value for name, value in fields.items() if name in _older_names()}
        sent.append((fields.get("ID"), accepted(state, table(_KEY), "default", camel, current=None)))
    _replace(state, owner, owner_id, sent)
    return Answer(True)


def _modern(name: str) -> str:
    column = table(_KEY).by_name.get(_older_names()[name])
    return column.wire["default"] if column else ""


def _discounted(fields: dict[str, Any]) -> None:
    """A discount that is named must be told, too (crm-lead-productrows-set.md)."""
    kind = intval(fields.get("DISCOUNT_TYPE_ID"))
    if kind == 2 and fields.get("DISCOUNT_RATE") in (None, ""):
        raise _missing("Discount Rate (DISCOUNT_RATE)", "Percentage Discount Type (DISCOUNT_TYPE_ID) is defined")
    if kind == 2 and intval(fields.get("DISCOUNT_RATE")) == 100 and fields.get("DISCOUNT_SUM") in (None, ""):
        defined = "Percentage Discount Type (DISCOUNT_TYPE_ID) is defined and Discount Rate (DISCOUNT_RATE) is 100%"
        raise _missing("Discount Sum (DISCOUNT_SUM)", defined)
    if kind == 1 and fields.get("DISCOUNT_SUM") in (None, ""):
        raise _missing("Discount Sum (DISCOUNT_SUM)", "Monetary Discount Type (DISCOUNT_TYPE_ID) is defined")


def _missing(what: str, when: str) -> Refusal:
    return Refusal("ERROR_CORE", f"{what} is required if {when}<br>")


METHODS: dict[str, Handler] = {
    "crm.item.productrow.list": _list,
    "crm.item.productrow.get": _get,
    "crm.item.productrow.add": _add,
    "crm.item.productrow.update": _update,
    "crm.item.productrow.delete": _delete,
    "crm.item.productrow.set": _set,
    "crm.item.productrow.fields": _fields,
    **{f"crm.{owner.key}.productrows.get": partial(_older_get, owner) for owner in _OLDER},
    **{f"crm.{owner.key}.productrows.set": partial(_older_set, owner) for owner in _OLDER},
}
"""Handlers of this family."""
