"""`Download`: a file at the portal, to be read, saved or walked through; never whole in memory unless it is read.

What `File` fields, files of the disk and `Portal.download` give. It knows a portal by the protocol in `context`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar
from uuid import uuid4

from typing_extensions import override

from b24orm.context import FileHead, PortalLike, current_portal
from b24orm.op import Op
from b24orm.plan import Plan

if TYPE_CHECKING:
    from tqdm.auto import tqdm

__all__ = ["Chunks", "Download", "progress_bar"]

T = TypeVar("T")

_UNNAMED = "file"


class Download:
    """A file at the portal. Each use fetches it anew.

    ::

        content = await deal.uf_crm_1700000012.read()
        path = await disk_file.file.save("folder")
        async for chunk in portal.download(url).chunks():
            ...

    Args:
        address: gives its address, which lets in whoever has it.
        name: what it is called; the portal's own name for it by default.
        portal: where it is; the current portal by default.
    """

    __slots__ = ("_address", "_portal", "name")

    def __init__(self, address: Callable[[], str], *, name: str = "", portal: PortalLike | None = None) -> None:
        self._address = address
        self._portal = portal
        self.name = name

    def read(self) -> Op[bytes]:
        """The contents, as a whole.

        Raises:
            InvalidValue: when run: the address is not one of this portal.
            PortalError: the portal said no instead of sending a file.
            TransportError: the file did not come, or not all of it; after several attempts.
        """

        async def run(portal: PortalLike) -> bytes:
            content = bytearray()
            async with aclosing(portal.fetch(self._address, again=True)) as parts:
                async for part in parts:
                    if isinstance(part, FileHead):
                        content.clear()
                    else:
                        content += part
            return bytes(content)

        return self._op(run)

    def save(self, path: str | Path, *, progress: bool | None = None) -> Op[Path]:
        """Writes the file to *path*; gives the path.

        It is written under another name, beside its place, and renamed once it is complete: a download that breaks off
        leaves nothing behind, and what was at *path* before stays until then.

        Args:
            path: a folder that exists, where it keeps its name, or the name of the new file.
            progress: whether to draw a progress bar; as the portal does it by default.

        Raises:
            FileNotFoundError: there is no such folder; before anything is sent.
            InvalidValue, PortalError, TransportError: as `read`.
        """
        place = Path(path)

        async def run(portal: PortalLike) -> Path:
            folder = await _in_thread(_folder_of, place)
            written = folder / f".{uuid4().hex}.part"
            try:
                head = await self._write(portal, written, progress)
                end = place / _filename(self.name or head.name) if folder == place else place
                await _in_thread(written.replace, end)
            finally:
                written.unlink(missing_ok=True)
            return end

        return self._op(run)

    def chunks(self) -> Chunks:
        """The contents piece by piece, as they come: ``async for`` or ``for``. A piece has at most 256 KiB.

        A file that breaks off after its first piece raises `TransportError`: what was handed out cannot be taken back.
        """
        return Chunks(self._address, self._portal)

    async def _write(self, portal: PortalLike, path: Path, progress: bool | None) -> FileHead:
        head = FileHead("", None)
        with ExitStack() as held:
            file: IO[bytes] = held.enter_context(await _in_thread(path.open, "xb"))
            bar: tqdm[NoReturn] | None = None
            async with aclosing(portal.fetch(self._address, again=True)) as parts:
                async for part in parts:
                    if isinstance(part, FileHead):
                        head = part
                        file.seek(0)
                        file.truncate()
                        if bar is not None:
                            bar.reset()
                        elif bar := progress_bar(self.name or head.name, head.size, portal, progress):
                            held.enter_context(bar)
                    else:
                        await _in_thread(file.write, part)
                        if bar is not None:
                            bar.update(len(part))
        return head

    def _op(self, run: Callable[[PortalLike], Any]) -> Op[Any]:
        plan = Plan("call", "a file, fetched in a request of its own", "1", "0")
        return Op(run, explain=lambda: plan, portal=self._portal)

    @override
    def __repr__(self) -> str:
        return f"<Download of {self.name or 'a file'}: not fetched yet; read(), save() or chunks()>"


class Chunks:
    """The contents of a file piece by piece; each iteration fetches it anew."""

    __slots__ = ("_address", "_portal")

    def __init__(self, address: Callable[[], str], portal: PortalLike | None) -> None:
        self._address = address
        self._portal = portal

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        portal = self._portal or current_portal()
        async with aclosing(portal.iterate(lambda: self._pieces(portal))) as pieces:
            async for piece in pieces:
                yield piece

    def __iter__(self) -> Iterator[bytes]:
        portal = self._portal or current_portal()
        yield from portal.iterate_sync(lambda: self._pieces(portal))

    async def _pieces(self, portal: PortalLike) -> AsyncGenerator[bytes]:
        async with aclosing(portal.fetch(self._address)) as parts:
            async for part in parts:
                if not isinstance(part, FileHead):
                    yield part


async def _in_thread(work: Callable[..., T], *arguments: Any) -> T:
    """What *work* gives; the event loop goes on meanwhile, however slow the disk is."""
    import asyncio  # here, since programs that only define models and queries have no event loop

    return await asyncio.to_thread(work, *arguments)


def progress_bar(name: str, size: int | None, portal: PortalLike, progress: bool | None) -> tqdm[NoReturn] | None:
    """A bar that counts the bytes of a file, if one is wanted."""
    if not (portal.show_progress if progress is None else progress):
        return None
    from tqdm.auto import tqdm  # here, since few programs draw a bar and importing it takes time

    return tqdm(desc=name or _UNNAMED, total=size, unit="B", unit_scale=True, unit_divisor=1024)


def _folder_of(path: Path) -> Path:
    """The folder that *path* is, or the one where it is to be."""
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    return folder


def _filename(name: str) -> str:
    """The name that a file may have in a folder: whoever named it must not choose the folder, too."""
    plain = re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", name)[-1]).strip()
    return _UNNAMED if plain in ("", ".", "..") else plain
