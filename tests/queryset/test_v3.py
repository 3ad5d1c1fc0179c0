"""Tasks, for which REST 3.0 and the classic REST share the work; and entities that only REST 3.0 has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from b24orm import EventLog, Limits, NoteCollection, NoteDocument, Portal, Task, TimemanRecord, errors
from b24orm.model import Model
from b24orm.sandbox import Sandbox
from tests.conftest import HurriedClock

DEADLINE = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=5, tasks=70, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
async def portal(sandbox: Sandbox, hurried: HurriedClock) -> AsyncIterator[Portal]:
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        yield portal


@pytest.fixture
async def modern(sandbox: Sandbox, hurried: HurriedClock) -> AsyncIterator[Portal]:
    async with Portal(sandbox.url, limits=Limits.none(), rest_api="v3") as portal:
        yield portal


def methods(sandbox: Sandbox) -> list[str]:
    """What was called, REST 3.0 with its address."""
    return [record.method for record in sandbox.books.log]


# -- which version -----------------------------------------------------------------------------------------------------


async def test_rest_api_takes_three_words_only() -> None:
    url = "https://my.bitrix24.com/rest/1/code/"
    wrong: Any = "v4"
    with pytest.raises(errors.ConfigurationError, match="'auto', 'classic' or 'v3', not 'v4'"):
        Portal(url, rest_api=wrong)
    with pytest.raises(errors.ConfigurationError, match="too old"):
        Portal(url, rest_api="v3", crm_api="classic")
    assert [Portal(url, rest_api=word).api for word in ("auto", "classic", "v3")] == ["item", "v2", "v3"]
    assert Portal(url, crm_api="classic").api == "classic"


async def test_tasks_are_read_by_the_classic_rest_and_nobody_asks_what_is_offered(
    portal: Portal, sandbox: Sandbox
) -> None:
    assert len(await Task.objects.filter(status__in=[2, 3, 5])) > 0
    assert await Task.objects.count() == len(sandbox.ids("task"))
    task = await Task.objects.get(sandbox.ids("task")[0])
    task.title = "Changed"
    await task.save()
    await task.delete()
    assert portal.known_methods() is None
    assert "REST 3.0" not in str(Task.objects.explain())


async def test_values_inside_of_related_objects_come_by_rest_3(portal: Portal, sandbox: Sandbox) -> None:
    found = Task.objects.select("id", "title", "responsible.name", "creator")
    assert "REST 3.0, keyset by id" in str(found.explain())
    tasks = await found
    assert [task.id for task in tasks] == sandbox.ids("task")
    classic = {task.id: task for task in await Task.objects.all()}
    for task in tasks:
        assert task.responsible.keys() == {"name"}
        assert task.creator["id"] == classic[task.id].created_by
        assert task.title == classic[task.id].title
    with pytest.raises(errors.FieldNotLoaded):
        _ = tasks[0].status
    dicts = await Task.objects[:2].values("id", "responsible.name")
    assert dicts == [{"id": task.id, "responsible.name": task.responsible["name"]} for task in tasks[:2]]
    assert await Task.objects[:2].values_list("responsible.name", flat=True) == [
        task.responsible["name"] for task in tasks[:2]
    ]


async def test_fields_that_only_rest_3_has_are_asked_for_there(portal: Portal, sandbox: Sandbox) -> None:
    first = sandbox.ids("task")[0]
    (task,) = await Task.objects.filter(id=first).select("contains_results", "link")
    assert task.contains_results is False
    assert str(first) in (task.link or "")


async def test_what_no_version_can_say_is_refused(portal: Portal) -> None:
    with pytest.raises(errors.UnsupportedQuery, match="does not filter Task by 'status'"):
        Task.objects.filter(status=5).select("responsible.name").explain()


async def test_the_classic_rest_alone_can_be_asked_for(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), rest_api="classic") as portal:
        with pytest.raises(errors.UnsupportedQuery, match=r"only REST 3\.0"):
            Task.objects.select("responsible.name").explain()
        with pytest.raises(errors.UnsupportedQuery, match="story_points"):
            await Task.objects.create(title="x", responsible_id=1, story_points=5)
        plan = Task(title="x", responsible_id=1).save().explain()
        assert plan.first[0].version == 2
        await Task.objects.create(title="x", responsible_id=1)
        assert portal.known_methods() is None
        assert await EventLog.objects.first() is not None  # which has no other


# -- creating ----------------------------------------------------------------------------------------------------------


async def test_one_task_is_created_by_rest_3_and_holds_what_the_portal_stored(portal: Portal, sandbox: Sandbox) -> None:
    task = await Task.objects.create(
        title="Ж & <b>", responsible_id=1, priority=2, deadline=DEADLINE, accomplices=[1], task_control=True
    )
    assert portal.known_methods() is not None
    again = await Task.objects.get(task.id)
    assert {name: getattr(task, name) for name in again.loaded_fields} == {
        name: getattr(again, name) for name in again.loaded_fields
    }
    assert (again.title, again.priority, again.status, again.created_by) == ("Ж & <b>", 2, 2, 1)
    assert (again.deadline, again.accomplices, again.task_control) == (DEADLINE, [1], True)
    assert task.changed_fields == frozenset()


async def test_what_is_offered_is_asked_once(portal: Portal) -> None:
    await Task.objects.create(title="a", responsible_id=1)
    before = portal.stats.requests
    saved = Task(title="b", responsible_id=1)
    await saved.save()
    assert portal.stats.requests == before + 2  # it is created, and read whole


async def test_a_task_whose_answer_is_lost_is_there_once_and_the_program_knows_it(
    portal: Portal, sandbox: Sandbox
) -> None:
    await Task.objects.create(title="before", responsible_id=1)
    sandbox.faults.add("reset_after", method="tasks.task.add")
    task = await Task.objects.create(title="Lost", responsible_id=1)
    assert [found.id for found in await Task.objects.filter(title__contains="Lost")] == [task.id]
    assert portal.stats.replayed == 1


async def test_explain_says_which_version_and_why(portal: Portal) -> None:
    new = Task(title="x", responsible_id=1)
    assert "by REST 3.0" in new.save().explain().reason
    assert "if the portal offers it, which is asked first" in new.save().explain().reason
    await portal.offered()
    assert "asked first" not in new.save().explain().reason
    assert "same Idempotency-Key" in new.save().explain().reason
    assert Task.objects.create(title="x", responsible_id=1).explain().first[0].version == 3
    said = Task(title="x", responsible_id=1, mark="P").save().explain()
    assert "not by REST 3.0: that cannot say it" in said.reason
    assert said.first[0].version == 2
    portal.offers_not("tasks.task.add")
    assert "the portal does not offer that" in new.save().explain().reason


async def test_what_rest_3_cannot_write_is_created_by_the_classic_rest(portal: Portal, sandbox: Sandbox) -> None:
    task = await Task.objects.create(title="x", responsible_id=1, mark="P")
    assert task.mark == "P"
    naive = await Task.objects.create(title="x", responsible_id=1, deadline=datetime(2027, 1, 2, 3))
    assert naive.deadline is not None
    assert portal.known_methods() is None, "nobody had to know"


async def test_a_portal_without_rest_3_gets_classic_tasks() -> None:
    with Sandbox(deals=5, tasks=3, limits=Limits.none(), rest_v3=False) as old:
        async with Portal(old.url, limits=Limits.none()) as portal:
            first = await Task.objects.create(title="a", responsible_id=1)
            await Task.objects.create(title="b", responsible_id=1)
            assert portal.known_methods() == frozenset()
            assert first.created_by == 1
            with pytest.raises(errors.UnsupportedQuery, match="story_points"):
                await Task.objects.create(title="x", responsible_id=1, story_points=5)
            assert sorted(old.ids("task"))[-2] == first.id


@pytest.mark.parametrize("code", ["METHODNOTFOUNDEXCEPTION", "INSUFFICIENTSCOPEEXCEPTION"])
async def test_a_portal_that_promises_more_than_it_lets_one_do_gets_classic_tasks(
    portal: Portal, sandbox: Sandbox, code: str
) -> None:
    status = 404 if code.startswith("METHOD") else 403
    sandbox.faults.add(
        "command_error", method="tasks.task.add", code=f"BITRIX_REST_V3_EXCEPTION_{code}", text="no", status=status
    )
    task = await Task.objects.create(title="x", responsible_id=1)
    assert task.id in sandbox.ids("task")
    assert "tasks.task.add" not in (portal.known_methods() or ())


async def test_other_errors_are_the_programs(portal: Portal, sandbox: Sandbox) -> None:
    with pytest.raises(errors.PortalError) as caught:
        await Task.objects.create(title="x", responsible_id=10**6)
    assert caught.value.code.startswith("BITRIX_REST_V3_")


async def test_many_tasks_are_created_by_the_classic_rest_in_batches(portal: Portal, sandbox: Sandbox) -> None:
    result = await Task.objects.bulk_create([Task(title=f"{n}", responsible_id=1) for n in range(60)])
    assert result.all_ok
    assert portal.stats.requests == 2
    assert portal.known_methods() is None


async def test_what_only_rest_3_writes_goes_there_whatever_the_way(portal: Portal, sandbox: Sandbox) -> None:
    created = await Task.objects.create(title="a", responsible_id=1, story_points=5)
    result = await Task.objects.bulk_create(
        [{"title": "b", "responsible_id": 1, "epic_id": 3}, {"title": "c", "responsible_id": 1}]
    )
    assert result.all_ok
    created.story_points = 8
    await created.save()
    assert (await Task.objects.filter(id__in=[created.id]).update(epic_id=4)).all_ok
    (found,) = await Task.objects.filter(id=created.id).select("story_points", "epic_id")
    assert (found.story_points, found.epic_id) == (8, 4)
    created.mark, created.epic_id = "P", 5
    with pytest.raises(errors.UnsupportedQuery):
        await created.save()


# -- REST 3.0 alone ----------------------------------------------------------------------------------------------------


async def test_one_attribute_serves_both_versions(portal: Portal, modern: Portal, sandbox: Sandbox) -> None:
    await Task.objects.using(portal).create(
        title="x", responsible_id=1, priority=0, status=5, deadline=DEADLINE, uf_crm_task=["L_1", "T80_1"], xml_id="k"
    )
    classic = {task.id: task for task in await Task.objects.using(portal).all()}
    v3 = {task.id: task for task in await Task.objects.using(modern).all()}
    assert list(classic) == list(v3) == sandbox.ids("task")
    for id, task in v3.items():
        both = task.loaded_fields & classic[id].loaded_fields - {"stage_id"}  # none is 0 here and null there
        assert {name: getattr(task, name) for name in both} == {name: getattr(classic[id], name) for name in both}
        assert {"created_date", "status", "priority", "mark", "responsible_id", "uf_crm_task"} <= both


async def test_a_task_lives_its_life_in_rest_3(modern: Portal, sandbox: Sandbox) -> None:
    task = await Task.objects.create(title="x", responsible_id=1)
    task.title, task.priority = "y", 2
    await task.save()
    got = await Task.objects.get(task.id)
    assert (got.title, got.priority, got.created_by) == ("y", 2, 1)
    await got.delete()
    with pytest.raises(Task.DoesNotExist):
        await Task.objects.get(task.id)
    with pytest.raises(errors.AccessDenied):  # the portal does not tell a task that is gone from one that is not ours
        await got.delete()
    assert modern.known_methods() is None
    result = await Task.objects.bulk_create([Task(title=f"{n}", responsible_id=1) for n in range(3)])
    assert result.all_ok
    assert all(isinstance(id, int) for id in result.ids)
    assert (await Task.objects.bulk_delete(result.ids)).all_ok


async def test_rest_3_refuses_what_it_cannot_say(modern: Portal) -> None:
    with pytest.raises(errors.UnsupportedQuery, match="does not filter"):
        await Task.objects.filter(title__contains="x")
    with pytest.raises(errors.UnsupportedQuery, match=r"does not write Task\.mark"):
        await Task.objects.create(title="x", responsible_id=1, mark="P")
    assert modern.stats.requests == 0


async def test_windows_ends_and_counts_are_right_in_rest_3(modern: Portal, sandbox: Sandbox) -> None:
    ids = sandbox.ids("task")
    assert await Task.objects[10:15].values_list(Task.id, flat=True) == ids[10:15]
    assert await Task.objects[60:].values_list(Task.id, flat=True) == ids[60:]
    assert await Task.objects.order_by("-id")[:3].values_list(Task.id, flat=True) == ids[:-4:-1]
    assert await Task.objects.count() == len(ids)
    first, last = await Task.objects.first(), await Task.objects.last()
    assert first is not None
    assert last is not None
    assert (first.id, last.id) == (ids[0], ids[-1])
    assert sorted(await Task.objects.in_bulk(ids[:3])) == ids[:3]
    assert await Task.objects.filter(id__gt=ids[4], id__lte=ids[9]).values_list(Task.id, flat=True) == ids[5:10]
    assert await Task.objects.filter(id__gt=ids[-1]).exists() is False
    assert await Task.objects.resume(ids[-3]).values_list(Task.id, flat=True) == ids[-2:]


# -- entities of REST 3.0 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "given"), [(EventLog, {}), (NoteCollection, {}), (TimemanRecord, {"user_id": 1}), (Task, {})]
)
async def test_rows_are_read_and_written_back_the_same(
    modern: Portal, sandbox: Sandbox, model: Any, given: dict[str, Any]
) -> None:
    rows: list[Model] = await model.objects.filter(**given)
    assert rows
    for row in rows:
        again = type(row).__load__("v3", [row.to_wire("v3")])[0]
        assert again.__dict__ == row.__dict__


async def test_the_event_log_is_filtered_grouped_and_got(portal: Portal, sandbox: Sandbox) -> None:
    entries = await EventLog.objects.all()
    assert [entry.id for entry in entries] == sandbox.ids("event_log")
    kinds = await EventLog.objects.group_by("audit_type_id").count()
    assert sum(kinds.values()) == len(entries)
    kind = entries[0].audit_type_id
    assert await EventLog.objects.filter(audit_type_id=kind).count() == kinds[kind]
    assert await EventLog.objects.exclude(audit_type_id=kind).count() == len(entries) - kinds[kind]
    assert (await EventLog.objects.get(entries[3].id)) == entries[3]
    newest = await EventLog.objects.order_by("-timestamp_x").first()
    assert newest is not None
    assert newest.timestamp_x == max(entry.timestamp_x for entry in entries)
    with pytest.raises(EventLog.DoesNotExist):
        await EventLog.objects.get(10**8)


async def test_working_time_is_read_of_one_employee(portal: Portal, sandbox: Sandbox) -> None:
    records = await TimemanRecord.objects.filter(user_id=1)
    assert records
    assert {record.user_id for record in records} == {1}
    assert [record.id for record in records] == sorted(record.id for record in records)
    with pytest.raises(errors.UnsupportedQuery, match="user_id"):
        TimemanRecord.objects.explain()


async def test_knowledge_bases_and_documents_are_written(portal: Portal, sandbox: Sandbox) -> None:
    base = await NoteCollection.objects.create(name="База", position=7)
    assert (base.position, base.created_by) == (7, 1)
    base.name = "Другая"
    await base.save()
    assert (await NoteCollection.objects.get(base.id)).name == "Другая"
    document = await NoteDocument.objects.create(collection_id=base.id, title="Глава", markdown="# Глава\n\n& <b>")
    got = await NoteDocument.objects.get(document.id)
    assert (got.title, got.markdown, got.collection_id) == ("Глава", "# Глава\n\n& <b>", base.id)
    collection = await got.collection
    assert collection is not None
    assert collection.name == "Другая"
    await got.delete()
    with pytest.raises(NoteDocument.DoesNotExist):
        await NoteDocument.objects.get(document.id)
    await base.delete()
    with pytest.raises(NoteCollection.DoesNotExist):
        await NoteCollection.objects.get(base.id)
