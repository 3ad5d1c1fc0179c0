"""From wire names that no schema knows to attribute names."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["attribute_name"]

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=4096)
def attribute_name(wire: str) -> str:
    """The attribute name of a wire name that no schema knows: ``ufCrm_17`` and ``UF_CRM_17`` -> ``uf_crm_17``.

    What follows the first underscore of a camel-case name is the tail of the original name, which the portal keeps
    as it is: ``ufCrm_566EB0AC9B7FC`` -> ``uf_crm_566eb0ac9b7fc``.
    """
    if wire.upper() == wire:
        return wire.lower()
    head, underscore, tail = wire.partition("_")
    return (_WORD.sub("_", head) + underscore + tail).lower()
