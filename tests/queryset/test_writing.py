"""One row written: what is sent, what the object holds afterwards, and what is refused before a request leaves."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from b24orm import Col, Contact, Deal, Limits, Portal, StageHistory, Task, User, column
from b24orm.errors import (
    ConcurrentWrite,
    DoesNotExist,
    FieldNotLoaded,
    InvalidValue,
    NotFound,
    OutcomeUnknown,
    PortalError,
    QueryError,
    UnknownField,
    UnsupportedQuery,
)
from b24orm.model.values import Multifield
from b24orm.sandbox import Sandbox
from tests.conftest import HurriedClock


class MyDeal(Deal):
    contract: Col[str | None] = column("UF_CRM_1700000001", default=None)
    paid: Col[bool | None] = column("UF_CRM_1700000003", default=None, readonly=True)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=60, seed=7, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(autouse=True)
async def portal(sandbox: Sandbox, hurried: HurriedClock) -> AsyncIterator[Portal]:
    sandbox.books.reset()
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        yield portal
    sandbox.faults.clear()


def sent(sandbox: Sandbox) -> list[tuple[str, dict[str, Any]]]:
    """Everything that reaches the portal from now on, as it reads it."""
    seen: list[tuple[str, dict[str, Any]]] = []
    sandbox.before_command = lambda method, params, index: seen.append((method, params))
    return seen


# -- creating ------------------------------------------------------------------------------------------------------


async def test_a_new_row_holds_what_the_portal_stored(sandbox: Sandbox) -> None:
    deal = await Deal.objects.create(title="Ремонт", opportunity=Decimal("12.50"))
    assert deal.id in sandbox.ids("deal")
    assert (deal.stage_id, deal.currency_id, deal.opportunity) == ("NEW", "RUB", Decimal("12.50"))
    assert deal.created_time is not None
    assert deal.changed_fields == frozenset()
    assert deal == await Deal.objects.get(deal.id)
    assert sandbox.books.applied["deal", "add"] == 1


async def test_a_create_costs_one_request_and_many_share_one(sandbox: Sandbox, portal: Portal) -> None:
    await Deal.objects.create(title="one")
    assert portal.stats.requests == 1
    made = await asyncio.gather(*(Deal.objects.create(title=f"{n}") for n in range(50)))
    assert portal.stats.requests == 2
    assert [deal.title for deal in made] == [f"{n}" for n in range(50)]
    assert len({deal.id for deal in made}) == 50


async def test_only_what_was_given_is_sent(sandbox: Sandbox) -> None:
    seen = sent(sandbox)
    await Deal.objects.create(title="x")
    await Deal(title="y", comments=None).save()
    assert [params["fields"] for _, params in seen] == [{"title": "x"}, {"title": "y", "comments": ""}]


async def test_the_same_operation_run_twice_creates_two_rows() -> None:
    op = Deal.objects.create(title="twice")
    first, second = await op, await op
    assert first.id != second.id


async def test_a_classic_create_is_read_back(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic") as portal:
        deal = await Deal.objects.create(title="classic", opportunity=5)
        assert (deal.title, deal.stage_id, deal.opportunity) == ("classic", "NEW", Decimal(5))
        assert portal.stats.commands == 2
        deal.comments = "later"
        await deal.save()
        assert (await Deal.objects.get(deal.id)).comments == "later"
        await deal.delete()
    assert deal.id not in sandbox.ids("deal")


async def test_objects_of_a_constructor_are_saved(sandbox: Sandbox) -> None:
    deal = MyDeal(title="x", contract="№ 5")
    assert await deal.save() is deal
    assert deal.id
    assert deal.changed_fields == frozenset()
    assert (await MyDeal.objects.get(deal.id)).contract == "№ 5"


async def test_user_fields_that_no_class_declares_are_written(sandbox: Sandbox) -> None:
    deal: Any = await Deal.objects.get(sandbox.ids("deal")[0])
    deal.uf_crm_1700000001 = "by its own name"
    assert deal.changed_fields == {"uf_crm_1700000001"}
    await deal.save()
    assert (await MyDeal.objects.get(deal.id)).contract == "by its own name"


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"titel": "x"}, UnknownField, "did you mean 'title'"),
        ({"opportunity": 5}, InvalidValue, "a new Deal needs title"),
        ({"title": "x", "opportunity": "much"}, InvalidValue, "Deal.opportunity cannot hold 'much'"),
        ({"title": "x", "created_by": 1}, InvalidValue, "Deal.created_by is set by the portal"),
        ({"title": "x", "id": 5}, InvalidValue, "at the portal already|set by the portal"),
    ],
    ids=["name", "missing", "value", "read-only", "id"],
)
async def test_what_cannot_be_created_is_refused_before_any_request(
    portal: Portal, fields: dict[str, Any], error: type[Exception], says: str
) -> None:
    create: Any = Deal.objects.create
    with pytest.raises(error, match=says):
        create(**fields)
    assert portal.stats.requests == 0


async def test_entities_that_the_portal_only_shows_have_no_writing_methods() -> None:
    objects: Any = StageHistory.objects
    assert not hasattr(objects, "create")
    assert not hasattr(objects, "delete")
    assert not hasattr(User.objects, "bulk_delete")
    history: Any = StageHistory
    with pytest.raises((InvalidValue, UnsupportedQuery)):
        await history(id=5).delete()


async def test_an_error_of_the_portal_is_raised(sandbox: Sandbox) -> None:
    sandbox.faults.add("access_denied")
    deal = Deal(title="x")
    with pytest.raises(PortalError, match="ACCESS_DENIED"):
        await deal.save()
    assert deal.changed_fields == {"title"}
    await deal.save()
    assert sandbox.books.applied["deal", "add"] == 1


# -- changing ------------------------------------------------------------------------------------------------------


async def test_saving_sends_the_one_field_that_changed(sandbox: Sandbox, portal: Portal) -> None:
    deal = await Deal.objects.get(sandbox.ids("deal")[1])
    seen = sent(sandbox)
    deal.title = "x"
    assert deal.changed_fields == {"title"}
    await deal.save()
    assert [(method, params["fields"]) for method, params in seen] == [("crm.item.update", {"title": "x"})]
    assert deal.changed_fields == frozenset()
    await deal.save()
    assert len(seen) == 1


async def test_named_fields_are_sent_whether_they_changed_or_not(sandbox: Sandbox) -> None:
    deal = await Deal.objects.get(sandbox.ids("deal")[2])
    seen = sent(sandbox)
    deal.title, deal.comments = "a", "b"
    await deal.save(update_fields=["title", Deal.currency_id])
    assert seen[0][1]["fields"] == {"title": "a", "currencyId": deal.currency_id}
    assert deal.changed_fields == {"comments"}


async def test_lists_changed_in_place_are_sent_if_they_are_named(sandbox: Sandbox) -> None:
    deal = await Deal.objects.get(sandbox.ids("deal")[2])
    deal.observers.append(1)
    assert deal.changed_fields == frozenset()
    await deal.save(update_fields=["observers"])
    assert (await Deal.objects.get(deal.id)).observers == deal.observers


async def test_only_loaded_fields_need_to_be_there(sandbox: Sandbox) -> None:
    deal = await Deal.objects.select("id").filter(id=sandbox.ids("deal")[3]).get()
    deal.title = "without the rest"
    await deal.save()
    assert (await Deal.objects.get(deal.id)).title == "without the rest"
    partly = (await Deal.objects.select("id")[:1])[0]
    with pytest.raises(FieldNotLoaded, match=r"Deal\.title was not loaded"):
        await partly.save(update_fields=["title"])


async def test_an_object_with_an_id_changes_that_row(sandbox: Sandbox) -> None:
    row = sandbox.ids("deal")[4]
    deal = Deal(id=row, title="by id alone")
    await deal.save()
    assert sandbox.books.applied == {("deal", "update"): 1}
    assert (await Deal.objects.get(row)).title == "by id alone"


async def test_what_is_assigned_while_a_save_is_under_way_stays_changed(sandbox: Sandbox) -> None:
    deal = await Deal.objects.get(sandbox.ids("deal")[5])
    deal.title = "first"
    saving = asyncio.ensure_future(deal.save())
    await asyncio.sleep(0)
    deal.title = "second"
    await saving
    assert deal.title == "second"
    assert deal.changed_fields == {"title"}
    await deal.save()
    assert (await Deal.objects.get(deal.id)).title == "second"


async def test_two_saves_of_one_object_at_once_are_refused(sandbox: Sandbox) -> None:
    deal = Deal(title="once")
    first, second = await asyncio.gather(deal.save(), deal.save(), return_exceptions=True)
    assert first is deal
    assert isinstance(second, ConcurrentWrite)
    assert "is being written already" in str(second)
    assert sandbox.books.applied == {("deal", "add"): 1}
    loaded = await Deal.objects.get(deal.id)
    loaded.title = "z"
    _, again, gone = await asyncio.gather(loaded.save(), loaded.refresh(), loaded.delete(), return_exceptions=True)
    assert isinstance(again, ConcurrentWrite)
    assert isinstance(gone, ConcurrentWrite)
    await loaded.delete()


@pytest.mark.parametrize("name", ["created_by", "updated_time", "id"])
async def test_what_the_portal_sets_cannot_be_saved(sandbox: Sandbox, portal: Portal, name: str) -> None:
    deal = await Deal.objects.get(sandbox.ids("deal")[6])
    with pytest.raises(InvalidValue, match=f"Deal.{name} is set by the portal"):
        deal.save(update_fields=[name])
    setattr(deal, name, getattr(deal, name))
    requests = portal.stats.requests
    with pytest.raises(InvalidValue, match=f"Deal.{name} is set by the portal"):
        await deal.save()
    assert portal.stats.requests == requests


async def test_fields_for_create_alone_and_names_that_are_none_are_refused(sandbox: Sandbox) -> None:
    deal = await MyDeal.objects.get(sandbox.ids("deal")[6])
    with pytest.raises(UnknownField, match="did you mean 'title'"):
        deal.save(update_fields=["titel"])
    with pytest.raises(UnknownField, match=r"\['title'\]"):
        deal.save(update_fields="title")
    with pytest.raises(InvalidValue, match=r"paid is set by the portal"):
        deal.save(update_fields=["paid"])


async def test_a_copy_is_an_object_of_its_own(sandbox: Sandbox) -> None:
    deal = await Deal.objects.get(sandbox.ids("deal")[7])
    twin = copy.copy(deal)
    twin.title = "of the twin"
    assert deal.changed_fields == frozenset()
    await twin.save()
    assert (await deal.refresh()).title == "of the twin"


# -- gone ----------------------------------------------------------------------------------------------------------


async def test_rows_that_are_gone_say_so_in_the_words_of_their_class(sandbox: Sandbox, portal: Portal) -> None:
    deal = await Deal.objects.create(title="short-lived")
    other = await Deal.objects.get(deal.id)
    await deal.delete()
    assert deal.title == "short-lived"
    for attempt in (other.delete, other.refresh):
        with pytest.raises(Deal.DoesNotExist, match=f"no Deal has id {deal.id}"):
            await attempt()
    other.title = "late"
    with pytest.raises(DoesNotExist) as caught:
        await other.save()
    assert isinstance(caught.value.__cause__, NotFound)
    assert other.changed_fields == {"title"}


async def test_new_objects_cannot_be_deleted_or_refreshed(portal: Portal) -> None:
    deal = Deal(title="new")
    with pytest.raises(InvalidValue, match="not at the portal yet"):
        await deal.delete()
    with pytest.raises(InvalidValue, match="not at the portal yet"):
        await deal.refresh()
    assert portal.stats.requests == 0


async def test_refreshing_drops_changes(sandbox: Sandbox) -> None:
    deal = await Deal.objects.select("id", "title").order_by("-id").first()
    assert deal is not None
    deal.title = "never saved"
    assert await deal.refresh() is deal
    assert deal.title != "never saved"
    assert deal.changed_fields == frozenset()
    assert deal.opportunity is not None


# -- answers that are lost -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset_after", "half_answer", "broken_json", "reset", "empty"])
async def test_a_create_whose_answer_is_lost_is_not_sent_again(sandbox: Sandbox, portal: Portal, fault: str) -> None:
    sandbox.faults.add(fault)
    with pytest.raises(OutcomeUnknown, match="is not sent again"):
        await Deal.objects.create(title="lost")
    assert portal.stats.requests == 1
    assert sandbox.books.applied["deal", "add"] == (fault in ("reset_after", "half_answer", "broken_json"))


@pytest.mark.parametrize("fault", ["reset_after", "half_answer", "reset", "bad_gateway"])
async def test_updates_and_deletes_by_id_are_sent_again(sandbox: Sandbox, portal: Portal, fault: str) -> None:
    deal = await Deal.objects.create(title="x")
    deal.title = "y"
    sandbox.faults.add(fault)
    await deal.save()
    sandbox.faults.add(fault)
    await deal.delete()  # that the row is gone when it is sent again shows that the first time ran
    assert deal.id not in sandbox.ids("deal")
    assert portal.stats.retries == 2


async def test_an_update_that_adds_a_phone_is_not_sent_again(sandbox: Sandbox) -> None:
    contact = await Contact.objects.create(name="Анна")
    contact.fm = [Multifield(type_id="PHONE", value="+7 900 000-00-00")]
    sandbox.faults.add("reset_after")
    with pytest.raises(OutcomeUnknown):
        await contact.save()
    await contact.refresh()
    assert [phone.value for phone in contact.fm] == ["+7 900 000-00-00"]


@pytest.mark.parametrize("fault", ["reset_after", "half_answer"])
async def test_a_lost_create_is_found_by_a_field_that_no_two_rows_share(sandbox: Sandbox, fault: str) -> None:
    sandbox.faults.add(fault)
    deal = await Deal.objects.create(title="found", origin_id=f"order-{fault}", dedupe_key="origin_id")
    assert deal.id in sandbox.ids("deal")
    assert (deal.title, deal.stage_id, deal.changed_fields) == ("found", "NEW", frozenset())
    assert sandbox.books.applied == {("deal", "add"): 1}


async def test_a_dedupe_key_needs_a_value_and_a_filter() -> None:
    with pytest.raises(QueryError, match="needs a value"):
        Deal.objects.create(title="x", dedupe_key="origin_id")
    with pytest.raises(UnknownField, match="origin_id"):
        Deal.objects.create(title="x", dedupe_key="orign_id")


# -- looking first -------------------------------------------------------------------------------------------------


async def test_get_or_create_creates_once_however_many_ask(sandbox: Sandbox) -> None:
    asked = [Deal.objects.get_or_create({"title": "one of a kind"}, origin_id="k-1") for _ in range(20)]
    answers = await asyncio.gather(*asked)
    assert len({deal.id for deal, _ in answers}) == 1
    assert sorted(created for _, created in answers) == [False] * 19 + [True]
    assert sandbox.books.applied == {("deal", "add"): 1}


async def test_get_or_create_finds_what_a_lost_answer_left_behind(sandbox: Sandbox) -> None:
    op = Deal.objects.get_or_create({"title": "x"}, origin_id="k-2")
    sandbox.faults.add("reset_after", after=1)
    deal, created = await op
    assert created
    assert await op == (deal, False)


async def test_update_or_create_changes_what_differs(sandbox: Sandbox) -> None:
    seen = sent(sandbox)
    op = Deal.objects.update_or_create({"title": "t", "opportunity": 5}, origin_id="k-3")
    deal, created = await op
    assert created
    assert [method for method, _ in seen] == ["crm.item.list", "crm.item.add"]
    assert (await op)[1] is False
    assert [method for method, _ in seen][2:] == ["crm.item.list"]
    changed, created = await Deal.objects.update_or_create({"title": "t", "opportunity": 7}, origin_id="k-3")
    assert (changed.id, changed.opportunity, created) == (deal.id, Decimal(7), False)
    assert seen[-1][1]["fields"] == {"opportunity": "7"}


# -- elsewhere -----------------------------------------------------------------------------------------------------


async def test_objects_of_another_portal_are_saved_there(sandbox: Sandbox) -> None:
    with Sandbox(deals=5, seed=2, limits=Limits.none()) as there:
        async with Portal(there.url, limits=Limits.none()) as other:
            async with Portal(sandbox.url, limits=Limits.none()):
                deal = await Deal.objects.using(other).create(title="there")
                listed = await Deal.objects.using(other).filter(id=deal.id)
                listed[0].title = "changed there"
                await listed[0].save()
                await deal.refresh()
                assert deal.title == "changed there"
                await deal.delete()
        assert there.books.applied == {("deal", "add"): 1, ("deal", "update"): 1, ("deal", "delete"): 1}
    assert sandbox.books.applied == {}


async def test_other_families_say_their_writes_in_their_own_words(sandbox: Sandbox) -> None:
    seen = sent(sandbox)
    async with Portal(sandbox.url, limits=Limits.none(), rest_api="classic"):  # tests/queryset/test_v3.py has the other
        task = await Task.objects.create(title="Позвонить", responsible_id=1)
        task.title = "Написать"
        await task.save()
        assert (await Task.objects.get(task.id)).title == "Написать"
        await task.delete()
    said = [(method, params) for method, params in seen if not method.endswith(".get")]
    assert [method for method, _ in said] == ["tasks.task.add", "tasks.task.update", "tasks.task.delete"]
    assert said[0][1] == {"fields": {"TITLE": "Позвонить", "RESPONSIBLE_ID": 1}}
    assert said[1][1] == {"taskId": task.id, "fields": {"TITLE": "Написать"}}


def test_blocking_code_writes_as_well(sandbox: Sandbox) -> None:
    with Portal(sandbox.url, limits=Limits.none()):
        deal = Deal.objects.create(title="blocking").run_sync()
        deal.title = "still"
        deal.save().run_sync()
        assert Deal.objects.get(deal.id).run_sync().title == "still"
        deal.delete().run_sync()


async def test_explaining_a_write_shows_the_command_and_sends_nothing(portal: Portal) -> None:
    plan = Deal.objects.create(title="x").explain()
    assert (plan.strategy, plan.commands) == ("write", "1")
    assert plan.first[0].params["fields"] == {"title": "x"}
    assert "never sent again" in str(plan)
    assert Deal(id=5, title="x").save().explain().first[0].method == "crm.item.update"
    assert Deal(id=5, title="x").delete().explain().first[0].method == "crm.item.delete"
    assert portal.stats.requests == 0
