"""Files that clients sent, and the links by which they are fetched and sent.

Facts: api-reference/files/how-to-upload-files.md, how-to-update-files.md; the links of ``crm.item.*`` (``urlMachine``)
and of the disk (``DOWNLOAD_URL``) hold a token and need no webhook. The files of the seeded data were never sent, so
their contents are made up from their ids.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["SEEDED", "Files", "StoredFile", "decode", "made_up"]

SEEDED = 100_000
"""Files with ids up to this one belong to the seeded data."""

_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file."""

    name: str
    content: bytes


@dataclass(slots=True)
class Files:
    """The files of a portal by their ids, and its links.

    Attributes:
        code: what tokens are signed with.
        base: the portal's address without a slash at its end; known once it listens.
    """

    code: str
    base: str = ""
    kept: MutableMapping[int, StoredFile] = field(default_factory=dict[int, StoredFile])

    def keep(self, file_id: int, name: str, content: bytes) -> None:
        """Hold a file."""
        self.kept[file_id] = StoredFile(name, content)

    def find(self, file_id: int) -> StoredFile | None:
        """The file with an id; None if there is none."""
        found = self.kept.get(file_id)
        if found is None and 0 < file_id <= SEEDED:
            return made_up(file_id)
        return found

    def link(self, method: str, subject: str) -> str:
        """A link to *method* that needs nothing but itself."""
        return self.base + _path(self.code, method, subject)

    def subject(self, method: str, token: str) -> str | None:
        """What the token of a link to *method* is about; None if this portal has not made it."""
        text = token.partition("|")[2].partition(".")[0]
        try:
            subject = base64.urlsafe_b64decode(text).decode()
        except (ValueError, binascii.Error):
            return None
        return subject if token.endswith("|" + _token(self.code, method, subject)) else None

    def browser_link(self, file_id: int) -> str:
        """The link for people: without their cookies it leads to a login page."""
        action = "crm.controller.item.getFile"
        return f"{self.base}/bitrix/services/main/ajax.php?action={action}&SITE_ID=s1&fileId={file_id}"

    def machine_link(self, file_id: int) -> str:
        """The link for programs."""
        return self.link("crm.controller.item.getFile", str(file_id))

    def disk_link(self, file_id: int) -> str:
        """The link of a file of the disk."""
        return self.link("download", str(file_id))


@lru_cache(maxsize=8192)  # every row that is read has the links of its files
def _path(code: str, method: str, subject: str) -> str:
    module = "crm" if method.startswith("crm.") else "disk"
    token = _token(code, method.lower(), subject).replace("=", "%3D")  # base64 needs no more than this
    return f"/rest/{method}.json?auth={_signature(code, 'auth')}&token={module}%7C{token}"


def _token(code: str, method: str, subject: str) -> str:
    text = base64.urlsafe_b64encode(subject.encode()).decode()
    return f"{text}.{_signature(code, method + ':' + subject)}"


def _signature(code: str, text: str) -> str:
    return hashlib.sha256(f"{code}:{text}".encode()).hexdigest()[:24]


def made_up(file_id: int) -> StoredFile:
    """A file of the seeded data."""
    return StoredFile(f"file{file_id}.txt", f"Содержимое файла {file_id}\n".encode())


def decode(text: str) -> bytes:
    """Base64 as PHP reads it: what is no part of its alphabet is skipped, so that broken texts make broken files."""
    plain = _NOT_BASE64.sub("", text)
    if len(plain) % 4 == 1:
        plain = plain[:-1]  # a lone character holds less than a byte
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
