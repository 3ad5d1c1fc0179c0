"""The one exception that the sandbox's methods raise: an error answer of the portal."""

from __future__ import annotations

__all__ = ["Refusal", "access_denied", "insufficient_scope", "internal_error", "over_limit"]


class Refusal(Exception):
    """An error as the portal words it: a code, a description and the HTTP status a plain call gets.

    The code of some methods is a number, 0. *argument*, if not None, is what errors about arguments say beside it.
    """

    def __init__(self, code: str | int, description: str, status: int = 400, *, argument: str | None = None) -> None:
        super().__init__(code, description, status)
        self.code = code
        self.description = description
        self.status = status
        self.argument = argument

    @property
    def body(self) -> dict[str, str | int]:
        """The error body, which is also an entry of ``result_error``. It carries no ``time``."""
        more = {} if self.argument is None else {"argument": self.argument}
        return {"error": self.code, "error_description": self.description, **more}


def access_denied() -> Refusal:
    """What a user without the right to do so is told."""
    return Refusal("ACCESS_DENIED", "Access denied!", 403)


def insufficient_scope() -> Refusal:
    """What a caller is told whose scope does not hold the method."""
    return Refusal(
        "insufficient_scope", "The request requires higher privileges than provided by the access token", 401
    )


def internal_error() -> Refusal:
    """What a crash inside the portal looks like from outside."""
    return Refusal("INTERNAL_SERVER_ERROR", "Internal server error", 500)


def over_limit() -> Refusal:
    """What a portal whose bucket is full answers."""
    return Refusal("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)
