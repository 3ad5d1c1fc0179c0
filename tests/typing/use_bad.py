"""What a program may not write: every marked line is an error, and no other. Checked, never run."""

from __future__ import annotations

from b24orm import Col, Contact, Deal, DecimalCol, Portal, batch, column
from b24orm import Portl  # E: typo
from b24orm.entities import Dael  # E: typo


class MyDeal(Deal):
    segment: Col[str | None] = column("UF_CRM_1700000001", default=None)
    budget: DecimalCol = column("UF_CRM_1700000030", default=0)


# The errors of the sketch.
Deal.objects.filter(opportunity__gte="1000")  # E: wrong type
Deal.objects.filter(opportunty__gte=1000)  # E: typo
Deal.opportunity >= "x"  # E: wrong operand
Deal.opportunity.contains("x")  # E: an operation on text only
Deal.objects.select("id", "titel")  # E: typo
Deal.objects.order_by("-ttle")  # E: typo
Deal.nope == 1  # E: unknown column
Deal(title="x", opportunity="a")  # E: wrong type in the constructor
Deal()  # E: a required field is missing
d = Deal(title="x")
d.opportunity = "s"  # E: wrong type in an assignment
MyDeal.objects.filter(segment="gold")  # E: keyword of a hand-written user field
Deal.objects.filter(Deal.title == 5)  # E: wrong operand, inside filter

# Lookups.
Deal.objects.filter(title__gte__x="a")  # E: no such lookup
Deal.objects.filter(title__contians="a")  # E: no such lookup
Deal.objects.filter(closed__gt=True)  # E: flags have no order
Deal.objects.filter(stage_id__in="NEW", id__in=5)  # E: a number is no collection
Deal.objects.filter(begindate="2026-01-01")  # E: text is no date
Deal.objects.filter(opportunity__range=(1,))  # E: a range has two ends
Deal.objects.filter(title__isnull=1)  # E: True or False
Deal.objects.exclude(titel="x")  # E: typo
Deal.objects.get(titel="x")  # E: typo
Deal.objects.get("1")  # E: an id is a number
Deal.objects.get_or_none(id="1")  # E: an id is a number
Deal.objects.filter("title")  # E: text is no condition

# Columns.
Deal.opportunity.in_(["x"])  # E: wrong element
Deal.opportunity.between(1, "2")  # E: wrong operand
Deal.closed.startswith("x")  # E: an operation on text only
Deal.observers.has("x")  # E: wrong element
MyDeal.segment >= 5  # E: wrong operand
MyDeal.objects.exclude(MyDeal.segment == 5)  # E: wrong operand
MyDeal.budget > "5"  # E: wrong operand
Deal.created_time >= "2026-01-01"  # E: text is no datetime

# Objects.
Deal(title=5)  # E: wrong type in the constructor
Deal(titel="x", title="x")  # E: unknown field
MyDeal(title="x", budget="5")  # E: wrong type in the constructor
d.title = None  # E: cannot be empty
d.titel = "x"  # E: unknown field
d.begindate = "2026-01-01"  # E: text is no date
print(d.titel)  # E: unknown field
d.objects_of_desire  # E: unknown field

# Projections, orders and slices.
Deal.objects.values("titel")  # E: typo
Deal.objects.order_by("+id")  # E: no such key
Deal.objects.order_by("observers")  # E: the portal does not sort by it
Deal.objects.values_list(5)  # E: neither a name nor a column
Deal.objects[5]  # E: slices only
Deal.objects.in_bulk(["1"])  # E: ids are numbers


# Results.
async def results() -> None:
    title: int = (await Deal.objects.get(1)).title  # E: text
    (await Deal.objects.first()).title  # E: perhaps None
    deals: list[Contact] = await Deal.objects.filter(id=1)  # E: other rows
    answers = await batch(Deal.objects.count())
    answers[0].title  # E: a number
    answers[1]  # E: one answer
    pairs = await Deal.objects.values_list(Deal.id, Deal.title)
    number: int = pairs[0][1]  # E: text
    pairs[0][2]  # E: two fields
    flat: list[str] = await Deal.objects.values_list(Deal.id, flat=True)  # E: numbers
    print(title, deals, number, flat)
    async with Portal("https://x.example/rest/1/code/", timeout="5") as portal:  # E: seconds are a number
        (await portal.call("crm.deal.get", {"id": 1})).reslut  # E: no such attribute
        await portal.call("crm.deal.get", ["id"])  # E: a mapping
        await portal.batch({"a": 5})  # E: neither a call nor a method


for row in Deal.objects.values_list(Deal.id, flat=True):
    row.upper()  # E: a number
