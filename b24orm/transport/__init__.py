"""The wire: one POST to the portal, and its answer as a value or as an error of our tree.

Called by the engine (one `Transport.post` per HTTP request) and by the portal, which opens and closes it. Calls
aiohttp. No models, no batching, no retries, no limits and no waiting may live here, and no secret may leave it.
"""

from b24orm.transport.auth import Secret, Webhook
from b24orm.transport.client import Transport
from b24orm.transport.codes import Retry, portal_error, retryable
from b24orm.transport.envelope import Envelope, Parse, as_map, decode
from b24orm.transport.pages import Page, PageParser, parser_for, read_batch

__all__ = [
    "Envelope",
    "Page",
    "PageParser",
    "Parse",
    "Retry",
    "Secret",
    "Transport",
    "Webhook",
    "as_map",
    "decode",
    "parser_for",
    "portal_error",
    "read_batch",
    "retryable",
]
