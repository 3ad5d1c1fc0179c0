"""Leads, contacts and companies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from b24orm.sandbox.seeding.dictionaries import LEAD_STAGES, codes
from b24orm.sandbox.seeding.frame import Frame
from b24orm.sandbox.seeding.words import (
    AWKWARD,
    CITIES,
    COMMENTS,
    COMPANIES,
    FIRST_NAMES,
    LAST_NAMES,
    POSITIONS,
    PRODUCTS,
    SECOND_NAMES,
)

__all__ = ["companies", "contacts", "leads"]

_FORMS = (
    "+7 495 {0:03}-{1:02}-{2:02}",
    "8 (812) {0:03}-{1:02}-{2:02}",
    "+7916{0:03}{1:02}{2:02}",
    "+44 20 7946 {0:03}{1}",
)


def _multifields(frame: Frame, base: int) -> dict[str, Iterable[Any]]:
    """Phones and addresses, and the columns that repeat them."""
    kinds = frame.pick(range(4), (10, 20, 55, 15))
    shapes = frame.pick(_FORMS)
    texts: list[str] = []
    phones: list[str] = []
    emails: list[str] = []
    for place, (row_id, kind, shape) in enumerate(zip(frame.ids, kinds, shapes, strict=True)):
        number = shape.format(row_id % 1000, row_id // 7 % 100, row_id % 97) if kind else ""
        mail = f"client{row_id}@example.test" if kind >= 2 else ""
        first = base + 3 * place
        parts: list[str] = []
        if number:
            parts.append(f'{{"id":{first},"typeId":"PHONE","valueType":"WORK","value":"{number}"}}')
        if mail:
            parts.append(f'{{"id":{first + 1},"typeId":"EMAIL","valueType":"WORK","value":"{mail}"}}')
        if kind == 3:
            parts.append(
                f'{{"id":{first + 2},"typeId":"PHONE","valueType":"MOBILE","value":"+7999{row_id % 10**7:07}"}}'
            )
        texts.append(f"[{','.join(parts)}]")
        phones.append(number)
        emails.append(mail)
    return {
        "fm": texts,
        "has_phone": ["Y" if phone else "N" for phone in phones],
        "has_email": ["Y" if mail else "N" for mail in emails],
        "phone": phones,
        "phone_work": phones,
        "email": emails,
        "email_work": emails,
    }


def _names(frame: Frame) -> dict[str, Iterable[Any]]:
    return {
        "name": frame.pick(FIRST_NAMES),
        "last_name": frame.sparse(LAST_NAMES, 0.9),
        "second_name": frame.pick(SECOND_NAMES),
        "honorific": frame.sparse(codes("HONORIFIC"), 0.4),
        "birthdate": frame.birthdays(0.3),
        "post": frame.pick(POSITIONS),
        "address": frame.sparse(CITIES, 0.3),
        "source_id": frame.sparse(codes("SOURCE"), 0.8),
        "source_description": frame.sparse(AWKWARD, 0.05),
        "comments": frame.pick(COMMENTS),
    }


def leads(frame: Frame) -> dict[str, Iterable[Any]]:
    """Leads over all their stages."""
    stages = frame.pick(LEAD_STAGES, (30, 25, 15, 20, 10))
    products = frame.pick(PRODUCTS)
    return frame.columns(
        {
            **frame.authors(),
            **_names(frame),
            **_multifields(frame, 1_000_001),
            "title": [f"{product}: заявка {lead_id}" for product, lead_id in zip(products, frame.ids, strict=True)],
            "company_title": frame.sparse(COMPANIES, 0.5),
            "stage_id": [stage for stage, _ in stages],
            "stage_semantic_id": [semantics for _, semantics in stages],
            "opportunity": frame.amounts(),
            "currency_id": frame.pick(("RUB", "USD", "EUR"), (85, 10, 5)),
            "company_id": frame.refer("company", 0.2, 0),
            "contact_id": frame.refer("contact", 0.2, 0),
            "date_closed": [text if s != "P" else None for text, (_, s) in zip(frame.moments(30), stages, strict=True)],
            "moved_by": frame.refer("user"),
            "moved_time": frame.moments(20),
            "uf_crm_1710000001": frame.sparse(("brand", "Осень 50%", "a&b=c"), 0.5),
            "uf_crm_1710000002": frame.moments(10),
            "uf_crm_1710000003": frame.sparse((81, 82), 0.6),
        }
    )


def contacts(frame: Frame) -> dict[str, Iterable[Any]]:
    """Contacts, most of them of some company."""
    company_ids = frame.refer("company", 0.6)
    return frame.columns(
        {
            **frame.authors(),
            **_names(frame),
            **_multifields(frame, 3_000_001),
            "company_id": company_ids,
            "company_ids": [f"[{one}]" if one else "[]" for one in company_ids],
            "type_id": frame.pick(codes("CONTACT_TYPE")),
            "export": frame.pick("YN", (90, 10)),
            "photo": frame.sparse(range(9001, 9100), 0.1),
            "category_id": [0] * frame.n,
            "uf_crm_1720000001": frame.sparse(("@anna", "@boris_99", "нет"), 0.4),
            "uf_crm_1720000002": frame.sparse((0, 1), 0.8),
            "uf_crm_1720000003": frame.pick(("[]", "[91]", "[91,92]")),
        }
    )


def companies(frame: Frame) -> dict[str, Iterable[Any]]:
    """Companies; their names repeat, with a number to tell them apart."""
    names: Sequence[str] = frame.pick(COMPANIES)
    return frame.columns(
        {
            **frame.authors(),
            **_multifields(frame, 6_000_001),
            "title": [f"{name} {company_id}" for name, company_id in zip(names, frame.ids, strict=True)],
            "type_id": frame.pick(codes("COMPANY_TYPE")),
            "industry": frame.sparse(codes("INDUSTRY"), 0.8),
            "employees": frame.sparse(codes("EMPLOYEES"), 0.7),
            "revenue": frame.amounts(),
            "currency_id": ["RUB"] * frame.n,
            "comments": frame.pick(COMMENTS),
            "address": frame.sparse(CITIES, 0.5),
            "banking_details": frame.sparse(("р/с 40702810000000000001\nБИК 044525225",), 0.2),
            "logo": frame.sparse(range(9201, 9300), 0.1),
            "category_id": [0] * frame.n,
            "uf_crm_1730000001": [f"77{company_id % 10**8:08}" for company_id in frame.ids],
            "uf_crm_1730000002": frame.sparse(range(1, 40), 0.5),
            "uf_crm_1730000003": frame.sparse(("300|RUB", "150000.50|RUB", "2000|USD"), 0.4),
        }
    )
