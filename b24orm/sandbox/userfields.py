"""The user fields of the sandbox's portal: at least one of each type on deals, some on the other entities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

__all__ = ["USER_FIELDS", "UserField", "camel_name"]


@dataclass(frozen=True, slots=True)
class UserField:
    """One user field as ``crm.*.userfield.list`` describes it. ``items`` are the (id, text) of an enumeration."""

    id: int
    name: str
    type: str
    label: str
    multiple: bool = False
    items: tuple[tuple[int, str], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


_REGIONS = ((61, "Москва"), (62, "Санкт-Петербург"), (63, "Урал"))
_PRODUCTS = ((71, "CRM"), (72, "Телефония"), (73, "Сайты"))
_DEAL = (
    UserField(501, "UF_CRM_1700000001", "string", "Сегмент"),
    UserField(502, "UF_CRM_1700000002", "integer", "Количество мест"),
    UserField(503, "UF_CRM_1700000003", "double", "Скидка, %"),
    UserField(504, "UF_CRM_1700000004", "boolean", "Договор подписан"),
    UserField(505, "UF_CRM_1700000005", "enumeration", "Регион", items=_REGIONS),
    UserField(506, "UF_CRM_1700000006", "enumeration", "Продукты", multiple=True, items=_PRODUCTS),
    UserField(507, "UF_CRM_1700000007", "date", "Дата отгрузки"),
    UserField(508, "UF_CRM_1700000008", "datetime", "Встреча"),
    UserField(509, "UF_CRM_1700000009", "money", "Предоплата"),
    UserField(510, "UF_CRM_1700000010", "url", "Карточка клиента"),
    UserField(511, "UF_CRM_1700000011", "address", "Адрес доставки"),
    UserField(512, "UF_CRM_1700000012", "file", "Договор"),
    UserField(513, "UF_CRM_1700000013", "employee", "Менеджер проекта"),
    UserField(514, "UF_CRM_1700000014", "crm_status", "Отрасль", settings={"ENTITY_TYPE": "INDUSTRY"}),
    UserField(515, "UF_CRM_1700000015", "crm", "Связанный клиент", settings={"CONTACT": "Y", "COMPANY": "Y"}),
    UserField(516, "UF_CRM_1700000016", "iblock_element", "Товар из каталога", settings={"IBLOCK_ID": 14}),
    UserField(517, "UF_CRM_1700000017", "iblock_section", "Раздел каталога", settings={"IBLOCK_ID": 14}),
    UserField(518, "UF_CRM_1700000018", "string", "Метки", True),
    UserField(519, "UF_CRM_1700000019", "file", "Вложения", True),
    UserField(520, "UF_CRM_1700000020", "date", "Платежи", True),
    UserField(521, "UF_CRM_CONTRACT_NUMBER", "string", "Номер договора"),
    UserField(522, "UF_CRM_5_1700000022", "string", "Внешний код"),
    UserField(523, "UF_CRM_566EB0AC9B7FC", "string", "Способ доставки"),
)

USER_FIELDS: Mapping[str, tuple[UserField, ...]] = {
    "deal": _DEAL,
    "lead": (
        UserField(601, "UF_CRM_1710000001", "string", "Рекламная кампания"),
        UserField(602, "UF_CRM_1710000002", "datetime", "Перезвонить"),
        UserField(603, "UF_CRM_1710000003", "enumeration", "Интерес", False, ((81, "Высокий"), (82, "Низкий"))),
    ),
    "contact": (
        UserField(701, "UF_CRM_1720000001", "string", "Ник в Telegram"),
        UserField(702, "UF_CRM_1720000002", "boolean", "Согласие на рассылку"),
        UserField(703, "UF_CRM_1720000003", "enumeration", "Роли", True, ((91, "ЛПР"), (92, "Бухгалтер"))),
    ),
    "company": (
        UserField(801, "UF_CRM_1730000001", "string", "ИНН"),
        UserField(802, "UF_CRM_1730000002", "integer", "Филиалов"),
        UserField(803, "UF_CRM_1730000003", "money", "Кредитный лимит"),
    ),
    "quote": (UserField(901, "UF_CRM_1740000001", "string", "Условия доставки"),),
    "smart_invoice": (UserField(951, "UF_CRM_SMART_INVOICE_1750000001", "string", "Основание"),),
}
"""User fields by entity key."""


@cache
def camel_name(name: str) -> str:
    """The name of a user field in ``crm.item.*`` answers unless ``useOriginalUfNames=Y`` asks for the original.

    Fact: ``UF_CRM_1700000000`` -> ``ufCrm_1700000000``, ``UF_CRM_5_1700000000`` -> ``ufCrm5_1700000000``,
    ``UF_CRM_MY_STR`` -> ``ufCrmMyStr``, mixed letters and digits keep their tail after ``ufCrm_``.
    """
    if not name.startswith("UF_CRM_"):
        return "uf" + _title(name.removeprefix("UF_"))
    tail = name.removeprefix("UF_CRM_")
    numbered = re.fullmatch(r"(\d+)_(\w+)", tail)
    if numbered:
        return f"ufCrm{numbered[1]}_{numbered[2]}"
    if re.fullmatch(r"[A-Z_]+", tail):
        return "ufCrm" + _title(tail)
    return f"ufCrm_{tail}"


def _title(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
