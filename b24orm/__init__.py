"""The typed, async ORM for Bitrix24.

::

    from b24orm import Deal, Portal

    async with Portal("https://my.bitrix24.com/rest/1/code/"):
        async for deal in Deal.objects.filter(Deal.opportunity >= 100_000).select("id", "title"):
            print(deal.id, deal.title)

Entities (`Deal`, `Contact`, …) are imported when they are first named.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from b24orm import errors
from b24orm.command import Outcome, Response
from b24orm.errors import B24OrmError
from b24orm.limits import Limits
from b24orm.model import Col, Column, DecimalCol, Model, OptionalDecimalCol, column
from b24orm.op import Op, batch
from b24orm.plan import Plan
from b24orm.portal import Portal, connect
from b24orm.query import Q

if TYPE_CHECKING:
    from b24orm.entities import Category as Category
    from b24orm.entities import Company as Company
    from b24orm.entities import Contact as Contact
    from b24orm.entities import Deal as Deal
    from b24orm.entities import Lead as Lead
    from b24orm.entities import Quote as Quote
    from b24orm.entities import SmartInvoice as SmartInvoice
    from b24orm.entities import Status as Status
    from b24orm.entities import User as User

__version__ = "0.1.0"

__all__ = [
    "B24OrmError",
    "Category",
    "Col",
    "Column",
    "Company",
    "Contact",
    "Deal",
    "DecimalCol",
    "Lead",
    "Limits",
    "Model",
    "Op",
    "OptionalDecimalCol",
    "Outcome",
    "Plan",
    "Portal",
    "Q",
    "Quote",
    "Response",
    "SmartInvoice",
    "Status",
    "User",
    "__version__",
    "batch",
    "column",
    "connect",
    "errors",
]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    entities = import_module("b24orm.entities")
    if name not in entities.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{errors.nearest(name, __all__)}")
    value = getattr(entities, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
