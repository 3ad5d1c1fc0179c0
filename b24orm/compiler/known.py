"""What is known of common list methods that no entity schema describes: a table, with the page that says so.

It serves `portal.list(method, params)`. A method that is not in it is read by counted pages and checked by its total
alone. A method stands here as ``keyset`` only if its page documents both a filter (with ``>``) and an order by the id.

Pages are paths below https://apidocs.bitrix24.com/api-reference/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from b24orm.compiler.grammar import Grammar
from b24orm.compiler.grammars import grammar_for
from b24orm.schema import Cursor, Paging

__all__ = ["KnownList", "known_list"]

Mode = Literal["keyset", "counted", "cursor", "whole"]

_CLASSIC = Grammar("classic")
_ITEM = grammar_for("crm_item")
_FLAT = Grammar("flat", flat_order=True)


@dataclass(frozen=True)
class KnownList:
    """A list method in the words of its page.

    Attributes:
        docs: the page.
        rows: key of the rows in the result; "" if the result is the list, "?" if it is the only list in it.
        id: name of the id in rows; "" if they have none.
        id_filter: its name in filters and orders, where it is another one.
        mode: how it is read.
        grammar: how it says filters, orders and bounds.
        names: what it calls ``filter``, ``select``, ``order``, ``sort`` and ``start``, where it calls them otherwise;
            "" for one that it does not have.
        sequence: its parameters in the order that it insists on.
        required: fields that every select of it must name.
        fixed: parameters that every call carries.
        cursor: the words of a cursor.
        order: the only direction in which its rows come.
        size: rows a page, at most.
        refused: why it cannot be read as a list.
    """

    docs: str
    rows: str = ""
    id: str = "ID"
    id_filter: str = ""
    mode: Mode = "keyset"
    grammar: Grammar = _CLASSIC
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    sequence: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=dict[str, object])
    cursor: Mapping[str, str | bool] | None = None
    order: Literal["any", "asc", "desc"] = "any"
    size: int = 50
    refused: str = ""

    @cached_property
    def paging(self) -> Paging:
        """What the method can do. Built when asked for, so that the table costs nothing at import."""
        cursor = None if self.cursor is None else Cursor.model_validate(self.cursor)
        return Paging(mode=self.mode, size=self.size, order=self.order, cursor=cursor)

    def name(self, usual: str) -> str:
        """What the method calls the parameter *usual*."""
        return self.names.get(usual, usual)


_NO_SELECT = {"select": ""}
_UPPER = {"filter": "FILTER", "order": "ORDER", "select": "SELECT"}
_UPPER_FLAT = {"filter": "FILTER", "sort": "SORT", "order": "ORDER", "select": ""}


def _crm(page: str) -> KnownList:
    return KnownList("crm/" + page, grammar=grammar_for("crm_classic"))


def _controller(page: str, rows: str) -> KnownList:
    return KnownList(page, rows, "id")


def _product(page: str, rows: str) -> KnownList:
    return KnownList("catalog/product/" + page, rows, "id", required=("iblockId",))


def _whole(page: str, rows: str = "") -> KnownList:
    return KnownList(page, rows, "", mode="whole")


_KNOWN: dict[str, KnownList] = {
    # -- CRM -------------------------------------------------------------------------------------------------------
    "crm.item.list": KnownList("crm/universal/crm-item-list", "items", "id", grammar=_ITEM),
    "crm.deal.list": _crm("deals/crm-deal-list"),
    "crm.lead.list": _crm("leads/crm-lead-list"),
    "crm.contact.list": _crm("contacts/crm-contact-list"),
    "crm.company.list": _crm("companies/crm-company-list"),
    "crm.quote.list": _crm("quote/crm-quote-list"),
    "crm.activity.list": _crm("timeline/activities/activity-base/crm-activity-list"),
    "crm.product.list": _crm("outdated/products/crm-product-list"),
    "crm.requisite.list": _crm("requisites/universal/crm-requisite-list"),
    "crm.requisite.bankdetail.list": _crm("requisites/bank-detail/crm-requisite-bank-detail-list"),
    "crm.stagehistory.list": KnownList("crm/crm-stage-history-list", "items", grammar=_ITEM),
    "crm.type.list": KnownList(
        "crm/universal/user-defined-object-types/crm-type-list", "types", "id", grammar=_ITEM, names=_NO_SELECT
    ),
    "crm.item.productrow.list": KnownList(
        "crm/universal/product-rows/crm-item-productrow-list", "productRows", "id", names=_NO_SELECT
    ),
    # The filter reads nothing but ENTITY_ID and ENTITY_TYPE.
    "crm.timeline.comment.list": KnownList("crm/timeline/comments/crm-timeline-comment-list", mode="counted"),
    "crm.status.list": _whole("crm/status/crm-status-list"),
    "crm.category.list": _whole("crm/universal/category/crm-category-list", "categories"),
    "crm.currency.list": _whole("crm/currency/crm-currency-list"),
    "crm.deal.productrows.get": _whole("crm/deals/crm-deal-productrows-get"),
    "crm.lead.productrows.get": _whole("crm/leads/crm-lead-productrows-get"),
    "crm.deal.contact.items.get": _whole("crm/deals/contacts/crm-deal-contact-items-get"),
    "crm.company.contact.items.get": _whole("crm/companies/contacts/crm-company-contact-items-get"),
    "crm.contact.company.items.get": _whole("crm/contacts/company/crm-contact-company-items-get"),
    "crm.deal.userfield.list": _whole("crm/deals/user-defined-fields/crm-deal-userfield-list"),
    "crm.lead.userfield.list": _whole("crm/leads/userfield/crm-lead-userfield-list"),
    "crm.contact.userfield.list": _whole("crm/contacts/userfield/crm-contact-userfield-list"),
    "crm.company.userfield.list": _whole("crm/companies/userfields/crm-company-userfield-list"),
    # -- tasks -----------------------------------------------------------------------------------------------------
    "tasks.task.list": KnownList("tasks/tasks-task-list", "tasks", "id", "ID"),
    "task.elapseditem.getlist": KnownList(
        "tasks/elapsed-item/task-elapsed-item-get-list",
        names={**_UPPER, "start": ""},
        sequence=("TASKID", "ORDER", "FILTER", "SELECT", "PARAMS"),
        fixed={"PARAMS": {"NAV_PARAMS": {"nPageSize": 50}}},
    ),
    # -- users, groups, chats ----------------------------------------------------------------------------------------
    "user.get": KnownList("user/user-get", grammar=grammar_for("user")),
    # Beside FIND the filter takes nothing else, so that no condition on the id can be added.
    "user.search": KnownList("user/user-search", mode="counted", grammar=_FLAT),
    # Conditions stand beside the other parameters, and know equality alone.
    "department.get": KnownList("departments/department-get", mode="counted", grammar=_FLAT, names=_NO_SELECT),
    "user.userfield.list": _whole("user/userfields/user-userfield-list"),
    "sonet_group.get": KnownList(
        "sonet-group/sonet-group-get", names={"filter": "FILTER", "order": "ORDER", "select": ""}
    ),
    "socialnetwork.api.workgroup.list": KnownList(
        "sonet-group/socialnetwork-api-workgroup-list", "workgroups", "id", "ID"
    ),
    "im.dialog.messages.get": KnownList(
        "chats/messages/im-dialog-messages-get",
        "messages",
        "id",
        mode="cursor",
        order="desc",
        cursor={"after": "LAST_ID", "back": "FIRST_ID", "size": "LIMIT", "exact": True},
        # "Last ID can't be string"
        grammar=Grammar("chat messages", filter_key="", refuses_broken_bounds=True),
    ),
    # -- catalog and shop --------------------------------------------------------------------------------------------
    "catalog.product.list": _product("catalog-product-list", "products"),
    "catalog.product.offer.list": _product("offer/catalog-product-offer-list", "offers"),
    "catalog.product.sku.list": _product("sku/catalog-product-sku-list", "units"),
    "catalog.product.service.list": _product("service/catalog-product-service-list", "services"),
    "catalog.price.list": _controller("catalog/price/catalog-price-list", "prices"),
    "catalog.store.list": _controller("catalog/store/catalog-store-list", "stores"),
    "catalog.storeproduct.list": _controller("catalog/store-product/catalog-store-product-list", "storeProducts"),
    "catalog.document.list": _controller("catalog/document/catalog-document-list", "documents"),
    "sale.order.list": _controller("sale/order/sale-order-list", "orders"),
    "sale.basketitem.list": _controller("sale/basket-item/sale-basket-item-list", "basketItems"),
    "sale.payment.list": _controller("sale/payment/sale-payment-list", "payments"),
    "sale.shipment.list": _controller("sale/shipment/sale-shipment-list", "shipments"),
    "sale.propertyvalue.list": _controller("sale/property-value/sale-property-value-list", "propertyValues"),
    # -- lists, storages, telephony, files -----------------------------------------------------------------------------
    # The page does not name the ID among the fields of the filter, and a field that it does not know is an error.
    "lists.element.get": KnownList(
        "lists/elements/lists-element-get",
        mode="counted",
        names={"filter": "FILTER", "order": "ELEMENT_ORDER", "select": "SELECT"},
    ),
    "entity.item.get": KnownList(
        "entity/items/entity-item-get", names={"filter": "FILTER", "order": "SORT", "select": ""}
    ),
    "voximplant.statistic.get": KnownList(
        "telephony/voximplant/voximplant-statistic-get", grammar=_FLAT, names=_UPPER_FLAT
    ),
    "disk.folder.getchildren": KnownList("disk/folder/disk-folder-get-children", names=_NO_SELECT),
    # -- events --------------------------------------------------------------------------------------------------------
    "event.get": _whole("events/event-get"),
    "event.offline.list": KnownList("events/event-offline-list", names=_NO_SELECT),
    "event.offline.get": KnownList(
        "events/event-offline-get",
        refused="it takes what it hands out off the queue, so that a row that is lost on the way is lost for good; "
        "call() it batch by batch, or list event.offline.list",
    ),
    "calendar.event.get": _whole("calendar/calendar-event/calendar-event-get"),
}


def known_list(method: str) -> KnownList | None:
    """What is known of *method*, whatever its case; None if that is nothing."""
    return _KNOWN.get(method.lower())
