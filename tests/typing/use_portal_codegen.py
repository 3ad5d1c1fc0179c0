"""What `b24orm codegen` would make of a portal's own user fields: typed lookups for them too, and no override
complaints. Checked, never run."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Literal, Self, TypeVar, Unpack

from typing_extensions import assert_type

from b24orm import Col, Column, Model, Op, Q, column
from b24orm import Deal as StandardDeal
from b24orm.entities.deal import DealField, DealFields, DealLookups, DealOrder, DealQuerySet
from b24orm.queryset import BaseQuerySet, Rows

MyField = DealField | Literal["segment"]
MyOrder = DealOrder | Literal["segment", "-segment"]


class MyLookups(DealLookups, total=False):
    segment: str | None
    segment__in: Collection[str]


M_co = TypeVar("M_co", bound="Deal", covariant=True)
M = TypeVar("M", bound="Deal")
Any_M = TypeVar("Any_M", bound=Model)


class MyQuerySet(BaseQuerySet[M_co]):
    def filter(self, *exprs: Q, **lookups: Unpack[MyLookups]) -> Self:
        return self._filter(exprs, lookups)

    def select(self, *fields: MyField | Column[Any]) -> Self:
        return self._select(fields)

    def order_by(self, *keys: MyOrder) -> Self:
        return self._order_by(keys)

    def get(self, *args: int | Q, **lookups: Unpack[MyLookups]) -> Op[M_co]:
        return self._get(args, lookups)

    def values(self, *fields: MyField | Column[Any]) -> Rows[dict[str, Any]]:
        return self._values(fields)


class MyObjects:
    def __get__(self, instance: object | None, owner: type[M]) -> MyQuerySet[M]:
        return MyQuerySet(owner)


class Deal(DealFields):
    segment: Col[str | None] = column("UF_CRM_1700000001", default=None)
    objects: ClassVar[MyObjects] = MyObjects()


class Vip(Deal): ...


class Narrow(StandardDeal): ...


def newest(qs: BaseQuerySet[Any_M]) -> Op[Any_M | None]:
    return qs.last()


def only_deals(qs: BaseQuerySet[Deal]) -> None: ...


def takes_any_deal(qs: DealQuerySet[StandardDeal]) -> None: ...


assert_type(Deal.objects.filter(segment__in=["a"], opportunity__gte=1, title="x"), MyQuerySet[Deal])
assert_type(Deal.objects.select("segment", "title").order_by("-segment", "id"), MyQuerySet[Deal])
assert_type(Deal.objects.get(1, segment="gold"), Op[Deal])
only_deals(Vip.objects.filter(Vip.segment == "gold"))
assert_type(newest(Vip.objects.filter()), Op[Vip | None])
assert_type(Narrow.objects.filter(id=1).first(), Op[Narrow | None])
takes_any_deal(Narrow.objects.filter(id=1))
Deal(title="x", segment="gold").segment = None
