"""Pages of rows straight from the bytes of an answer, without a Python object for what nobody asked for.

The result of each command of a batch is cut out of its answer. It is skimmed for the ids of its rows, and waits as
bytes, which take a fifth of the memory, until its rows are wanted. Then one validator, built around the caller's schema
of a single row, reads it: JSON goes in, finished rows come out. A page at a time is what fits the processor's caches,
and its rows may be gone before the next one is read. Of a long list, the format may have a quicker way to read pages.

What the validators do not understand (an error, an answer that PHP has bent, a value that no field can hold) is left to
the general decoder: they raise `ValueError`, and nothing is lost.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Generator, Mapping
from functools import partial
from types import GenericAlias
from typing import Any, Literal, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from msgspec import defstruct
from msgspec.json import Decoder, decode
from pydantic_core import CoreConfig, CoreSchema, SchemaValidator, core_schema, from_json

from b24orm.command import RowFormat
from b24orm.errors import TransportError
from b24orm.transport.parts import cut

__all__ = ["Page", "PageParser", "parser_for", "read_batch"]

_NOT_UNDERSTOOD = (ValueError, RecursionError)  # of msgspec, which goes deeper than the general decoder

Shape = Literal["plain", "rows"]
"""What is read: the whole answer of a single call, or the rows in a result."""


class Page:
    """The rows of one page, or the promise of them.

    Attributes:
        ids: the ids of the rows, in the order of the rows; empty where rows have none that is known.
    """

    __slots__ = ("_promise", "_rows", "ids")

    def __init__(self, ids: list[int], rows: list[Any] | None = None, promise: Callable[[], list[Any]] | None = None):
        self.ids = ids
        self._rows = rows
        self._promise = promise

    def __len__(self) -> int:
        return len(self.ids) if self._rows is None else len(self._rows)

    @property
    def rows(self) -> list[Any]:
        """The rows, read now if they have waited.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        if self._rows is None:
            assert self._promise is not None
            self._rows = self._promise()
            self._promise = None
        return self._rows

    def cut(self, start: int, stop: int | None) -> Page:
        """The rows from *start* up to *stop*, like a slice of a list."""
        if start == 0 and (stop is None or stop >= len(self)):
            return self
        if self._rows is None:
            return Page(self.ids[start:stop], promise=lambda: self.rows[start:stop])
        return Page(self.ids[start:stop], self._rows[start:stop])


@contextlib.contextmanager
def _collector_paused() -> Generator[None]:
    """Reading a body makes thousands of objects that all live: looking among them for garbage takes a fifth of the
    time, and finds none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Quick(Protocol):
    """Reads rows faster than a validator, where they are many and alike: `QuickRows`."""

    @property
    def worthwhile(self) -> bool:
        """Whether to try."""
        ...

    def saw(self, rows: int) -> None:
        """So many rows were read in another way."""
        ...

    def read(self, body: bytes) -> list[Any] | None:
        """The rows in the bytes of a result; None if it cannot. Raises ValueError: a value does not fit."""
        ...


@runtime_checkable
class QuickFormat(Protocol):
    """A row format that may have a quick way."""

    def quick(self, rows_path: str) -> Quick:
        """A new one, for rows as the format's schema knows them now, under this key of a result."""
        ...


_parsers: WeakKeyDictionary[RowFormat, dict[tuple[str, str], PageParser]] = WeakKeyDictionary()


def parser_for(format: RowFormat, rows_path: str, id_wire: str) -> PageParser:
    """The parser of lists of *format*: built once, since validators are costly to build."""
    known = _parsers.setdefault(format, {})
    parser = known.get((rows_path, id_wire))
    if parser is None:
        parser = known[rows_path, id_wire] = PageParser(format, rows_path, id_wire)
    return parser


class PageParser:
    """Reads the answers of one list method.

    Args:
        format: how rows are wanted.
        rows_path: key of the rows in a list's result; "" if the result is the list.
        id_wire: name of the id in raw rows.
    """

    def __init__(self, format: RowFormat, rows_path: str, id_wire: str) -> None:
        self.format = format
        self._rows_path = rows_path
        self._id_wire = id_wire
        self._schema = format.row_schema
        self._validators: dict[Shape, SchemaValidator] = {}
        self._ids = _skimmer(rows_path, id_wire) if id_wire else None
        self._quick = self._new_quick()

    def read_plain(self, body: bytes) -> Any:
        """The envelope of a single call's answer, with a `Page` for its result.

        Raises:
            ValueError: it is not what was expected, or rows are wanted as JSON has them.
        """
        if self.format.row_schema is None:
            raise ValueError("the general decoder is faster")
        with _collector_paused():
            return self._validator("plain").validate_json(body)

    def page(self, part: bytes) -> Any:
        """A `Page` of the rows in the bytes of a result, which reads them when asked; what it holds, if it is no page.

        Raises:
            ValueError: it is no JSON.
        """
        if self._ids is not None:
            with contextlib.suppress(*_NOT_UNDERSTOOD):
                return Page(self._ids(part), promise=partial(self._read, part))
        return _decoded(part)

    def _read(self, part: bytes) -> list[Any]:
        """The rows in the bytes of a result. Raises InvalidRow; TransportError: what was skimmed is no JSON."""
        with _collector_paused():
            if self.format.row_schema is not None:
                with contextlib.suppress(ValueError):  # a value that does not fit: the format says which
                    return self._read_quickly(part) or self._read_validated(part)
            rows: list[Any] | None = None
            with contextlib.suppress(ValueError):
                rows = self._rows_in(_decoded(part))
            if rows is None:  # raised out here: the decoder's error may quote the body
                raise TransportError("the JSON of the answer is broken")
            return self.format.from_python(rows)

    def _read_quickly(self, part: bytes) -> list[Any] | None:
        if self._quick is None or not self._quick.worthwhile:
            return None
        return self._quick.read(part)

    def _read_validated(self, part: bytes) -> list[Any]:
        rows = self._rows_in(self._validator("rows").validate_json(part))
        if self._quick is not None:
            self._quick.saw(len(rows))
        return rows

    def _new_quick(self) -> Quick | None:
        return self.format.quick(self._rows_path) if isinstance(self.format, QuickFormat) else None

    def _rows_in(self, result: Any) -> list[Any]:
        rows: list[Any] = result[self._rows_path] if self._rows_path else result
        return rows

    def _validator(self, shape: Shape) -> SchemaValidator:
        given = self.format.row_schema
        if given is not self._schema:  # a reader that has met new fields
            self._schema = given
            self._validators.clear()
            self._quick = self._new_quick()
        known = self._validators.get(shape)
        if known is None:
            known = self._validators[shape] = self._build(shape)
        return known

    def _build(self, shape: Shape) -> SchemaValidator:
        result: CoreSchema = core_schema.list_schema(self._schema or core_schema.any_schema())
        if self._rows_path:
            result = core_schema.typed_dict_schema({self._rows_path: core_schema.typed_dict_field(result)})
        if shape == "plain":
            page = core_schema.no_info_after_validator_function(self._page, result)
            anything = core_schema.typed_dict_field(core_schema.any_schema(), required=False)
            others = ("error", "error_description", "total", "next", "time")
            result = core_schema.typed_dict_schema(
                {"result": core_schema.typed_dict_field(page), **dict.fromkeys(others, anything)}
            )
        return SchemaValidator(result, CoreConfig(cache_strings="keys"))

    def _page(self, result: Any) -> Page:
        rows, key = self._rows_in(result), self.format.key
        return Page([key(row) for row in rows] if self._id_wire else [], rows)


def read_batch(body: bytes, parsers: Mapping[str, PageParser | None]) -> Any:
    """The envelope of a batch's answer, with a `Page` for the result of each call whose rows a parser reads.

    Args:
        body: the answer.
        parsers: by the names of the calls, in their order; None where the result is no list of rows.

    Raises:
        ValueError: it is not what was expected.
    """
    with _collector_paused():
        envelope, parts = cut(body, parsers)
        for name, part in parts.items():
            parser = parsers[name]
            envelope["result"]["result"][name] = _decoded(part) if parser is None else parser.page(part)
    return envelope


def _skimmer(rows_path: str, id_wire: str) -> Callable[[bytes], list[int]]:
    """What reads the ids of the rows in a result, and of the rest no more than tells where they are.

    It does not see whether text is UTF-8. Whoever reads the rows will.
    """
    row = defstruct("Row", [("id", int)], rename={"id": id_wire}, gc=False)
    wanted: Any = GenericAlias(list, row)
    if rows_path:
        wanted = defstruct("Result", [("rows", wanted)], rename={"rows": rows_path}, gc=False)
    decoder = Decoder(wanted, strict=False)  # some methods write ids as text

    def ids(part: bytes) -> list[int]:
        result: Any = decoder.decode(part)
        return [row.id for row in (result.rows if rows_path else result)]

    return ids


def _decoded(part: bytes) -> Any:
    """What the JSON says. Raises ValueError."""
    with contextlib.suppress(*_NOT_UNDERSTOOD):
        return decode(part)
    return from_json(part, cache_strings="keys")  # knows numbers beyond the largest float, and NaN
