"""What files of the disk can do beyond being rows: be downloaded.

Facts: https://apidocs.bitrix24.com/api-reference/disk/file/disk-file-get.html.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typing_extensions import override

from b24orm.download import Download
from b24orm.errors import InvalidValue
from b24orm.model.base import Model

__all__ = ["HasFile"]


class HasFile(Model):
    """A row with the address of a file."""

    @property
    def file(self) -> Download:
        """The file itself: ``await row.file.read()``, ``await row.file.save("folder")``, ``row.file.chunks()``.

        Raises:
            FieldNotLoaded: ``download_url`` was not selected.
            InvalidValue: the row is not at the portal yet, or the portal gave no address.
        """
        url: str | None = getattr(self, "download_url")  # noqa: B009 - the class made of this declares the field
        if not url:
            raise InvalidValue(f"this {type(self).__schema__().name} has no download_url: save or refresh it first")
        return Download(lambda: url, name=self.__dict__.get("name") or "", portal=self.__home__)

    @override
    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, "…" if name == "download_url" and value else value  # it lets in whoever has it
