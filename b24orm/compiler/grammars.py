"""The REST families: what the filter of each can say. The words are those of `b24orm/schema/description.py`.

What a family's pages do not document is left out, even where the server is known to understand it, unless the note
beside it names the source. Rows without a value: families that are not read by the portal's ORM are known to keep them
in answers to "not equal".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from b24orm.compiler.grammar import PREFIXES, Grammar
from b24orm.query import Lookup
from b24orm.schema import GrammarName

__all__ = ["grammar_for"]


def _some(lookups: Iterable[Lookup], **others: str) -> Mapping[Lookup, str]:
    """The usual prefixes of *lookups*, and *others*."""
    return {lookup: others.get(lookup, PREFIXES[lookup]) for lookup in lookups}


def _without(*lookups: Lookup) -> Mapping[Lookup, str]:
    return {lookup: prefix for lookup, prefix in PREFIXES.items() if lookup not in lookups}


_COMPARED: tuple[Lookup, ...] = ("exact", "ne", "gt", "gte", "lt", "lte")


@cache
def _grammars() -> dict[GrammarName, Grammar]:
    item = Grammar("crm.item", groups=True, orm=True, refuses_broken_bounds=True)
    return {
        # crm.item.list, crm.type.list: https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-list.html
        "crm_item": item,
        # The same with names in capitals: https://apidocs.bitrix24.com/api-reference/crm/crm-stage-history-list.html
        "stage_history": Grammar("crm.stagehistory", groups=True, orm=True, refuses_broken_bounds=True),
        # https://apidocs.bitrix24.com/api-reference/crm/deals/crm-deal-list.html
        "crm_classic": Grammar("classic CRM", lookups=_without("not_contains", "not_like")),
        # "=" works with arrays: https://apidocs.bitrix24.com/api-reference/crm/universal/product-rows/crm-item-productrow-list.html
        "product_rows": Grammar("crm.item.productrow", orm=True, lookups={**_without("not_in"), "in": "="}),
        # Prefixes of two characters at most: https://apidocs.bitrix24.com/api-reference/user/user-get.html
        "user": Grammar("user.get", filter_key="FILTER", flat_order=True, orm=True, lookups=_without("not_like")),
        # https://apidocs.bitrix24.com/api-reference/departments/department-get.html
        "department": Grammar(
            "department.get",
            filter_key="",
            beside=True,
            flat_order=True,
            lookups=_some(["exact"], exact=""),
            empty=None,
        ),
        # https://apidocs.bitrix24.com/api-reference/tasks/tasks-task-list.html; lists of values, "%" and the groups are
        # not on the page: they are what the server's own filter reads.
        "tasks": Grammar(
            "tasks.task.list",
            groups=True,
            logic="::LOGIC",
            part="::SUBFILTER-{}",
            lookups=_some((*_COMPARED, "in", "contains"), **{"exact": "", "ne": "!", "in": ""}),
            empty=("", "!"),
            empty_kinds=frozenset({"date", "datetime", "str"}),
            loose=("title",),
            flat_dates=True,
        ),
        # https://apidocs.bitrix24.com/api-reference/tasks/elapsed-item/task-elapsed-item-get-list.html
        "task_items": Grammar(
            "task items", filter_key="filter", lookups=_some(_COMPARED, exact="", ne="!"), empty=None
        ),
        # A condition with a value of another type than the field's is dropped, an empty one among them:
        # https://apidocs.bitrix24.com/api-reference/catalog/price/catalog-price-list.html
        "controller": Grammar("catalog and sale", orm=True, empty=None, bare_needs=True),
        # The same, but lists of values stand under "=" and "!":
        # https://apidocs.bitrix24.com/api-reference/catalog/product/catalog-product-list.html
        "products": Grammar(
            "catalog.product", orm=True, empty=None, bare_needs=True, lookups={**PREFIXES, "in": "=", "not_in": "!"}
        ),
        # https://apidocs.bitrix24.com/api-reference/sonet-group/socialnetwork-api-workgroup-list.html
        "orm": Grammar("these", orm=True, lookups={**_without("not_contains", "not_like"), "in": "=", "not_in": "!="}),
        # "@" and "=%" stand on the page, but the server drops them:
        # https://apidocs.bitrix24.com/api-reference/disk/folder/disk-folder-get-children.html
        "disk": Grammar(
            "disk",
            orm=True,
            lookups=_some((*_COMPARED, "contains", "not_contains", "in", "not_in"), **{"in": "=", "not_in": "!="}),
        ),
        # https://apidocs.bitrix24.com/api-reference/events/event-offline-list.html
        "offline": Grammar(
            "event.offline.list",
            orm=True,
            lookups=_some(("exact", "gt", "gte", "lt", "lte", "in", "contains")),
            empty=None,
        ),
        # https://apidocs.bitrix24.com/api-reference/sonet-group/sonet-group-get.html
        "groups": Grammar("sonet_group.get", lookups=_some((*_COMPARED, "contains", "not_contains")), empty=None),
        # https://apidocs.bitrix24.com/api-reference/telephony/voximplant/voximplant-statistic-get.html
        "calls": Grammar(
            "voximplant.statistic.get",
            flat_order=True,
            lookups=_some((*_COMPARED, "contains", "not_contains")),
            empty=None,
        ),
        # "@" and "!=" stand on the page, but the server refuses them; it knows "=" and "!":
        # https://apidocs.bitrix24.com/api-reference/lists/elements/lists-element-get.html
        "lists": Grammar(
            "lists.element.get",
            lookups=_some((*_COMPARED, "in", "contains", "not_contains"), **{"ne": "!", "in": "="}),
            empty=None,
        ),
        # https://apidocs.bitrix24.com/api-reference/bizproc/bizproc-workflow-instances.html
        # "=" and "!=" stand on the page, but older servers drop them; a bare name and "!" are understood by all.
        "bizproc": Grammar("bizproc.workflow", lookups=_some(_COMPARED, exact="", ne="!"), empty=None),
        # https://apidocs.bitrix24.com/api-reference/crm/timeline/comments/crm-timeline-comment-list.html
        "equality": Grammar("these", lookups=_some(["exact"], exact=""), empty=None),
        # "Last ID can't be string": https://apidocs.bitrix24.com/api-reference/chats/messages/im-dialog-messages-get.html
        "messages": Grammar("chat messages", filter_key="", refuses_broken_bounds=True, lookups={}, empty=None),
        "none": Grammar("these", filter_key="", lookups={}, empty=None),
        # Lists of conditions and groups: https://apidocs.bitrix24.com/api-reference/rest-v3.html
        "v3": Grammar("REST 3.0", arrays=True, groups=True, lookups=_some((*_COMPARED, "in", "not_in")), empty=None),
    }


def grammar_for(name: GrammarName) -> Grammar:
    """The grammar *name* of a dialect."""
    return _grammars()[name]
