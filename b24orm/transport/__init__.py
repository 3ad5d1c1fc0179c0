"""The wire: one POST to the portal, and its answer as a value or as an error of our tree.

Called by the engine (one `Transport.post` per HTTP request) and by the portal, which opens and closes it. Calls
aiohttp. No models, no batching, no retries, no limits and no waiting may live here, and no secret may leave it.
"""

from b24orm.transport.auth import Secret, Webhook
from b24orm.transport.client import Transport
from b24orm.transport.codes import Retry, portal_error, retryable
from b24orm.transport.envelope import Envelope, as_map, decode

__all__ = ["Envelope", "Retry", "Secret", "Transport", "Webhook", "as_map", "decode", "portal_error", "retryable"]
