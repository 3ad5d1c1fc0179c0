"""The frozen query tree: conditions, `Q`, lookups, order, projection and window.

Called by model, queryset and compiler; calls nothing but errors.
No schema, no wire name and no request lives here: a query is what the user said, not how a portal hears it.
"""

from b24orm.query.logic import All, Always, Any_, Never, Node, normalize
from b24orm.query.lookups import LOOKUPS, Lookup, split_lookup, split_path
from b24orm.query.state import Order, Query
from b24orm.query.tree import Across, Condition, Part, Q

__all__ = [
    "LOOKUPS",
    "Across",
    "All",
    "Always",
    "Any_",
    "Condition",
    "Lookup",
    "Never",
    "Node",
    "Order",
    "Part",
    "Q",
    "Query",
    "normalize",
    "split_lookup",
    "split_path",
]
