"""`upload_file`: files on their way to the disk, streamed.

Facts: https://apidocs.bitrix24.com/api-reference/disk/folder/disk-folder-upload-file.html and
https://apidocs.bitrix24.com/api-reference/disk/storage/disk-storage-upload-file.html. Without ``fileContent`` the
methods answer an address and the name of a field: the file then follows as a form.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from b24orm.command import Command
from b24orm.context import PortalLike
from b24orm.download import progress_bar
from b24orm.entities.disk_file import DiskFile
from b24orm.errors import InvalidValue, TransportError
from b24orm.model.values import File
from b24orm.narrow import is_mapping
from b24orm.op import Op
from b24orm.plan import plan_write

__all__ = ["upload_file"]

_SMALL = 100_000  # bytes that travel inside a command, and may share a request with others
_PIECE = 2**18  # bytes that are read at once
_NOT_IN_NAMES = re.compile(r'[/\\"\x00-\x1f\x7f]')


def upload_file(
    file: str | Path | bytes | File,
    *,
    folder_id: int | None = None,
    storage_id: int | None = None,
    name: str | None = None,
    generate_unique_name: bool = False,
    progress: bool | None = None,
    portal: PortalLike | None = None,
) -> Op[DiskFile]:
    """Sends a file to the disk; gives the file that is there now.

    ::

        stored = await upload_file("offer.pdf", folder_id=21)
        stored = await upload_file(b"...", name="note.txt", storage_id=1)

    A file of less than 100 KB travels in one command. A larger one is asked a place for, and then streamed there from
    where it lies, never whole in memory. A file whose answer was lost is not sent again.

    Args:
        file: a path, which is read when the file is sent; contents; or a `File` that was made of something.
        folder_id: the folder to put it into; or
        storage_id: the storage whose topmost folder to put it into.
        name: what it will be called; contents need a name, files have one.
        generate_unique_name: whether the portal makes up another name if there is a file of that name: ``a (1).txt``.
            Otherwise it refuses.
        progress: whether to draw a progress bar; as the portal does it by default.
        portal: where to send it; the current portal by default.

    Raises:
        InvalidValue: no folder, or two; no name, or one that no file can have; an empty file, which the disk refuses.
        FileNotFoundError: no file at that path.
        OutcomeUnknown: when run: it was sent, and the answer was lost. It may be stored.
        PortalError, TransportError: when run: it was not stored.
    """
    source, called = _source(file)
    called = _checked(name or called)
    if (folder_id is None) == (storage_id is None):
        raise InvalidValue("a file goes either into a folder (folder_id) or into a storage (storage_id)")
    method = f"disk.{'storage' if folder_id is None else 'folder'}.uploadfile"
    params: dict[str, Any] = {"id": storage_id if folder_id is None else folder_id}
    params |= {"generateUniqueName": True} if generate_unique_name else {}

    async def run(at: PortalLike) -> DiskFile:
        with ExitStack() as held:
            opened, size = await _opened(source)
            held.enter_context(opened)
            if not size:
                raise InvalidValue(f"{called!r} is empty, and the disk keeps no empty files")
            if size < _SMALL:
                sent = {**params, "data": {"NAME": called}, "fileContent": [called, b64encode(opened.read()).decode()]}
                row: Any = (await at.submit(Command(method, sent, replay="never"))).unwrap().result
            else:
                row = await _streamed(at, Command(method, params, replay="safe"), opened, called, size, progress)
        if not is_mapping(row):
            raise TransportError(f"{method}: the answer is no file", status=200)
        (stored,) = DiskFile.__load__("default", [dict(row)])
        if portal is not None:
            stored.__bind__(portal)
        return stored

    return Op(run, explain=lambda: plan_write(Command(method, params, replay="never")), portal=portal)


async def _streamed(
    portal: PortalLike, ask: Command, file: IO[bytes], name: str, size: int, progress: bool | None
) -> Any:
    """What the portal answered to a file that was sent to the place that it gave."""
    address, field = await _place(portal, ask)
    bar = progress_bar(name, size, portal, progress)

    async def pieces() -> AsyncGenerator[bytes]:
        file.seek(0)
        if bar is not None:
            bar.reset()
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
            if bar is not None:
                bar.update(len(piece))

    try:
        return await portal.send_file(address, field=field, name=name, size=size, pieces=pieces)
    finally:
        if bar is not None:
            bar.close()


async def _place(portal: PortalLike, ask: Command) -> tuple[Callable[[], str], str]:
    """The address that the portal gives for a file, which no frame of ours shows, and the name of the field."""
    place: Any = (await portal.submit(ask)).unwrap().result
    url: Any = place.get("uploadUrl") if is_mapping(place) else None
    if not isinstance(url, str):
        raise TransportError(f"{ask.method}: the portal gave no address for the file", status=200)
    return (lambda: url), str(place.get("field") or "file")


def _source(file: str | Path | bytes | File) -> tuple[Path | bytes, str]:
    """What is to be sent, and its name, if it has one."""
    if isinstance(file, File):
        content = file.content()
        if content is None:
            raise InvalidValue("this file is at the portal: read or save it, and send that")
        return content[1], content[0]
    if isinstance(file, bytes | bytearray):
        return bytes(file), ""
    if not isinstance(file, str | Path):
        raise InvalidValue(f"a file is a path, bytes, or a File, not {type(file).__name__}")
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}")
    return path, path.name


async def _opened(source: Path | bytes) -> tuple[IO[bytes], int]:
    """Where to read, and how many bytes there are."""
    if isinstance(source, bytes):  # at once, so that files that are sent together share a request
        return io.BytesIO(source), len(source)
    file = await asyncio.to_thread(source.open, "rb")
    return file, os.fstat(file.fileno()).st_size


def _checked(name: str) -> str:
    if not name.strip():
        raise InvalidValue("a file needs a name: name=…")
    if _NOT_IN_NAMES.search(name):
        raise InvalidValue(f"a file cannot be called {name!r}: no slashes, quotes or control characters")
    return name
