"""What portals, and others, post to a handler."""

from __future__ import annotations

from urllib.parse import urlencode

TOKEN = "the-application-token"


def body(number: int = 7, *, token: str = TOKEN) -> bytes:
    """The form of an event about a deal."""
    return urlencode(
        {
            "event": "ONCRMDEALADD",
            "data[FIELDS][ID]": str(number),
            "auth[domain]": "my.bitrix24.com",
            "auth[application_token]": token,
        }
    ).encode()


HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
