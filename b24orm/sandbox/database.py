"""The sqlite database of a portal: in memory, or one file that a later run goes on with.

A file is made in one transaction out of a portal that is complete in memory, so that a process that is killed meanwhile
leaves an empty file. Afterwards it is written ahead of (WAL): a kill loses at most what was being written.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pydantic_core

from b24orm.errors import ConfigurationError

__all__ = ["PORTAL", "in_memory", "on_file", "remembered"]

PORTAL = "portal"
"""The shelf of what a portal knows of itself."""

_OURS = 0x62323470  # "b24p", which sqlite keeps in the head of a file
_VERSION = 1


def in_memory() -> sqlite3.Connection:
    """An empty database in memory."""
    database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    database.execute("PRAGMA journal_mode=OFF")
    database.execute("PRAGMA synchronous=OFF")
    database.execute(f"PRAGMA application_id={_OURS}")
    database.execute(f"PRAGMA user_version={_VERSION}")
    return database


def remembered(path: Path) -> dict[str, Any] | None:
    """What the portal in a file knows of itself; None if there is no such file, or an empty one.

    Raises:
        ConfigurationError: the file holds something else, or cannot be read.
    """
    if not path.exists():
        if not path.absolute().parent.is_dir():
            raise ConfigurationError(f"{path}: there is no such directory")
        return None
    with contextlib.closing(_opened(path)) as database:
        ours, version = (_one(database, f"PRAGMA {name}") for name in ("application_id", "user_version"))
        if ours in {0, _OURS} and not _one(database, "SELECT COUNT(*) FROM sqlite_master"):
            return None
        if ours != _OURS:
            raise ConfigurationError(f"{path} is a database, but not the state of a sandbox")
        if version != _VERSION:
            raise ConfigurationError(
                f"{path} has layout version {version}, and this version of b24orm reads {_VERSION}: make a new file"
            )
        found = database.execute(f"SELECT key, value FROM shelf WHERE name = '{PORTAL}'").fetchall()  # noqa: S608
    return {pydantic_core.from_json(key): pydantic_core.from_json(value) for key, value in found}


def on_file(path: Path, source: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """The database in a file, filled from *source* first if one is given. No other process can open it meanwhile.

    Raises:
        ConfigurationError: the file cannot be written, or is in use.
    """
    database = _opened(path)
    try:
        if source is not None:
            source.backup(database)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute("BEGIN IMMEDIATE")
        database.execute("COMMIT")
    except sqlite3.Error as error:
        database.close()
        raise _unusable(path, error) from error
    return database


def _opened(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=0.2)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    try:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute("SELECT COUNT(*) FROM sqlite_master")
    except sqlite3.Error as error:
        database.close()
        raise _unusable(path, error) from error
    return database


def _one(database: sqlite3.Connection, text: str) -> int:
    return int(database.execute(text).fetchone()[0])


def _unusable(path: Path, error: sqlite3.Error) -> ConfigurationError:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return ConfigurationError(f"{path} is in use by another sandbox")
    if "not a database" in str(error):
        return ConfigurationError(f"{path} is not the state of a sandbox")
    return ConfigurationError(f"cannot use {path}: {error}")
