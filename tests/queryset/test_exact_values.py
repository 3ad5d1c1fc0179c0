"""What is written is what is read: every kind of value, through plain calls and through batches, drawn at random."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24orm import Col, Contact, Deal, File, Limits, Money, Multifield, Portal, column
from b24orm.errors import FieldNotLoaded, InvalidValue, QueryError
from b24orm.sandbox import Sandbox

pytestmark = pytest.mark.slow


class MyDeal(Deal):
    segment: Col[str | None] = column("UF_CRM_1700000001", default=None)
    seats: Col[int | None] = column("UF_CRM_1700000002", default=None)
    discount: Col[Decimal | None] = column("UF_CRM_1700000003", default=None)
    signed: Col[bool | None] = column("UF_CRM_1700000004", default=None)
    region: Col[int | None] = column("UF_CRM_1700000005", default=None)
    products: Col[list[int]] = column("UF_CRM_1700000006", default_factory=list)
    shipped: Col[date | None] = column("UF_CRM_1700000007", default=None)
    meeting: Col[datetime | None] = column("UF_CRM_1700000008", default=None)
    prepaid: Col[Money | None] = column("UF_CRM_1700000009", default=None)
    address: Col[str | None] = column("UF_CRM_1700000011", default=None)
    contract: Col[File | None] = column("UF_CRM_1700000012", default=None)
    client: Col[str | None] = column("UF_CRM_1700000015", default=None)
    tags: Col[list[str]] = column("UF_CRM_1700000018", default_factory=list)
    files: Col[list[File]] = column("UF_CRM_1700000019", default_factory=list)


deals: Any = MyDeal.objects  # whose hand-written fields type checkers do not know as keywords


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=30, seed=9, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(params=["item", "classic"])
async def portal(sandbox: Sandbox, request: pytest.FixtureRequest) -> AsyncIterator[Portal]:
    async with Portal(sandbox.url, limits=Limits.none(), crm_api=request.param) as portal:
        yield portal


def _at(moment: datetime, zone: timezone) -> datetime:
    return moment.replace(tzinfo=zone)


AWKWARD = "\u0000\u00a0\u200b\ufeff&=+#[]%?;$\"'\\/\n\r\t<>|`{}😀é\u0301ЖЁё№ "
texts = st.one_of(
    st.text(alphabet=st.sampled_from(AWKWARD.replace("\u0000", "")), min_size=1),
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\u0000"), min_size=1),
    st.sampled_from(
        ["0", "N", "null", "[]", "$result[a][0]", "a=1&b[]=2", "%26", "+7 900", "Y", "1" * 300, "..", " x "]
    ),
)
amounts = st.decimals(min_value=0, max_value=10**10, places=2)
moments = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)
zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
aware = st.builds(_at, moments, zones)
values: dict[str, st.SearchStrategy[Any]] = {
    "title": texts.filter(lambda text: bool(text.strip())),
    "comments": st.none() | texts,
    "opportunity": amounts,
    "begindate": st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    "opened": st.booleans(),
    "segment": st.none() | texts,
    "seats": st.none() | st.integers(-(2**31), 2**31 - 1),
    "discount": st.none() | amounts,
    "signed": st.booleans(),
    "region": st.none() | st.integers(1, 1000),
    "products": st.lists(st.integers(1, 1000), max_size=4, unique=True),
    "shipped": st.none() | st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    "meeting": st.none() | aware,
    "prepaid": st.none() | st.builds(Money, amounts, st.sampled_from(["RUB", "USD", "EUR"])),
    "address": st.none() | texts,
    "client": st.none() | st.sampled_from(["D_1", "C_2", "CO_3", "T9c_4"]),
    "tags": st.lists(texts, max_size=4),
}
rows = st.fixed_dictionaries({"title": values["title"]}, optional={k: v for k, v in values.items() if k != "title"})


def same(found: MyDeal, given: dict[str, Any]) -> None:
    """Texts without a value come back as the portal has them: empty."""
    read = {name: getattr(found, name) for name in given}
    assert {name: None if value == "" and given[name] is None else value for name, value in read.items()} == given


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=rows, second=rows, third=rows)
async def test_values_come_back_as_they_were_written(
    portal: Portal, first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    made = await deals.create(**first)  # alone: a body of JSON
    same(made, first)
    result = await deals.bulk_create([MyDeal(**first), MyDeal(**second), MyDeal(**third)])  # a batch
    result.raise_for_errors()
    found = await deals.in_bulk(result.ids)
    for id, fields in zip(result.ids, (first, second, third), strict=True):
        same(found[id], fields)
    for name, value in second.items():
        setattr(made, name, value)
    await made.save()
    same(await deals.get(made.id), {**first, **second})
    twin = found[result.ids[0]]
    for name, value in third.items():
        setattr(twin, name, value)
    await deals.bulk_update([twin, found[result.ids[1]]])
    same(await deals.get(twin.id), {**first, **third})
    await deals.bulk_delete([made, *result.ids])


CLEARED: dict[str, Any] = {
    "comments": None,
    "segment": None,
    "seats": None,
    "discount": None,
    "region": None,
    "products": [],
    "shipped": None,
    "meeting": None,
    "prepaid": None,
    "address": None,
    "client": None,
    "tags": [],
    "contact_id": None,
    "company_id": None,
}


@pytest.mark.parametrize("alone", [True, False], ids=["plain", "batch"])
async def test_none_clears_a_field_and_an_empty_list_a_list(portal: Portal, sandbox: Sandbox, alone: bool) -> None:
    contact, company = sandbox.ids("contact")[0], sandbox.ids("company")[0]
    full: dict[str, Any] = {
        "comments": "x", "segment": "x", "seats": 5, "discount": Decimal("1.50"), "region": 3, "products": [1, 2],
        "shipped": date(2026, 1, 2), "meeting": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        "prepaid": Money(Decimal(5), "RUB"),
        "address": "x", "client": "C_1", "tags": ["a", "b"], "contact_id": contact, "company_id": company,
    }  # fmt: skip
    deal = await deals.create(title="full", **full)
    same(await deals.get(deal.id), full)
    if alone:
        for name, value in CLEARED.items():
            setattr(deal, name, value)
        await deal.save()
    else:
        twin = await deals.create(title="twin")
        await deals.filter(id__in=[deal.id, twin.id]).update(**CLEARED)
    same(await deals.get(deal.id), CLEARED)


async def test_user_booleans_are_found_as_they_were_written(portal: Portal) -> None:
    yes = await deals.create(title="signed", signed=True)
    no = await deals.create(title="signed", signed=False)
    assert [deal.id for deal in await deals.filter(MyDeal.signed == True, title="signed")] == [yes.id]  # noqa: E712
    assert [deal.id for deal in await deals.filter(MyDeal.signed == False, title="signed")] == [no.id]  # noqa: E712
    await deals.bulk_delete([yes, no])


async def test_times_without_a_zone_are_those_of_the_portal(portal: Portal) -> None:
    deal = await deals.create(title="x", meeting=datetime(2026, 5, 6, 7, 8, 9))
    found = (await deals.get(deal.id)).meeting
    assert found is not None
    assert found.replace(tzinfo=None) == datetime(2026, 5, 6, 7, 8, 9)
    assert found.utcoffset() == timedelta(hours=3)  # where the sandbox's portal is


async def test_long_texts_travel_whole(portal: Portal) -> None:
    text = "строка с % и & \n" * 20_000
    results = await asyncio.gather(*(deals.create(title=f"{n}", comments=text) for n in range(3)))
    for deal in results:
        assert (await deals.get(deal.id)).comments == text


# -- phones and the like -------------------------------------------------------------------------------------------


def shown(contact: Contact) -> list[tuple[str, str, str]]:
    return [(entry.type_id, entry.value_type, entry.value) for entry in contact.fm]


@pytest.fixture
async def modern(sandbox: Sandbox) -> AsyncIterator[Portal]:
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        yield portal


async def test_one_phone_is_added_changed_and_deleted(modern: Portal, sandbox: Sandbox) -> None:
    contact = await Contact.objects.create(
        name="Анна",
        fm=[Multifield(type_id="PHONE", value="+7 1"), Multifield(type_id="EMAIL", value="a@x.ru", value_type="HOME")],
    )
    assert shown(contact) == [("PHONE", "WORK", "+7 1"), ("EMAIL", "HOME", "a@x.ru")]
    phone, email = contact.fm
    seen: list[Any] = []
    sandbox.before_command = lambda method, params, index: seen.append(params.get("fields"))
    contact.fm = [phone, email, Multifield(type_id="PHONE", value="+7 2", value_type="MOBILE")]
    await contact.save()
    assert seen == [{"fm": {"n0": {"typeId": "PHONE", "valueType": "MOBILE", "value": "+7 2"}}}]
    contact.fm = [contact.fm[0].model_copy(update={"value": "+7 3"}), *contact.fm[1:]]
    await contact.save()
    assert seen[1] == {"fm": {str(phone.id): {"typeId": "PHONE", "valueType": "WORK", "value": "+7 3"}}}
    contact.fm = contact.fm[1:]
    await contact.save()
    assert seen[2] == {"fm": {str(phone.id): {"value": ""}}}
    sandbox.before_command = None
    assert shown(await Contact.objects.get(contact.id)) == [("EMAIL", "HOME", "a@x.ru"), ("PHONE", "MOBILE", "+7 2")]
    contact.fm = []
    await contact.save()
    assert (await Contact.objects.get(contact.id)).fm == []


async def test_phones_by_their_classic_name_are_written_to_either_dialect(portal: Portal) -> None:
    contact = await Contact.objects.create(name="Ольга", phones=[Multifield(value="+7 5")])
    found = await Contact.objects.get(contact.id)
    if portal.crm_api == "item":
        assert shown(found) == [("PHONE", "WORK", "+7 5")]
        found.phones = [Multifield(value="+7 6", value_type="MOBILE")]
    else:
        assert [phone.value for phone in found.phones] == ["+7 5"]
        found.phones = [found.phones[0].model_copy(update={"value": "+7 6"})]
    await found.save()
    values = (await Contact.objects.get(contact.id)).fm if portal.crm_api == "item" else found.phones
    assert [entry.value for entry in values] == ["+7 6"]


@pytest.mark.parametrize("bulk", [False, True], ids=["save", "bulk_update"])
async def test_what_was_added_is_not_added_again_by_the_next_change(portal: Portal, bulk: bool) -> None:
    name = "fm" if portal.crm_api == "item" else "phones"
    contact: Any = await Contact.objects.create(name="x", phones=[Multifield(value="+7 1")])
    contact = await Contact.objects.get(contact.id)
    for number in ("+7 2", "+7 3"):
        setattr(contact, name, [*getattr(contact, name), Multifield(type_id="PHONE", value=number)])
        if bulk:
            assert (await Contact.objects.bulk_update([contact])).all_ok
            if portal.crm_api == "classic":  # whose answers do not show the ids of the new ones
                with pytest.raises(FieldNotLoaded):
                    _ = contact.phones
                await contact.refresh()
        else:
            await contact.save()
    found: Any = await Contact.objects.get(contact.id)
    assert [entry.value for entry in getattr(found, name)] == ["+7 1", "+7 2", "+7 3"]


async def test_a_multifield_of_no_type_is_refused(modern: Portal) -> None:
    with pytest.raises(InvalidValue, match=r"say what '\+7' is"):
        await Contact.objects.create(name="x", fm=[Multifield(value="+7")])
    assert modern.stats.requests == 0


# -- files ---------------------------------------------------------------------------------------------------------


async def test_files_are_written_kept_and_removed(portal: Portal, tmp_path: Any) -> None:
    path = tmp_path / "договор.txt"
    path.write_bytes("содержание".encode())
    deal = await deals.create(
        title="files",
        contract=File.from_path(path),
        files=[File.from_bytes("a.bin", b"\x00\xff"), File.from_bytes("b", b"b")],
    )
    deal = await deals.get(deal.id)
    assert deal.contract is not None
    assert deal.contract.id
    kept, dropped = deal.files
    deal.files = [kept, File.from_base64("c.txt", "Yw==")]
    deal.contract = None
    await deal.save()
    deal = await deals.get(deal.id)
    assert deal.contract is None
    assert deal.files[0].id == kept.id
    assert dropped.id not in {file.id for file in deal.files}
    assert len(deal.files) == 2


async def test_fields_that_no_class_declares_take_values_of_every_kind(portal: Portal) -> None:
    plain: Any = Deal.objects
    deal = await plain.create(
        title="x",
        uf_crm_1700000004=True,
        uf_crm_1700000009=Money(Decimal("5.50"), "RUB"),
        uf_crm_1700000012=File.from_bytes("a", b"a"),
        uf_crm_1700000018=["a", "b"],
    )
    found = await MyDeal.objects.get(deal.id)
    assert (found.signed, found.prepaid, found.tags) == (True, Money(Decimal("5.50"), "RUB"), ["a", "b"])
    assert found.contract is not None


async def test_files_that_are_not_there_are_refused_at_once(portal: Portal) -> None:
    with pytest.raises(FileNotFoundError):
        File.from_path("/nowhere/at/all.pdf")
    with pytest.raises(QueryError, match="contents"):
        await deals.create(title="x", contract=File(url="http://x"))
    assert portal.stats.requests == 0


# -- choices -------------------------------------------------------------------------------------------------------


async def test_choices_are_written_by_id_or_by_text(modern: Portal) -> None:
    Own: Any = await Deal.from_portal()
    fields = (await modern.call("crm.item.fields", {"entityTypeId": 2, "useOriginalUfNames": "Y"})).result["fields"]
    choices = {item["VALUE"]: int(item["ID"]) for item in fields["UF_CRM_1700000005"]["items"]}
    text, id = next(iter(choices.items()))
    deal = await Own.objects.create(title="x", region=text)
    assert deal.region == id
    deal.region = list(choices)[1]
    await deal.save()
    assert (await Own.objects.get(deal.id)).region == choices[list(choices)[1]]
    deal.region = id
    await deal.save()
    products = {item["VALUE"]: int(item["ID"]) for item in fields["UF_CRM_1700000006"]["items"]}
    deal.produkty = list(products)[:2]
    await deal.save()
    assert (await Own.objects.get(deal.id)).produkty == list(products.values())[:2]
    with pytest.raises(InvalidValue, match="Регион has no choice 'Нигде'"):
        Own.objects.create(title="x", region="Нигде")
