"""The small objects that others are related to: users, their photos, groups, stages, flows, chats.

Facts: api-reference/tasks/fields-rest-v3.md. The page does not say what ``role``, ``type`` and ``rights`` may be.
"""

from __future__ import annotations

from typing import Any

import pydantic_core

from b24orm.sandbox.state import State
from b24orm.sandbox.v3.dto import Dto, Property, Relation, Row

__all__ = [
    "CHAT",
    "EMAIL",
    "FLOW",
    "GROUP",
    "NOBODY",
    "STAGE",
    "USER",
    "group",
    "user",
    "users",
]


def _nobody(state: State, row: Row) -> None:
    """The related object that nothing has here."""
    del state, row


def _image(state: State, row: Row) -> Row | None:
    photo = row.get("personal_photo")
    if not photo:
        return None
    name = f"photo{photo}.jpg"
    return {"id": photo, "src": state.files.browser_link(photo), "name": name}


FILE = Dto(
    "FileDto",
    "",
    (
        Property("id", "int", "id"),
        Property("src", "string", "src"),
        Property("name", "string", "name"),
        *(Property(name, "int") for name in ("width", "height", "size")),
        Property("subDir", "string"),
        Property("contentType", "string"),
        Property("file", "array", show=lambda state, row: None),
    ),
)


def _name(state: State, row: Row) -> str:
    del state
    return " ".join(part for part in (row.get("name"), row.get("last_name")) if part)


USER = Dto(
    "UserDto",
    "user",
    (
        Property("id", "int", "id"),
        Property("name", "string", show=_name, needs=("name", "last_name")),
        Property("role", "string"),
        Property("image", "object", relation=Relation(lambda: FILE, _image)),
        Property("gender", "string", "personal_gender"),
        Property("email", "string", "email"),
        Property("externalAuthId", "string"),
        Property("rights", "array", show=lambda state, row: []),
    ),
)

GROUP = Dto(
    "GroupDto",
    "",
    (
        Property("id", "int", "id"),
        Property("name", "string", "name"),
        Property("image", "object", relation=Relation(lambda: FILE, _nobody)),
        Property("type", "string", "type"),
        Property("isVisible", "bool", "visible"),
    ),
)


def group(state: State, group_id: int) -> Row:
    """A group; one that is not there is made up, as the classic methods do."""
    held = state.store.row("sonet_group", group_id) or {"id": group_id, "name": f"Проект {group_id}", "visible": "Y"}
    return {**held, "type": "project" if held.get("project") == "Y" else "group"}


STAGE = Dto("StageDto", "", (Property("id", "int", "id"), Property("title", "string"), Property("color", "string")))

FLOW = Dto("FlowDto", "", (Property("id", "int", "id"), Property("name", "string", "name")))

CHAT = Dto(
    "ChatDto",
    "",
    (
        Property("id", "int", "id"),
        Property("entityId", "int", "entity_id"),
        Property("entityType", "string", "entity_type"),
    ),
)

EMAIL = Dto(
    "EmailDto",
    "",
    (
        *(Property(name, "int") for name in ("id", "taskId", "mailboxId", "dateTs")),
        *(Property(name, "string") for name in ("title", "body", "from", "link")),
    ),
)


_SHOWN = ("id", "name", "last_name", "personal_gender", "personal_photo", "email")


def _user(state: State, user_id: int) -> Row | None:
    found = state.store.select("user", ", ".join(_SHOWN), ("id = ?", [user_id]))
    return dict(zip(_SHOWN, found[0], strict=True)) if found else None


def user(column: str) -> Relation:
    """The user whose id is in a column."""

    def load(state: State, row: Row) -> Row | None:
        return _user(state, row[column]) if row[column] else None

    return Relation(lambda: USER, load)


def users(column: str) -> Relation:
    """The users whose ids are in a column."""

    def load(state: State, row: Row) -> list[Any]:
        ids = pydantic_core.from_json(row[column] or "[]")
        return [one for one in (_user(state, user_id) for user_id in ids) if one is not None]

    return Relation(lambda: USER, load, many=True)


NOBODY = _nobody
"""Loads nothing."""
