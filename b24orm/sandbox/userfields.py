"""The user fields of the sandbox's portal: at least one of each type on deals, some on the other entities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from b24orm.sandbox.smart import EQUIPMENT, REPAIRS

__all__ = ["LABELS", "LANGUAGES", "USER_FIELDS", "UserField", "camel_name"]

LANGUAGES = ("ru", "en")
"""The languages that user fields have labels in; they are the same in each."""
LABELS = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL", "ERROR_MESSAGE", "HELP_MESSAGE")
"""What a user field says in a language."""

_DEFAULT = {"TYPE": "NONE", "VALUE": ""}
_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "string": {"SIZE": 20, "ROWS": 1, "REGEXP": "", "MIN_LENGTH": 0, "MAX_LENGTH": 0, "DEFAULT_VALUE": ""},
    "integer": {"SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None},
    "double": {"PRECISION": 2, "SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None},
    "boolean": {"DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX", "LABEL": ["", ""]},
    "enumeration": {"DISPLAY": "LIST", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y"},
    "date": {"DEFAULT_VALUE": _DEFAULT},
    "datetime": {"DEFAULT_VALUE": _DEFAULT},
    "money": {"DEFAULT_VALUE": ""},
    "url": {"POPUP": "Y", "SIZE": 20, "MIN_LENGTH": 0, "MAX_LENGTH": 0, "DEFAULT_VALUE": "", "ROWS": 1},
    "file": {"SIZE": 20, "LIST_WIDTH": 0, "LIST_HEIGHT": 0, "MAX_SHOW_SIZE": 0, "EXTENSIONS": [], "TARGET_BLANK": "Y"},
}


@dataclass(frozen=True, slots=True)
class UserField:
    """One user field as ``crm.*.userfield.list`` describes it.

    Attributes:
        items: the (id, text) of an enumeration.
        settings: those that differ from what a new field of its type has.
        labels: what it says by label and language, where that is not *label*.
    """

    id: int
    name: str
    type: str
    label: str
    multiple: bool = False
    items: tuple[tuple[int, str], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    mandatory: bool = False
    read_only: bool = False
    sort: int = 100
    xml_id: str | None = None
    show_filter: str = "E"
    show_in_list: bool = True
    edit_in_list: bool = True
    searchable: bool = False
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def phrase(self, name: str, language: str) -> str | None:
        """What the label *name* says in a language."""
        own = self.label if name.endswith("LABEL") and language in LANGUAGES else None
        return self.labels.get(name, {}).get(language, own)

    @property
    def all_settings(self) -> dict[str, Any]:
        """The settings as the portal shows them."""
        return {**_SETTINGS.get(self.type, {}), **self.settings}


_REGIONS = ((61, "Москва"), (62, "Санкт-Петербург"), (63, "Урал"))
_PRODUCTS = ((71, "CRM"), (72, "Телефония"), (73, "Сайты"))
_PRIORITIES = ((111, "Низкий"), (112, "Обычный"), (113, "Срочный"))
_WORKS = ((121, "Диагностика"), (122, "Замена деталей"), (123, "Настройка & чистка"))
_CONDITIONS = ((131, "Новое"), (132, "Исправно"), (133, "В ремонте"), (134, "Списано"))
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
# Labels as real portals have them: Cyrillic ones, the same one twice, and some that are no good as names.
_REPAIRS = (
    UserField(1001, "UF_CRM_7_1760000001", "string", "Серийный номер"),
    UserField(1002, "UF_CRM_7_1760000002", "enumeration", "Приоритет", items=_PRIORITIES),
    UserField(1003, "UF_CRM_7_1760000003", "date", "Дата приёмки"),
    UserField(1004, "UF_CRM_7_1760000004", "money", "Стоимость ремонта"),
    UserField(1005, "UF_CRM_7_1760000005", "boolean", "По гарантии"),
    UserField(1006, "UF_CRM_7_1760000006", "employee", "Мастер"),
    UserField(1007, "UF_CRM_7_1760000007", "string", "Неисправности", True),
    UserField(1008, "UF_CRM_7_1760000008", "enumeration", "Виды работ", True, _WORKS),
    UserField(1009, "UF_CRM_7_1760000009", "string", "Примечание"),
    UserField(1010, "UF_CRM_7_1760000010", "string", "Примечание"),
    UserField(1011, "UF_CRM_7_1760000011", "datetime", "Visit time"),
    UserField(1012, "UF_CRM_7_1760000012", "string", "Stage ID"),
    UserField(1013, "UF_CRM_7_1760000013", "integer", "24/7, часов"),
)
_EQUIPMENT = (
    UserField(1101, "UF_CRM_9_1760000001", "string", "Инвентарный номер"),
    UserField(1102, "UF_CRM_9_1760000002", "enumeration", "Состояние", items=_CONDITIONS),
    UserField(1103, "UF_CRM_9_1760000003", "date", "Поверка до"),
    UserField(1104, "UF_CRM_9_1760000004", "money", "Book value"),
    UserField(1105, "UF_CRM_9_1760000005", "boolean", "Списано"),
    UserField(1106, "UF_CRM_9_1760000006", "employee", "Закреплено за"),
    UserField(1107, "UF_CRM_9_1760000007", "double", "Масса, кг"),
    UserField(1108, "UF_CRM_9_1760000008", "string", "Tags", True),
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
    "requisite": (
        UserField(971, "UF_CRM_1755000001", "string", "Номер в реестре"),
        UserField(972, "UF_CRM_1755000002", "boolean", "Проверен"),
    ),
    REPAIRS.key: _REPAIRS,
    EQUIPMENT.key: _EQUIPMENT,
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
