"""Values that are more than one word: multifields and files."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from b24orm.context import PortalLike
from b24orm.download import Chunks, Download
from b24orm.errors import InvalidValue
from b24orm.narrow import is_list, is_mapping
from b24orm.op import Op

__all__ = ["File", "Multifield", "without_addresses"]

# Keys of files as they come: these addresses let in whoever has them.
_OPEN_ADDRESSES = frozenset({"urlMachine", "downloadUrl", "DOWNLOAD_URL", "uploadUrl"})


class Multifield(BaseModel):
    """One phone, e-mail, site or messenger.

    Attributes:
        id: the portal's id of this very value; None for one that is not stored yet.
        type_id: ``PHONE``, ``EMAIL``, ``WEB``, ``IM`` or ``LINK``.
        value_type: ``WORK``, ``MOBILE``, ``HOME``, …
        value: the number, address or name itself.

    What else the portal says of it is kept, too.
    """

    model_config = ConfigDict(
        frozen=True, defer_build=True, populate_by_name=True, coerce_numbers_to_str=True, extra="allow"
    )

    id: int | None = Field(default=None, validation_alias=AliasChoices("id", "ID"))
    type_id: str = Field(default="", validation_alias=AliasChoices("typeId", "TYPE_ID", "type_id"))
    value_type: str = Field(default="", validation_alias=AliasChoices("valueType", "VALUE_TYPE", "value_type"))
    value: str = Field(default="", validation_alias=AliasChoices("value", "VALUE"))


class File(BaseModel):
    """A file as the portal points to it, or one that is to be written.

    ::

        deal.uf_crm_1700000004 = File.from_path("offer.pdf")
        deal.uf_crm_1700000004 = File.from_bytes("offer.pdf", b"%PDF…")
        content = await deal.uf_crm_1700000004.read()
        path = await deal.uf_crm_1700000004.save("folder")

    Attributes:
        id: the portal's id of the file.
        url: address for a signed-in browser.
        url_machine: address for programs; holds a token, so keep it out of logs.

    What else the portal says of it is kept, too: ``file.name``, ``file.size`` where it does.
    """

    _name: str = PrivateAttr("")
    _content: bytes | Path | str | None = PrivateAttr(None)

    @classmethod
    def from_bytes(cls, name: str, content: bytes) -> File:
        """A file to be written: *content* under *name*."""
        return cls._holding(name, bytes(content))

    @classmethod
    def from_path(cls, path: str | Path, name: str | None = None) -> File:
        """A file to be written: the one at *path*, which is read when it is sent; under *name*, or its own."""
        place = Path(path)
        if not place.is_file():
            raise FileNotFoundError(f"no file at {path}")
        return cls._holding(name or place.name, place)

    @classmethod
    def from_base64(cls, name: str, content: str) -> File:
        """A file to be written, whose contents are base64 already."""
        return cls._holding(name, content)

    @classmethod
    def _holding(cls, name: str, content: bytes | Path | str) -> File:
        if not name.strip():
            raise ValueError("a file needs a name")
        file = cls()
        file._name, file._content = name, content
        return file

    def encoded(self) -> list[str] | None:
        """Name and base64 of the contents, as the portal takes them; None of a file that is at the portal."""
        content = self._content
        if content is None:
            return None
        if isinstance(content, Path):
            content = content.read_bytes()
        return [self._name, content if isinstance(content, str) else b64encode(content).decode()]

    def content(self) -> tuple[str, bytes | Path] | None:
        """Name and contents, or where these lie, of a file that is to be written; None of one that is at the portal.

        Raises:
            InvalidValue: the contents are no base64.
        """
        content = self._content
        if content is None:
            return None
        if not isinstance(content, str):
            return self._name, content
        try:
            return self._name, b64decode(content, validate=True)
        except ValueError:
            reason = f"the contents of {self._name!r} are no base64"
        raise InvalidValue(reason)

    def read(self, *, portal: PortalLike | None = None) -> Op[bytes]:
        """The contents, as a whole; see `Download.read`.

        Args:
            portal: where the file is; the current portal by default.

        Raises:
            InvalidValue: it is not at the portal.
        """
        return self._download(portal).read()

    def save(self, path: str | Path, *, progress: bool | None = None, portal: PortalLike | None = None) -> Op[Path]:
        """Writes the file to *path*, or into that folder; see `Download.save`."""
        return self._download(portal).save(path, progress=progress)

    def chunks(self, *, portal: PortalLike | None = None) -> Chunks:
        """The contents piece by piece: ``async for`` or ``for``; see `Download.chunks`."""
        return self._download(portal).chunks()

    def _download(self, portal: PortalLike | None) -> Download:
        if not (self.url_machine or self.url):
            raise InvalidValue("this file is not at the portal" if self._content is not None else "it has no address")
        named: Any = (self.__pydantic_extra__ or {}).get("name")
        return Download(lambda: self.url_machine or self.url or "", name=str(named or ""), portal=portal)

    model_config = ConfigDict(frozen=True, defer_build=True, populate_by_name=True, extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        """A bare address or id stands for a file too: ``user.get`` answers photos so."""
        if isinstance(value, str):
            return {"id": value} if value.isdigit() else {"url": value}
        return {"id": value} if isinstance(value, int) else value

    id: int | None = Field(default=None, validation_alias=AliasChoices("id", "ID"))
    url: str | None = Field(default=None, validation_alias=AliasChoices("url", "showUrl"))
    url_machine: str | None = Field(
        default=None, repr=False, validation_alias=AliasChoices("urlMachine", "downloadUrl", "url_machine")
    )


def without_addresses(value: Any) -> Any:
    """*value* as it may be shown: a raw file's address for programs holds a token, which must not be."""
    if is_mapping(value):
        return {key: "…" if key in _OPEN_ADDRESSES else without_addresses(item) for key, item in value.items()}
    return [without_addresses(item) for item in value] if is_list(value) else value
