"""Runs commands: one queue, packed into HTTP requests, retried one by one; and follows plans, streaming rows in order.

Called by the portal; calls plan, limits and transport.
Knows no models and no queries: commands and plans come in, outcomes and raw rows go out.
"""

from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.offer import Offer
from b24orm.engine.reader import read
from b24orm.engine.rows import RawRows
from b24orm.engine.stats import Stats
from b24orm.engine.transfers import fetch, send
from b24orm.engine.writer import write

__all__ = ["Dispatcher", "Offer", "RawRows", "Stats", "fetch", "read", "send", "write"]
