"""How a list is fetched: strategy, pages, chains and lanes, as pure data that `explain()` prints.

Called by queryset (to plan) and by the engine (to follow the plan); calls compiler.
No request and no event loop lives here, nor anything that changes with time but the lanes' own books.
"""

from b24orm.plan.even import EvenBook, is_even
from b24orm.plan.lanes import Lane, LaneBook
from b24orm.plan.plan import (
    PAGES_PER_BATCH,
    Plan,
    Strategy,
    chain,
    plan_bulk,
    plan_count,
    plan_get,
    plan_list,
    plan_write,
)

__all__ = [
    "PAGES_PER_BATCH",
    "EvenBook",
    "Lane",
    "LaneBook",
    "Plan",
    "Strategy",
    "chain",
    "is_even",
    "plan_bulk",
    "plan_count",
    "plan_get",
    "plan_list",
    "plan_write",
]
