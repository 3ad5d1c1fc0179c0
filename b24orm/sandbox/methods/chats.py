"""``im.dialog.get``, ``im.recent.list`` and ``im.chat.add``: chats, and dialogs with one person.

Facts: api-reference/chats/im-dialog-get.md, im-recent-list.md and im-chat-add.md. A dialog is known by ``chat60`` or by
the id of a user. Messages are those of `b24orm.sandbox.methods.messages`. Of the fields that are about what a client
shows on a screen, a list has the plainest few.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.clock import iso, read_datetime
from b24orm.sandbox.methods.messages import FIRST_MADE, Messages, chat_of, user_of
from b24orm.sandbox.methods.messages import METHODS as MESSAGES
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import entries, intval, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]

_KEY = "chat"
_MOST, _USUAL = 200, 50
_PEOPLE = 4  # how many users the webhook's user has talked with
_COLOR = "#f76187"
_MAY = ("avatar", "rename", "extend", "call", "mute", "leave", "leave_owner", "send", "user_list")
_PERMISSIONS = {
    "manage_users_add": "member",
    "manage_users_delete": "manager",
    "manage_ui": "member",
    "manage_settings": "owner",
    "manage_messages": "member",
    "can_post": "member",
}


def _entity_link(row: dict[str, Any]) -> dict[str, str]:
    kind, _, number = strval(row["entity_id"]).partition("|")
    if row["entity_type"] != "CRM" or not number:
        return {"type": "", "url": "", "id": ""}
    return {"type": kind, "url": f"/crm/{kind.lower()}/details/{number}/", "id": row["entity_id"]}


def _described(state: State, row: dict[str, Any]) -> dict[str, Any]:
    messages = Messages(state, row["chat_id"], row["type"] == "private")
    last = messages.last
    return {
        "id": row["chat_id"],
        "parent_chat_id": 0,
        "parent_message_id": 0,
        "name": row["name"],
        "description": row["description"] or "",
        "owner": row["owner"],
        "extranet": False,
        "avatar": "",
        "color": row["color"] or _COLOR,
        "type": row["type"],
        "counter": 0,
        "user_counter": row["user_counter"],
        "message_count": len(messages),
        "unread_id": 0,
        "restrictions": {**dict.fromkeys(_MAY, True), "path": "", "path_title": ""},
        "last_message_id": last["id"] if last else 0,
        "last_id": last["id"] if last else 0,
        "marked_id": 0,
        "disk_folder_id": 0,
        "entity_type": row["entity_type"] or "",
        "entity_id": row["entity_id"] or "",
        **dict.fromkeys(("entity_data_1", "entity_data_2", "entity_data_3"), ""),
        "mute_list": [],
        "date_create": row["date_create"],
        "message_type": "P" if row["type"] == "private" else "C",
        "public": "",
        "role": "owner" if row["owner"] == state.user_id else "member",
        "entity_link": _entity_link(row),
        "text_field_enabled": True,
        "background_id": None,
        "permissions": _PERMISSIONS,
        "is_new": False,
        "readed_list": [],
        "manager_list": [row["owner"]] if row["owner"] else [],
        "last_message_views": {"message_id": last["id"] if last else 0, "first_viewers": [], "count_of_viewers": 0},
        "dialog_id": row["dialog_id"],
    }


def _personal(state: State, user: int) -> dict[str, Any]:
    """The dialog with one user, as a row of the table would hold it."""
    return {
        "chat_id": user,
        "dialog_id": str(user),
        "name": user_of(state, user)["name"],
        "description": "",
        "owner": 0,
        "type": "private",
        "color": _COLOR,
        "user_counter": 2,
        "message_count": user,
        "entity_type": "",
        "entity_id": "",
        "date_create": "2026-01-01T12:00:00+03:00",
    }


def _get(state: State, params: dict[str, Any]) -> Answer:
    number, of_user = chat_of(state, params)
    row = _personal(state, number) if of_user else state.store.row(_KEY, number)
    if row is None:
        raise Refusal("ACCESS_ERROR", "You do not have access to the specified dialog", 403)
    return Answer(_described(state, row))


def _recent(state: State, params: dict[str, Any]) -> Answer:
    def skips(name: str) -> bool:
        return strval(classic(params, name)).upper() == "Y"

    items: list[dict[str, Any]] = []
    if not skips("skip_chat"):
        items += [_item(state, row) for row in _rows(state)]
    if not skips("skip_dialog"):
        people = [user for user in state.store.ids("user") if user != state.user_id][:_PEOPLE]
        items += [_item(state, _personal(state, user)) for user in people]
    items.sort(key=lambda item: (item["date_last_activity"], strval(item["id"])), reverse=True)
    before = read_datetime(strval(classic(params, "last_message_date")))
    if before is not None:
        items = [item for item in items if item["date_last_activity"] < before]
    offset = max(0, intval(classic(params, "offset")))
    size = min(intval(classic(params, "limit")) or _USUAL, _MOST)
    shown, more = items[offset : offset + size], len(items) > offset + size
    result = {"items": shown, "hasMorePages": more, "hasMore": more, "copilot": None, "messagesAutoDeleteConfigs": []}
    return Answer(result, total=-1, rows=len(shown))


def _rows(state: State) -> list[dict[str, Any]]:
    return [row for number in state.store.ids(_KEY) if (row := state.store.row(_KEY, number)) is not None]


def _item(state: State, row: dict[str, Any]) -> dict[str, Any]:
    personal = row["type"] == "private"
    last = Messages(state, row["chat_id"], personal).last
    moment = last["date"] if last else row["date_create"]
    user = user_of(state, row["chat_id"] if personal else row["owner"])
    return {
        "id": row["chat_id"] if personal else row["dialog_id"],
        "chat_id": row["chat_id"],
        "type": "user" if personal else "chat",
        "avatar": {"url": "", "color": row["color"] or _COLOR},
        "title": row["name"],
        "message": {**last, "file": False, "attach": False, "status": "received"} if last else {},
        "counter": 0,
        "last_id": last["id"] if last else 0,
        "pinned": False,
        "unread": False,
        "has_reminder": False,
        "date_update": moment,
        "date_last_activity": moment,
        "chat": {} if personal else {"id": row["chat_id"], "name": row["name"], "owner": row["owner"]},
        "user": user,
        "options": [],
    }


def _add(state: State, params: dict[str, Any]) -> Answer:
    users = {intval(item) for _, item in entries(classic(params, "users"))} | {state.user_id}
    number = max([FIRST_MADE - 1, *state.store.ids(_KEY)]) + 1
    kind = "open" if classic(params, "type") == "OPEN" else "chat"
    new = state.store.insert(_KEY, {"id": number, "type": kind})
    title = strval(classic(params, "title")) or f"Чат №{new}"
    made = {
        "chat_id": new,
        "dialog_id": f"chat{new}",
        "name": title,
        "description": strval(classic(params, "description")),
        "owner": state.user_id,
        "color": _COLOR,
        "user_counter": len(users),
        "message_count": 0,
        "entity_type": strval(classic(params, "entity_type")),
        "entity_id": strval(classic(params, "entity_id")),
        "date_create": iso(state.clock.time()),
    }
    state.store.update(_KEY, new, made)
    state.wrote(_KEY, new, "add")
    if classic(params, "message"):
        MESSAGES["im.message.add"](state, {"DIALOG_ID": f"chat{new}", "MESSAGE": classic(params, "message")})
    return Answer(new)


METHODS: dict[str, Handler] = {
    "im.dialog.get": _get,
    "im.recent.list": _recent,
    "im.chat.add": _add,
}
"""Handlers of this family."""
