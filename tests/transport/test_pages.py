"""Pages of rows out of the bytes of an answer: at once, or later from the bytes that waited."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic_core import CoreSchema, core_schema, from_json, to_json

from b24orm import Deal, Portal
from b24orm.errors import IncompleteResult, InvalidRow, TransportError
from b24orm.transport import Page, PageParser, parser_for, read_batch
from tests.transport.conftest import WirePortal, answer


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


class QuickPairs(Pairs):
    """The same with a quick way that takes pages of one row."""

    def __init__(self) -> None:
        super().__init__()
        self.made = self.seen = 0
        self.worthwhile = True

    def quick(self, rows_path: str) -> QuickPairs:
        assert rows_path == "items"
        self.made += 1
        return self

    def saw(self, rows: int) -> None:
        self.seen += rows

    def read(self, body: bytes) -> list[Any] | None:
        rows = from_json(body)["items"]
        if not isinstance(rows[0]["title"], str):
            raise ValueError("no text")
        return ["quick"] if len(rows) == 1 else None


def rows(first: int, count: int) -> list[dict[str, Any]]:
    return [{"id": str(first + n), "title": f"№{first + n}", "other": [1, {"id": 5}]} for n in range(count)]


def batch(**pages: Any) -> bytes:
    body = {"result": {name: {"items": page} for name, page in pages.items()}, "result_error": [], "result_total": []}
    return to_json({"result": body, "time": {"duration": 0.5}})


def pages_of(parser: PageParser, body: bytes) -> dict[str, Any]:
    results: dict[str, Any] = read_batch(body, {"a": parser, "b": parser})["result"]["result"]
    return results


def test_a_batch_becomes_pages_that_know_their_ids_and_read_their_rows_when_asked() -> None:
    envelope = read_batch(batch(a=rows(1, 2), b=[]), dict.fromkeys("ab", PageParser(Pairs(), "items", "id")))
    first, second = envelope["result"]["result"]["a"], envelope["result"]["result"]["b"]
    assert (first.ids, len(first), first.rows) == ([1, 2], 2, [(1, "№1"), (2, "№2")])
    assert (second.ids, second.rows, len(second)) == ([], [], 0)
    assert envelope["time"] == {"duration": 0.5}


def test_results_that_are_no_lists_may_share_the_batch() -> None:
    parser = PageParser(Pairs(), "items", "id")
    results = read_batch(batch(a=rows(1, 1), b=rows(5, 1)), {"a": parser, "b": None})["result"]["result"]
    assert results["a"].rows == [(1, "№1")]
    assert results["b"] == {"items": rows(5, 1)}


def test_rows_without_a_known_id_or_of_another_shape_are_handed_on_as_they_are() -> None:
    for parser in (PageParser(Pairs(), "items", ""), PageParser(Pairs(), "", "id"), PageParser(Pairs(), "items", "ID")):
        assert pages_of(parser, batch(a=rows(1, 2)))["a"] == {"items": rows(1, 2)}


def test_a_plain_answer_is_read_whether_rows_stand_in_it_or_below_it() -> None:
    for path, result in (("items", {"items": rows(7, 1)}), ("", rows(7, 1))):
        envelope = PageParser(Pairs(), path, "id").read_plain(to_json({"result": result, "total": 1}))
        assert (envelope["result"].rows, envelope["total"]) == ([(7, "№7")], 1)


def test_a_value_that_does_not_fit_stops_its_own_page_and_no_other() -> None:
    broken = [{"id": 4, "title": 5}]
    pages = pages_of(PageParser(Pairs(), "items", "id"), batch(a=rows(1, 3), b=broken))
    assert len(pages["a"].rows) == 3
    with pytest.raises(InvalidRow, match="id=4"):
        _ = pages["b"].rows


def test_ids_may_come_as_text() -> None:
    page = pages_of(PageParser(Pairs(), "items", "id"), batch(a=[{"id": "7", "title": "x"}, {"id": 8, "title": "y"}]))[
        "a"
    ]
    assert page.ids == [7, 8]


def test_text_that_is_none_is_found_when_its_rows_are_read() -> None:
    pages = pages_of(
        PageParser(Pairs(), "items", "id"), batch(a=rows(1, 2), b=rows(3, 1)).replace("№1".encode(), b"\xff")
    )
    assert (pages["a"].ids, pages["b"].rows) == ([1, 2], [(3, "№3")])
    with pytest.raises(TransportError, match="broken") as caught:
        _ = pages["a"].rows
    assert caught.value.__cause__ is None


def test_json_that_is_nested_too_deep_spoils_the_answer() -> None:
    deep = b"[" * 5_000 + b"]" * 5_000
    body = batch(a=[{"id": 1, "title": "@"}]).replace(b'"@"', deep)
    with pytest.raises(ValueError, match="recursion"):
        pages_of(PageParser(Pairs(), "items", "id"), body)


def test_numbers_that_only_one_decoder_knows_are_read() -> None:
    class Raw(Pairs):
        row_schema = None

        def from_python(self, rows: Sequence[dict[str, Any]]) -> list[Any]:
            return list(rows)

    body = batch(a=[{"id": 1, "title": "@"}]).replace(b'"@"', b"1e999")
    assert pages_of(PageParser(Raw(), "items", "id"), body)["a"].rows == [{"id": 1, "title": float("inf")}]


def test_a_result_that_is_no_json_spoils_the_answer() -> None:
    body = batch(a=rows(1, 1), b=rows(2, 1)).replace(b'"title"', b'title"')
    with pytest.raises(ValueError, match="key"):
        pages_of(PageParser(Pairs(), "items", "id"), body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"error":"QUERY_LIMIT_EXCEEDED"}',
        b'{"result":{"items":{"3":{"id":1,"title":"x"}}}}',
        b'{"result":{"items":[{"id":1,"title":"x"}',
    ],
)
def test_what_is_not_as_expected_is_left_to_the_general_decoder(body: bytes) -> None:
    parser = PageParser(Pairs(), "items", "id")
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Pydantic's
        parser.read_plain(body)


def test_the_quick_way_of_a_format_is_tried_where_it_is_worthwhile() -> None:
    format = QuickPairs()
    parser = PageParser(format, "items", "id")
    pages = pages_of(parser, batch(a=rows(1, 1), b=rows(2, 2)))
    assert (pages["a"].rows, pages["b"].rows, format.seen) == (["quick"], [(2, "№2"), (3, "№3")], 2)
    with pytest.raises(InvalidRow, match="id=4"):
        _ = pages_of(parser, batch(a=[{"id": 4, "title": 5}]))["a"].rows
    format.worthwhile = False
    assert pages_of(parser, batch(a=rows(1, 1)))["a"].rows == [(1, "№1")]
    assert format.made == 1
    format.row_schema = core_schema.any_schema()  # fields have come that it did not know
    assert pages_of(parser, batch(a=rows(1, 1)))["a"].rows == rows(1, 1)
    assert format.made == 2


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
    assert pages_of(parser, batch(a=rows(1, 1)))["a"].rows == [(1, "№1")]
    format.row_schema = core_schema.no_info_after_validator_function(
        lambda row: (int(row["id"]), "new"), core_schema.any_schema()
    )
    assert pages_of(parser, batch(a=rows(1, 1)))["a"].rows == [(1, "new")]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_as_it_was_afterwards(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        parser = PageParser(Pairs(), "items", "id")
        assert pages_of(parser, batch(a=rows(1, 1)))["a"].rows
        assert gc.isenabled() is enabled
        with pytest.raises(ValueError):  # noqa: PT011
            pages_of(parser, b"")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


async def test_a_page_that_is_no_text_ends_a_list_where_it_stands(portal: WirePortal) -> None:
    """Its ids were skimmed, so the rows before it are handed out; after the first one, there is where to go on."""

    def ends(spoilt: str) -> bytes:
        head, tail = (
            [{"id": n, "title": "№"} for n in range(1, 51)],
            [{"id": n, "title": "№"} for n in range(60, 10, -1)],
        )
        (head if spoilt == "head" else tail)[5]["title"] = "@"
        results = {"q0": {"items": head}, "q1": {"items": tail}}
        body = {"result": {"result": results, "result_error": [], "result_total": [], "result_next": []}, "time": {}}
        return to_json(body).replace(b'"@"', b'"\xff"')

    async def read() -> None:
        async with Portal(portal.url):
            async for deal in Deal.objects:
                got.append(deal.id)

    portal.script = [answer(ends("tail"))]
    got: list[int] = []
    with pytest.raises(IncompleteResult, match="broken") as caught:
        await read()
    assert got == list(range(1, 51))
    assert (caught.value.rows_so_far, caught.value.resume_point) == (50, 50)
    portal.script = [answer(ends("head"))]
    with pytest.raises(TransportError, match="broken"):
        await read()
