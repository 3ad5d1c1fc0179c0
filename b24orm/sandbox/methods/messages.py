"""``im.dialog.messages.get``: the messages of a chat, newest first, by a cursor of its own.

Facts: api-reference/chats/messages/im-dialog-messages-get.md. ``LAST_ID`` asks for older messages, ``FIRST_ID`` for
newer ones; behind an id that no message has, the method finds nothing. There is no table of messages here: ``chat120``
holds 120 of them, made up from their number, and the personal chat with a user (``5``) as many as the user's id.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS", "message_id"]

_DEFAULT, _MOST = 20, 50
_DIALOG = re.compile(r"(chat)?([1-9][0-9]*)")
_DIGITS = re.compile(r"[0-9]+")
_AUTHORS = 3
_BEGUN = 1_767_258_000  # when the first message of every chat was written: 2026-01-01, 09:00 UTC


def message_id(number: int) -> int:
    """The id of message *number* of a chat, counted from 0 at the oldest: ids ascend and have holes."""
    return 1000 + 3 * number + number % 2


def _chat(state: State, params: dict[str, Any]) -> int:
    """The id of the chat, which is how many messages it holds."""
    matched = _DIALOG.fullmatch(strval(classic(params, "dialog_id")))
    if matched is None:
        raise Refusal("DIALOG_ID_EMPTY", "Dialog ID can't be empty", 400)
    number = int(matched[2])
    if not matched[1] and state.store.row("user", number) is None:
        raise Refusal("ACCESS_ERROR", "You do not have access to the specified dialog", 403)
    return number


def _position(params: dict[str, Any], name: str) -> int | None:
    value = classic(params, name)
    if value is None:
        return None
    if is_array(value) or not _DIGITS.fullmatch(strval(value)):
        word = "First" if name == "first_id" else "Last"
        raise Refusal(f"{name.upper()}_STRING", f"{word} ID can't be string", 400)
    return intval(value)


def _get(state: State, params: dict[str, Any]) -> Answer:
    chat = count = _chat(state, params)
    limit = classic(params, "limit")
    size = min(_DEFAULT if limit is None else intval(limit), _MOST, state.options.page_size)
    first, last = _position(params, "first_id"), _position(params, "last_id")
    if state.options.ignore_id_filter:
        first = last = None
    if first is not None:
        at = _number(first, count) + 1
        numbers = range(at, min(at + size, count)) if at else range(0)
    elif last is not None:
        at = _number(last, count)
        numbers = range(max(0, at - size), at)
    else:
        numbers = range(max(0, count - size), count)
    authors = sorted({_author(number) for number in numbers})
    return Answer(
        {
            "chat_id": chat,
            "messages": [_message(chat, number) for number in reversed(numbers)],
            "users": [_user(state, author) for author in authors],
            "files": [],
        },
        rows=len(numbers),
    )


def _number(id: int, count: int) -> int:
    """The number of the message with that *id* in a chat of *count*; -1 if there is none."""
    at = bisect_left(range(count), id, key=message_id)
    return at if at < count and message_id(at) == id else -1


def _author(number: int) -> int:
    return 1 + number % _AUTHORS


def _message(chat: int, number: int) -> dict[str, Any]:
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


def _user(state: State, id: int) -> dict[str, Any]:
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


METHODS: dict[str, Handler] = {"im.dialog.messages.get": _get}
"""Handlers of this family."""
