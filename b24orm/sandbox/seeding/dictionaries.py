"""Stages, pipelines and other dictionaries of the portal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pydantic_core

from b24orm.sandbox.smart import PROCESSES, STAGES

__all__ = ["DEAL_STAGES", "LEAD_STAGES", "categories", "codes", "statuses"]

Stage = tuple[str, str, str | None]  # status id, name, semantics

_DEFAULT: tuple[Stage, ...] = (
    ("NEW", "Новая", None),
    ("PREPARATION", "Подготовка документов", None),
    ("PREPAYMENT_INVOICE", "Счёт на предоплату", None),
    ("EXECUTING", "В работе", None),
    ("FINAL_INVOICE", "Финальный счёт", None),
    ("WON", "Сделка успешна", "S"),
    ("LOSE", "Сделка провалена", "F"),
    ("APOLOGY", "Анализ причины провала", "F"),
)
_SHORT: tuple[Stage, ...] = (
    ("NEW", "Новая заявка", None),
    ("UC_K4N8XH", "Согласование", None),
    ("EXECUTING", "Исполнение", None),
    ("WON", "Выполнено", "S"),
    ("LOSE", "Отказ", "F"),
)
_PIPELINES = ((0, "Продажи", _DEFAULT), (1, "Закупки", _SHORT), (4, "Service contracts", _SHORT))

DEAL_STAGES: tuple[tuple[int, str, str], ...] = tuple(
    (category, status_id if category == 0 else f"C{category}:{status_id}", semantics or "P")
    for category, _, stages in _PIPELINES
    for status_id, _, semantics in stages
)
"""(category, stage, semantics) of all stages of deals."""

_LEADS: tuple[Stage, ...] = (
    ("NEW", "Не обработан", None),
    ("IN_PROCESS", "В работе", None),
    ("PROCESSED", "Обработан", None),
    ("CONVERTED", "Качественный лид", "S"),
    ("JUNK", "Некачественный лид", "F"),
)
LEAD_STAGES = tuple((status_id, semantics or "P") for status_id, _, semantics in _LEADS)
"""(stage, semantics) of all stages of leads."""

_STAGES: dict[str, tuple[Stage, ...]] = {
    "STATUS": _LEADS,
    **{
        ("DEAL_STAGE" if category == 0 else f"DEAL_STAGE_{category}"): tuple(
            (status_id if category == 0 else f"C{category}:{status_id}", name, semantics)
            for status_id, name, semantics in stages
        )
        for category, _, stages in _PIPELINES
    },
    "QUOTE_STATUS": (
        ("DRAFT", "Черновик", None),
        ("SENT", "Отправлено клиенту", None),
        ("APPROVED", "Принято", "S"),
        ("DECLAINED", "Отклонено", "F"),
    ),
    "SMART_INVOICE_STAGE_2": (
        ("DT31_2:N", "Новый", None),
        ("DT31_2:S", "Отправлен", None),
        ("DT31_2:P", "Оплачен", "S"),
        ("DT31_2:D", "Не оплачен", "F"),
    ),
}
_PLAIN: dict[str, tuple[tuple[str, str], ...]] = {
    "SOURCE": (
        ("CALL", "Звонок"),
        ("EMAIL", "Электронная почта"),
        ("WEB", "Веб-сайт"),
        ("ADVERTISING", "Реклама"),
        ("PARTNER", "Существующий клиент"),
        ("RECOMMENDATION", "По рекомендации"),
        ("OTHER", "Другое"),
    ),
    "DEAL_TYPE": (
        ("SALE", "Продажа"),
        ("COMPLEX", "Комплексная продажа"),
        ("GOODS", "Продажа товара"),
        ("SERVICES", "Продажа услуги"),
        ("SERVICE", "Сервисное обслуживание"),
    ),
    "CONTACT_TYPE": (("CLIENT", "Клиенты"), ("SUPPLIER", "Поставщики"), ("PARTNER", "Партнёры"), ("OTHER", "Другое")),
    "COMPANY_TYPE": (
        ("CUSTOMER", "Клиент"),
        ("SUPPLIER", "Поставщик"),
        ("COMPETITOR", "Конкурент"),
        ("OTHER", "Другое"),
    ),
    "INDUSTRY": (
        ("IT", "Информационные технологии"),
        ("TELECOM", "Телекоммуникации"),
        ("MANUFACTURING", "Производство"),
        ("BANKING", "Банковские услуги"),
        ("OTHER", "Другое"),
    ),
    "EMPLOYEES": (
        ("EMPLOYEES_1", "менее 50"),
        ("EMPLOYEES_2", "50-250"),
        ("EMPLOYEES_3", "250-500"),
        ("EMPLOYEES_4", "более 500"),
    ),
    "HONORIFIC": (("HNR_RU_1", "г-н"), ("HNR_RU_2", "г-жа")),
}
_COLOURS = ("#39A8EF", "#2FC6F6", "#55D0E0", "#47E4C2", "#FFA900", "#7BD500", "#FF5752", "#FF5752")
_SMART_COLOURS = ("#22B9FF", "#88B9FF", "#10e5fc", "#00ff00", "#ff0000")


def codes(entity_id: str) -> tuple[str, ...]:
    """The STATUS_IDs of a dictionary."""
    if entity_id in _STAGES:
        return tuple(status_id for status_id, _, _ in _STAGES[entity_id])
    return tuple(status_id for status_id, _ in _PLAIN[entity_id])


def statuses() -> dict[str, Iterable[Any]]:
    """The rows of ``crm.status.list``."""
    rows: list[tuple[Any, ...]] = []
    for entity_id, stages in _STAGES.items():
        tail = entity_id.rpartition("_")[2]
        category = int(tail) if tail.isdigit() else None
        for place, (status_id, name, semantics) in enumerate(stages):
            kind = {"S": "success", "F": "failure"}.get(semantics or "", "process")
            extra = pydantic_core.to_json({"SEMANTICS": kind, "COLOR": _COLOURS[place]}).decode()
            system = "Y" if semantics or place == 0 else "N"
            rows.append(
                (entity_id, status_id, name, 10 * (place + 1), system, category, _COLOURS[place], semantics, extra)
            )
    for entity_id, entries in _PLAIN.items():
        for place, (status_id, name) in enumerate(entries):
            rows.append((entity_id, status_id, name, 10 * (place + 1), "N", None, "", None, None))
    named = [row[2] if row[4] == "Y" else "" for row in rows]
    rows += _smart_stages()
    names = ("entity_id", "status_id", "name", "sort", "system", "category_id", "color", "semantics", "extra")
    made: dict[str, Iterable[Any]] = dict(zip(names, zip(*rows, strict=True), strict=True))
    return {
        "id": range(101, 101 + 2 * len(rows), 2),
        # A pipeline of a smart process begins with stages of the portal's own, each of which remembers its name.
        "name_init": named + [row[2] for row in rows[len(named) :]],
        **made,
    }


def _smart_stages() -> list[tuple[Any, ...]]:
    return [
        (
            process.stage_entity(pipeline),
            process.stage(pipeline, code),
            name,
            10 * (place + 1),
            "Y" if semantics or place == 0 else "N",
            pipeline,
            _SMART_COLOURS[place],
            semantics,
            None,
        )
        for process in PROCESSES.values()
        for pipeline, _ in process.pipelines
        for place, (code, name, semantics) in enumerate(STAGES)
    ]


def categories() -> dict[str, Iterable[Any]]:
    """The rows of ``crm.category.list``: the default pipeline of deals has the id 0."""
    sorts = {0: 300, 1: 200}
    rows = [(category, name, sorts.get(category, 500), 2, category == 0) for category, name, _ in _PIPELINES]
    rows.append((2, "Счета", 500, 31, True))
    for process in PROCESSES.values():
        rows += [
            (pipeline, name, 500, process.entity_type_id, pipeline == process.default_pipeline)
            for pipeline, name in process.pipelines
        ]
    return {
        "id": [row[0] for row in rows],
        "name": [row[1] for row in rows],
        "sort": [row[2] for row in rows],
        "entity_type_id": [row[3] for row in rows],
        "is_default": ["Y" if row[4] else "N" for row in rows],
        "origin_id": [""] * len(rows),
        "originator_id": [""] * len(rows),
        "is_locked": ["N"] * len(rows),
        "created_date": ["2025-01-10T09:00:00+03:00"] * len(rows),
    }
