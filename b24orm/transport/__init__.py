"""The wire: one request to the portal, and its answer as a value, as a file, or as an error of our tree.

Called by the engine (one `Transport.post` per HTTP request, `Transport.files` for files) and by the portal, which opens
and closes it. Calls aiohttp. No models, no batching, no retries, no limits and no waiting may live here, and no secret
may leave it.
"""

from b24orm.transport.auth import Ask, Auth, Secret, Webhook, is_loopback, masked, origin_of
from b24orm.transport.client import Transport
from b24orm.transport.codes import Retry, expired, portal_error, retryable
from b24orm.transport.envelope import Envelope, Parse, as_map, decode
from b24orm.transport.files import FileWire
from b24orm.transport.grants import TOKEN_TIMEOUT, ask_alone
from b24orm.transport.incoming import Incoming
from b24orm.transport.outgoing import Form
from b24orm.transport.pages import Page, PageParser, parser_for, read_batch
from b24orm.transport.sessions import Trust, trusted

__all__ = [
    "TOKEN_TIMEOUT",
    "Ask",
    "Auth",
    "Envelope",
    "FileWire",
    "Form",
    "Incoming",
    "Page",
    "PageParser",
    "Parse",
    "Retry",
    "Secret",
    "Transport",
    "Trust",
    "Webhook",
    "as_map",
    "ask_alone",
    "decode",
    "expired",
    "is_loopback",
    "masked",
    "origin_of",
    "parser_for",
    "portal_error",
    "read_batch",
    "retryable",
    "trusted",
]
