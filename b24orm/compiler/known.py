"""What is known of list methods, for `portal.list(method, params)`: from the schemas, and of those in a table.

In the table stand methods that no schema describes, or that list the rows of several entities, with the page that says
so. A method that is in neither is read by counted pages and checked by its total alone. A method is ``keyset`` only if
its page documents both a filter (with ``>``) and an order by the id.

Pages are paths below https://apidocs.bitrix24.com/api-reference/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from b24orm.compiler.grammar import Grammar
from b24orm.compiler.grammars import grammar_for
from b24orm.schema import Dialect, Paging, entity, list_methods

__all__ = ["KnownList", "known_list"]

_CLASSIC = Grammar("classic")
_ITEM = grammar_for("crm_item")
_FLAT = Grammar("flat", flat_order=True)
_CONTROLLER = grammar_for("controller")
# Not Paging(…), which would build a validator at import.
_BY_ID = Paging.model_construct(mode="keyset")
_COUNTED = Paging.model_construct(mode="counted")
_WHOLE = Paging.model_construct(mode="whole")


@dataclass(frozen=True)
class KnownList:
    """A list method in the words of its page.

    Attributes:
        docs: the page.
        rows: key of the rows in the result; "" if the result is the list, "?" if it is the only list in it.
        id: name of the id in rows; "" if they have none.
        id_filter: its name in filters and orders, where it is another one.
        grammar: how it says filters, orders and bounds.
        names: what it calls ``filter``, ``select``, ``order``, ``sort`` and ``start``, where it calls them otherwise;
            "" for one that it does not have.
        sequence: its parameters in the order that it insists on.
        required: fields that every select of it must name.
        fixed: parameters that every call carries.
        refused: why it cannot be read as a list.
        paging: how it hands out its rows.
    """

    docs: str
    rows: str = ""
    id: str = "ID"
    id_filter: str = ""
    grammar: Grammar = _CLASSIC
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    sequence: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=dict[str, object])
    refused: str = ""
    paging: Paging = _BY_ID

    def name(self, usual: str) -> str:
        """What the method calls the parameter *usual*."""
        return self.names.get(usual, usual)


_KNOWN: dict[str, KnownList] = {
    # Rows of any type of the CRM.
    "crm.item.list": KnownList("crm/universal/crm-item-list", "items", "id", grammar=_ITEM),
    "crm.product.list": KnownList("crm/outdated/products/crm-product-list", grammar=grammar_for("crm_classic")),
    # Beside FIND the filter takes nothing else, so that no condition on the id can be added.
    "user.search": KnownList("user/user-search", paging=_COUNTED, grammar=_FLAT),
    "user.userfield.list": KnownList("user/userfields/user-userfield-list", "", "", paging=_WHOLE),
    "catalog.product.sku.list": KnownList(
        "catalog/product/sku/catalog-product-sku-list", "units", "id", required=("id", "iblockId")
    ),
    "catalog.product.service.list": KnownList(
        "catalog/product/service/catalog-product-service-list", "services", "id", required=("id", "iblockId")
    ),
    "sale.propertyvalue.list": KnownList(
        "sale/property-value/sale-property-value-list", "propertyValues", "id", grammar=_CONTROLLER
    ),
    "entity.item.get": KnownList(
        "entity/items/entity-item-get", names={"filter": "FILTER", "order": "SORT", "select": ""}
    ),
    # Files and folders.
    "disk.folder.getchildren": KnownList(
        "disk/folder/disk-folder-get-children", grammar=grammar_for("disk"), names={"select": ""}
    ),
    "event.offline.get": KnownList(
        "events/event-offline-get",
        refused="it takes what it hands out off the queue, so that a row that is lost on the way is lost for good; "
        "call() it batch by batch, or list event.offline.list",
    ),
}


def known_list(method: str) -> KnownList | None:
    """What is known of *method*, whatever its case; None if that is nothing."""
    name = method.lower()
    found = _KNOWN.get(name)
    if found is None and name in list_methods():
        key, dialect = list_methods()[name]
        found = _described(entity(key).dialects[dialect])
    return found


def _described(spec: Dialect) -> KnownList:
    """A list as its schema describes it."""
    asked = spec.key.wire if spec.key else ""
    shown = spec.answered(asked) if asked else ""
    return KnownList(
        docs=spec.docs[0].removeprefix("api-reference/").removesuffix(".html") if spec.docs else "",
        rows=spec.paths.rows,
        id=shown,
        id_filter=asked if asked != shown else "",
        grammar=grammar_for(spec.grammar),
        names=spec.parameters,
        sequence=spec.sequence.get("list", ()),
        required=spec.always_selected,
        fixed=spec.paging.fixed,
        paging=spec.paging,
    )
