"""Rows of the database as the portal answers them, in each of its forms.

sqlite itself writes the JSON text of a row (see `rows`), with one expression per column and form.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

from b24orm.sandbox.fields import Column, Form, Table
from b24orm.sandbox.php import entries, strval
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.store import Sql, Store, Window

__all__ = ["PHOTO", "fetch", "fetch_one", "item_columns"]

Style = Literal["item", "classic", "user"]
_MAX_ARGUMENTS = 100  # sqlite takes 127 arguments of a function
_CLASSIC_FILE = "/bitrix/components/bitrix/crm/show_file.php?fileId="
PHOTO = "https://cdn.example.test/main/photo.png?fileId="
"""Where the photos of users are, up to the id of the file."""


def item_columns(source: Table, form: Form, raw: Any) -> list[Column]:
    """The columns of a ``crm.item.list`` select: ``*`` by default, unknown names ignored, ``fm`` only through ``*``."""
    wanted = {strval(name) for _, name in entries(raw)} or {"*"}
    if "*" in wanted:
        return list(source.by_wire[form].values())
    user_fields = "UF_*" in wanted
    return [
        column
        for wire, column in source.by_wire[form].items()
        if (wire in wanted and column.selectable) or (user_fields and column.wire["item"].startswith("UF_"))
    ]


def fetch(
    store: Store,
    source: Table,
    form: Form,
    columns: Iterable[Column],
    where: Sql,
    order: str = "",
    window: Window | None = None,
) -> Rows:
    """The matching rows in *form*: all of them, or those of a *window*."""
    what = _expression(source, form, tuple(column.name for column in columns))
    found = (
        store.page(source.key, what, where, order, window) if window else store.select(source.key, what, where, order)
    )
    return Rows([row[0] for row in found])


def fetch_one(store: Store, source: Table, form: Form, columns: Iterable[Column], row_id: int) -> dict[str, Any] | None:
    """One row in *form*, or None."""
    rows = fetch(store, source, form, columns, ("id = ?", [row_id]))
    return rows[0] if len(rows) else None


@lru_cache(maxsize=1024)
def _expression(source: Table, form: Form, names: tuple[str, ...]) -> str:
    """The SQL that writes one row. A blob, since the answer is bytes: no text is decoded and encoded again."""
    key = source.key
    style: Style = "user" if key == "user" else "item" if form.startswith("item") or source.numbers else "classic"
    columns = [source.by_name[name] for name in names]
    if not columns:
        return "CAST('[]' AS BLOB)"  # an empty PHP array
    # A classic multifield that holds nothing is absent, so it brings its own key; it never comes first, the id does.
    patterns = ["%s" if _brings_key(c, style) else f',"{c.wire[form]}":%s' for c in columns]
    patterns[0] = patterns[0].removeprefix(",")
    values = [_value(c, style, source, form) for c in columns]
    pieces: list[str] = []
    for start in range(0, len(columns), _MAX_ARGUMENTS):
        part = slice(start, start + _MAX_ARGUMENTS)
        pieces.append(f"printf('{''.join(patterns[part])}', {', '.join(values[part])})")
    return f"CAST('{{' || {' || '.join(pieces)} || '}}' AS BLOB)"


def _brings_key(column: Column, style: Style) -> bool:
    return column.storage == "fm" and style != "item"


def _value(column: Column, style: Style, source: Table, form: Form) -> str:
    """The SQL of one value as JSON text."""
    name = column.sql
    if column.storage == "const":
        return str(source.entity_type_id)
    if column.storage == "file":
        return _file(name, style)
    if column.storage == "many":
        return _files(name) if column.element == "file" else f"ifnull({name}, '[]')"
    if column.storage == "json":
        return f"ifnull({name}, 'null')"
    if column.storage == "fm":
        return f"ifnull({name}, '[]')" if style == "item" else _multifield(column.wire[form])
    if column.storage in {"text", "code"}:  # clients may store any text in a code, too
        # User fields without a value are an empty string in classic answers, null in crm.item.*.
        nothing = '""' if style == "classic" and column.user_field else "null"
        return f"CASE WHEN {name} IS NULL THEN '{nothing}' ELSE json_quote({name}) END"  # half of the texts are NULL
    if (style == "user" and column.name == "active") or (column.storage == "flag" and source.true_false):
        return f"CASE {name} WHEN 'Y' THEN 'true' ELSE 'false' END"
    if style == "item":
        return _item_value(column)
    # Empty dates and user fields are empty strings in classic answers.
    nothing = '""' if column.storage in {"date", "datetime"} or column.user_field else "null"
    if column.storage == "number" and column.user_field is None:
        return f"CASE WHEN {name} IS NULL THEN '{nothing}' ELSE printf('\"%.{column.digits}f\"', {name}) END"
    return f"ifnull('\"' || {name} || '\"', '{nothing}')"


def _item_value(column: Column) -> str:
    name = column.sql
    if column.storage == "bit":
        return f"CASE WHEN {name} THEN '\"Y\"' WHEN {name} IS NULL THEN 'null' ELSE '\"N\"' END"
    if column.storage in {"int", "number"}:
        return f"ifnull({name}, 'null')"
    return f"ifnull('\"' || {name} || '\"', 'null')"


def _file(name: str, style: Style) -> str:
    if style == "user":
        made = f"printf('\"{PHOTO}%d\"', {name})"
    elif style == "item":
        made = _item_file(name)
    else:
        made = (
            f"json_object('id', {name}, 'showUrl', '{_CLASSIC_FILE}' || {name}, "
            f"'downloadUrl', '{_CLASSIC_FILE}' || {name} || '&download=1')"
        )
    return f"CASE WHEN {name} THEN {made} ELSE 'null' END"


def _item_file(value: str) -> str:
    return f"json_object('id', {value}, 'url', browser_link({value}), 'urlMachine', machine_link({value}))"


def _files(name: str) -> str:
    every = f"SELECT json_group_array({_item_file('value')}) FROM json_each({name})"  # noqa: S608 - our own names
    return f"CASE WHEN {name} IS NULL OR {name} = '[]' THEN '[]' ELSE ({every}) END"


def _multifield(type_id: str) -> str:
    one = (
        "json_object('ID', json_extract(value, '$.id') || '', 'VALUE_TYPE', json_extract(value, '$.valueType'), "
        "'VALUE', json_extract(value, '$.value'), 'TYPE_ID', json_extract(value, '$.typeId'))"
    )
    some = f"""FROM json_each(fm) WHERE json_extract(value, '$.typeId') = '{type_id}'"""
    return (
        f'CASE WHEN fm LIKE \'%"typeId":"{type_id}"%\' THEN '
        f"',\"{type_id}\":' || (SELECT json_group_array({one}) {some}) ELSE '' END"
    )
