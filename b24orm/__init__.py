"""The typed, async ORM for Bitrix24.

::

    from b24orm import Deal, Portal

    async with Portal("https://my.bitrix24.com/rest/1/code/"):
        async for deal in Deal.objects.filter(Deal.opportunity >= 100_000).select("id", "title"):
            print(deal.id, deal.title)

Names are loaded when they are first asked for: who only catches errors pays for nothing else, and who defines models
does not load aiohttp.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from b24orm import entities, errors
from b24orm.errors import B24OrmError

if TYPE_CHECKING:
    from b24orm.command import Outcome as Outcome
    from b24orm.command import Response as Response
    from b24orm.duplicates import Duplicates as Duplicates
    from b24orm.duplicates import find_duplicates as find_duplicates
    from b24orm.entities import *  # noqa: F403 - every entity by name, as its __all__ says
    from b24orm.files import upload_file as upload_file
    from b24orm.limits import Limits as Limits
    from b24orm.model import Col as Col
    from b24orm.model import Column as Column
    from b24orm.model import DecimalCol as DecimalCol
    from b24orm.model import Model as Model
    from b24orm.model import OptionalDecimalCol as OptionalDecimalCol
    from b24orm.model import column as column
    from b24orm.model.runtime import SmartProcess as SmartProcess
    from b24orm.model.values import File as File
    from b24orm.model.values import Multifield as Multifield
    from b24orm.money import Money as Money
    from b24orm.oauth import OAuthApp as OAuthApp
    from b24orm.oauth import OAuthTokens as OAuthTokens
    from b24orm.op import Op as Op
    from b24orm.op import batch as batch
    from b24orm.plan import Plan as Plan
    from b24orm.portal import Portal as Portal
    from b24orm.portal import connect as connect
    from b24orm.query import Q as Q
    from b24orm.queryset import BulkResult as BulkResult

__version__ = "0.1.0"

__all__ = [
    "B24OrmError",
    "BulkResult",
    "Col",
    "Column",
    "DecimalCol",
    "Duplicates",
    "File",
    "Limits",
    "Model",
    "Money",
    "Multifield",
    "OAuthApp",
    "OAuthTokens",
    "Op",
    "OptionalDecimalCol",
    "Outcome",
    "Plan",
    "Portal",
    "Q",
    "Response",
    "SmartProcess",
    "__version__",
    "batch",
    "column",
    "connect",
    "errors",
    "find_duplicates",
    "upload_file",
]
__all__ += entities.__all__


_HOMES = {
    "BulkResult": "b24orm.queryset",
    "Col": "b24orm.model",
    "Column": "b24orm.model",
    "DecimalCol": "b24orm.model",
    "Duplicates": "b24orm.duplicates",
    "File": "b24orm.model.values",
    "Limits": "b24orm.limits",
    "Model": "b24orm.model",
    "Money": "b24orm.money",
    "Multifield": "b24orm.model.values",
    "OAuthApp": "b24orm.oauth",
    "OAuthTokens": "b24orm.oauth",
    "Op": "b24orm.op",
    "OptionalDecimalCol": "b24orm.model",
    "Outcome": "b24orm.command",
    "Plan": "b24orm.plan",
    "Portal": "b24orm.portal",
    "Q": "b24orm.query",
    "Response": "b24orm.command",
    "SmartProcess": "b24orm.model.runtime",
    "batch": "b24orm.op",
    "column": "b24orm.model",
    "connect": "b24orm.portal",
    "find_duplicates": "b24orm.duplicates",
    "upload_file": "b24orm.files",
}
"""Where the names live that are loaded when they are first asked for; entities live in a package of their own."""


if not TYPE_CHECKING:  # type checkers would take it for leave to import whatever is asked for

    def __getattr__(name: str) -> Any:
        home = "b24orm.entities" if name in entities.__all__ else _HOMES.get(name)
        if home is None:
            hint = "" if name.startswith("_") else errors.nearest(name, __all__)
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
