"""Every error that b24orm raises, in one tree.

::

    B24OrmError
    ├── ConfigurationError            a wrong URL, no portal, a closed portal
    ├── QueryError (ValueError)       the query is wrong: found before any request leaves
    │   ├── UnknownField              no such field, lookup or order key; names the nearest right one
    │   ├── UnsupportedQuery          the portal's REST dialect cannot express it
    │   └── InvalidValue              a value of the wrong kind for its field
    ├── FieldNotLoaded (AttributeError)   the field was not selected
    ├── DoesNotExist (LookupError)    ``Deal.DoesNotExist`` is a subclass
    ├── MultipleObjectsReturned       ``get`` matched more than one row
    ├── IncompleteResult              a list could not be shown to be whole
    ├── InvalidRow                    the portal sent a value that its field cannot hold
    ├── InvalidEvent (ValueError)     what came to an event handler is no event, or lacks what the event has
    │   └── ForgedEvent               it does not show the application's token
    ├── TransportError                portal down, timeout, an answer that is not REST
    ├── PortalError                   the portal answered with an error
    │   ├── AuthError                 wrong or expired code or token
    │   ├── AccessDenied              the user may not do that
    │   ├── NotFound                  no such object
    │   ├── RateLimited               QUERY_LIMIT_EXCEEDED
    │   ├── OperatingLimit            OPERATION_TIME_LIMIT
    │   └── MethodNotFound            the portal has no such method
    ├── OutcomeUnknown                a write was sent and its answer was lost
    ├── ConcurrentWrite               an object is written while it is being written already
    └── BulkError                     some of many writes did not succeed

No message, repr or chained cause of these ever holds a webhook code or a token.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

from typing_extensions import override

__all__ = [
    "AccessDenied",
    "AuthError",
    "B24OrmError",
    "BulkError",
    "ConcurrentWrite",
    "ConfigurationError",
    "DoesNotExist",
    "FieldNotLoaded",
    "ForgedEvent",
    "IncompleteResult",
    "InvalidEvent",
    "InvalidRow",
    "InvalidValue",
    "MethodNotFound",
    "MultipleObjectsReturned",
    "NotFound",
    "OperatingLimit",
    "OutcomeUnknown",
    "PortalError",
    "QueryError",
    "RateLimited",
    "ResumePoint",
    "TransportError",
    "UnknownField",
    "UnsupportedQuery",
    "nearest",
    "shortened",
]


def _restored(cls: type[B24OrmError], args: tuple[Any, ...], attributes: dict[str, Any]) -> B24OrmError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(attributes)
    return error


class B24OrmError(Exception):
    """The root of the tree: catch it to catch everything that b24orm raises on purpose.

    Errors can be pickled, so that they cross the borders of processes whole.
    """

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


class ConfigurationError(B24OrmError):
    """The portal, its URL or its options are not usable as given."""


class QueryError(B24OrmError, ValueError):
    """A query that cannot be right. Raised before any request leaves."""


class UnknownField(QueryError):
    """A field, lookup or order key that the entity does not have."""


class UnsupportedQuery(QueryError):
    """A query that is meaningful, but that the REST dialect in use cannot express."""


class InvalidValue(QueryError):
    """A value of the wrong kind for the field it is compared with or assigned to."""


class FieldNotLoaded(B24OrmError, AttributeError):
    """Access to a field that the query did not select. Select it, or select nothing to load everything."""


class DoesNotExist(B24OrmError, LookupError):
    """``get`` matched no row."""


class MultipleObjectsReturned(B24OrmError):
    """``get`` matched more than one row."""


class ResumePoint(int):
    """How far a list has come: an id or an offset, which is a number like any other, and how many rows that was.

    Attributes:
        rows: how many rows were handed out before it.
        by: ``id`` or ``offset``: what the number is.
    """

    rows: int
    by: Literal["id", "offset"]

    def __new__(cls, value: int, *, rows: int = 0, by: Literal["id", "offset"] = "id") -> Self:
        """The point behind the row with that id, or behind so many rows."""
        new = super().__new__(cls, value)
        new.rows, new.by = rows, by
        return new

    @override
    def __repr__(self) -> str:
        return f"ResumePoint({int(self)}, rows={self.rows}, by={self.by!r})"

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return _restored_point, (int(self), self.rows, self.by)


def _restored_point(value: int, rows: int, by: Literal["id", "offset"]) -> ResumePoint:
    return ResumePoint(value, rows=rows, by=by)


class IncompleteResult(B24OrmError):
    """A list that cannot be shown to be complete.

    Attributes:
        rows_so_far: how many rows were handed out, all of them right and none twice.
        resume_point: where to go on, for ``queryset.resume(point)``: the last id handed out (or the offset reached,
            for lists that are not read by id) as a `ResumePoint`; None if nothing was handed out.
        reason: what went wrong, in words.
    """

    def __init__(self, reason: str, *, rows_so_far: int = 0, resume_point: int | None = None) -> None:
        point = resume_point
        if point is not None and not isinstance(point, ResumePoint):
            point = ResumePoint(point, rows=rows_so_far)
        where = "" if point is None else f", resume after {point.by} {int(point)}"
        super().__init__(f"the list is not complete: {reason} ({rows_so_far} rows so far{where})")
        self.reason = reason
        self.rows_so_far = rows_so_far
        self.resume_point = point


class InvalidRow(B24OrmError):
    """The portal sent a value that its documented field cannot hold.

    Attributes: ``entity`` (class name), ``id`` (of the row, if it could be read), ``field``, ``value``.
    """

    def __init__(self, entity: str, id: Any, field: str, value: Any, reason: str = "") -> None:
        super().__init__(
            f"{entity} id={id!r}: field {field!r} cannot hold {shortened(value)}" + (f" ({reason})" if reason else "")
        )
        self.entity = entity
        self.id = id
        self.field = field
        self.value = value


class InvalidEvent(B24OrmError, ValueError):
    """What came to an event handler is no event of a portal, or lacks a value that such an event has."""


class ForgedEvent(InvalidEvent):
    """An event that does not show the ``application_token`` by which a portal proves that it sent it."""


class TransportError(B24OrmError):
    """No usable answer came back: portal down, timeout, broken or foreign answer.

    Attributes:
        sent: whether the request may have reached the portal. False proves that nothing ran.
        status: HTTP status of the answer, None if there was none.
        timed_out: whether the answer took too long, for us or for the portal's front (504).
    """

    def __init__(self, message: str, *, sent: bool = True, status: int | None = None, timed_out: bool = False) -> None:
        super().__init__(message)
        self.sent = sent
        self.status = status
        self.timed_out = timed_out or status == 504


class PortalError(B24OrmError):
    """The portal answered with an error.

    Attributes:
        code: the portal's error code, as sent (may be empty).
        description: the portal's own words.
        status: the HTTP status; 200 for an error of one command of a batch.
        method: the REST method that failed; ``batch`` when a whole batch did.
        validation: what REST 3.0 says is wrong with which parameter: pairs of a name (``filter.userId``; empty where
            it names none) and a sentence in the language of the portal.
    """

    def __init__(
        self,
        code: str,
        description: str = "",
        *,
        status: int = 400,
        method: str | None = None,
        validation: tuple[tuple[str, str], ...] = (),
    ) -> None:
        where = f"{method}: " if method else ""
        problems = "; ".join(f"{field}: {message}" if field else message for field, message in validation)
        said = ": ".join(filter(None, (code or "error without a code", description, problems)))
        super().__init__(f"{where}{said} (HTTP {status})")
        self.code = code
        self.description = description
        self.status = status
        self.method = method
        self.validation = validation


class AuthError(PortalError):
    """The webhook code or token is wrong, expired, or lacks the scope."""


class AccessDenied(PortalError):
    """The user behind the webhook may not do that."""


class NotFound(PortalError):
    """The portal has no such object."""


class RateLimited(PortalError):
    """``QUERY_LIMIT_EXCEEDED``: the portal's leaky bucket is full. Nothing ran."""


class OperatingLimit(PortalError):
    """``OPERATION_TIME_LIMIT``: the method used up its server time of ten minutes. Nothing ran."""


class MethodNotFound(PortalError):
    """The portal has no such REST method."""


class OutcomeUnknown(B24OrmError):
    """A write was sent and its answer was lost: it may or may not have run, and is not sent again."""


class ConcurrentWrite(B24OrmError):
    """An object is written while it is being written already: what the second write should start from is not known."""


class BulkError(B24OrmError):
    """Some of many writes did not succeed.

    Attributes:
        result: the `BulkResult`: what became of each of them.
    """

    def __init__(self, message: str, result: Any = None) -> None:
        super().__init__(message)
        self.result = result


def shortened(value: object, most: int = 200) -> str:
    """*value* for a message: its repr, cut where it gets long."""
    shown = repr(value)
    return shown if len(shown) <= most else shown[:most] + "…"


def nearest(name: str, known: Iterable[str], *, limit: int = 3) -> str:
    """A hint like ``; did you mean 'title'?``, or an empty string if nothing known comes close."""
    import difflib  # here, since most programs make no such mistake

    close = difflib.get_close_matches(name, list(known), n=limit, cutoff=0.6)
    if not close:
        return ""
    return "; did you mean " + " or ".join(repr(c) for c in close) + "?"
