"""What a program may not write about relations: every marked line is an error, and no other. Checked, never run."""

from __future__ import annotations

from b24orm import Company, Contact, Deal


async def one(deal: Deal, contact: Contact) -> None:
    await deal.compny  # E: typo
    await deal.deals  # E: a relation of companies
    print((await deal.company).title)  # E: perhaps None
    print(deal.company.value.title)  # E: perhaps None
    company: Company = await deal.company  # E: perhaps None
    person: Contact | None = await deal.company  # E: a company
    deal.company = company  # E: follows from company_id
    contact.companies = [company]  # E: follows from company_ids
    Deal(title="x", company=company)  # E: no field
    print(person)


async def many(deal: Deal, company: Company) -> None:
    print(await company.deels)  # E: typo
    company.deals.filter(titel="x")  # E: no field of deals
    company.deals.order_by("titel")  # E: no field of deals
    async for row in deal.product_rows:
        print(row.titel)  # E: no field of product rows
    deals: list[Contact] = await company.deals  # E: deals
    print(deals)


Deal.objects.prefetch_related(5)  # E: no name
Deal.objects.prefetch_related(["company"])  # E: names, not a list of them
Deal.compny  # E: typo
