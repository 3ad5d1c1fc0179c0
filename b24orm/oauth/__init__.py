"""OAuth 2.0: applications, their tokens, where these are kept, and what a portal sends to an application's pages.

Called by programs, and by the portal, which makes of it what lets its requests in. Calls the transport for the requests
to the authorization server. Knows neither limits nor commands: when a token is renewed is decided in the engine.
"""

from b24orm.oauth.app import OAuthApp
from b24orm.oauth.bearers import FunctionAuth, StoredAuth, TokenFunction
from b24orm.oauth.later import Later
from b24orm.oauth.payloads import InstallPayload, PlacementPayload
from b24orm.oauth.stores import CallbackStore, FileStore, MemoryStore, TokenStore
from b24orm.oauth.tokens import OAuthTokens

__all__ = [
    "CallbackStore",
    "FileStore",
    "FunctionAuth",
    "InstallPayload",
    "Later",
    "MemoryStore",
    "OAuthApp",
    "OAuthTokens",
    "PlacementPayload",
    "StoredAuth",
    "TokenFunction",
    "TokenStore",
]
