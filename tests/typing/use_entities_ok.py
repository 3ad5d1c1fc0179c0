"""What a program may write about the entities beyond the core of the CRM: no type checker may object to a line of it.
Checked, never run."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, assert_type

from b24orm import (
    Activity,
    Address,
    BankDetail,
    CalendarEvent,
    CallStatistic,
    CatalogPrice,
    CatalogProduct,
    Chat,
    ChatMessage,
    Col,
    Column,
    CrmType,
    Currency,
    Deal,
    DealContact,
    DealProductRow,
    Department,
    DiskFile,
    EventBinding,
    ListElement,
    Model,
    Money,
    OfflineEvent,
    Op,
    Plan,
    Portal,
    ProductRow,
    Q,
    Requisite,
    RequisiteLink,
    SaleOrder,
    SaleStatus,
    SmartProcess,
    SmartProcessItem,
    StageHistory,
    Task,
    TaskChecklistItem,
    TaskComment,
    TaskElapsedTime,
    TimelineComment,
    UserFieldConfig,
    WorkflowInstance,
    WorkflowTemplate,
    batch,
    column,
    errors,
)
from b24orm.entities.activity import ActivityQuerySet
from b24orm.entities.catalog_price import CatalogPriceQuerySet
from b24orm.entities.catalog_product import CatalogProductQuerySet
from b24orm.entities.currency import CurrencyQuerySet
from b24orm.entities.deal_contact import DealContactQuerySet
from b24orm.entities.department import DepartmentQuerySet
from b24orm.entities.list_element import ListElementQuerySet
from b24orm.entities.product_row import ProductRowQuerySet
from b24orm.entities.sale_order import SaleOrderQuerySet
from b24orm.entities.smart_process_item import SmartProcessItemQuerySet
from b24orm.entities.stage_history import StageHistoryQuerySet
from b24orm.entities.task import TaskFields, TaskQuerySet
from b24orm.entities.task_comment import TaskCommentQuerySet
from b24orm.entities.workflow_instance import WorkflowInstanceQuerySet
from b24orm.model import DecimalColumn, File
from b24orm.queryset import BaseQuerySet, Rows

if TYPE_CHECKING:
    from b24orm.entities.task import TaskField, TaskLookups, TaskOrder

Mark = Literal["N", "P"]
TaskStatus = Literal[2, 3, 4, 5, 6]
ActivityType = Literal[0, 1, 2, 3, 4, 5, 6]


class MyTask(Task):
    """Tasks with user fields of one's own."""

    budget: Col[Money | None] = column("UF_AUTO_100000000001", default=None)
    payments: Col[list[Money]] = column("UF_AUTO_100000000002", default_factory=list)
    colour: Col[Literal["red", "green"] | None] = column("UF_AUTO_100000000003", default=None)


# -- tasks -------------------------------------------------------------------------------------------------------------


async def tasks() -> None:
    late = Task.objects.filter(status__in=[2, 3], deadline__lt=datetime(2026, 1, 1), mark=None)
    assert_type(late, TaskQuerySet[Task])
    assert_type(late.exclude(mark="N").order_by("-deadline", "id"), TaskQuerySet[Task])
    assert_type(late.select("id", "title", Task.status), TaskQuerySet[Task])
    assert_type(late.select("responsible.name", "group.id", "story_points"), TaskQuerySet[Task])
    assert_type(late.values("id", "responsible.name"), Rows[dict[str, Any]])
    assert_type(await late[:10], list[Task])
    task = await Task.objects.get(1)
    assert_type(task, Task)
    assert_type(task.title, str)
    assert_type(task.mark, Mark | None)
    assert_type(task.status, TaskStatus)
    assert_type(task.sub_status, Literal[-3, -2, -1, 2, 3, 4, 5, 6] | None)
    assert_type(task.priority, Literal[0, 1, 2])
    assert_type(task.accomplices, list[int])
    assert_type(task.deadline, datetime | None)
    assert_type(task.sorting, Decimal | None)
    assert_type(task.favorite, bool)
    assert_type(task.check_list_can_add, bool | None)
    assert_type(task.uf_crm_task, list[str])
    assert_type(task.group, Any)
    if task.status == 5:
        assert_type(task.status, Literal[5])
    task.mark = "P"
    task.mark = None
    task.status = 3
    task.deadline = datetime(2026, 1, 1, 18)
    task.accomplices = [1, 2]


async def task_columns() -> None:
    assert_type(Task.mark, Column[Mark | None])
    assert_type(Task.status, Column[TaskStatus])
    assert_type(Task.accomplices, Column[list[int]])
    assert_type(Task.sorting, DecimalColumn[Decimal | None])
    assert_type(Task.mark == "P", Q)
    assert_type(Task.status.in_([2, 3]), Q)
    assert_type(Task.status.not_in((5, 6)), Q)
    assert_type(Task.title.contains("x") & (Task.deadline >= datetime(2026, 1, 1)), Q)
    Task.objects.filter((Task.mark == "P") | (Task.mark == None), ~(Task.status == 5))  # noqa: E711
    Task.objects.filter(Task.accomplices.has(1), Task.mark != "N", Task.deadline.is_null(False), auditors=5)
    Task.objects.filter(status__ne=5, priority__in={1, 2}, sub_status=-1, title__contains="x", id__range=(1, 9))
    assert_type(
        await Task.objects.values_list(Task.id, Task.mark, Task.status),
        list[tuple[int, Mark | None, TaskStatus]],
    )
    assert_type(await Task.objects.values_list(Task.status, flat=True), list[TaskStatus])
    assert_type(await Task.objects.values("id", Task.mark), list[dict[str, Any]])


def new_tasks(mark: Mark, fields: TaskLookups, key: TaskOrder, name: TaskField) -> TaskQuerySet[Task]:
    Task(title="x", responsible_id=1)
    Task(title="x", responsible_id=1, mark=mark, status=2, priority=0, deadline=datetime(2026, 1, 1), accomplices=[2])
    Task(title="x", responsible_id=1, duration_type="monts")
    # The names that an entity offers are there for functions of one's own, too.
    return Task.objects.filter(**fields).order_by(key).select(name)


async def own_task_fields() -> None:
    task = await MyTask.objects.filter(MyTask.colour == "red", mark="P").first()
    assert_type(task, MyTask | None)
    if task is not None and task.budget is not None:
        assert_type(task.budget, Money)
        assert_type(task.budget.amount, Decimal)
        assert_type(task.budget.currency, str)
        assert_type(task.payments, list[Money])
        assert_type(task.colour, Literal["red", "green"] | None)
        task.budget = Money(Decimal("300.50"), "RUB")
        task.budget = Money.parse("300.50|RUB")
        task.colour = "green"
    assert_type(MyTask.budget, Column[Money | None])
    assert_type(MyTask.objects.filter(MyTask.budget == Money(Decimal(5), "RUB")), TaskQuerySet[MyTask])
    MyTask.objects.filter(MyTask.budget.in_([Money(Decimal(5), "RUB")]), MyTask.payments.has(Money(Decimal(5), "RUB")))
    MyTask(title="x", responsible_id=1, budget=Money(Decimal(5), "RUB"), colour="red")
    assert_type(await MyTask.objects.values_list(MyTask.budget, flat=True), list[Money | None])


async def parts_of_tasks() -> None:
    comments = TaskComment.objects.filter(task_id=5)
    assert_type(comments, TaskCommentQuerySet[TaskComment])
    assert_type(await comments.filter(author_id=1, post_date__gte=date(2026, 1, 1)).order_by("-id"), list[TaskComment])
    assert_type(await comments.get(7), TaskComment)
    assert_type(await TaskComment.objects.get(7, task_id=5), TaskComment)
    assert_type(await TaskComment.objects.get(TaskComment.task_id == 5, id=7), TaskComment)
    assert_type(await comments.values_list(TaskComment.id, TaskComment.post_message), list[tuple[int, str]])
    TaskComment(task_id=5, post_message="x", author_id=1)
    async for item in TaskChecklistItem.objects.filter(task_id=5, is_complete=False).order_by("sort_index"):
        assert_type(item, TaskChecklistItem)
        assert_type(item.title, str)
        assert_type(item.toggled_date, datetime | None)
        assert_type(item.members, list[Any])
        item.is_complete = True
    # A list that comes whole is filtered by us, and so by whatever we can compare.
    TaskChecklistItem.objects.filter(title__startswith="x", sort_index__gt=1, toggled_by__isnull=True, task_id=5)
    TaskChecklistItem(task_id=5, title="x", is_important=True)


# -- the CRM around the core -------------------------------------------------------------------------------------------


async def activities() -> None:
    calls = Activity.objects.filter(type_id=2, completed=False, owner_type_id=2, owner_id__in=[1, 2])
    assert_type(calls, ActivityQuerySet[Activity])
    activity = await calls.order_by("-deadline").first()
    assert_type(activity, Activity | None)
    if activity is not None:
        assert_type(activity.type_id, ActivityType)
        assert_type(activity.direction, Literal[0, 1, 2] | None)
        assert_type(activity.communications, list[Any])
        assert_type(activity.files, list[File])
        assert_type(activity.settings, Any)
        assert_type(activity.result_sum, Decimal | None)
        activity.type_id = 6
        activity.result_sum = 5
    Activity.objects.filter(Activity.type_id.in_([1, 2]), Activity.subject.startswith("x"), status__ne=None)
    Activity.objects.filter(result_sum__gte=0.5, created__range=(datetime(2026, 1, 1), date(2026, 2, 1)))
    Activity(owner_id=1, owner_type_id=2, type_id=1, subject="x", responsible_id=1, communications=[{"VALUE": "x"}])
    assert_type(Activity.objects.values_list(Activity.type_id, flat=True), Rows[ActivityType])


async def requisites() -> None:
    requisite = await Requisite.objects.get(entity_type_id=4, entity_id=7)
    assert_type(requisite.entity_type_id, Literal[3, 4])
    assert_type(requisite.rq_inn, str | None)
    assert_type(requisite.rq_vat_payer, bool | None)
    assert_type(await Requisite.objects.filter(rq_inn__in=["77"], rq_name__contains="x").count(), int)
    assert_type(await Requisite.objects.in_bulk([1, 2]), dict[int, Requisite])
    Requisite(entity_type_id=3, entity_id=7, preset_id=1, name="x", rq_inn="77")
    bank = await BankDetail.objects.filter(entity_id=requisite.id, active=True).order_by("sort").last()
    assert_type(bank, BankDetail | None)
    if bank is not None:
        assert_type(bank.rq_bik, str | None)
        assert_type(bank.date_modify, datetime | None)
        bank.rq_bik = "044525225"
    BankDetail.objects.filter(BankDetail.rq_iban.like("DE%"), country_id=1)
    BankDetail(entity_id=1, name="x", sort=100)
    # Rows without an id are told apart by conditions.
    assert_type(await RequisiteLink.objects.get(entity_type_id=2, entity_id=5), RequisiteLink)
    assert_type(await Address.objects.get_or_none(type_id=1, entity_type_id=8, entity_id=5), Address | None)


async def currencies() -> None:
    assert_type(await Currency.objects.get("RUB"), Currency)
    assert_type(Currency.objects.get("RUB"), Op[Currency])
    assert_type(await Currency.objects.get_or_none(currency="EUR"), Currency | None)
    assert_type(Currency.objects.filter(amount__gt=1, base=False), CurrencyQuerySet[Currency])
    assert_type(Currency.amount, DecimalColumn[Decimal])
    currency = await Currency.objects.get(Currency.currency == "RUB", currency__in=["RUB", "USD"])
    assert_type(currency.currency, str)
    assert_type(currency.amount, Decimal)
    assert_type(currency.amount_cnt, int)
    currency.amount = 90.5
    Currency(currency="RUB", amount_cnt=1, amount=Decimal("90.5"))
    assert_type(await Currency.objects.values_list(Currency.currency, Currency.amount), list[tuple[str, Decimal]])


async def product_rows() -> None:
    rows = ProductRow.objects.filter(owner_type="D", owner_id=5)
    assert_type(rows, ProductRowQuerySet[ProductRow])
    assert_type(await rows.filter(price__gte=100, quantity=1.5).order_by("-price"), list[ProductRow])
    row = await rows.get(1)
    assert_type(row.price, Decimal | None)
    assert_type(row.discount_type_id, Literal[1, 2] | None)
    assert_type(row.type, Literal[1, 2, 3, 4, 5, 6, 7] | None)
    row.price = 5
    row.discount_type_id = 2
    ProductRow(owner_id=5, owner_type="D", price=0.5, quantity=Decimal(1), discount_type_id=1)
    ProductRow.objects.filter(ProductRow.price.between(1, 2.5), ProductRow.quantity > 0.5, owner_type="D", owner_id=5)
    async for old in DealProductRow.objects.filter(deal_id=5, product_name__startswith="x", type=1):
        assert_type(old, DealProductRow)
        assert_type(old.owner_type, Literal["D"])
        assert_type(old.date_reserve_end, date | None)
        assert_type(old.price_netto, Decimal | None)
    assert_type(
        await DealProductRow.objects.filter(deal_id=5).values_list(DealProductRow.price, flat=True),
        list[Decimal | None],
    )


async def bindings_and_history() -> None:
    contacts = DealContact.objects.filter(deal_id=5, is_primary=True)
    assert_type(contacts, DealContactQuerySet[DealContact])
    assert_type(await contacts.order_by("sort").select("contact_id", "sort"), list[DealContact])
    assert_type(await contacts.get(7), DealContact)
    assert_type(await contacts.in_bulk([7]), dict[int, DealContact])
    DealContact(deal_id=5, contact_id=7)
    history = StageHistory.objects.filter(entity_type_id=2, type_id__in=[1, 5], stage_semantic_id="S")
    assert_type(history, StageHistoryQuerySet[StageHistory])
    assert_type(StageHistory.stage_semantic_id, Column[Literal["P", "S", "F"] | None])
    async for entry in history.filter(created_time__gte=date(2026, 1, 1)).order_by("-created_time"):
        assert_type(entry.type_id, Literal[1, 2, 3, 5])
        assert_type(entry.stage_id, str | None)
        assert_type(entry.created_time, datetime | None)
    StageHistory.objects.filter(
        Q(stage_id="WON") | Q(stage_semantic_id="F"), StageHistory.type_id != 3, entity_type_id=2, owner_id__in=(1, 2)
    )
    comments = TimelineComment.objects.filter(entity_type="deal", entity_id=5).order_by("-created")
    assert_type(await comments, list[TimelineComment])
    comment = await TimelineComment.objects.get(9)
    assert_type(comment.comment, str | None)
    assert_type(comment.files, list[Any])
    TimelineComment(entity_id=5, entity_type="deal", comment="x", author_id=1)


# -- smart processes ---------------------------------------------------------------------------------------------------


async def smart_processes() -> None:
    items = SmartProcessItem.objects.filter(entity_type_id=156, opportunity__gt=100, contact_ids=5)
    assert_type(items, SmartProcessItemQuerySet[SmartProcessItem])
    item = await items.get(1)
    assert_type(item.opportunity, Decimal | None)
    assert_type(item.contact_ids, list[int])
    assert_type(item.begindate, date | None)
    SmartProcessItem.objects.filter(Q(stage_id="x") | ~Q(title__startswith="y"), entity_type_id=156)
    SmartProcessItem(entity_type_id=156, title="x", opportunity=5, observers=[1])
    process = await CrmType.objects.filter(title__contains="x", is_stages_enabled=True).order_by("title").first()
    assert_type(process, CrmType | None)
    if process is not None:
        assert_type(process.entity_type_id, int)
        assert_type(process.relations, Any)
        assert_type(process.is_external, bool | None)
        repair = SmartProcess(entity_type_id=process.entity_type_id)
        await repair.objects.filter(stage_id="DT156_11:NEW", uf_crm_7_1760000001="x").order_by("-id")
    CrmType(title="x", is_client_enabled=True)


async def models_made_at_run_time(portal: Portal) -> None:
    Repair = SmartProcess(entity_type_id=156)
    rows = Repair.objects.filter(stage_id="DT156_11:NEW", uf_crm_7_1760000001__in=["x"]).order_by("-id").select("id")
    assert_type(rows.explain(), Plan)
    assert_type(await rows.count(), int)
    async for row in rows.on_invalid("keep"):
        assert_type(row.uf_crm_7_1760000001, Any)
        assert_type(row.changed_fields, frozenset[str])
        assert_type(row.to_wire(), dict[str, Any])
    assert_type(await rows.values("id", "title"), list[dict[str, Any]])
    assert_type(Model.from_portal("crm.deal"), Op[type[Any]])
    assert_type(Model.from_portal("crm.item", entity_type_id=156, portal=portal), Op[type[Any]])
    MyDeals = await Model.from_portal("crm.deal")
    assert_type(await MyDeals.objects.filter(region=61).first(), Any)
    assert_type(MyDeals.region >= 5, Any)
    MyDeal, MyItem = await batch(Deal.from_portal(), SmartProcessItem.from_portal(entity_type_id=156))
    assert_type(MyDeal, type[Any])
    assert_type(MyItem, type[Any])


async def user_field_settings() -> None:
    settings = UserFieldConfig.objects.filter(module_id="crm", entity_id="CRM_DEAL", user_type_id__in=["enumeration"])
    async for setting in settings.order_by("sort", "-id"):
        assert_type(setting, UserFieldConfig)
        assert_type(setting.show_filter, Literal["N", "I", "E", "S", "Y"] | None)
        assert_type(setting.enum, list[Any])
        assert_type(setting.multiple, bool)
        setting.show_filter = "I"
    assert_type(await UserFieldConfig.objects.get(5, module_id="crm"), UserFieldConfig)
    UserFieldConfig.objects.filter(module_id="crm", field_name__startswith="X", show_filter__ne="N", mandatory=True)
    UserFieldConfig(module_id="crm", entity_id="CRM_DEAL", field_name="UF_CRM_X", user_type_id="string", mandatory=True)


# -- catalogue and sale ------------------------------------------------------------------------------------------------


async def catalogue() -> None:
    products = CatalogProduct.objects.filter(iblock_id=23, active=True, name__contains="x", quantity_trace="D")
    assert_type(products, CatalogProductQuerySet[CatalogProduct])
    assert_type(await products.select("id", "name").order_by("name"), list[CatalogProduct])
    product = await CatalogProduct.objects.get(1)
    assert_type(product.quantity_trace, Literal["Y", "N", "D"] | None)
    assert_type(product.preview_picture, File | None)
    assert_type(product.iblock_section, list[int])
    assert_type(product.weight, Decimal | None)
    product.subscribe = "D"
    CatalogProduct.objects.filter(CatalogProduct.weight <= 0.5, preview_text_type__in=("text", "html"), iblock_id=23)
    CatalogProduct(iblock_id=23, name="x", purchasing_price=5, purchasing_currency="RUB")
    prices = CatalogPrice.objects.filter(product_id__in=[1, 2], catalog_group_id=1, price__lt=Decimal("99.90"))
    assert_type(prices, CatalogPriceQuerySet[CatalogPrice])
    price = await prices.get_or_none(7)
    assert_type(price, CatalogPrice | None)
    if price is not None:
        assert_type(price.price, Decimal)
        assert_type(price.quantity_from, Decimal | None)
        price.price = 99.9
    assert_type(CatalogPrice.price, DecimalColumn[Decimal])
    CatalogPrice(product_id=1, catalog_group_id=1, price=5, currency="RUB")
    assert_type(
        await CatalogPrice.objects.values_list(CatalogPrice.product_id, CatalogPrice.price, CatalogPrice.currency),
        list[tuple[int, Decimal, str]],
    )


async def sales() -> None:
    orders = SaleOrder.objects.filter(payed=False, price__gte=1000, date_insert__gte=date(2026, 1, 1), status_id="N")
    assert_type(orders, SaleOrderQuerySet[SaleOrder])
    async for page in orders.order_by("-date_insert").pages():
        assert_type(page, list[SaleOrder])
    order = await orders.last()
    if order is not None:
        assert_type(order.price, Decimal | None)
        assert_type(order.canceled, bool)
        assert_type(order.basket_items, list[Any])
        order.canceled = True
    SaleOrder(lid="s1", person_type_id=1, currency="RUB", price=5)
    assert_type(await SaleStatus.objects.get("N"), SaleStatus)
    assert_type((await SaleStatus.objects.get(id="N", type="O")).type, Literal["O", "D"])
    SaleStatus(id="XX", type="D")


# -- lists, Drive, calendar, telephony, business processes, chats, events, departments ---------------------------------


async def lists_and_files() -> None:
    of_list = (ListElement.iblock_type_id == "lists") & (ListElement.iblock_id == 33)
    elements = ListElement.objects.filter(of_list, name__contains="x", created_by=1)
    assert_type(elements, ListElementQuerySet[ListElement])
    element = await elements.order_by("-date_create").first()
    if element is not None:
        assert_type(element.iblock_type_id, Literal["lists", "bitrix_processes", "lists_socnet"] | None)
        assert_type(element.date_create, str | None)
        assert_type(element.bp_published, bool | None)
    ListElement(iblock_type_id="lists", code="x", name="x", iblock_id=33)
    async for file in DiskFile.objects.filter(parent_id=5, name__contains=".pdf", deleted_type=0).order_by("name"):
        assert_type(file, DiskFile)
        assert_type(file.deleted_type, Literal[0, 3, 4])
        assert_type(file.size, int | None)
        assert_type(file.create_time, datetime | None)
    assert_type(await DiskFile.objects.get(7), DiskFile)
    DiskFile.objects.filter(DiskFile.create_time >= datetime(2026, 1, 1), deleted_type__in=[3, 4], parent_id=5)


async def calendar_and_calls() -> None:
    events = CalendarEvent.objects.filter(cal_type="user", owner_id=1, from_date=date(2026, 1, 1), importance="high")
    async for event in events.order_by("date_from_ts_utc"):
        assert_type(event, CalendarEvent)
        assert_type(event.cal_type, Literal["user", "group", "company_calendar"])
        assert_type(event.accessibility, Literal["busy", "absent", "quest", "free"] | None)
        assert_type(event.date_from, str)
        event.accessibility = "free"
    assert_type(await CalendarEvent.objects.get(7), CalendarEvent)
    CalendarEvent.objects.filter(CalendarEvent.importance.in_(["high", "low"]), cal_type="group", owner_id=1)
    CalendarEvent(cal_type="user", owner_id=1, name="x", date_from="01.02.2026", date_to="02.02.2026", section_id=4)
    calls = CallStatistic.objects.filter(call_type=1, call_duration__gt=60, phone_number__contains="495")
    assert_type(await calls.exists(), bool)
    assert_type(
        await calls.order_by("-call_start_date").values_list(CallStatistic.cost, CallStatistic.crm_entity_type),
        list[tuple[Decimal | None, Literal["CONTACT", "COMPANY", "LEAD"] | None]],
    )
    CallStatistic.objects.filter(CallStatistic.crm_entity_type == "LEAD", cost__range=(1, Decimal("2.5")))


async def business_processes() -> None:
    running = WorkflowInstance.objects.filter(started__lt=datetime(2026, 1, 1), template_id=5, started_by__ne=1)
    assert_type(running, WorkflowInstanceQuerySet[WorkflowInstance])
    assert_type(await running.order_by("-started", "id"), list[WorkflowInstance])
    instance = await WorkflowInstance.objects.get("65e5a449e8f135.21284909")
    assert_type(instance.id, str)
    assert_type(instance.document_id, str | None)
    assert_type(await WorkflowInstance.objects.get_or_none(id="x"), WorkflowInstance | None)
    assert_type(await WorkflowTemplate.objects.filter(module_id="crm").first(), WorkflowTemplate | None)


async def chats_events_departments() -> None:
    chat = await Chat.objects.get("chat5")
    assert_type(chat.dialog_id, str)
    assert_type(chat.manager_list, list[int])
    assert_type(await Chat.objects.get_or_none(dialog_id="chat5"), Chat | None)
    messages = ChatMessage.objects.filter(dialog_id="chat5", id__gt=100).order_by("-id")
    assert_type(await messages[:20], list[ChatMessage])
    assert_type(await EventBinding.objects.filter(event="ONCRMDEALADD", offline=False), list[EventBinding])
    departments = Department.objects.filter(parent=1).order_by("-sort")
    assert_type(departments, DepartmentQuerySet[Department])
    for department in departments:
        assert_type(department.name, str)
        assert_type(department.uf_head, int | None)
        department.parent = None
    Department(name="x", parent=1, uf_head=5)


# -- what all of them share --------------------------------------------------------------------------------------------


async def together(portal: Portal) -> None:
    task, currency, rows = await batch(
        Task.objects.get(1), Currency.objects.get("RUB"), DealContact.objects.filter(deal_id=5)
    )
    assert_type(task, Task)
    assert_type(currency, Currency)
    assert_type(rows, list[DealContact])
    kept = Task.objects.on_invalid("keep").filter(mark="P").using(portal)
    assert_type(kept, TaskQuerySet[Task])
    assert_type(await kept.on_invalid("raise"), list[Task])
    assert_type(portal.stats.invalid, int)
    assert_type(task.to_wire(), dict[str, Any])
    try:
        await TaskComment.objects.get(7, task_id=5)
    except TaskComment.DoesNotExist as error:
        assert_type(error, errors.DoesNotExist)
    async with Portal("https://x.example/rest/1/code/", on_invalid="keep", crm_api="classic") as other:
        assert_type(await SaleOrder.objects.using(other).count(), int)


async def aggregates() -> None:
    deals = Deal.objects.filter(Q(company__industry="IT", contacts__name__startswith="А"), stage_id="WON")
    assert_type(await deals.sum(Deal.opportunity), Decimal | None)
    assert_type(await deals.sum(Deal.probability), int | None)
    assert_type(await deals.sum("opportunity"), Any)
    assert_type(await deals.avg(Deal.probability), Decimal | None)
    assert_type(await deals.avg("opportunity"), Decimal | None)
    assert_type(await deals.max(Deal.closedate), date | None)
    assert_type(deals.min(Deal.title).run_sync(), str | None)
    assert_type(await deals.distinct(Deal.stage_id), list[str | None])
    assert_type(await deals.group_by(Deal.closed).count(), dict[bool, int])
    assert_type(await deals.group_by("stage_id").count(), dict[Any, int])
    assert_type(await deals.group_by(Deal.title, Deal.closed).count(), dict[tuple[str, bool], int])
    assert_type(await deals.group_by("stage_id", "closed").count(), dict[tuple[Any, ...], int])
    assert_type(await deals.group_by(Deal.closed).sum(Deal.opportunity), dict[bool, Decimal | None])
    assert_type(await deals.group_by(Deal.closed).avg("id"), dict[bool, Decimal | None])
    assert_type(await deals.group_by(Deal.closed).max(Deal.title), dict[bool, str | None])
    newest, total = await batch(deals.max(Deal.created_time), deals.group_by(Deal.closed).count())
    assert_type(newest, datetime | None)
    assert_type(total, dict[bool, int])
    assert_type(deals.group_by("stage_id").count().explain(), Plan)


def any_tasks(qs: BaseQuerySet[TaskFields]) -> None: ...


any_tasks(MyTask.objects.filter(mark="N"))
any_tasks(Task.objects.all())
assert_type(Task.objects.filter(id=1).run_sync(), list[Task])
assert_type(Currency.objects.get("RUB").run_sync(), Currency)
assert_type(list(Department.objects), list[Department])
assert_type(Money(Decimal(5), "RUB") == Money.parse("5|RUB"), bool)

# Ids that are text:
Currency.objects.in_bulk(["RUB", "USD"])

# Of which list, of which task, for which application:
ListElement.objects.filter(iblock_type_id="lists", iblock_id=33, name__contains="x")
ListElement.objects.filter(iblock_type_id="lists", iblock_code="x", code="y")
TaskElapsedTime.objects.filter(task_id=5, user_id=1)
OfflineEvent.objects.filter(auth_connector="x")
