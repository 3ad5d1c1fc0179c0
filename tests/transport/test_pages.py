"""Pages of rows out of the bytes of an answer: at once, or later from the bytes that waited."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic_core import CoreSchema, core_schema, to_json

from b24orm.errors import InvalidRow
from b24orm.transport import PageParser
from b24orm.transport.pages import Page, parser_for


class Pairs:
    """Rows read as pairs of id and title."""

    def __init__(self) -> None:
        fields = {"id": core_schema.int_schema(), "title": core_schema.str_schema()}
        row = core_schema.typed_dict_schema({name: core_schema.typed_dict_field(s) for name, s in fields.items()})
        self.row_schema: CoreSchema | None = core_schema.no_info_after_validator_function(
            lambda row: (row["id"], row["title"]), row
        )

    def key(self, row: Any) -> int:
        return int(row[0])

    def from_python(self, rows: Sequence[dict[str, Any]]) -> list[Any]:
        for row in rows:
            if not isinstance(row["title"], str):
                raise InvalidRow("Pair", row["id"], "title", row["title"])
        return [(int(row["id"]), row["title"]) for row in rows]


def rows(first: int, count: int) -> list[dict[str, Any]]:
    return [{"id": str(first + n), "title": f"№{first + n}", "other": [1, {"id": 5}]} for n in range(count)]


def batch(**pages: Any) -> bytes:
    body = {"result": {name: {"items": page} for name, page in pages.items()}, "result_error": [], "result_total": []}
    return to_json({"result": body, "time": {"duration": 0.5}})


def test_a_batch_is_read_into_pages_of_finished_rows() -> None:
    parser = PageParser(Pairs(), "items", "id")
    envelope = parser.read_batch(batch(a=rows(1, 2), b=[]))
    first, second = envelope["result"]["result"]["a"], envelope["result"]["result"]["b"]
    assert (first.ids, first.rows) == ([1, 2], [(1, "№1"), (2, "№2")])
    assert (second.ids, second.rows, len(second)) == ([], [], 0)
    assert envelope["time"] == {"duration": 0.5}


def test_a_plain_answer_is_read_whether_rows_stand_in_it_or_below_it() -> None:
    for path, result in (("items", {"items": rows(7, 1)}), ("", rows(7, 1))):
        envelope = PageParser(Pairs(), path, "id").read_plain(to_json({"result": result, "total": 1}))
        assert (envelope["result"].rows, envelope["total"]) == ([(7, "№7")], 1)


def test_a_batch_that_was_skimmed_knows_its_ids_and_reads_its_rows_when_asked() -> None:
    parser = PageParser(Pairs(), "items", "id")
    pages = parser.skim(batch(a=rows(1, 3), b=rows(4, 2)))["result"]["result"]
    assert [page.ids for page in pages.values()] == [[1, 2, 3], [4, 5]]
    assert pages["b"].rows == [(4, "№4"), (5, "№5")]
    assert pages["a"].rows[0] == (1, "№1")


def test_a_value_that_does_not_fit_stops_its_own_page_and_no_other() -> None:
    broken = [{"id": 4, "title": 5}]
    parser = PageParser(Pairs(), "items", "id")
    with pytest.raises(ValueError, match="title"):
        parser.read_batch(batch(a=rows(1, 3), b=broken))  # the general decoder takes over
    pages = parser.skim(batch(a=rows(1, 3), b=broken))["result"]["result"]
    assert len(pages["a"].rows) == 3
    with pytest.raises(InvalidRow, match="id=4"):
        _ = pages["b"].rows


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"error":"QUERY_LIMIT_EXCEEDED"}',
        b'{"result":{"result":[]}}',
        b'{"result":{"result":{"a":{"items":{"3":{"id":1,"title":"x"}}}}}}',
        b'{"result":{"result":{"a":{"items":[{"id":1,"title":"x"}',
    ],
)
def test_what_is_not_as_expected_is_left_to_the_general_decoder(body: bytes) -> None:
    parser = PageParser(Pairs(), "items", "id")
    for read in (parser.read_batch, parser.read_plain, parser.skim):
        with pytest.raises(ValueError):  # noqa: PT011 - the words are Pydantic's
            read(body)


def test_a_page_is_cut_like_a_list() -> None:
    page = Page([1, 2, 3], promise=lambda: ["a", "b", "c"])
    assert page.cut(0, None) is page
    assert page.cut(0, 3) is page
    part = page.cut(1, 2)
    assert (part.ids, part.rows) == ([2], ["b"])


def test_the_parser_of_a_format_is_made_once_and_follows_its_schema() -> None:
    format = Pairs()
    parser = parser_for(format, "items", "id")
    assert parser_for(format, "items", "id") is parser
    assert parser_for(format, "", "ID") is not parser
    assert parser.read_batch(batch(a=rows(1, 1)))["result"]["result"]["a"].rows == [(1, "№1")]
    format.row_schema = core_schema.no_info_after_validator_function(
        lambda row: (int(row["id"]), "new"), core_schema.any_schema()
    )
    assert parser.read_batch(batch(a=rows(1, 1)))["result"]["result"]["a"].rows == [(1, "new")]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_as_it_was_afterwards(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        parser = PageParser(Pairs(), "items", "id")
        parser.read_batch(batch(a=rows(1, 1)))
        assert gc.isenabled() is enabled
        with pytest.raises(ValueError):  # noqa: PT011
            parser.read_batch(b"")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
