"""Deals, quotes and smart invoices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from b24orm.sandbox.seeding.dictionaries import DEAL_STAGES, codes
from b24orm.sandbox.seeding.frame import Frame
from b24orm.sandbox.seeding.words import AWKWARD, CITIES, COMMENTS, COMPANIES, PRODUCTS

__all__ = ["deals", "invoices", "quotes"]

_STAGE_WEIGHTS = (20, 10, 5, 12, 3, 25, 8, 2, 10, 6, 6, 8, 4, 8, 4, 6, 6, 2)
_SUCCESS = {"S": 100, "F": 0}


def _clients(frame: Frame) -> dict[str, Iterable[Any]]:
    contact_ids = frame.refer("contact", 0.8)
    others = frame.refer("contact", 0.15)
    return {
        # An unfilled company is null in some rows and 0 in others: real portals answer both.
        "company_id": [
            one if one else nothing
            for one, nothing in zip(frame.refer("company", 0.6), frame.pick((None, 0)), strict=True)
        ],
        "contact_id": contact_ids,
        "contact_ids": [
            "[]" if not one else f"[{one},{other}]" if other and other != one else f"[{one}]"
            for one, other in zip(contact_ids, others, strict=True)
        ],
        "begindate": frame.days(10),
        "closedate": frame.days(120, 0.9),
        "opportunity": frame.amounts(),
        "is_manual_opportunity": frame.pick("YN", (60, 40)),
        "tax_value": frame.sparse((20, 1333.33), 0.2, 0),
        "currency_id": frame.pick(("RUB", "USD", "EUR"), (85, 10, 5)),
        "comments": frame.pick(COMMENTS),
        "moved_by": frame.refer("user"),
        "moved_time": frame.moments(50),
    }


def _titles(frame: Frame) -> list[str]:
    pool = [f"{product} — {company}" for product in PRODUCTS for company in COMPANIES] + list(AWKWARD[:2])
    return [f"{title} №{row_id}" for title, row_id in zip(frame.pick(pool), frame.ids, strict=True)]


def _user_fields(frame: Frame) -> dict[str, Iterable[Any]]:
    """At least one value of each type of user field, most of them empty in many rows."""
    contacts = [f"C_{one}" for one in frame.all_ids["contact"][:500]]
    companies = [f"CO_{one}" for one in frame.all_ids["company"][:500]]
    amounts = ("300|RUB", "1500.50|RUB", "99.99|USD", "100000|EUR")
    addresses = [f"{city}, ул. Ленина, {house}|55.75;37.61|{house}" for city in CITIES for house in (1, 12)]
    return {
        "uf_crm_1700000001": frame.sparse(("A", "B", "vip", "Эконом", "ключевой & важный"), 0.7),
        "uf_crm_1700000002": frame.sparse(range(1, 500), 0.5),
        "uf_crm_1700000003": frame.sparse((0.5, 2.25, 7, 12.5), 0.4),
        "uf_crm_1700000004": frame.pick((0, 1, None), (50, 30, 20)),
        "uf_crm_1700000005": frame.sparse((61, 62, 63), 0.5),
        "uf_crm_1700000006": frame.pick(("[]", "[71]", "[71,73]", "[71,72,73]"), (50, 20, 20, 10)),
        "uf_crm_1700000007": frame.days(90, 0.4),
        "uf_crm_1700000008": frame.sparse(frame.moments(30), 0.3),
        "uf_crm_1700000009": frame.sparse(amounts, 0.4),
        "uf_crm_1700000010": frame.sparse(("https://example.test/?q=1&r=2#top", "https://пример.рф/"), 0.2),
        "uf_crm_1700000011": frame.sparse(addresses, 0.3),
        "uf_crm_1700000012": frame.sparse(range(7001, 7400), 0.1),
        "uf_crm_1700000013": frame.refer("user", 0.4),
        "uf_crm_1700000014": frame.sparse(codes("INDUSTRY"), 0.4),
        "uf_crm_1700000015": frame.sparse([*contacts, *companies] or ["D_1"], 0.3),
        "uf_crm_1700000016": frame.sparse(range(40, 90), 0.3),
        "uf_crm_1700000017": frame.sparse(range(3, 12), 0.2),
        "uf_crm_1700000018": frame.pick(("[]", '["новый"]', '["a&b","c=d"]'), (70, 20, 10)),
        "uf_crm_1700000019": frame.pick(("[]", "[7501]", "[7501,7502]"), (90, 7, 3)),
        "uf_crm_1700000020": frame.pick(("[]", '["2024-05-01T03:00:00+03:00"]'), (90, 10)),
        "uf_crm_contract_number": frame.sparse(("Д-2024/17", "№ 5-А", "12#3"), 0.3),
        "uf_crm_5_1700000022": frame.sparse(("ext-1", "ext-2"), 0.2),
        "uf_crm_566eb0ac9b7fc": frame.sparse(("Самовывоз", "Курьер"), 0.3),
    }


def deals(frame: Frame) -> dict[str, Iterable[Any]]:
    """Deals over three pipelines."""
    stages = frame.pick(DEAL_STAGES, _STAGE_WEIGHTS)
    semantics = [stage[2] for stage in stages]
    probabilities = frame.pick((None, 10, 50, 80))
    users = frame.all_ids["user"]
    observers = ["[]", "[]", f"[{users[0]}]", f"[{users[-1]},{users[0]}]"]
    return frame.columns(
        {
            **frame.authors(),
            **_clients(frame),
            **_user_fields(frame),
            "title": _titles(frame),
            "category_id": [stage[0] for stage in stages],
            "stage_id": [stage[1] for stage in stages],
            "stage_semantic_id": semantics,
            "closed": ["N" if one == "P" else "Y" for one in semantics],
            "is_new": ["Y" if stage[1].endswith("NEW") else "N" for stage in stages],
            "is_recurring": frame.pick("NY", (99, 1)),
            "is_return_customer": frame.pick("NY", (70, 30)),
            "is_repeated_approach": frame.pick("NY", (90, 10)),
            "type_id": frame.sparse(codes("DEAL_TYPE"), 0.9),
            "probability": [_SUCCESS.get(one, open_) for one, open_ in zip(semantics, probabilities, strict=True)],
            "lead_id": frame.refer("lead", 0.2),
            "quote_id": frame.refer("quote", 0.05),
            "source_id": frame.sparse(codes("SOURCE"), 0.85),
            "source_description": frame.sparse(("Выставка", "Рассылка & акция", ""), 0.2),
            "additional_info": frame.sparse(AWKWARD, 0.05),
            "observers": frame.pick(observers),
            "originator_id": frame.sparse(("1C",), 0.05),
            "origin_id": frame.sparse(("0001", "А-17"), 0.05),
        }
    )


def quotes(frame: Frame) -> dict[str, Iterable[Any]]:
    """Quotes, some of them made from deals."""
    return frame.columns(
        {
            **frame.authors(),
            **_clients(frame),
            "title": _titles(frame),
            "stage_id": frame.pick(codes("QUOTE_STATUS"), (40, 30, 20, 10)),
            "closed": frame.pick("NY", (70, 30)),
            "quote_number": [str(quote_id) for quote_id in frame.ids],
            "deal_id": frame.refer("deal", 0.5),
            "lead_id": frame.refer("lead", 0.1),
            "actual_date": frame.days(60, 0.6),
            "content": frame.sparse(AWKWARD, 0.2),
            "terms": frame.sparse(("Оплата 50/50", "NET 30"), 0.3),
            "person_type_id": frame.pick((1, 2)),
            "uf_crm_1740000001": frame.sparse(("EXW", "до двери"), 0.5),
        }
    )


def invoices(frame: Frame) -> dict[str, Iterable[Any]]:
    """Smart invoices."""
    stages = frame.pick(codes("SMART_INVOICE_STAGE_2"), (30, 30, 30, 10))
    return frame.columns(
        {
            **frame.authors(),
            **_clients(frame),
            "title": [f"Счёт на оплату {invoice_id}" for invoice_id in frame.ids],
            "account_number": [str(invoice_id) for invoice_id in frame.ids],
            "stage_id": stages,
            "previous_stage_id": ["" if stage == "DT31_2:N" else "DT31_2:N" for stage in stages],
            "category_id": [2] * frame.n,
            "xml_id": frame.sparse(("inv-1", ""), 0.2),
            "mycompany_id": frame.refer("company", 0.3),
            "source_id": frame.sparse(codes("SOURCE"), 0.5),
            "observers": ["[]"] * frame.n,
            "uf_crm_smart_invoice_1750000001": frame.sparse(("Договор 17", "Акт & счёт"), 0.4),
        }
    )
