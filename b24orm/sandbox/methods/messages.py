"""``im.dialog.messages.get``: the messages of a chat, newest first, by a cursor of its own; ``im.message.*``.

Facts: api-reference/chats/messages/im-dialog-messages-get.md, im-message-*.md. ``LAST_ID`` asks for older messages,
``FIRST_ID`` for newer ones; behind an id that no message has, the method finds nothing. The oldest messages are in no
table: ``chat120`` holds 120 of them, made up from their number, and the personal chat with a user (``5``) as many as
the user's id. What is sent comes after them; chats that clients make hold nothing else. A message is changed by its
author alone, so those that are made up cannot be.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any

import pydantic_core

from b24orm.sandbox.clock import iso
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["FIRST_MADE", "METHODS", "Messages", "chat_of", "message_id", "user_of"]

FIRST_MADE = 10_000_001
"""The first id of the chats that clients make, and a bound of those that hold made-up messages."""

_DEFAULT, _MOST = 20, 50
_DIALOG = re.compile(r"(chat)?([1-9][0-9]*)")
_DIGITS = re.compile(r"[0-9]+")
_AUTHORS = 3
_KEY = "chat_message"
_FIRST_SENT = 100_000_001
_DELETED = "Сообщение удалено"
_BEGUN = 1_767_258_000  # when the first message of every chat was written: 2026-01-01, 09:00 UTC


def message_id(number: int) -> int:
    """The id of message *number* of a chat, counted from 0 at the oldest: ids ascend and have holes."""
    return 1000 + 3 * number + number % 2


def chat_of(state: State, params: dict[str, Any]) -> tuple[int, bool]:
    """The id of the chat that the call is about, and whether it is the one with a user of that id."""
    matched = _DIALOG.fullmatch(strval(classic(params, "dialog_id")))
    if matched is None:
        raise Refusal("DIALOG_ID_EMPTY", "Dialog ID can't be empty", 400)
    number = int(matched[2])
    if not matched[1] and state.store.row("user", number) is None:
        raise Refusal("ACCESS_ERROR", "You do not have access to the specified dialog", 403)
    return number, not matched[1]


class Messages:
    """The messages of one chat by their numbers, counted from 0 at the oldest."""

    def __init__(self, state: State, chat: int, personal: bool) -> None:
        self._state, self.chat = state, chat
        self._made_up = chat if chat < FIRST_MADE else 0
        dialog = str(chat) if personal else f"chat{chat}"
        self._sent = [row[0] for row in state.store.select(_KEY, "id", ("dialog_id = ?", [dialog]), " ORDER BY id")]

    def __len__(self) -> int:
        return self._made_up + len(self._sent)

    @property
    def last(self) -> dict[str, Any] | None:
        """The newest; None if there is none."""
        return self[len(self) - 1] if len(self) else None

    def number(self, id: int) -> int:
        """The number of the message with that *id*; -1 if there is none."""
        if id in self._sent:
            return self._made_up + self._sent.index(id)
        at = bisect_left(range(self._made_up), id, key=message_id)
        return at if at < self._made_up and message_id(at) == id else -1

    def __getitem__(self, number: int) -> dict[str, Any]:
        """A message as the portal answers it."""
        if number < self._made_up:
            return _made_up(self.chat, number)
        row = self._state.store.row(_KEY, self._sent[number - self._made_up]) or {}
        return {
            "id": row["id"],
            "chat_id": self.chat,
            "author_id": row["author_id"],
            "date": row["date"],
            "text": row["text"],
            "unread": False,
            "uuid": row["uuid"],
            "replaces": [],
            "params": pydantic_core.from_json(row["params"] or "[]"),
            "disappearing_date": None,
        }


def _position(params: dict[str, Any], name: str) -> int | None:
    value = classic(params, name)
    if value is None:
        return None
    if is_array(value) or not _DIGITS.fullmatch(strval(value)):
        word = "First" if name == "first_id" else "Last"
        raise Refusal(f"{name.upper()}_STRING", f"{word} ID can't be string", 400)
    return intval(value)


def _get(state: State, params: dict[str, Any]) -> Answer:
    messages = Messages(state, *chat_of(state, params))
    count = len(messages)
    limit = classic(params, "limit")
    size = min(_DEFAULT if limit is None else intval(limit), _MOST, state.options.page_size)
    first, last = _position(params, "first_id"), _position(params, "last_id")
    if state.options.ignore_id_filter:
        first = last = None
    if first is not None:
        at = messages.number(first) + 1
        numbers = range(at, min(at + size, count)) if at else range(0)
    elif last is not None:
        at = messages.number(last)
        numbers = range(max(0, at - size), at)
    else:
        numbers = range(max(0, count - size), count)
    shown = [messages[number] for number in reversed(numbers)]
    authors = sorted({message["author_id"] for message in shown})
    return Answer(
        {
            "chat_id": messages.chat,
            "messages": shown,
            "users": [user_of(state, author) for author in authors],
            "files": [],
        },
        rows=len(numbers),
    )


def _author(number: int) -> int:
    return 1 + number % _AUTHORS


def _made_up(chat: int, number: int) -> dict[str, Any]:
    return {
        "id": message_id(number),
        "chat_id": chat,
        "author_id": _author(number),
        "date": iso(_BEGUN + 60 * number),
        "text": f"Message {number + 1} of chat {chat}",
        "unread": False,
        "uuid": f"00000000-0000-4000-8000-{message_id(number):012d}",
        "replaces": [],
        "params": [],
        "disappearing_date": None,
    }


def user_of(state: State, id: int) -> dict[str, Any]:
    """A user as chats describe one."""
    row = state.store.row("user", id) or {}
    first, last = row.get("name") or "", row.get("last_name") or ""
    return {
        "id": id,
        "active": True,
        "name": f"{first} {last}".strip(),
        "first_name": first,
        "last_name": last,
        "type": "user",
    }


def _text(params: dict[str, Any]) -> str:
    return strval(classic(params, "message"))


def _add(state: State, params: dict[str, Any]) -> Answer:
    chat, personal = chat_of(state, params)
    if not _text(params) and not classic(params, "attach"):
        raise Refusal("MESSAGE_EMPTY", "Message can't be empty")
    if chat >= FIRST_MADE and not state.store.select("chat", "id", ("id = ?", [chat])):
        raise Refusal("CHAT_ID", "Error creating message")
    values: dict[str, Any] = {
        "dialog_id": str(chat) if personal else f"chat{chat}",
        "chat_id": chat,
        "author_id": state.user_id,
        "date": iso(state.clock.time()),
        "text": _text(params),
        "unread": "N",
        "replaces": "[]",
        "params": "[]",
    }
    if not state.store.ids(_KEY):
        values["id"] = _FIRST_SENT
    new = state.store.insert(_KEY, values)
    state.store.update(_KEY, new, {"uuid": f"00000000-0000-4000-8000-{new:012d}"})
    state.wrote(_KEY, new, "add")
    return Answer(new)


def _own(state: State, params: dict[str, Any], refusal: Refusal) -> dict[str, Any]:
    number = intval(classic(params, "message_id"))
    if number <= 0:
        raise Refusal("MESSAGE_ID_ERROR", "Message ID can't be empty")
    row = state.store.row(_KEY, number)
    if row is None or row["author_id"] != state.user_id:
        raise refusal
    return row


def _update(state: State, params: dict[str, Any]) -> Answer:
    text = "Time has expired for modification or you don't have access"
    row = _own(state, params, Refusal("CANT_EDIT_MESSAGE", text))
    if classic(params, "message") is not None and not _text(params):
        return _erase(state, row)  # a message without a text is a deleted one
    changed = row["text"] != _text(params)
    state.store.update(_KEY, row["id"], {"text": _text(params), "params": '{"IS_EDITED":"Y"}'})
    state.wrote(_KEY, row["id"], "update", changed=changed)
    return Answer(True)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    text = "Time has expired for modification or you don't have access"
    return _erase(state, _own(state, params, Refusal("CANT_EDIT_MESSAGE", text)))


def _erase(state: State, row: dict[str, Any]) -> Answer:
    """A deleted message stays in its place, without its text."""
    state.store.update(_KEY, row["id"], {"text": _DELETED, "params": '{"IS_DELETED":"Y"}'})
    state.wrote(_KEY, row["id"], "delete")
    return Answer(True)


METHODS: dict[str, Handler] = {
    "im.dialog.messages.get": _get,
    "im.message.add": _add,
    "im.message.update": _update,
    "im.message.delete": _delete,
}
"""Handlers of this family."""
