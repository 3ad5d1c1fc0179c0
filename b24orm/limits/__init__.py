"""What the portal allows: the leaky bucket of requests, and the operating time of each method.

Called by the engine (which asks before it sends, and tells what came back) and configured by the portal. Calls only
the clock it is given. No sleeping, no retrying, no I/O and no shared (Redis) form may live here.
"""

from b24orm.limits.bucket import LeakyBucket
from b24orm.limits.clock import Clock, SystemClock
from b24orm.limits.operating import OperatingBudget
from b24orm.limits.settings import Limits

__all__ = ["Clock", "LeakyBucket", "Limits", "OperatingBudget", "SystemClock"]
