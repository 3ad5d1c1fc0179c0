from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from b24orm.errors import ConfigurationError
from b24orm.oauth import CallbackStore, FileStore, MemoryStore, OAuthTokens
from b24orm.oauth.turns import turn

TOKENS = OAuthTokens.parse({"access_token": "s3cret-access", "refresh_token": "s3cret-refresh", "user_id": 1})
OTHER = OAuthTokens.parse({"access_token": "other-access"})


def test_memory_holds_what_it_was_given_and_what_was_saved() -> None:
    store = MemoryStore({"a": TOKENS})
    assert store.load("a") is TOKENS
    assert store.load("b") is None
    store.save("b", OTHER)
    assert store.load("b") is OTHER
    assert repr(store) == "<MemoryStore of 2>"


def test_two_functions_are_a_store() -> None:
    held: dict[str, OAuthTokens] = {}
    store = CallbackStore(held.get, held.__setitem__)
    store.save("a", TOKENS)
    assert store.load("a") is TOKENS
    assert repr(store) == "<CallbackStore>"


# --------------------------------------------------------------------------------------------------------- files


def test_a_file_holds_the_tokens_of_many_portals_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    store = FileStore(path)
    assert store.load("a") is None
    store.save("a", TOKENS)
    store.save("б.рф", OTHER)
    store.save("a", TOKENS)
    assert FileStore(str(path)).load("a") == TOKENS
    assert FileStore(path).load("б.рф") == OTHER
    assert repr(store) == f"FileStore({str(path)!r})"
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert not file.name.endswith(".new")


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        FileStore(tmp_path / "tokens.json").save("a", TOKENS)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "tokens.json"
    store = FileStore(path)
    store.save("a", TOKENS)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="others may read it; run chmod 600"):
        store.load("a")
    with pytest.raises(ConfigurationError, match="others may read it; run chmod 600"):
        store.save("a", TOKENS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{s3cret", "it is no JSON"),
        ("[1]", "it holds no tokens"),
        ('{"a": {"refresh_token": "s3cret"}}', "the tokens of 'a' cannot be read: access_token: there is none"),
        ('{"a": 5}', "cannot be read: tokens are read from a mapping"),
    ],
)
def test_a_file_that_holds_something_else_is_refused_without_showing_it(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "tokens.json"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        FileStore(path).load("a")
    assert str(path) in str(caught.value)
    assert caught.value.__context__ is None
    assert "s3cret" not in repr(caught.value)


def test_a_save_that_fails_leaves_the_old_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tokens.json"
    store = FileStore(path)
    store.save("a", TOKENS)

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ConfigurationError, match="cannot be written: No space left"):
            store.save("a", OTHER)
    assert store.load("a") == TOKENS
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".new")] == []


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere.*cannot be locked: No such file"):
        FileStore(tmp_path / "nowhere" / "tokens.json").save("a", TOKENS)
    with pytest.raises(ConfigurationError, match="cannot be used: Is a directory"):
        FileStore(tmp_path).load("a")


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "tokens.json"
    link.symlink_to(tmp_path / "real" / "tokens.json")
    FileStore(link).save("a", TOKENS)
    assert link.is_symlink()
    assert json.loads((tmp_path / "real" / "tokens.json").read_text())["a"]["access_token"] == "s3cret-access"


def test_processes_that_save_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    script = (
        "import sys; from b24orm.oauth import FileStore, OAuthTokens\n"
        "tokens = OAuthTokens.parse({'access_token': 'a'})\n"
        "for n in range(20): FileStore(sys.argv[1]).save(f'{sys.argv[2]}.{n}', tokens)"
    )
    path = tmp_path / "tokens.json"
    running = [subprocess.Popen([sys.executable, "-c", script, str(path), str(n)]) for n in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(json.loads(path.read_text())) == 60


def test_the_lock_of_a_portal_holds_between_stores_and_is_given_back(tmp_path: Path) -> None:
    one, two = FileStore(tmp_path / "t.json"), FileStore(tmp_path / "t.json")
    release = one.try_lock("a")
    assert release is not None
    assert two.try_lock("a") is None
    other = two.try_lock("b")
    assert other is not None
    release()
    again = two.try_lock("a")
    assert again is not None
    again()
    other()


# --------------------------------------------------------------------------------------------------------- turns


async def test_one_after_the_other_has_its_turn_with_the_same_tokens(tmp_path: Path) -> None:
    class Plain:
        """Cannot be told apart from others that are equal."""

        __hash__: Any = None

        def load(self, portal: str) -> None: ...

        def save(self, portal: str, tokens: OAuthTokens) -> None: ...

    async def inside(store: Any, key: str, most: list[int]) -> None:
        async with turn(store, key):
            most.append(most[-1] + 1)
            await asyncio.sleep(0)
            most.append(most[-1] - 1)

    file = FileStore(tmp_path / "t.json")
    for store in (MemoryStore(), file):
        same: list[int] = [0]
        await asyncio.gather(*(inside(store, "a", same) for _ in range(5)))
        assert max(same) == 1
    different: list[int] = [0]
    await asyncio.gather(*(inside(file, str(n), different) for n in range(5)))
    assert max(different) == 5
    await inside(Plain(), "a", [0])


async def test_who_gives_up_waiting_for_a_turn_holds_nothing(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "t.json")
    release = store.try_lock("a")
    assert release is not None

    async def enter() -> None:
        async with turn(store, "a"):
            pass

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(enter(), 0.05)
    release()
    await asyncio.wait_for(enter(), 5)
