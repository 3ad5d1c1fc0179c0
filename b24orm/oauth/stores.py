"""Where tokens are kept: in memory, in a file, or wherever two functions of the program's put them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from pathlib import Path
from typing import IO, Any, Final, Protocol, runtime_checkable

from typing_extensions import override

from b24orm.errors import ConfigurationError, InvalidValue
from b24orm.narrow import is_mapping
from b24orm.oauth.locks import locked
from b24orm.oauth.tokens import OAuthTokens

__all__ = ["CallbackStore", "FileStore", "LockingStore", "MemoryStore", "TokenStore"]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class TokenStore(Protocol):
    """What a portal needs of a store. Both methods may be plain or ``async``; plain ones run in a thread of their own,
    so they may block.

    *portal* is the name under which the program knows the tokens: the ``key`` of `Portal.oauth`, or else the domain
    that it was given. It stays the same when the portal's address changes, so nothing has to be moved: the new address
    is in the tokens.
    """

    def load(self, portal: str) -> OAuthTokens | Awaitable[OAuthTokens | None] | None:
        """The tokens that were saved last; None if there are none. Asked before each renewal: whoever shares the store
        may have been faster.
        """
        ...

    def save(self, portal: str, tokens: OAuthTokens) -> Awaitable[None] | None:
        """Keep *tokens* instead of those that were there before."""
        ...


@runtime_checkable
class LockingStore(Protocol):
    """A store that several processes share, and that can keep them from renewing the same tokens at the same time."""

    def try_lock(self, portal: str) -> Callable[[], None] | None:
        """Take the lock and return what gives it back; None if somebody else has it. Does not wait."""
        ...


class MemoryStore:
    """Tokens as long as the program runs.

    Args:
        tokens: to begin with.
    """

    def __init__(self, tokens: Mapping[str, OAuthTokens] | None = None) -> None:
        self._tokens = dict(tokens or {})

    def load(self, portal: str) -> OAuthTokens | None:
        """The tokens that were saved last; None if there are none."""
        return self._tokens.get(portal)

    def save(self, portal: str, tokens: OAuthTokens) -> None:
        """Keep *tokens*."""
        self._tokens[portal] = tokens

    @override
    def __repr__(self) -> str:
        return f"<MemoryStore of {len(self._tokens)}>"


class CallbackStore:
    """Tokens wherever two functions of the program put them. Both may be plain or ``async``.

    Args:
        load: gets the portal's name, gives its tokens or None.
        save: gets the portal's name and the tokens to keep.
    """

    def __init__(
        self,
        load: Callable[[str], OAuthTokens | Awaitable[OAuthTokens | None] | None],
        save: Callable[[str, OAuthTokens], Awaitable[None] | None],
    ) -> None:
        self.load = load
        self.save = save

    @override
    def __repr__(self) -> str:
        return "<CallbackStore>"


class FileStore:
    """Tokens in a JSON file that only its owner may read (mode 0600), of any number of portals.

    Each save writes a new file beside it and puts that in its place, so nobody ever reads half of one. A file that
    others may read is refused, as ssh refuses such keys: ``chmod 600`` it. Several processes may share the file; on
    POSIX systems empty ``.lock`` files beside it keep them from renewing the same tokens twice.

    Args:
        path: the file; it is made by the first save, its directory is not.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._writing = threading.Lock()

    @override
    def __repr__(self) -> str:
        return f"FileStore({str(self._path)!r})"

    def load(self, portal: str) -> OAuthTokens | None:
        """The tokens that were saved last; None if there are none.

        Raises:
            ConfigurationError: the file cannot be read, is not such a file, or may be read by others.
        """
        held = self._read().get(portal)
        if held is None:
            return None
        try:
            return OAuthTokens.parse(held)
        except InvalidValue as error:
            reason = str(error)
        raise ConfigurationError(f"{self._path}: the tokens of {portal!r} cannot be read: {reason}")

    def save(self, portal: str, tokens: OAuthTokens) -> None:
        """Keep *tokens*.

        Raises:
            ConfigurationError: the file cannot be written, is not such a file, or may be read by others.
        """
        with self._writing, self._alone():
            held = self._read()
            held[portal] = tokens.as_dict()
            try:
                self._replace(json.dumps(held, ensure_ascii=False, indent=1).encode())
            except OSError as error:
                reason = error.strerror
            else:
                return
        raise ConfigurationError(f"{self._path} cannot be written: {reason}")

    def try_lock(self, portal: str) -> Callable[[], None] | None:
        """Take the lock of one portal's tokens, which holds between processes and between threads."""
        name = f".{self._path.name}.{hashlib.sha256(portal.encode()).hexdigest()[:12]}.lock"
        file = self._lock_file(name)
        if locked(file, wait=False):
            return file.close  # which gives the lock back
        file.close()
        return None

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        """No other process writes the file meanwhile."""
        with self._lock_file(f".{self._path.name}.lock") as file:
            locked(file, wait=True)
            yield

    def _lock_file(self, name: str) -> IO[bytes]:
        try:
            return os.fdopen(os.open(self._path.with_name(name), os.O_CREAT | os.O_RDWR, 0o600), "r+b")
        except OSError as error:
            reason = error.strerror
        raise ConfigurationError(f"{self._path} cannot be locked: {reason}")

    def _read(self) -> dict[str, Any]:
        try:
            with self._path.open("rb") as file:
                if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                    reason = "others may read it; run chmod 600 on it"
                else:
                    held: Any = json.load(file)
                    if is_mapping(held):
                        return dict(held)
                    reason = "it holds no tokens"
        except FileNotFoundError:
            return {}
        except OSError as error:
            reason = str(error.strerror)
        except ValueError:
            reason = "it is no JSON"
        # Raised out here: an error of the parser's holds the text, in which the tokens stand.
        raise ConfigurationError(f"{self._path} cannot be used: {reason}")

    def _replace(self, data: bytes) -> None:
        target = Path(os.path.realpath(self._path))  # a link stays one
        fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}.new")
        try:
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(target)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
