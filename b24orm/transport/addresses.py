"""Addresses of files: which of them may be fetched, and where a redirect may lead.

The addresses hold tokens that let in whoever has them, and so may those that they redirect to. Nothing here raises or
returns a text in which one stands.
"""

from __future__ import annotations

import re
from typing import Final

from yarl import URL

from b24orm.errors import InvalidValue
from b24orm.transport.auth import Auth, Secret, is_loopback, masked

__all__ = ["file_address", "method_of", "redirected", "without_tokens"]

_WHOLE: Final = re.compile(r"[!-~]+")  # nothing that is still to be encoded
_BARE: Final = re.compile(r"/rest/((?:[A-Za-z0-9_]+\.)*[A-Za-z0-9_]+)")
_METHOD: Final = re.compile(r"/rest/(?:.+/)?([A-Za-z0-9_.]+)")
_KEYS: Final = frozenset({"auth", "access_token", "token"})
_SHORTEST: Final = 8  # characters of a secret; what is shorter is a number, a name or a flag


def file_address(given: Secret, base: Secret, auth: Auth) -> Secret:
    """The whole address of a file, for one as the portal gave it, which may lack the host.

    The catalog gives addresses of a method without any token
    (``api-reference/catalog/product/catalog-product-get.md``): those are called as any method is, through the webhook
    or with the access token. An access token that an address holds already gives way to the one that is in use now.

    Args:
        base: the address of the methods that is in use.

    Raises:
        InvalidValue: it is no address, or not one of this portal, or would be fetched in the open.
    """
    found = _read(given, base, auth.host)
    if isinstance(found, str):
        raise InvalidValue(f"this is not the address of a file of {auth.host}: {auth.redact(found)}")
    return _shown(found, auth.token)


def redirected(here: Secret, location: Secret | None) -> Secret | str:
    """Where a redirect leads, or the host that it must not lead to: plain http stays within this machine."""
    if location is None:
        return "nowhere"
    try:
        before = URL(here.reveal(), encoded=True)
        target = before.join(_url(location.reveal()))
        host = target.host or ""
    except ValueError:
        return "nowhere"
    local = target.scheme == "http" and is_loopback(host) and is_loopback(before.host)
    if host and target.user is None and (target.scheme == "https" or local):
        return Secret(str(target))
    return host or "nowhere"


def method_of(address: Secret) -> str:
    """What an address calls, for logs and errors: the REST method, or ``download`` where it is none."""
    found = _METHOD.fullmatch(URL(address.reveal(), encoded=True).raw_path)
    return found[1].removesuffix(".json") if found is not None else "download"


def without_tokens(text: str, *addresses: Secret) -> str:
    """*text* with ``***`` for whatever may be a token in the *addresses*, however it is written."""
    for address in addresses:
        for value in URL(address.reveal(), encoded=True).query.values():
            # Its parts, too: whoever quotes a token may cut it.
            for part in (value, *re.split(r"[|.]", value)):
                if len(part) >= _SHORTEST:
                    text = masked(text, Secret(part))
    return text


def _shown(address: Secret, token: Secret | None) -> Secret:
    """The address with the access token, if it needs one."""
    if token is None:
        return address
    url = URL(address.reveal(), encoded=True)
    bare = _BARE.fullmatch(url.raw_path) and not _KEYS & url.query.keys()
    if "auth" not in url.query and not bare:
        return address
    return Secret(str(url.update_query({"auth": token.reveal()})))


def _url(text: str) -> URL:
    text = text.strip()
    return URL(text, encoded=_WHOLE.fullmatch(text) is not None)


def _read(given: Secret, base: Secret, host: str) -> Secret | str:
    """The address, or what is wrong with it. Raises nothing, so that no frame shows it."""
    home = URL(base.reveal(), encoded=True)
    try:
        if not given.reveal().strip():
            return "it is empty"
        url = home.join(_url(given.reveal()))
        place, name = (url.host or "").lower(), url.host or "nowhere"
        homes = {((known.host or "").lower(), known.port) for known in (home, URL(f"{home.scheme}://{host}"))}
    except (AttributeError, ValueError):
        return "it cannot be read"
    if url.scheme not in ("http", "https"):
        return "its scheme is not https"
    if url.user is not None or url.password is not None:
        return "it holds a user name or password before the host"
    if url.scheme == "http" and not is_loopback(place):
        return f"plain http would send its token to {name} unencrypted"
    if (place, url.port) not in homes:
        return f"it is at {name}, and nothing is fetched from anywhere but the portal"
    query = f"?{url.raw_query_string}" if url.raw_query_string else ""
    bare = _BARE.fullmatch(url.raw_path)
    if bare is not None and not _KEYS & url.query.keys():
        return Secret(f"{base.reveal()}{bare[1]}{query}")
    return Secret(str(url.with_fragment(None)))
