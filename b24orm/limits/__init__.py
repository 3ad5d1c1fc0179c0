"""What the portal allows and can take: requests, operating time, concurrency, batch sizes, retries.

Called by the engine (which asks before it sends, and tells what came back) and configured by the portal. Calls only
the clock it is given. No sleeping, no retrying, no I/O and no shared (Redis) form may live here.
"""

from b24orm.limits.bucket import LeakyBucket
from b24orm.limits.clock import Clock, SystemClock
from b24orm.limits.concurrency import Concurrency
from b24orm.limits.operating import OperatingBudget, Rest
from b24orm.limits.pacing import Throttle
from b24orm.limits.retries import RetryBudget, backoff
from b24orm.limits.settings import Limits
from b24orm.limits.sizes import BatchSize

__all__ = [
    "BatchSize",
    "Clock",
    "Concurrency",
    "LeakyBucket",
    "Limits",
    "OperatingBudget",
    "Rest",
    "RetryBudget",
    "SystemClock",
    "Throttle",
    "backoff",
]
