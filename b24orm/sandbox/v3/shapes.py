"""The tables that only REST 3.0 shows. They have no schema, so their columns are listed here.

Imported by `b24orm.sandbox.fields`, which makes tables of them: nothing of the sandbox may be imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["SHAPES", "Held"]

Held = Literal["int", "text", "datetime", "flag", "many"]
"""How a column is held; see `b24orm.sandbox.fields.Storage`."""

_TEXT: Held = "text"

SHAPES: Mapping[str, Mapping[str, Held]] = {
    "event_log": {
        "timestamp_x": "datetime",
        **dict.fromkeys(("severity", "audit_type_id", "module_id", "item_id", "remote_addr", "user_agent"), _TEXT),
        **dict.fromkeys(("request_uri", "site_id", "description"), _TEXT),
        "user_id": "int",
        "guest_id": "int",
    },
    "timeman_record": {
        "user_id": "int",
        "start_time": "datetime",
        "end_time": "datetime",
        "duration": "int",
        "break_length": "int",
        "state": "text",
        "is_approved": "flag",
    },
    "task_scrum": {"epic_id": "int", "story_points": "int"},
    "task_message": {"task_id": "int", "author_id": "int", "text": "text", "created_at": "datetime"},
    "task_result": {
        "task_id": "int",
        "text": "text",
        "author_id": "int",
        "created_at": "datetime",
        "updated_at": "datetime",
        "status": "text",
        "file_ids": "many",
        "message_id": "int",
    },
    "note_collection": {
        "name": "text",
        "position": "int",
        "policy_level": "text",
        "created_by": "int",
        "created_at": "datetime",
        "updated_by": "int",
        "updated_at": "datetime",
        "gone": "text",
    },
    "note_document": {
        "collection_id": "int",
        "parent_id": "int",
        "title": "text",
        "markdown": "text",
        "position": "int",
        "created_by": "int",
        "created_at": "datetime",
        "updated_by": "int",
        "updated_at": "datetime",
        "gone": "text",
    },
    "note_file": {"document_id": "int", "name": "text", "size": "int", "mime_type": "text", "file_id": "int"},
}
"""The columns of each table, beside ``id``. What is in the archive or in the trash is *gone* there."""
