"""Files: those of user fields, the disk, and how they travel."""

from __future__ import annotations

import base64
import io
from typing import Any

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox, Write

CONTENT = bytes(range(256)) * 8
SENT = base64.b64encode(CONTENT).decode()


async def _result(call: Any, portal: Sandbox, method: str, **params: Any) -> Any:
    answer = await call(portal, method, params)
    assert "result" in answer, answer
    return answer["result"]


async def _fetch(http: aiohttp.ClientSession, url: str) -> tuple[int, str, bytes]:
    async with http.get(url) as response:
        return response.status, response.headers["Content-Type"], await response.read()


# -------------------------------------------------------------------------------------------------------- user fields


async def test_a_file_that_was_sent_into_a_field_can_be_fetched_by_its_machine_link(
    small: Sandbox, call: Any, http: aiohttp.ClientSession
) -> None:
    fields = {"UF_CRM_1700000012": ["Скан.png", SENT], "UF_CRM_1700000019": [["b.bin", "YWI"]]}
    params = {"entityTypeId": 2, "useOriginalUfNames": "Y", "fields": fields}
    item = (await _result(call, small, "crm.item.add", **params))["item"]
    one, (other,) = item["UF_CRM_1700000012"], item["UF_CRM_1700000019"]
    assert await _fetch(http, one["urlMachine"]) == (200, "image/png", CONTENT)
    assert await _fetch(http, other["urlMachine"]) == (200, "application/octet-stream", b"ab")
    status, kind, page = await _fetch(http, one["url"])  # made for people, who log in
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert "Авторизация" in page.decode()
    async with http.get(one["urlMachine"]) as response:
        assert "filename*=UTF-8''%D0%A1%D0%BA%D0%B0%D0%BD.png" in response.headers["Content-Disposition"]
    assert small.books.methods["crm.controller.item.getfile"] == 3


async def test_seeded_files_have_contents_too(portal: Sandbox, call: Any, http: aiohttp.ClientSession) -> None:
    params = {"entityTypeId": 2, "useOriginalUfNames": "Y", "filter": {"!=UF_CRM_1700000012": ""}}
    item = (await _result(call, portal, "crm.item.list", **params))["items"][0]
    file = item["UF_CRM_1700000012"]
    status, kind, content = await _fetch(http, file["urlMachine"])
    assert (status, kind) == (200, "text/plain")
    assert content.decode() == f"Содержимое файла {file['id']}\n"


async def test_links_are_signed_and_faults_and_limits_hold_for_them(call: Any, http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=3, limits=Limits(rate=0.001, burst=3)) as sandbox:
        files = await _result(call, sandbox, "disk.storage.getchildren", id=1, filter={"TYPE": "file"})
        link = files[0]["DOWNLOAD_URL"]
        sandbox.faults.add("half_answer", method="download")
        with pytest.raises(aiohttp.ClientPayloadError):
            await _fetch(http, link)
        assert (await _fetch(http, link + "0"))[0] == 403
        assert (await _fetch(http, link))[0] == 503
        assert sandbox.books.refusals == 1


# --------------------------------------------------------------------------------------------------------------- disk


async def test_storages_and_folders_show_what_is_in_them(portal: Sandbox, call: Any) -> None:
    storages = await _result(call, portal, "disk.storage.getlist", filter={"ENTITY_TYPE": "common", "NOPE": 1})
    assert [(row["ID"], row["ROOT_OBJECT_ID"]) for row in storages] == [("1", "3")]
    assert await _result(call, portal, "disk.storage.get", id=1) == storages[0]
    children = await _result(call, portal, "disk.folder.getchildren", id=3, order={"NAME": "DESC"})
    assert children == await _result(call, portal, "disk.storage.getchildren", id=1, order={"NAME": "DESC"})
    assert [row["NAME"] for row in children] == sorted((row["NAME"] for row in children), reverse=True)
    folder = next(row for row in children if row["TYPE"] == "folder")
    assert (folder["REAL_OBJECT_ID"], "SIZE" in folder) == (folder["ID"], False)
    file = next(row for row in children if row["TYPE"] == "file")
    assert await _result(call, portal, "disk.file.get", id=file["ID"]) == file
    only = await _result(call, portal, "disk.folder.getchildren", id=3, filter={"TYPE": "file", ">ID": file["ID"]})
    assert all(row["TYPE"] == "file" and int(row["ID"]) > int(file["ID"]) for row in only)
    assert "DOWNLOAD_URL" in await _result(call, portal, "disk.file.getfields")


async def test_a_file_is_sent_at_once_and_fetched(small: Sandbox, call: Any, http: aiohttp.ClientSession) -> None:
    params = {"id": 21, "data": {"NAME": "Акт.bin"}, "fileContent": ["ignored.bin", SENT]}
    new = await _result(call, small, "disk.folder.uploadfile", **params)
    assert (new["NAME"], new["SIZE"], new["PARENT_ID"], new["DELETED_TYPE"]) == ("Акт.bin", "2048", "21", 0)
    assert isinstance(new["ID"], int)
    got = await _result(call, small, "disk.file.get", id=new["ID"])
    assert (got["ID"], got["FILE_ID"]) == (str(new["ID"]), str(new["FILE_ID"]))
    assert (await _fetch(http, got["DOWNLOAD_URL"]))[2] == CONTENT
    again = await call(small, "disk.folder.uploadfile", params)
    assert again["error"] == "DISK_OBJ_22000"
    unique = await _result(call, small, "disk.folder.uploadfile", **params, generateUniqueName=True)
    assert unique["NAME"] == "Акт (1).bin"
    assert small.books.writes == [
        Write("disk.folder.uploadfile", "disk_file", one["ID"], "add") for one in (new, unique)
    ]


async def test_a_file_is_sent_in_two_steps_whatever_its_size(
    small: Sandbox, call: Any, http: aiohttp.ClientSession
) -> None:
    step = await _result(call, small, "disk.folder.uploadfile", id=21)
    assert step["field"] == "file"
    assert small.books.writes == []
    content = CONTENT * 1200  # beyond what a small form may hold
    form = aiohttp.FormData(quote_fields=False)  # else the name arrives as the client quoted it
    form.add_field("other", "x")
    form.add_field(step["field"], io.BytesIO(content), filename="Большой.zip", content_type="application/zip")
    async with http.post(step["uploadUrl"], data=form) as response:
        new = (await response.json())["result"]
    assert (response.status, new["NAME"], new["SIZE"]) == (200, "Большой.zip", str(len(content)))
    assert (await _fetch(http, new["DOWNLOAD_URL"]))[1:] == ("application/zip", content)
    assert small.books.writes == [Write("upload", "disk_file", new["ID"], "add")]
    async with http.post(step["uploadUrl"]) as response:
        assert (await response.json())["error"] == "ERROR_COULD_NOT_SAVE_FILE"
    async with http.post(step["uploadUrl"] + "0", data={}) as response:
        assert response.status == 403
    small.denied.add("upload")
    async with http.post(step["uploadUrl"], data={}) as response:
        assert (await response.json())["error"] == "ACCESS_DENIED"


async def test_folders_and_files_are_made_renamed_trashed_and_deleted(small: Sandbox, call: Any) -> None:
    folder = await _result(call, small, "disk.storage.addfolder", id=3, data={"NAME": "Новая"})
    inner = await _result(call, small, "disk.folder.addsubfolder", id=folder["ID"], data={"NAME": "Ещё"})
    assert (inner["PARENT_ID"], inner["REAL_OBJECT_ID"]) == (str(folder["ID"]), inner["ID"])
    sent = {"data": {"NAME": "a.txt"}, "fileContent": ["a.txt", "YQ=="]}
    file = await _result(call, small, "disk.folder.uploadfile", id=inner["ID"], **sent)
    renamed = await _result(call, small, "disk.file.rename", id=file["ID"], newName="b.txt")
    assert renamed["NAME"] == "b.txt"
    newer = await _result(call, small, "disk.file.uploadversion", id=file["ID"], fileContent=["x", "YWI="])
    assert (newer["SIZE"], newer["GLOBAL_CONTENT_VERSION"]) == ("2", "2")
    trashed = await _result(call, small, "disk.file.markdeleted", id=file["ID"])
    assert trashed["DELETED_TYPE"] == "3"
    assert await _result(call, small, "disk.folder.getchildren", id=inner["ID"]) == []
    assert (await _result(call, small, "disk.file.get", id=file["ID"]))["DELETED_TYPE"] == "3"
    assert await _result(call, small, "disk.folder.deletetree", id=folder["ID"]) is True
    for kind, row in (("folder", inner), ("file", file)):
        answer = await call(small, f"disk.{kind}.get", {"id": row["ID"]})
        assert (answer["error"], str(row["ID"]) in answer["error_description"]) == ("ERROR_NOT_FOUND", True)
    assert [(w.entity, w.verb) for w in small.books.writes] == [
        ("disk_folder", "add"),
        ("disk_folder", "add"),
        ("disk_file", "add"),
        ("disk_file", "update"),
        ("disk_file", "update"),
        ("disk_file", "delete"),
        ("disk_folder", "delete"),
    ]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("disk.file.get", {}, "ERROR_ARGUMENT"),
        ("disk.file.get", {"id": 21}, "ERROR_NOT_FOUND"),  # a folder
        ("disk.folder.uploadfile", {"id": 1}, "ERROR_NOT_FOUND"),
        ("disk.folder.uploadfile", {"id": 21, "fileContent": ["a", "YQ=="]}, "DISK_BASE_SERVICE_22001"),
        (
            "disk.folder.uploadfile",
            {"id": 21, "data": {"NAME": "a"}, "fileContent": ["a", ""]},
            "ERROR_COULD_NOT_SAVE_FILE",
        ),
        ("disk.file.uploadversion", {"id": 31, "fileContent": []}, "ERROR_COULD_NOT_SAVE_FILE"),
        ("disk.file.rename", {"id": 31}, "ERROR_ARGUMENT"),
        ("disk.folder.addsubfolder", {"id": 21}, "DISK_BASE_SERVICE_22001"),
        ("disk.file.delete", {"id": 1}, "ERROR_NOT_FOUND"),
        ("disk.storage.get", {"id": 99}, "ERROR_NOT_FOUND"),
    ],
)
async def test_the_disk_refuses_in_the_words_of_its_pages(
    small: Sandbox, call: Any, method: str, params: dict[str, Any], code: str
) -> None:
    assert (await call(small, method, params))["error"] == code
    assert small.books.writes == []
