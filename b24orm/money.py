"""`Money`: an amount and its currency, as user fields of the type money hold them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["Money"]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of money. The portal writes it ``300.50|RUB``
    (https://apidocs.bitrix24.com/api-reference/crm/universal/user-defined-fields/crm-userfield-types.html).

    Attributes:
        amount: never a float.
        currency: three letters, such as ``RUB``; "" if the portal named none.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        given: Any = self.amount
        amount = Decimal(given) if isinstance(given, int) and not isinstance(given, bool) else given
        if not isinstance(amount, Decimal):
            raise TypeError(f"an amount of money is a Decimal, not {given!r}")
        if not amount.is_finite():
            raise ValueError(f"no amount of money: {amount}")
        object.__setattr__(self, "amount", amount)

    @classmethod
    def parse(cls, text: str) -> Money:
        """*text* as the portal writes it.

        Raises:
            ValueError: it is no amount.
        """
        amount, _, currency = text.partition("|")
        try:
            number = Decimal(amount.strip())
        except InvalidOperation:
            raise ValueError(f"no amount of money: {text!r}") from None
        if not number.is_finite():
            raise ValueError(f"no amount of money: {text!r}")
        return cls(number, currency.strip())

    @override
    def __str__(self) -> str:
        return f"{self.amount:f}|{self.currency}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # here, since the query layer needs the class and not Pydantic

        return core_schema.no_info_plain_validator_function(cls._read, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def _read(cls, value: Any) -> Money:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return cls(Decimal(value), "")
        raise ValueError("money is a Money or a text such as '300|RUB'")
