"""One comparison of one column as SQL: what both filter grammars share, and nothing of what tells them apart."""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.clock import read_date, read_datetime
from b24orm.sandbox.fields import Column, Storage
from b24orm.sandbox.php import floatval, intval, strval
from b24orm.sandbox.store import Sql

__all__ = [
    "all_of",
    "any_of",
    "compare",
    "empty",
    "equals",
    "filled",
    "is_number",
    "is_text",
    "like",
    "negate",
    "read",
    "scalar",
]

_NUMBERS = frozenset({"int", "number", "bit", "file"})
_TEXTS = frozenset({"text", "code", "flag", "json", "fm"})


def scalar(column: Column) -> Storage:
    """The storage of one value: of an element, if the column is multiple."""
    return column.element or column.storage


def is_number(column: Column) -> bool:
    """Whether values of the column compare as numbers."""
    return scalar(column) in _NUMBERS


def is_text(column: Column) -> bool:
    """Whether values of the column compare as text, whatever their case."""
    return scalar(column) in _TEXTS


def read(column: Column, value: Any) -> Any:
    """*value* from the wire as the column would hold it (text case-folded); None where a date cannot be read."""
    storage = scalar(column)
    if storage == "number":
        return floatval(value)
    if storage in _NUMBERS:
        return intval(value)
    if storage == "date":
        return read_date(strval(value))
    if storage == "datetime":
        return read_datetime(strval(value))
    return strval(value).casefold()


def _operand(column: Column) -> str:
    return "value" if column.storage == "many" else column.sql


def _folded(column: Column) -> str:
    # Codes are short Latin words under a NOCASE collation, which sqlite compares (and indexes) by itself.
    if column.folded:
        return f'"{column.name}_folded"'
    return _operand(column) if column.storage in {"code", "flag"} else f"fold({_operand(column)})"


def _wrap(column: Column, text: str) -> str:
    """A condition on the elements of a multiple column holds if any of them fits."""
    if column.storage != "many":
        return text
    return f"EXISTS (SELECT 1 FROM json_each({column.sql}) WHERE {text})"  # noqa: S608 - our own names


def compare(column: Column, operator: str, value: Any) -> Sql:
    """``column <operator> value`` for a value that `read` made; NULL rows never match."""
    if value is None:
        return "0", []
    operand = _folded(column) if is_text(column) else _operand(column)
    return _wrap(column, f"{operand} {operator} ?"), [value]


def equals(column: Column, value: Any) -> Sql:
    """``column = value``."""
    return compare(column, "=", value)


def any_of(column: Column, values: list[Any]) -> Sql:
    """``column IN (values)``."""
    operand = _folded(column) if is_text(column) else _operand(column)
    return _wrap(column, f"{operand} IN ({', '.join('?' * len(values))})"), list(values)


def empty(column: Column) -> Sql:
    """The column holds nothing: NULL, an empty text or list, the number 0."""
    if column.storage == "many":
        return f"({column.sql} IS NULL OR {column.sql} = '[]')", []
    if is_number(column):
        return f"({column.sql} IS NULL OR {column.sql} = 0)", []
    if is_text(column):
        return f"({column.sql} IS NULL OR {column.sql} = '')", []
    return f"{column.sql} IS NULL", []


def filled(column: Column) -> Sql:
    """The column holds something."""
    return negate(empty(column))


def like(column: Column, pattern: str, *, wild: bool) -> Sql:
    """The text of the column contains *pattern*, or, if *wild*, fits it with its ``%`` and ``_``."""
    operand = _folded(column) if column.folded else f"fold({_operand(column)} || '')"
    if wild:
        return _wrap(column, rf"{operand} LIKE ? ESCAPE '\'"), [pattern.casefold()]
    return _wrap(column, f"instr({operand}, ?) > 0"), [pattern.casefold()]


def negate(condition: Sql, *, keep_null: Column | None = None) -> Sql:
    """NOT *condition*; rows where *keep_null* is NULL match as well."""
    text, parameters = condition
    if keep_null is not None:
        return f"({keep_null.sql} IS NULL OR NOT ({text}))", parameters
    return f"NOT ({text})", parameters


def all_of(*conditions: Sql) -> Sql:
    """All of the *conditions*, of which some may be empty."""
    texts = [text for text, _ in conditions if text]
    return " AND ".join(texts), [value for _, values in conditions for value in values]
