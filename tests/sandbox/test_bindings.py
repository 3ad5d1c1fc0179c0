"""Contacts of deals, companies of contacts and so on, as their own methods show and change them."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox import Sandbox, Write


async def _bound(call: Any, portal: Sandbox, family: str, owner: int) -> list[tuple[int, int, str]]:
    rows = (await call(portal, f"crm.{family}.items.get", {"id": owner}))["result"]
    name = family.partition(".")[2].upper() + "_ID"
    assert all(row["ROLE_ID"] == 0 for row in rows)
    return [(row[name], row["SORT"], row["IS_PRIMARY"]) for row in rows]


@pytest.mark.parametrize(
    "family", ["deal.contact", "lead.contact", "quote.contact", "contact.company", "company.contact"]
)
async def test_bindings_are_added_removed_and_replaced(small: Sandbox, call: Any, family: str) -> None:
    key, _, other = family.partition(".")
    owner = small.insert(key, title="x") if key != "contact" else small.insert(key, name="x")
    first, second, third = small.ids(other)[:3]
    name = f"{other.upper()}_ID"

    async def change(verb: str, **params: Any) -> Any:
        return (await call(small, f"crm.{family}.{verb}", {"id": owner, **params}))["result"]

    assert await change("add", fields={name: first}) is True
    assert await change("add", fields={name: first}) is False
    assert await change("add", fields={name: second, "IS_PRIMARY": "Y", "SORT": 5}) is True
    assert await _bound(call, small, family, owner) == [(second, 5, "Y"), (first, 10 if key != "company" else 20, "N")]
    assert await change("delete", fields={name: second}) is True
    assert await change("delete", fields={name: second}) is False
    assert await _bound(call, small, family, owner) == [(first, 10, "Y")]
    items = [{name: third, "SORT": 300}, {name: first, "IS_PRIMARY": "Y", "SORT": 100}, {"SORT": 1}]
    assert await change("items.set", items=items) is True
    assert await _bound(call, small, family, owner) == [(first, 100, "Y"), (third, 300, "N")]
    assert await change("items.delete") is True
    assert await _bound(call, small, family, owner) == []
    entity = family.replace(".", "_")
    assert [(w.entity, w.id, w.verb) for w in small.books.writes] == [
        (entity, first, "add"),
        (entity, second, "add"),
        (entity, second, "delete"),
        (entity, owner, "set"),
        (entity, owner, "set"),
    ]
    described = (await call(small, f"crm.{family}.fields"))["result"]
    assert described[name]["isRequired"]
    assert set(described) == {name, "SORT", "IS_PRIMARY"}


async def test_both_families_of_methods_show_the_same_bindings(small: Sandbox, call: Any) -> None:
    deal = small.ids("deal")[0]
    first, second = small.ids("contact")[:2]
    fields = {"contactIds": [second, first]}
    item = await call(small, "crm.item.update", {"entityTypeId": 2, "id": deal, "fields": fields})
    assert item["result"]["item"]["contactId"] == second
    assert await _bound(call, small, "deal.contact", deal) == [(second, 10, "Y"), (first, 20, "N")]
    await call(small, "crm.deal.contact.delete", {"id": deal, "fields": {"CONTACT_ID": second}})
    item = (await call(small, "crm.item.get", {"entityTypeId": 2, "id": deal}))["result"]["item"]
    assert (item["contactId"], item["contactIds"]) == (first, [first])
    assert small.books.writes[-1] == Write("crm.deal.contact.delete", "deal_contact", second, "delete")


async def test_a_company_and_its_contacts_agree(small: Sandbox, call: Any) -> None:
    company, contact = small.insert("company", title="x"), small.insert("contact", name="x")
    await call(small, "crm.contact.company.add", {"id": contact, "fields": {"COMPANY_ID": company}})
    assert await _bound(call, small, "company.contact", company) == [(contact, 10, "Y")]
    await call(small, "crm.company.contact.delete", {"id": company, "fields": {"CONTACT_ID": contact}})
    assert await _bound(call, small, "contact.company", contact) == []
    row = (await call(small, "crm.contact.get", {"id": contact}))["result"]
    assert not row["COMPANY_ID"]


@pytest.mark.parametrize(
    ("verb", "params", "text"),
    [
        ("add", {"fields": {}}, "The parameter 'ownerEntityID' is invalid or not defined."),
        ("add", {"id": 1, "fields": {}}, "Not found."),
        ("add", {"id": 0, "fields": "x"}, "The parameter 'fields' must be array."),
        ("delete", {"id": 0, "fields": "x"}, "The parameter 'item' must be array."),
        ("delete", {"id": 0, "fields": {"CONTACT_ID": 0}}, "The parameter 'fields' is not valid."),
        ("items.get", {}, "The parameter ownerEntityID is invalid or not defined."),
        ("items.set", {"id": 0}, "The parameter items must be array."),
        ("items.delete", {"id": 1}, "Not found."),
    ],
)
async def test_what_cannot_be_bound_is_refused(
    small: Sandbox, call: Any, verb: str, params: dict[str, Any], text: str
) -> None:
    if params.get("id") == 0:  # stands for a deal that is there
        params = params | {"id": small.ids("deal")[0]}
    answer = await call(small, f"crm.deal.contact.{verb}", params)
    assert (answer["status"], answer["error"], answer["error_description"]) == (400, "", text)
    assert small.books.writes == []
