"""Python names out of the titles that people gave: transliterated, stable, and different from each other.

A field keeps its name as long as it keeps its title: what else the portal has changes it only if two fields share a
title, and then that of the younger one, whose code comes later.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from b24orm.discovery.layout import OwnField

__all__ = ["attribute_name_of", "attribute_names", "class_name_of"]

# Russian, Ukrainian, Belarusian and Kazakh letters; what has marks above it is taken apart first, but й and ё are not
# и and е.
_LETTERS: Mapping[str, str] = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu",
    "я": "ya", "і": "i", "ї": "yi", "є": "ye", "ґ": "g", "ў": "u", "ә": "a", "ғ": "g", "қ": "k", "ң": "n", "ө": "o",
    "ұ": "u", "ү": "u", "һ": "h", "ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "№": "no",
}  # fmt: skip
_LONGEST, _LONGEST_CLASS = 32, 24
# What annotations inside of a class are made of: it would mean something else there if a field were called so.
_ANNOTATING = frozenset({"bool", "column", "date", "datetime", "float", "int", "list", "str", "tuple"})


def _latin(text: str) -> str:
    """*text* in lower case Latin letters, digits, and spaces for all else."""
    found: list[str] = []
    for letter in unicodedata.normalize("NFC", text).lower():
        plain = _LETTERS.get(letter)
        if plain is None:
            plain = "".join(c for c in unicodedata.normalize("NFKD", letter).lower() if not unicodedata.combining(c))
        found.append("".join(_LETTERS.get(c, c if c.isascii() and c.isalnum() else " ") for c in plain))
    return "".join(found)


def attribute_name_of(title: str) -> str:
    """*title* as the name of an attribute: ``Номер договора`` -> ``nomer_dogovora``; "" if nothing is left of it."""
    words = _latin(title).split()
    name = ""
    for word in words:
        longer = f"{name}_{word}" if name else word
        if len(longer) > _LONGEST and name:
            break
        name = longer
    name = name[:_LONGEST].rstrip("_")
    if name[:1].isdigit():
        name = f"n_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def class_name_of(title: str) -> str:
    """*title* as the name of a class: ``Заявки на ремонт`` -> ``ZayavkiNaRemont``; "" if nothing is left of it."""
    name = "".join(word[:1].upper() + word[1:] for word in _latin(title).split())[:_LONGEST_CLASS]
    if name[:1].isdigit():
        name = f"N{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def attribute_names(fields: Iterable[OwnField], taken: Collection[str]) -> dict[str, OwnField]:
    """The *fields* by the names that they get, which are none of *taken*, nor of the types that they may have.

    A field without a title of its own is called by its code in lower case, as undeclared fields are.
    """
    names: dict[str, OwnField] = {}
    taken = {*taken, *_ANNOTATING}
    for field in sorted(fields, key=lambda field: natural(field.wire)):
        code = re.sub("__+", "_", field.wire.lower()).rstrip("_")
        name = (
            "" if field.label in ("", field.wire) or code.startswith("parent_id_") else attribute_name_of(field.label)
        )
        if not name or name.startswith(("uf_", "parent_id")):
            name = code
        elif name in taken or name in names:
            tail = re.sub(r"^uf_(crm_)?(\d{1,6}_)?", "", code)
            name = f"{name}_{tail}"
        names[name if name not in taken and name not in names else code] = field
    return names


def natural(code: str) -> list[tuple[int, str]]:
    """A key that sorts numbers inside of codes as numbers: codes hold the time when a field was made."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", code)]
