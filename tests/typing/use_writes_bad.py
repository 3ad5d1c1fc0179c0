"""What a program may not write about writing: every marked line is an error, and no other. Checked, never run."""

from __future__ import annotations

from b24orm import Company, Contact, Currency, Deal, Lead, StageHistory, Task, User


async def single(deal: Deal, lead: Lead) -> None:
    await Deal.objects.create(titel="x")  # E: titel
    await Deal.objects.create(title=5)  # E: str
    await Deal.objects.create(title="x", created_by=5)  # E: created_by
    await Deal.objects.create(title="x", opportunity="much")  # E: Decimal
    await Deal.objects.create(title="x", dedupe_key=5)  # E: dedupe_key
    await Deal.objects.get_or_create({"titel": "x"}, id=5)  # E: titel
    await Deal.objects.get_or_create({"title": "x"}, idd=5)  # E: idd
    await deal.save(update_fields=[5])  # E: Named
    await deal.save("title")  # E: positional
    await Task.objects.create(title="x", responsible_id="me")  # E: int
    deal.title = 5  # E: str
    await StageHistory.objects.create(owner_id=5)  # E: create
    await User.objects.delete(force=True)  # E: delete
    await Currency.objects.update(force=True, currency="X")  # E: currency


async def bulk() -> None:
    await Deal.objects.bulk_create([Contact(name="x")])  # E: Deal
    await Deal.objects.bulk_create([{"titel": "x"}])  # E: titel
    await Deal.objects.bulk_create(Deal(title="x"))  # E: Deal
    await Deal.objects.bulk_update([Company(title="x")])  # E: Deal
    await Deal.objects.bulk_update([Deal(title="x")], ["titel"])  # E: titel
    await Deal.objects.bulk_delete(["5"])  # E: str
    await Deal.objects.update(titel="x")  # E: titel
    await Deal.objects.update(title=None)  # E: None
    await Deal.objects.delete(True)  # E: positional


async def crm(contact: Contact, company: Company, deal: Deal, lead: Lead) -> None:
    await contact.move_to("WON")  # E: move_to
    await company.set_product_rows([])  # E: set_product_rows
    await deal.add_contact("5")  # E: str
    await deal.add_contact(company)  # E: Contact
    await deal.set_product_rows([Contact(name="x")])  # E: ProductRow
    deal.as_contact()  # E: as_contact
    await contact.comment(5)  # E: str
    rows: list[Deal] = await lead.set_product_rows([])  # E: ProductRow
    del rows
