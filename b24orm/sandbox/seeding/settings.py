"""What the CRM is set up with: currencies, presets of requisites, and the bank details and links of requisites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pydantic_core

from b24orm.sandbox.seeding.belongings import requisites

__all__ = ["SETTINGS"]

Ids = Mapping[str, Sequence[int]]
Rows = list[dict[str, Any]]

_DAY = "2025-01-15T09:00:00+03:00"
_CURRENCIES = (
    ("RUB", 1, "Российский рубль", "# ₽", "Russian Ruble"),
    ("USD", 78.5, "Доллар США", "$#", "US Dollar"),
    ("EUR", 91.25, "Евро", "# €", "Euro"),
)
_PRESETS = ((1, "Организация"), (3, "Индивидуальный предприниматель"), (5, "Физ. лицо"), (7, "Организация (доп.)"))
_BANKS = (("АО «Банк & Ко»", "044525000"), ("ПАО Северный банк", "044030001"))


def _currencies(ids: Ids, rng: Random) -> Rows:
    del ids, rng
    return [
        {
            "id": place,
            "currency": code,
            "amount_cnt": 1,
            "amount": rate,
            "base": "Y" if place == 1 else "N",
            "sort": 100 * place,
            "date_update": _DAY,
            "lid": "ru",
            "full_name": name,
            "format_string": form,
            "dec_point": ".",
            "thousands_sep": "&nbsp;",
            "decimals": 2,
            "lang": pydantic_core.to_json(
                {"ru": _language(form, name), "en": _language(form, english) | {"THOUSANDS_SEP": None}}
            ).decode(),
        }
        for place, (code, rate, name, form, english) in enumerate(_CURRENCIES, start=1)
    ]


def _language(form: str, name: str) -> dict[str, Any]:
    return {
        "FORMAT_STRING": form,
        "FULL_NAME": name,
        "DEC_POINT": ".",
        "THOUSANDS_SEP": "&nbsp;",
        "DECIMALS": "2",
        "THOUSANDS_VARIANT": "B",
        "HIDE_ZERO": "Y",
    }


def _presets(ids: Ids, rng: Random) -> Rows:
    del rng
    return [
        {"id": one, "entity_type_id": 8, "country_id": 1, "name": name, "xml_id": f"#PRESET_{one}#", "active": "Y",
         "sort": 500 + 10 * place, "created_by_id": ids["user"][0], "date_create": _DAY}
        for place, (one, name) in enumerate(_PRESETS)
    ]  # fmt: skip


def _bank_details(ids: Ids, rng: Random) -> Rows:
    """One account of every third requisite."""
    rows: Rows = []
    for place, requisite in enumerate(requisites(ids, Random(0))[::3]):
        name, bik = rng.choice(_BANKS)
        rows.append(
            {"id": 61 + 2 * place, "entity_id": requisite["id"], "country_id": 1, "date_create": _DAY,
             "created_by_id": ids["user"][0], "name": f"Счёт в {name}", "active": "Y", "sort": 500,
             "rq_bank_name": name, "rq_bik": bik, "rq_acc_num": f"40702810{rng.randint(10**11, 10**12 - 1)}",
             "rq_cor_acc_num": "30101810400000000225", "comments": ""}
        )  # fmt: skip
    return rows


def _links(ids: Ids, rng: Random) -> Rows:
    """Deals and quotes that have a requisite of their client."""
    owners = [(2, one) for one in ids["deal"][:8]] + [(7, one) for one in ids["quote"][:3]]
    pool = [requisite["id"] for requisite in requisites(ids, Random(0))] or [0]
    return [
        {"id": place, "entity_type_id": type_id, "entity_id": owner, "requisite_id": rng.choice((0, *pool[:5])),
         "bank_detail_id": 0, "mc_requisite_id": 0, "mc_bank_detail_id": 0}
        for place, (type_id, owner) in enumerate(owners, start=1)
    ]  # fmt: skip


SETTINGS = {
    "currency": _currencies,
    "requisite_preset": _presets,
    "bank_detail": _bank_details,
    "requisite_link": _links,
}
"""What makes the rows of each table."""
