"""Knowledge bases: api-reference/note/*."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

import aiohttp
import pytest

from b24orm.sandbox import Sandbox

DTO = (400, "VALIDATION_DTOVALIDATIONEXCEPTION")
REQUEST = (400, "VALIDATION_REQUESTVALIDATIONEXCEPTION")
MISSING: tuple[int, str, dict[str, str]] = (400, "ENTITYNOTFOUNDEXCEPTION", {})
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def test_a_knowledge_base_is_made_and_renamed(small: Sandbox, ask: Any) -> None:
    item = (await ask(small, "note.collection.add", {"fields": {"name": "Product documentation", "position": 7}}))[
        "item"
    ]
    assert UTC.fullmatch(item["createdAt"])
    assert item == {
        "id": item["id"],
        "name": "Product documentation",
        "position": 7,
        "policyLevel": "view",
        "createdBy": 1,
        "createdAt": item["createdAt"],
        "updatedBy": 1,
        "updatedAt": item["createdAt"],
    }
    changed = (await ask(small, "note.collection.update", {"id": item["id"], "fields": {"name": "Docs"}}))["item"]
    assert changed["name"] == "Docs"
    assert (await ask(small, "note.collection.get", {"id": item["id"]}))["item"] == changed
    assert [write.verb for write in small.books.writes] == ["add", "update"]


async def test_dates_are_in_utc(portal: Sandbox, ask: Any) -> None:
    assert (await ask(portal, "note.collection.get", {"id": 11}))["item"]["createdAt"] == "2026-04-20T12:00:00Z"


async def test_knowledge_bases_are_listed_by_position_with_a_cursor(portal: Sandbox, ask: Any) -> None:
    first = await ask(portal, "note.collection.list", {"pagination": {"limit": 2}})
    assert [row["id"] for row in first["items"]] == [11, 15]
    assert first["nextCursor"] == {"position": 100, "id": 15}
    rest = {"pagination": {"limit": 2, "afterCursor": first["nextCursor"]}}
    second = await ask(portal, "note.collection.list", rest)
    assert [row["id"] for row in second["items"]] == [19]
    assert second["nextCursor"] is None
    assert len((await ask(portal, "note.collection.list"))["items"]) == 3


@pytest.mark.parametrize(
    "pagination", [{"limit": 0}, {"limit": "x"}, {"afterCursor": {"id": 1}}, {"afterCursor": 5}, "x"]
)
async def test_what_is_no_page_is_refused(portal: Sandbox, refused: Any, pagination: Any) -> None:
    answer = await refused(portal, "note.collection.list", {"pagination": pagination})
    assert answer == (400, "INVALIDPAGINATIONEXCEPTION", {})


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, 'The required field "name" is not filled'),
        ({"name": 5}, "Field `name` requires data type `string` for this request"),
        ({"name": " "}, "Knowledge base name cannot be empty"),
        ({"name": "x" * 256}, "Knowledge base name must not exceed 255 characters"),
    ],
)
async def test_names_of_knowledge_bases_are_checked(small: Sandbox, refused: Any, fields: Any, text: str) -> None:
    assert await refused(small, "note.collection.add", {"fields": fields}) == (*DTO, {"name": text})
    assert await refused(small, "note.collection.update", {"id": 11, "fields": fields}) == (*DTO, {"name": text})
    assert (await refused(small, "note.collection.add"))[:2] == REQUEST


@pytest.mark.parametrize("verb", ["archive", "delete"])
async def test_a_knowledge_base_takes_its_documents_along(small: Sandbox, ask: Any, refused: Any, verb: str) -> None:
    assert await ask(small, f"note.collection.{verb}", {"id": 11}) == {"result": True}
    assert await refused(small, "note.collection.get", {"id": 11}) == MISSING
    assert await refused(small, f"note.collection.{verb}", {"id": 11}) == MISSING
    assert await refused(small, "note.collection.update", {"id": 11, "fields": {"name": "x"}}) == MISSING
    assert await refused(small, "note.document.get", {"id": 21}) == MISSING
    assert await refused(small, "note.document.tree.list", {"collectionId": 11}) == MISSING
    assert [row["id"] for row in (await ask(small, "note.collection.list"))["items"]] == [15, 19]
    assert (await ask(small, "note.document.get", {"id": 41}))["item"]["collectionId"] == 15


async def test_a_document_is_made_below_another_and_changed(small: Sandbox, ask: Any) -> None:
    fields = {"collectionId": 11, "title": "Chapter 9", "parentId": 21, "markdown": "# Chapter 9"}
    item = (await ask(small, "note.document.add", {"fields": fields}))["item"]
    assert {name: item[name] for name in fields} == fields
    assert (item["position"], item["createdBy"]) == (6, 1)
    change = {"id": item["id"], "fields": {"markdown": "new"}, "overwrite": False}
    changed = (await ask(small, "note.document.update", change))["item"]
    assert (changed["title"], changed["markdown"]) == ("Chapter 9", "new")
    root = (await ask(small, "note.document.add", {"fields": {"collectionId": 15, "title": "x"}}))["item"]
    assert (root["parentId"], root["markdown"], root["position"]) == (None, "", 3)


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"title": "x"}, (*DTO, {"collectionId": 'The required field "collectionId" is not filled'})),
        (
            {"collectionId": "11", "title": "x"},
            (*DTO, {"collectionId": "Field `collectionId` requires data type `int` for this request"}),
        ),
        ({"collectionId": 11, "title": ""}, (*DTO, {"title": "Document title cannot be empty"})),
        (
            {"collectionId": 11, "title": "x" * 256},
            (*DTO, {"title": "Document title must not exceed 255 characters"}),
        ),
        ({"collectionId": 999, "title": "x"}, MISSING),
        ({"collectionId": 11, "title": "x", "parentId": 41}, (400, "NOTE_INVALID_PARENT", {})),
        ({"collectionId": 11, "title": "x", "parentId": 999}, (400, "NOTE_INVALID_PARENT", {})),
    ],
)
async def test_what_is_wrong_with_a_new_document(small: Sandbox, refused: Any, fields: Any, answer: Any) -> None:
    assert await refused(small, "note.document.add", {"fields": fields}) == answer


async def test_what_is_wrong_with_a_change_of_a_document(small: Sandbox, refused: Any) -> None:
    update = "note.document.update"
    assert await refused(small, update, {"id": 21, "fields": {}}) == (400, "NOTE_EMPTY_UPDATE", {})
    assert (await refused(small, update, {"id": 21, "fields": {"title": None}}))[:2] == DTO
    assert (await refused(small, update, {"id": 21, "fields": {"collectionId": 15}}))[:2] == DTO
    assert (await refused(small, update, {"id": 21, "fields": {"title": "x"}, "overwrite": "Y"}))[:2] == REQUEST
    assert await refused(small, update, {"id": 999, "fields": {"title": "x"}}) == MISSING
    assert small.books.writes == []


async def test_the_tree_has_children_in_their_parents(small: Sandbox, ask: Any) -> None:
    tree = await ask(small, "note.document.tree.list", {"collectionId": 11})
    assert tree["truncated"] is False
    assert [(node["id"], [child["id"] for child in node["children"]]) for node in tree["items"]] == [
        (21, [25, 27, 29]),
        (23, []),
    ]
    assert set(tree["items"][0]) == {"id", "collectionId", "parentId", "title", "position", "children"}


async def test_a_tree_of_too_many_is_truncated_by_its_roots(small: Sandbox, ask: Any) -> None:
    base = small.insert("note_collection", name="big", position=1, created_at="2026-01-01T00:00:00+03:00")

    def many(parent: int | None, count: int) -> None:
        for place in range(count):
            small.insert("note_document", collection_id=base, parent_id=parent, title="x", position=place)

    many(None, 2)
    first, second = (
        row["id"] for row in (await ask(small, "note.document.tree.list", {"collectionId": base}))["items"]
    )
    many(second, 5000)
    tree = await ask(small, "note.document.tree.list", {"collectionId": base})
    assert ([node["id"] for node in tree["items"]], tree["truncated"]) == ([first], True)
    many(first, 5001)
    tree = await ask(small, "note.document.tree.list", {"collectionId": base})
    assert [len(node["children"]) for node in tree["items"]] == [4999]


@pytest.mark.parametrize("verb", ["archive", "delete"])
async def test_a_document_takes_what_is_below_along(small: Sandbox, ask: Any, refused: Any, verb: str) -> None:
    assert await ask(small, f"note.document.{verb}", {"id": 21}) == {"result": True}
    for gone in (21, 25, 27, 29):
        assert await refused(small, "note.document.get", {"id": gone}) == MISSING
    assert await refused(small, f"note.document.{verb}", {"id": 21}) == MISSING
    tree = await ask(small, "note.document.tree.list", {"collectionId": 11})
    assert [node["id"] for node in tree["items"]] == [23]
    found = await ask(small, "note.document.search.list", {"query": "главы"})
    assert len(found["items"]) == 11


async def test_documents_are_found_by_title_and_text(portal: Sandbox, ask: Any) -> None:
    found = await ask(portal, "note.document.search.list", {"query": "BORSCHT recipe 2"})
    assert [row["collectionId"] for row in found["items"]] == [15] * 5
    assert found["hasMore"] is False
    assert "<b>Borscht recipe 2</b>" in found["items"][0]["snippet"]
    titles = await ask(portal, "note.document.search.list", {"query": "chapter", "pagination": {"limit": 1}})
    assert titles["hasMore"] is True
    assert titles["items"][0]["title"] == "Chapter 1"
    assert titles["items"][0]["score"] > 0.5


async def test_a_title_alone_has_the_beginning_of_the_text_as_its_snippet(small: Sandbox, ask: Any) -> None:
    small.update("note_document", 21, title="ЁЛКА <b>", markdown="A <i> text")
    found = (await ask(small, "note.document.search.list", {"query": "ёлка"}))["items"]
    assert [(row["documentId"], row["snippet"]) for row in found] == [(21, "A &lt;i&gt; text")]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"query": "ab"}, "NOTE_SEARCH_QUERY_TOO_SHORT"),
        ({"query": "x" * 201}, "NOTE_SEARCH_QUERY_TOO_LONG"),
        ({}, REQUEST[1]),
        ({"query": 555}, REQUEST[1]),
        ({"query": "abc", "pagination": 5}, "INVALIDPAGINATIONEXCEPTION"),
    ],
)
async def test_what_is_no_search_is_refused(portal: Sandbox, refused: Any, params: Any, code: str) -> None:
    assert (await refused(portal, "note.document.search.list", params))[:2] == (400, code)


@pytest.mark.parametrize(
    ("name", "mime", "asset"),
    [("diagram.png", "image/png", "image"), ("a.MP4", "video/mp4", "video"), ("b.md", "text/markdown", "file")],
)
async def test_a_file_is_attached_and_ready_to_be_put_in(
    small: Sandbox, ask: Any, refused: Any, name: str, mime: str, asset: str
) -> None:
    sent = {"documentId": 21, "fileName": name, "fileContent": base64.b64encode(b"hello").decode()}
    item = (await ask(small, "note.file.add", sent))["item"]
    assert item == {
        "id": item["id"],
        "documentId": 21,
        "name": name,
        "size": 5,
        "mimeType": mime,
        "assetType": asset,
        "assetMarkdown": f"[[{asset} fileId={item['id']}]]",
    }
    assert (await ask(small, "note.file.get", {"id": item["id"], "documentId": 21}))["item"] == item
    assert await refused(small, "note.file.get", {"id": item["id"], "documentId": 23}) == MISSING
    assert await refused(small, "note.file.get", {"id": 999, "documentId": 21}) == MISSING


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"fileContent": "not base64!"}, (*REQUEST, {"fileContent": "invalid base64 payload"})),
        ({"fileContent": "я"}, (*REQUEST, {"fileContent": "invalid base64 payload"})),
        ({"fileContent": ""}, (*REQUEST, {"fileContent": "invalid base64 payload"})),
        ({"fileName": "virus.exe"}, (400, "NOTE_FILE_TYPE_NOT_ALLOWED", {})),
        ({"fileName": "png"}, (400, "NOTE_FILE_TYPE_NOT_ALLOWED", {})),
        ({"documentId": 999}, MISSING),
        ({"fileName": None}, (*REQUEST, {"fileName": "Required field `fileName` is not specified"})),
    ],
)
async def test_what_is_wrong_with_a_file(small: Sandbox, refused: Any, change: Any, answer: Any) -> None:
    sent = {"documentId": 21, "fileName": "a.png", "fileContent": "aGVsbG8=", **change}
    assert await refused(small, "note.file.add", sent) == answer


async def test_a_text_has_no_more_than_a_mebibyte(small: Sandbox, http: aiohttp.ClientSession) -> None:
    url = small.url.replace("/rest/", "/rest/api/") + "note.document.update"
    for size, status in ((524_288, 200), (524_289, 400)):  # letters of two bytes
        body = json.dumps({"id": 21, "fields": {"markdown": "я" * size}}, ensure_ascii=False)
        async with http.post(
            url, data=io.BytesIO(body.encode()), headers={"Content-Type": "application/json"}
        ) as response:
            said = await response.json()
            assert response.status == status
    assert said["error"]["code"] == "NOTE_MARKDOWN_TOO_LARGE"


async def test_a_file_has_no_more_than_the_portal_allows(small: Sandbox, refused: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("b24orm.sandbox.v3.note_files._LARGEST", 4)
    sent = {"documentId": 21, "fileName": "a.png", "fileContent": "aGVsbG8="}
    assert await refused(small, "note.file.add", sent) == (400, "NOTE_FILE_TOO_LARGE", {})
