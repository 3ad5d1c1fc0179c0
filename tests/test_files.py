"""Files: uploads to the disk and downloads from wherever the portal keeps them."""

from __future__ import annotations

import asyncio
import logging
import os
import traceback
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from b24orm import Col, Deal, DiskFile, File, Limits, Portal, column, connect, upload_file
from b24orm.context import default_portal
from b24orm.engine.places import Places
from b24orm.errors import (
    AccessDenied,
    B24OrmError,
    ConfigurationError,
    FieldNotLoaded,
    InvalidValue,
    OutcomeUnknown,
    PortalError,
    TransportError,
)
from b24orm.sandbox import Sandbox
from b24orm.transport import Form, Secret

FOLDER = 21
SMALL = bytes(range(256))
LARGE = os.urandom(2**20) * 20  # 20 MiB
PIECE = 2**18


class WithFile(Deal):
    scan: Col[File | None] = column("UF_CRM_1700000012", default=None)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=3, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before the next attempt."""
    monkeypatch.setattr("b24orm.engine.dispatcher.backoff", lambda attempts: 0.0)
    monkeypatch.setattr("b24orm.engine.again.backoff", lambda attempts: 0.0)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "Большой файл.bin"
    path.write_bytes(LARGE)
    return path


def methods(sandbox: Sandbox) -> list[str]:
    return [record.method for record in sandbox.books.log]


async def stored(content: bytes = SMALL, name: str = "Акт.bin") -> DiskFile:
    return await upload_file(content, name=name, folder_id=FOLDER, generate_unique_name=True)


def token_of(address: str | None) -> Secret:
    """What lets in whoever has it: the signature in the token."""
    assert address is not None
    return Secret(address.rpartition(".")[2])


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def until(happened: Callable[[], bool]) -> None:
    while not happened():  # noqa: ASYNC110 - it happens in another thread
        await asyncio.sleep(0.01)


async def fails(work: Callable[[], Any], token: Secret) -> B24OrmError:
    """The error of a transfer, which may not show the token of its address."""
    with pytest.raises(B24OrmError) as caught:
        await work()
    error: BaseException | None = caught.value
    shown = [*traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()]
    while error is not None:
        shown += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    assert token.reveal() not in "".join(shown)
    return caught.value


# ------------------------------------------------------------------------------------------------------------ uploads


async def test_a_small_file_travels_in_one_command(sandbox: Sandbox, portal: Portal) -> None:
    file = await upload_file(SMALL, name="Акт №1 & Co.bin", folder_id=FOLDER)
    assert isinstance(file, DiskFile)
    assert (file.name, file.size, file.parent_id) == ("Акт №1 & Co.bin", len(SMALL), FOLDER)
    assert methods(sandbox) == ["disk.folder.uploadfile"]
    assert await file.file.read() == SMALL
    assert (await DiskFile.objects.get(file.id)).name == file.name


async def test_small_files_share_a_request(sandbox: Sandbox, portal: Portal) -> None:
    files = await asyncio.gather(*(upload_file(SMALL, name=f"{n}.bin", folder_id=FOLDER) for n in range(5)))
    assert [file.name for file in files] == [f"{n}.bin" for n in range(5)]
    assert methods(sandbox) == ["batch"]


async def test_a_large_file_is_streamed_from_where_it_lies(
    sandbox: Sandbox, portal: Portal, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    body = Form.body

    async def watched(self: Form, on_progress: Callable[[], None]) -> AsyncGenerator[bytes]:
        async for piece in body(self, on_progress):
            sizes.append(len(piece))
            yield piece

    monkeypatch.setattr(Form, "body", watched)
    file = await upload_file(large, folder_id=FOLDER)
    assert (file.name, file.size) == (large.name, len(LARGE))
    assert methods(sandbox) == ["disk.folder.uploadfile", "upload"]
    assert sandbox.books.applied["disk_file", "add"] == 1
    assert max(sizes) <= PIECE
    assert sum(sizes) > len(LARGE)
    assert await file.file.read() == LARGE


@pytest.mark.parametrize("content", [SMALL, LARGE[:300_000]])
async def test_whatever_a_file_is_made_of_can_be_sent(portal: Portal, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "на диске.bin"
    path.write_bytes(content)
    sources: list[Any] = [
        path,
        str(path),
        bytearray(content),
        File.from_path(path),
        File.from_bytes("на диске.bin", content),
        File.from_base64("на диске.bin", b64encode(content).decode()),
    ]
    for source in sources:
        name = "на диске.bin" if isinstance(source, bytearray) else None
        file = await upload_file(source, name=name, folder_id=FOLDER, generate_unique_name=True)
        assert file.name.startswith("на диске")
        assert await file.file.read() == content
    assert (await upload_file(path, name="other.bin", folder_id=FOLDER)).name == "other.bin"


@pytest.mark.parametrize("content", [SMALL, LARGE[:300_000]])
async def test_a_storage_takes_files_into_its_topmost_folder(portal: Portal, content: bytes) -> None:
    file = await upload_file(content, name="a.bin", storage_id=1)
    assert (file.storage_id, file.parent_id) == (1, 3)


@pytest.mark.parametrize("content", [SMALL, LARGE[:300_000]])
async def test_a_name_that_is_taken_is_refused_unless_the_portal_makes_up_another(
    portal: Portal, content: bytes
) -> None:
    assert (await stored(content, "a.bin")).name == "a.bin"
    assert (await stored(content, "a.bin")).name == "a (1).bin"
    with pytest.raises(PortalError, match="DISK_OBJ_22000"):
        await upload_file(content, name="a.bin", folder_id=FOLDER)


@pytest.mark.parametrize(
    ("file", "options", "text"),
    [
        (SMALL, {"name": "a"}, "either into a folder"),
        (SMALL, {"name": "a", "folder_id": 1, "storage_id": 1}, "either into a folder"),
        (SMALL, {"folder_id": 1}, "a file needs a name"),
        (SMALL, {"folder_id": 1, "name": " "}, "a file needs a name"),
        (SMALL, {"folder_id": 1, "name": "a/b"}, "no slashes"),
        (SMALL, {"folder_id": 1, "name": 'a"b'}, "no slashes"),
        (SMALL, {"folder_id": 1, "name": "a\r\nb"}, "no slashes"),
        (5, {"folder_id": 1, "name": "a"}, "a path, bytes, or a File, not int"),
        (File(id=5), {"folder_id": 1}, "at the portal"),
        (File.from_base64("a", "not base64"), {"folder_id": 1}, "no base64"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once(file: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidValue, match=text):
        upload_file(file, **options)


async def test_an_empty_file_or_none_is_refused_before_anything_is_sent(sandbox: Sandbox, portal: Portal) -> None:
    with pytest.raises(FileNotFoundError):
        upload_file("no such file", folder_id=FOLDER)
    with pytest.raises(InvalidValue, match="empty"):
        await upload_file(b"", name="a", folder_id=FOLDER)
    assert sandbox.books.requests == 0


async def test_an_upload_explains_itself_and_sends_nothing(sandbox: Sandbox, portal: Portal) -> None:
    plan = upload_file(SMALL, name="a", folder_id=FOLDER).explain()
    assert "never sent again" in str(plan)
    assert plan.first[0].method == "disk.folder.uploadfile"
    assert sandbox.books.requests == 0


@pytest.mark.parametrize("fault", ["reset_after", "half_answer", "reset", "server_error"])
@pytest.mark.parametrize("size", [256, 300_000])
async def test_a_file_whose_answer_is_lost_is_not_sent_again(
    sandbox: Sandbox, portal: Portal, fault: str, size: int
) -> None:
    method = "upload" if size > 100_000 else "disk.folder.uploadfile"
    sandbox.faults.add(fault, method=method)
    with pytest.raises(OutcomeUnknown, match="not sent again"):
        await upload_file(LARGE[:size], name="a.bin", folder_id=FOLDER)
    assert methods(sandbox).count(method) == 1
    assert sandbox.books.applied["disk_file", "add"] == (fault in ("reset_after", "half_answer"))


async def test_a_refusal_that_proves_that_nothing_was_stored_is_sent_again(sandbox: Sandbox, portal: Portal) -> None:
    sandbox.faults.add("query_limit", method="upload")
    sandbox.faults.add("reset", method="disk.folder.uploadfile")  # asks for a place, and stores nothing
    file = await upload_file(LARGE[:300_000], name="a.bin", folder_id=FOLDER)
    assert await file.file.read() == LARGE[:300_000]
    assert sandbox.books.applied["disk_file", "add"] == 1
    assert (portal.stats.refusals, portal.stats.retries) == (1, 2)


async def test_the_address_for_an_upload_shows_in_no_error(
    sandbox: Sandbox, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    place = (await portal.call("disk.folder.uploadfile", {"id": FOLDER})).result
    sandbox.denied.add("upload")
    error = await fails(lambda: upload_file(LARGE[:300_000], name="a", folder_id=FOLDER), token_of(place["uploadUrl"]))
    assert isinstance(error, AccessDenied)
    assert token_of(place["uploadUrl"]).reveal() not in caplog.text


async def test_a_place_that_is_none_is_an_error(
    sandbox: Sandbox, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answer:
        result = None

        def unwrap(self) -> Any:
            return self

    async def submit(command: Any) -> Any:
        return Answer()

    monkeypatch.setattr(portal, "submit", submit)
    with pytest.raises(TransportError, match="the portal gave no address"):
        await upload_file(LARGE[:300_000], name="a", folder_id=FOLDER)
    with pytest.raises(TransportError, match="the answer is no file"):
        await upload_file(SMALL, name="a", folder_id=FOLDER)


# ---------------------------------------------------------------------------------------------------------- downloads


async def test_a_file_of_the_disk_is_read_saved_and_walked_through(portal: Portal, tmp_path: Path, large: Path) -> None:
    file = await upload_file(large, folder_id=FOLDER)
    assert await file.file.read() == LARGE
    assert await file.file.save(tmp_path / "copy.bin") == tmp_path / "copy.bin"
    assert (tmp_path / "copy.bin").read_bytes() == LARGE
    sizes = [len(chunk) async for chunk in file.file.chunks()]
    assert max(sizes) <= PIECE
    assert sum(sizes) == len(LARGE)


async def test_a_file_is_written_as_it_comes(portal: Portal, tmp_path: Path, large: Path) -> None:
    file = await upload_file(large, folder_id=FOLDER)
    sizes: list[int] = []
    fetch = portal.fetch

    async def watched(*arguments: Any, **options: Any) -> AsyncGenerator[Any]:
        async for part in fetch(*arguments, **options):
            if isinstance(part, bytes):
                (half,) = (tmp_path / name for name in names_in(tmp_path) if name.endswith(".part"))
                assert half.stat().st_size >= sum(sizes) - PIECE  # all but what a buffer holds
                sizes.append(len(part))
            yield part

    portal.fetch = watched  # type: ignore[method-assign]
    await file.file.save(tmp_path / "copy.bin")
    assert max(sizes) <= PIECE


async def test_a_folder_takes_a_file_under_its_own_name(portal: Portal, tmp_path: Path) -> None:
    file = await stored()
    assert await file.file.save(tmp_path) == tmp_path / "Акт.bin"
    assert file.download_url is not None
    assert await portal.download(file.download_url).save(str(tmp_path)) == tmp_path / "Акт.bin"
    assert await portal.download(file.download_url, name="../../evil").save(tmp_path) == tmp_path / "evil"
    assert await portal.download(file.download_url, name="..").save(tmp_path) == tmp_path / "file"
    assert names_in(tmp_path) == ["evil", "file", "Акт.bin"]


async def test_a_folder_that_is_not_there_is_noticed_before_anything_is_sent(
    sandbox: Sandbox, portal: Portal, tmp_path: Path
) -> None:
    file = await stored()
    before = sandbox.books.requests
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        await file.file.save(tmp_path / "none" / "a.bin")
    assert sandbox.books.requests == before


async def test_a_download_that_breaks_off_leaves_what_was_there_before(
    sandbox: Sandbox, portal: Portal, tmp_path: Path
) -> None:
    file = await stored(LARGE[:3_000_000])
    old = tmp_path / "a.bin"
    old.write_bytes(b"old")
    sandbox.faults.add("half_answer", method="download", every=1)
    assert isinstance(await fails(lambda: file.file.save(old), token_of(file.download_url)), TransportError)
    assert methods(sandbox).count("download") == 6
    assert names_in(tmp_path) == ["a.bin"]
    assert old.read_bytes() == b"old"


async def test_a_download_that_is_cancelled_leaves_nothing(sandbox: Sandbox, portal: Portal, tmp_path: Path) -> None:
    file = await stored()
    sandbox.faults.add("hang", method="download")
    task = asyncio.ensure_future(file.file.save(tmp_path / "a.bin").run_at(portal))
    await until(lambda: sandbox.faults.pending == 0)
    assert len(names_in(tmp_path)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names_in(tmp_path) == []
    assert await file.file.read() == SMALL


@pytest.mark.parametrize(
    "fault", ["half_answer", "reset", "reset_after", "server_error", "bad_gateway", "query_limit", "html", "empty"]
)
async def test_a_download_that_fails_once_is_asked_for_again(
    sandbox: Sandbox, portal: Portal, tmp_path: Path, fault: str
) -> None:
    content = LARGE[:3_000_000]
    file = await stored(content)
    for use in (file.file.read, lambda: file.file.save(tmp_path)):
        sandbox.faults.add(fault, method="download")
        got = await use()
        assert (got if isinstance(got, bytes) else got.read_bytes()) == content
    asks_by_itself = "_retry_connection" not in aiohttp.ClientSession.ATTRS  # an old aiohttp, if a connection breaks
    if not (asks_by_itself and fault.startswith("reset")):
        assert portal.stats.requests == sandbox.books.requests
        assert portal.stats.retries == sum(portal.stats.reasons.values()) == 2


async def test_what_was_handed_out_is_not_handed_out_twice(sandbox: Sandbox, portal: Portal) -> None:
    content = LARGE[:3_000_000]
    file = await stored(content)
    sandbox.faults.add("bad_gateway", method="download")
    assert b"".join([chunk async for chunk in file.file.chunks()]) == content
    sandbox.faults.add("half_answer", method="download")
    seen: list[bytes] = []

    async def walk() -> None:
        async for chunk in file.file.chunks():
            seen.append(chunk)

    with pytest.raises(TransportError, match="half an answer"):
        await walk()
    assert content.startswith(b"".join(seen))
    assert 0 < sum(map(len, seen)) < len(content)


async def test_an_error_instead_of_a_file_is_the_portals_and_is_not_asked_for_again(
    sandbox: Sandbox, portal: Portal
) -> None:
    file = await stored()
    sandbox.denied.add("download")
    before = sandbox.books.requests
    assert isinstance(await fails(lambda: file.file.read(), token_of(file.download_url)), AccessDenied)
    assert sandbox.books.requests == before + 1
    sandbox.denied.clear()
    with pytest.raises(AccessDenied):
        await portal.download(f"{file.download_url}0").read()


async def test_files_of_crm_fields_are_read_by_their_address_for_programs(portal: Portal, tmp_path: Path) -> None:
    deal = await WithFile(title="x", scan=File.from_bytes("Скан.png", SMALL)).save()
    deal = await WithFile.objects.get(deal.id)
    assert deal.scan is not None
    assert await deal.scan.read() == SMALL
    assert await deal.scan.save(tmp_path) == tmp_path / "Скан.png"
    assert b"".join([chunk async for chunk in deal.scan.chunks(portal=portal)]) == SMALL
    assert token_of(deal.scan.url_machine).reveal() not in repr(deal)
    people = File(url=deal.scan.url)
    with pytest.raises(TransportError, match="an HTML page instead of the file"):
        await people.read()


async def test_a_file_that_is_not_at_the_portal_cannot_be_fetched(portal: Portal) -> None:
    for file, text in ((File.from_bytes("a", b"x"), "not at the portal"), (File(id=5), "no address")):
        for use in (file.read, file.chunks, lambda file=file: file.save(".")):
            with pytest.raises(InvalidValue, match=text):
                use()


async def test_a_file_of_the_disk_needs_its_address(portal: Portal) -> None:
    file = await stored()
    (narrow,) = await DiskFile.objects.filter(parent_id=FOLDER, id=file.id).select("id", "name")
    if "download_url" not in narrow.loaded_fields:
        with pytest.raises(FieldNotLoaded):
            _ = narrow.file
    with pytest.raises(InvalidValue, match="no download_url"):
        _ = DiskFile(name="a", file_content=File.from_bytes("a", b"x"), parent_id=FOLDER).file


async def test_an_address_elsewhere_is_refused_before_anything_is_sent(sandbox: Sandbox, portal: Portal) -> None:
    for url in ("https://evil.example/a?token=1", "http://my.bitrix24.ru/a", "", "ftp://a"):
        with pytest.raises(InvalidValue, match="this is not the address of a file"):
            await portal.download(url).read()
    assert (sandbox.books.requests, portal.stats.requests) == (0, 0)


async def test_tokens_show_in_no_repr_and_no_log(
    sandbox: Sandbox, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    file = await stored()
    sandbox.faults.add("half_answer", method="download")
    await file.file.read()
    token = token_of(file.download_url).reveal()
    assert token
    raw = (await portal.call("disk.file.get", {"id": file.id})).result
    again = await DiskFile.objects.get(file.id)
    for shown in (repr(file), repr(again), str(again), repr(file.file), repr(file.file.chunks()), caplog.text):
        assert token not in shown
        assert raw["DOWNLOAD_URL"] not in shown
    assert repr(file.file).startswith("<Download of Акт.bin")


async def test_the_books_count_transfers(sandbox: Sandbox, portal: Portal, large: Path) -> None:
    file = await upload_file(large, folder_id=FOLDER)
    before = portal.stats.bytes
    await file.file.read()
    assert portal.stats.requests == sandbox.books.requests == 3
    assert portal.stats.bytes - before == len(LARGE)
    assert portal.stats.commands == 1


# --------------------------------------------------------------------------------------------------- limits and places


async def test_transfers_and_commands_stay_within_the_rate_together() -> None:
    limits = Limits(rate=20.0, burst=5)
    with Sandbox(deals=3, limits=limits) as sandbox:
        async with Portal(sandbox.url, limits=limits):
            file = await stored()
            work = [file.file.read().run_at(await _here()) for _ in range(8)]
            counts = [_counted() for _ in range(8)]
            await asyncio.gather(*work, *counts)
        assert sandbox.books.refusals == 0
        assert sandbox.books.methods["download"] == 8


async def _here() -> Portal:
    from b24orm.context import current_portal

    portal = current_portal()
    assert isinstance(portal, Portal)
    return portal


async def _counted() -> None:
    for _ in range(2):
        await Deal.objects.count()


async def test_with_one_request_at_a_time_all_get_their_turn(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), max_concurrency=1) as portal:
        file = await stored(LARGE[:3_000_000])
        under_way = [file.file.read().run_at(portal) for _ in range(5)]
        await asyncio.gather(*under_way, *(_counted() for _ in range(5)))


async def test_a_program_may_ask_for_other_things_while_it_walks_through_a_file(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), max_concurrency=1):
        file = await stored(LARGE[:3_000_000])
        async for _ in file.file.chunks():
            assert await Deal.objects.count() == 3
            async for _ in file.file.chunks():
                break  # and hang up
            assert len(await file.file.read()) == 3_000_000


async def test_whoever_waits_is_told_when_the_portal_is_closed(sandbox: Sandbox) -> None:
    portal = Portal(sandbox.url, limits=Limits.none(), max_concurrency=1)
    async with portal:
        file = await stored()
        sandbox.faults.add("hang", method="download")
        tasks = [asyncio.ensure_future(file.file.read().run_at(portal)) for _ in range(3)]
        await until(lambda: sandbox.faults.pending == 0)
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, ConfigurationError | TransportError) for error in errors)
    assert sum(isinstance(error, ConfigurationError) for error in errors) >= 2
    with pytest.raises(ConfigurationError, match="not open"):
        await file.file.read().run_at(portal)


async def test_files_leave_a_place_to_commands_and_take_turns_with_them() -> None:
    woken: list[int] = []
    places = Places(lambda: woken.append(1))
    contexts = [places.one() for _ in range(4)]
    tasks = [asyncio.ensure_future(context.__aenter__()) for context in contexts]
    await asyncio.sleep(0)
    assert places.wanted(3)
    places.give(1.0)
    places.give(2.0)
    assert places.taken == 2
    assert not places.wanted(3)  # the third place is for commands
    assert [places.wanted(9, beside=lambda: True) for _ in range(4)] == [False, True, False, True]
    assert places.wanted(9, beside=lambda: False)
    first = await tasks[0]
    first.leave()
    first.leave()
    assert places.taken == 1
    places.give(3.0)
    tasks[2].cancel()  # in the very moment in which it may leave
    with pytest.raises(asyncio.CancelledError):
        await tasks[2]
    assert places.taken == 1
    tasks[3].cancel()
    await asyncio.sleep(0)
    assert not places.wanted(9)
    await contexts[0].__aexit__(None, None, None)
    await contexts[1].__aexit__(None, None, None)
    assert places.taken == 0


# -------------------------------------------------------------------------------------------------------- the rest


def test_blocking_code_sends_and_fetches_files_too(sandbox: Sandbox, tmp_path: Path) -> None:
    with Portal(sandbox.url, limits=Limits.none()) as portal:
        file = upload_file(SMALL, name="a.bin", folder_id=FOLDER).run_sync()
        assert file.file.read().run_sync() == SMALL
        assert file.file.save(tmp_path).run_sync() == tmp_path / "a.bin"
        assert b"".join(file.file.chunks()) == SMALL
        assert file.download_url is not None
        assert portal.download(file.download_url).read().run_sync() == SMALL


async def test_a_portal_on_another_loop_serves_files_as_well(sandbox: Sandbox, tmp_path: Path) -> None:
    portal = connect(sandbox.url, limits=Limits.none())
    try:
        file = await upload_file(LARGE[:300_000], name="a.bin", folder_id=FOLDER)
        assert await file.file.read() == LARGE[:300_000]
        assert b"".join([chunk async for chunk in file.file.chunks()]) == LARGE[:300_000]
        assert await file.file.save(tmp_path) == tmp_path / "a.bin"
    finally:
        await portal.aclose()
        default_portal.portal = None


async def test_a_file_is_sent_and_fetched_where_it_is_told_to(sandbox: Sandbox, portal: Portal) -> None:
    with Sandbox(deals=1, seed=2, limits=Limits.none()) as other:
        async with Portal(other.url, limits=Limits.none()) as elsewhere:
            pass
        async with Portal(other.url, limits=Limits.none()) as elsewhere, Portal(sandbox.url, limits=Limits.none()):
            file = await upload_file(SMALL, name="a.bin", folder_id=FOLDER, portal=elsewhere)
            assert await file.file.read() == SMALL
            loaded = await DiskFile.objects.using(elsewhere).get(file.id)
            assert await loaded.file.read() == SMALL
            assert sandbox.books.requests == 0


async def test_a_bar_shows_how_much_has_come_and_gone(
    sandbox: Sandbox, large: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), progress=True):
        file = await upload_file(large, folder_id=FOLDER)
        assert "Большой файл.bin: 100%" in capsys.readouterr().err
        sandbox.faults.add("half_answer", method="download")
        await file.file.save(tmp_path / "a.bin")
        assert "100%" in capsys.readouterr().err
        await file.file.save(tmp_path / "a.bin", progress=False)
        assert capsys.readouterr().err == ""


async def test_a_download_explains_itself(portal: Portal) -> None:
    plan = (await stored()).file.read().explain()
    assert (plan.requests, plan.commands) == ("1", "0")
