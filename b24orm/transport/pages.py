"""Pages of rows straight from the bytes of an answer, without a Python object for what nobody asked for.

A list's answer is read by one validator, built around the caller's schema of a single row: JSON goes in, finished rows
come out. An answer that must wait for its turn is only skimmed for the ids of its rows, and waits as bytes, which take
a third of the memory.

What the validators do not understand (an error, an answer that PHP has bent, a value that no field can hold) is left to
the general decoder: they raise `ValueError`, and nothing is lost.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Literal
from weakref import WeakKeyDictionary

from pydantic_core import CoreConfig, CoreSchema, SchemaValidator, core_schema, from_json

from b24orm.command import RowFormat

__all__ = ["Page", "PageParser", "parser_for"]

Shape = Literal["plain", "batch"]
"""What is called: the list method itself, or a batch of such calls."""


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

    def promised(self, promise: Callable[[], list[Any]]) -> None:
        """Where the rows will come from."""
        self._promise = promise

    def cut(self, start: int, stop: int | None) -> Page:
        """The rows from *start* up to *stop*, like a slice of a list."""
        if start == 0 and (stop is None or stop >= len(self)):
            return self
        return Page(self.ids[start:stop], self.rows[start:stop])


class _Held:
    """The bytes of a batch's answer until the first of its pages is wanted; then the pages until each was taken."""

    __slots__ = ("_body", "_pages", "_parser")

    def __init__(self, body: bytes, parser: PageParser) -> None:
        self._body: bytes | None = body
        self._parser = parser
        self._pages: dict[str, Any] = {}

    def take(self, name: str) -> list[Any]:
        if self._body is not None:
            body, self._body = self._body, None
            self._pages = self._parser.read_again(body)
        page = self._pages.pop(name)
        return page.rows if isinstance(page, Page) else self._parser.from_python(page)


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
        self._validators: dict[tuple[Shape, bool], SchemaValidator] = {}

    @property
    def understands(self) -> bool:
        """Whether rows are read from bytes at once; the general decoder is faster where they are wanted as they are."""
        return self.format.row_schema is not None

    def read_plain(self, body: bytes) -> Any:
        """The envelope of a single call's answer, with a `Page` for its result.

        Raises:
            ValueError: it is not what was expected.
        """
        with _collector_paused():
            return self._validator("plain", skim=False).validate_json(body)

    def read_batch(self, body: bytes) -> Any:
        """The envelope of a batch's answer, with a `Page` for the result of each call.

        Raises:
            ValueError: it is not what was expected, or rows are wanted as JSON has them.
        """
        if not self.understands:
            raise ValueError("the general decoder is faster")
        with _collector_paused():
            return self._validator("batch", skim=False).validate_json(body)

    def skim(self, body: bytes) -> Any:
        """The envelope of a batch's answer, with a `Page` for the result of each call that reads its rows when asked.

        Raises:
            ValueError: it is not what was expected.
        """
        with _collector_paused():
            envelope: Any = self._validator("batch", skim=True).validate_json(body)
        held = _Held(body, self)
        for name, page in envelope["result"]["result"].items():
            page.promised(partial(held.take, name))
        return envelope

    def read_again(self, body: bytes) -> dict[str, Any]:
        """The pages of a body that was skimmed, by name; raw rows where they cannot be read all at once."""
        with contextlib.suppress(ValueError):  # one row that does not fit spoils all: it is found page by page
            pages: dict[str, Page] = self.read_batch(body)["result"]["result"]
            return pages
        results: dict[str, Any] = from_json(body, cache_strings="keys")["result"]["result"]
        return {name: result[self._rows_path] if self._rows_path else result for name, result in results.items()}

    def from_python(self, rows: list[dict[str, Any]]) -> list[Any]:
        """Rows read from decoded JSON. Raises InvalidRow."""
        return self.format.from_python(rows)

    def _page(self, rows: list[Any]) -> Page:
        key = self.format.key
        return Page([key(row) for row in rows], rows)

    def _skimmed(self, rows: list[Any]) -> Page:
        return Page([row["id"] for row in rows])

    def _validator(self, shape: Shape, *, skim: bool) -> SchemaValidator:
        given = self.format.row_schema
        if given is not self._schema:  # a reader that has met new fields
            self._schema = given
            self._validators.clear()
        known = self._validators.get((shape, skim))
        if known is None:
            known = self._validators[shape, skim] = self._build(shape, skim=skim)
        return known

    def _build(self, shape: Shape, *, skim: bool) -> SchemaValidator:
        if skim:
            field = core_schema.typed_dict_field(core_schema.int_schema(), validation_alias=self._id_wire)
            row: CoreSchema = core_schema.typed_dict_schema({"id": field})
            made = self._skimmed
        else:
            row, made = self._schema or core_schema.any_schema(), self._page
        rows: CoreSchema = core_schema.list_schema(row)
        page = core_schema.no_info_after_validator_function(made, rows)
        if self._rows_path:
            inner = core_schema.typed_dict_schema({self._rows_path: core_schema.typed_dict_field(page)})
            path = self._rows_path
            page = core_schema.no_info_after_validator_function(lambda found: found[path], inner)
        anything = core_schema.typed_dict_field(core_schema.any_schema(), required=False)
        result: CoreSchema = page
        if shape == "batch":
            parts = ("result_error", "result_total", "result_next", "result_time")
            results = core_schema.dict_schema(core_schema.str_schema(), page)
            result = core_schema.typed_dict_schema(
                {"result": core_schema.typed_dict_field(results), **dict.fromkeys(parts, anything)}
            )
        envelope = core_schema.typed_dict_schema(
            {
                "result": core_schema.typed_dict_field(result),
                **dict.fromkeys(("error", "error_description", "total", "next", "time"), anything),
            }
        )
        return SchemaValidator(envelope, CoreConfig(cache_strings="keys"))
