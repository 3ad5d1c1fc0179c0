"""The one exception that the sandbox's methods raise: an error answer of the portal."""

from __future__ import annotations

__all__ = [
    "Refusal",
    "access_denied",
    "insufficient_scope",
    "internal_error",
    "not_found",
    "out_of_time",
    "over_limit",
    "wrong_encoding",
]


class Refusal(Exception):
    """An error as the portal words it: a code, a description and the HTTP status a plain call gets.

    A status of 200 is that of handlers which hand back an error themselves.

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


def insufficient_scope(*, webhook: bool) -> Refusal:
    """What a caller is told whose scope does not hold the method; a command of a batch gets no description.

    The status is that of the vendor's page (``_includes/system-errors.md``); the server's source has 401.
    """
    token = "webhook" if webhook else "access"
    reason = f"The request requires higher privileges than provided by the {token} token"
    return Refusal("insufficient_scope", reason, 403)


def internal_error() -> Refusal:
    """What a crash inside the portal looks like from outside."""
    return Refusal("INTERNAL_SERVER_ERROR", "Internal server error", 500)


def over_limit() -> Refusal:
    """What a portal whose bucket is full answers."""
    return Refusal("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)


def out_of_time() -> Refusal:
    """What a caller is told whose operating time of the method is used up."""
    return Refusal("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)


def not_found() -> Refusal:
    """What a portal answers that has no such method."""
    return Refusal("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)


def wrong_encoding() -> Refusal:
    """What the portal says instead of an answer that is no text."""
    return Refusal("WRONG_ENCODING", "Wrong request encoding", 200)
