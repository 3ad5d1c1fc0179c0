"""Who has the same phone or e-mail address: ``crm.duplicate.findbycomm``
(https://apidocs.bitrix24.com/api-reference/crm/duplicates/crm-duplicate-find-by-comm.html).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from b24orm.command import Command
from b24orm.context import PortalLike
from b24orm.errors import InvalidValue
from b24orm.narrow import is_list, is_mapping
from b24orm.op import Op
from b24orm.plan import Plan

__all__ = ["Duplicates", "find_duplicates"]

_METHOD = "crm.duplicate.findbycomm"
_KINDS = ("LEAD", "CONTACT", "COMPANY")
_MOST = 20  # ids of a kind that the method answers; with so many of one, it leaves the other kinds out


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Who has one phone number or e-mail address.

    Attributes:
        value: the number or address, as it was asked for.
        leads, contacts, companies: their ids, as the portal orders them.
        complete: False where a kind has 20 or more: the portal may have left some out.
    """

    value: str
    leads: tuple[int, ...]
    contacts: tuple[int, ...]
    companies: tuple[int, ...]

    @property
    def complete(self) -> bool:
        """Whether the portal has shown all of them."""
        return max(len(self.leads), len(self.contacts), len(self.companies)) < _MOST


def find_duplicates(
    *, phones: Collection[str] = (), emails: Collection[str] = (), portal: PortalLike | None = None
) -> Op[list[Duplicates]]:
    """The leads, contacts and companies that have these phone numbers and e-mail addresses.

    ::

        for found in await find_duplicates(phones=["+7 912 345-67-89"], emails=["a@example.com"]):
            print(found.value, found.contacts)

    Each value is asked for by itself, and each kind as well, so that many leads do not hide a contact; the commands
    share requests, 16 values each.

    Args:
        phones: numbers in whatever spelling; the portal compares their digits.
        emails: addresses.
        portal: where to look; the current portal by default.

    Returns:
        One answer a value, phones first, in the order given.

    Raises:
        InvalidValue: a value is no text, or empty.
    """
    wanted: list[tuple[Literal["PHONE", "EMAIL"], str]] = []
    for type, name, values in (("PHONE", "phones", phones), ("EMAIL", "emails", emails)):
        if isinstance(values, str):
            raise InvalidValue(f"{name} takes a list of texts, not one: [{values!r}]")
        for value in values:
            said: Any = value
            if not isinstance(said, str) or not said.strip():
                raise InvalidValue(f"{name} takes texts, not {said!r}")
            wanted.append(("PHONE" if type == "PHONE" else "EMAIL", said))

    async def run(at: PortalLike) -> list[Duplicates]:
        async def one(type: str, value: str) -> Duplicates:
            found = await asyncio.gather(*(_ids(at, type, value, kind) for kind in _KINDS))
            return Duplicates(value, *found)

        return list(await asyncio.gather(*(one(*pair) for pair in wanted)))

    def explain() -> Plan:
        commands = len(wanted) * len(_KINDS)
        first = tuple(_command(*pair, kind) for pair in wanted for kind in _KINDS)
        return Plan("batch", "one command a value and kind", str(-(-commands // 50)), str(commands), first)

    return Op(run, explain=explain, portal=portal)


def _command(type: str, value: str, kind: str) -> Command:
    return Command(_METHOD, {"type": type, "values": [value], "entity_type": kind})


async def _ids(portal: PortalLike, type: str, value: str, kind: str) -> tuple[int, ...]:
    result: Any = (await portal.submit(_command(type, value, kind))).unwrap().result
    ids: Any = result.get(kind) if is_mapping(result) else None  # an empty list where there are none
    return tuple(int(id) for id in ids) if is_list(ids) else ()
