"""`Command` and `Outcome`: the words that every layer from the compiler to the transport shares.

A command is one REST call as an immutable value, an outcome is what became of it, a row format says how rows are
wanted. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from b24orm.errors import B24OrmError
from b24orm.narrow import is_mapping

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

__all__ = ["Command", "Outcome", "Response", "RowFormat", "Status", "Version", "is_read"]

Status = Literal["ok", "failed", "unknown", "not_executed"]

Version = Literal[2, 3]
"""Which REST of the portal a call is for: the classic one, or REST 3.0 (``api-reference/rest-v3.md``)."""

# The last part of a method's name tells a read from a write in the vendor's naming; the rest are named whole.
# Anything else counts as a write, which is never replayed on doubt.
_READ_ENDINGS = (
    ".get",
    ".list",
    ".fields",
    ".getlist",
    ".getfields",
    ".gettypes",
    ".types",
    ".search",
    ".current",
    ".counters",
    ".findbycomm",
)
_READ_METHODS = frozenset(
    {
        "profile",
        "scope",
        "methods",
        "method.get",
        "server.time",
        "app.info",
        "events",
        "access.name",
        "user.access",
        "user.admin",
        "feature.get",
    }
)
_WRITES_LIKE_READS = frozenset({"event.offline.get"})  # deletes what it hands out, unless clear=0

# What the pages of REST 3.0 have besides.
_READ_ENDINGS_V3 = (
    *_READ_ENDINGS,
    ".tail",
    ".openapi",
    ".count",
    ".children",
    ".subordinates",
    ".multidepartment",
    ".thread",
    ".senders",
    ".listcontacts",
    ".listemployees",
)
_READ_METHODS_V3 = frozenset({"documentation", "scopes"})


def is_read(method: str, version: Version = 2) -> bool:
    """Whether *method* only reads, so that sending it twice does no harm. Unknown names count as writes."""
    name = method.lower()
    if version == 3:
        return name in _READ_METHODS_V3 or name.endswith(_READ_ENDINGS_V3)
    if name in _WRITES_LIKE_READS:
        return False
    return name in _READ_METHODS or name.endswith(_READ_ENDINGS)


@dataclass(frozen=True, slots=True)
class Command:
    """One REST call: a method and its parameters, as the user or the compiler gave them.

    Attributes:
        method: the REST method, ``crm.item.list``.
        params: parameters; str, int, Decimal, bool, None, dates, and lists and mappings of these.
        key: the name by which later commands of the same chain refer to this one's result, or None.
        replay: what sending it again does if it may have run: ``never`` do, ``safe``, or ``gone``: safe, and "no such
            row" then means that it is done. None leaves it to the method's name, which tells reads from writes.
        version: which REST of the portal it is for.
        idempotency_key: of a write of REST 3.0, what tells the portal that it is the same one again; None for a key of
            its own, made when it is sent.
    """

    method: str
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    key: str | None = None
    replay: Literal["never", "safe", "gone"] | None = None
    version: Version = 2
    idempotency_key: str | None = None

    @property
    def replay_safe(self) -> bool:
        """Whether sending the command again can do no harm: it is a read, or a write of the same once more."""
        return self.reads if self.replay is None else self.replay != "never"

    @property
    def reads(self) -> bool:
        """Whether its method only reads, as far as its name tells."""
        return is_read(self.method, self.version)


@dataclass(frozen=True, slots=True)
class Response:
    """A successful answer of the raw API.

    Attributes:
        result: the portal's ``result``, decoded from JSON.
        total: the number of matching rows, where the method counts them.
        next: the offset of the next page, None on the last one.
        time: the portal's ``time`` block (seconds as floats; ``operating`` where the portal sends it).
    """

    result: Any
    total: int | None = None
    next: int | None = None
    time: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one command.

    Attributes:
        status: ``ok``, ``failed`` (the portal said no), ``unknown`` (sent, answer lost) or ``not_executed``.
        input: what the caller gave for this command (its parameters, for ``call_many``).
        response: the answer, if ``ok``.
        error: why not, otherwise.
        key: the id of the row that was written, where the caller knows it.
    """

    status: Status
    input: Any = None
    response: Response | None = None
    error: B24OrmError | None = None
    key: int | str | None = None

    @property
    def result(self) -> Any:
        """The portal's ``result``; raises the outcome's error if there is none."""
        return self.unwrap().result

    @property
    def id(self) -> int | str | None:
        """The id of the row that was written: the one that the caller knew, or that of a created object where the
        answer holds one (``5``, ``{"item": {"id": 5}}``, ``{"id": 5}``), else None."""
        if self.key is not None:
            return self.key
        value: Any = self.response.result if self.response is not None else None
        while is_mapping(value):
            if "id" in value or "ID" in value:
                value = value.get("id", value.get("ID"))
                break
            inner = list(value.values())
            value = inner[0] if len(inner) == 1 and is_mapping(inner[0]) else None
        return value if isinstance(value, int | str) and not isinstance(value, bool) else None

    def unwrap(self) -> Response:
        """The response, or raise the error of an outcome that is not ``ok``."""
        if self.response is not None:
            return self.response
        raise self.error if self.error is not None else B24OrmError(f"the command was {self.status.replace('_', ' ')}")


class RowFormat(Protocol):
    """How the rows of a list are wanted: raw, or read by a model."""

    @property
    def row_schema(self) -> CoreSchema | None:
        """Reads one row from JSON; None if rows are wanted as JSON has them."""
        ...

    def key(self, row: Any) -> int:
        """The id of a row that was read."""
        ...

    def from_python(self, rows: Sequence[dict[str, Any]]) -> list[Any]:
        """Rows read from decoded JSON.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        ...
