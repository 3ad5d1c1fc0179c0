"""What a program may not write about the entities beyond the core of the CRM: every marked line is an error, and no
other. Checked, never run."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from b24orm import (
    Activity,
    BankDetail,
    CalendarEvent,
    CallStatistic,
    CatalogPrice,
    CatalogProduct,
    Chat,
    ChatMessage,
    Col,
    CrmType,
    Currency,
    Deal,
    DealCategory,
    DealContact,
    DealProductRow,
    Department,
    DiskFile,
    EventBinding,
    EventLog,
    ListElement,
    Model,
    Money,
    Portal,
    ProductRow,
    Requisite,
    RequisiteLink,
    SaleOrder,
    SaleStatus,
    SmartProcess,
    SmartProcessItem,
    SonetGroup,
    StageHistory,
    Task,
    TaskChecklistItem,
    TaskComment,
    TaskElapsedTime,
    TimelineComment,
    User,
    UserFieldConfig,
    WorkflowInstance,
    WorkflowTemplate,
    Workgroup,
    batch,
    column,
)


class MyTask(Task):
    budget: Col[Money | None] = column("UF_AUTO_100000000001", default=None)
    colour: Col[Literal["red", "green"] | None] = column("UF_AUTO_100000000003", default=None)


# Fixed sets of values.
task = Task(title="x", responsible_id=1)
task.status = 7  # E: no such status
task.status = "5"  # E: a status is a number
task.mark = "X"  # E: no such mark
task.mark = "p"  # E: no such mark
Task(title="x", responsible_id=1, mark="X")  # E: no such mark
Task(title="x", responsible_id=1, priority=3)  # E: no such priority
Task.objects.filter(status=1)  # E: no such status
Task.objects.select("responsible.nam")  # E: a responsible user has no such part
Task.objects.select("title.name")  # E: a title has no parts
Task.objects.filter(story_points=5)  # E: the portal does not filter by it
EventLog.objects.filter(audit_type_id__contains="A")  # E: REST 3.0 finds no text inside of text
EventLog.objects.filter(user_id__isnull=True)  # E: nor rows without a value
EventLog.objects.order_by("severity")  # E: the portal does not sort by it
Task.objects.filter(status__in=[2, 8])  # E: no such status
Task.objects.filter(mark__ne="X")  # E: no such mark
Task.objects.filter(Task.mark == "X")  # E: no such mark
Task.status.in_([2, 8])  # E: no such status
Task.mark.contains("N")  # E: an operation on free text only
Activity.objects.filter(type_id=7)  # E: no such type
Activity.objects.filter(direction__in=["1"])  # E: a direction is a number
Activity.objects.filter(Activity.type_id != 9)  # E: no such type
Requisite.objects.filter(entity_type_id=2)  # E: contacts and companies only
StageHistory.objects.filter(entity_type_id=2, type_id=4)  # E: no such type
StageHistory.objects.filter(entity_type_id=2, stage_semantic_id__in=["W"])  # E: no such semantics
CalendarEvent.objects.filter(cal_type="users", owner_id=1)  # E: no such calendar
CatalogProduct.objects.filter(iblock_id=23, quantity_trace=True)  # E: three values, hence no flag
CatalogProduct(iblock_id=23, name="x", subscribe="X")  # E: no such value
CallStatistic.objects.filter(crm_entity_type="DEAL")  # E: no such type
ListElement.objects.filter(iblock_type_id="list")  # E: no such type
DiskFile.objects.filter(parent_id=5, deleted_type=1)  # E: no such type
ProductRow(owner_id=5, owner_type="D", discount_type_id=3)  # E: no such discount
UserFieldConfig.objects.filter(module_id="crm", show_filter="X")  # E: no such value
SaleStatus(id="XX", type="X")  # E: no such type
MyTask(title="x", responsible_id=1, colour="blue")  # E: no such colour
MyTask.objects.filter(MyTask.colour == "blue")  # E: no such colour

# Lookups that the family cannot say.
Task.objects.filter(title="x")  # E: tasks find text inside of longer texts
Task.objects.filter(title__in=["x"])  # E: tasks find text inside of longer texts
Task.objects.get_or_none(title__ne="x")  # E: tasks find text inside of longer texts
Task.objects.filter(id__not_in=[1])  # E: tasks know no "none of these"
Task.objects.filter(title__startswith="x")  # E: tasks know no patterns
Task.objects.filter(title__not_contains="x")  # E: nor the opposite of that
Task.objects.filter(status__not_in=[5])  # E: nor "none of these"
Task.objects.filter(status__gte=3)  # E: a fixed set has no order
Task.objects.exclude(title__like="x%")  # E: tasks know no patterns
Department.objects.filter(name__contains="x")  # E: departments know equality only
Department.objects.filter(sort__gt=5)  # E: departments know equality only
TimelineComment.objects.filter(entity_type="deal", entity_id=5, author_id=1)  # E: of what object, and nothing else
TimelineComment.objects.filter(entity_type="deal", entity_id__in=[5])  # E: of one object
CallStatistic.objects.filter(call_type__in=[1, 2])  # E: calls know no lists
CallStatistic.objects.filter(id__not_in=[1])  # E: nor "none of these"
CallStatistic.objects.filter(comment__startswith="x")  # E: nor patterns
CallStatistic.objects.filter(comment__isnull=True)  # E: nor the lack of a value
CatalogPrice.objects.filter(extra_id__isnull=True)  # E: the catalogue cannot be asked for the lack of a value
CatalogProduct.objects.filter(iblock_id__in=[23])  # E: of one catalogue
SaleOrder.objects.filter(company_id__isnull=False)  # E: neither can the shop
SaleOrder.objects.filter(basket_items=5)  # E: has a structure of its own
WorkflowInstance.objects.filter(template_id__in=[1])  # E: business processes know no lists
WorkflowInstance.objects.filter(id__gt="x")  # E: an id that is text has no order
ListElement.objects.filter(name__startswith="x")  # E: lists know no patterns
ListElement.objects.filter(iblock_id__in=[1])  # E: of one list
DiskFile.objects.filter(parent_id__in=[1, 2])  # E: of one folder
DiskFile.objects.filter(parent_id=5, name__startswith="x")  # E: Drive knows no patterns
TaskComment.objects.filter(task_id__in=[5])  # E: of one task
TaskElapsedTime.objects.filter(comment_text__contains="x")  # E: these know comparisons only
SmartProcessItem.objects.filter(entity_type_id__in=[156])  # E: of one type
SmartProcessItem.objects.filter(entity_type_id=156, contact_ids__gt=5)  # E: several values have no order
Requisite.objects.filter(rq_name__not_contains="x")  # E: the older lists of the CRM do not know it
UserFieldConfig.objects.filter(module_id__in=["crm"])  # E: of one module
UserFieldConfig.objects.filter(module_id="crm", settings="x")  # E: has a structure of its own
EventBinding.objects.filter(options="x")  # E: has a structure of its own

# Names.
Task.objects.filter(titel__contains="x")  # E: typo
Task.objects.filter(TITLE="x")  # E: no names of the portal
TaskChecklistItem.objects.filter(task_id=5, completed=True)  # E: a field of another entity
DealProductRow.objects.filter(owner_id=5)  # E: a field of another entity
DealContact.objects.filter(deal_id=5, primary=True)  # E: typo
BankDetail.rq_bick  # E: typo # noqa: B018
Task.objects.select("titel")  # E: typo
Task.objects.select(Task.titel)  # E: typo
CatalogPrice.objects.values("prise")  # E: typo
Currency.objects.select("id")  # E: currencies have no field of that name
Task.objects.order_by("parent_id")  # E: the portal does not sort by it
Task.objects.order_by("-titel")  # E: typo
ListElement.objects.order_by("code")  # E: the portal does not sort by it
SaleOrder.objects.order_by("-basket_items")  # E: the portal does not sort by it
CallStatistic.objects.order_by("call_type")  # E: the portal does not sort by it
Task(title="x", responsible_id=1, titel="x")  # E: typo
task.titel = "x"  # E: typo

# Values.
Task.objects.filter(deadline__lt="2026-01-01")  # E: text is no date
Task.objects.filter(Task.deadline >= "2026-01-01")  # E: text is no date
Task.objects.filter(group_id="5")  # E: text is no number
Task.objects.filter(favorite=True)  # E: the portal does not filter by it
Task.objects.filter(Task.accomplices.has("1"))  # E: text is no number
task.deadline = "2026-01-01"  # E: text is no date
task.accomplices = 5  # E: several values
task.title = None  # E: cannot be empty
CatalogPrice.objects.filter(price__gte="100")  # E: text is no amount
CatalogPrice.price > "100"  # E: text is no amount # noqa: B015
CatalogPrice(product_id=1, catalog_group_id=1, price="5", currency="RUB")  # E: text is no amount
CatalogPrice(product_id=1, catalog_group_id=1, price=None, currency="RUB")  # E: cannot be empty
SaleOrder.objects.filter(payed="Y")  # E: a flag is True or False
SaleOrder.objects.filter(date_insert__range=("2026-01-01", "2026-02-01"))  # E: text is no date
StageHistory.objects.filter(entity_type_id="DEAL")  # E: a type of the CRM is a number
SmartProcessItem.objects.filter(entity_type_id=156, begindate="2026-01-01")  # E: text is no date
CalendarEvent.objects.filter(cal_type="user", owner_id=1, from_date="2026-01-01")  # E: text is no date
DiskFile.objects.filter(parent_id="5")  # E: text is no number
Department(name="x", parent="1")  # E: text is no number
MyTask(title="x", responsible_id=1, budget=300)  # E: a number is no money
MyTask(title="x", responsible_id=1, budget="300|RUB")  # E: text is no money
MyTask.objects.filter(MyTask.budget == Decimal(300))  # E: a number is no money
MyTask.budget.in_(["300|RUB"])  # E: text is no money
MyTask.budget.contains("RUB")  # E: an operation on text only
Money(300, "RUB")  # E: amounts are Decimals
Money(Decimal(300))  # E: in which currency?
Money.parse(300)  # E: text only

# Ids.
Task.objects.get("1")  # E: a number
TaskComment.objects.get_or_none("7", task_id=5)  # E: a number
DealContact.objects.filter(deal_id=5).get("7")  # E: a number
Currency.objects.get(1)  # E: text
Currency.objects.get_or_none(currency=643)  # E: text
WorkflowInstance.objects.get(5)  # E: text
WorkflowInstance.objects.filter(id=5)  # E: text
SaleStatus.objects.get(1)  # E: text
Chat.objects.get(5)  # E: text
RequisiteLink.objects.get(5)  # E: these have no id
EventBinding.objects.get_or_none("x")  # E: these have no id
Task.objects.in_bulk(["1"])  # E: ids are numbers

# Constructors that lack what the portal insists on.
Task(title="x")  # E: who is to do it?
TaskComment(post_message="x")  # E: of which task?
TaskChecklistItem(task_id=5)  # E: called what?
Activity(subject="x", type_id=1, responsible_id=1)  # E: of what object?
Requisite(entity_type_id=3, entity_id=7, name="x")  # E: of which template?
BankDetail(name="x")  # E: of which requisite?
Currency(currency="RUB")  # E: worth what?
ProductRow(owner_id=5)  # E: of what kind of object?
DealContact(deal_id=5)  # E: which contact?
TimelineComment(entity_id=5, comment="x")  # E: of what kind of object?
CatalogProduct(name="x")  # E: of which catalogue?
SaleOrder(lid="s1", person_type_id=1)  # E: in which currency?
SmartProcessItem(title="x")  # E: of which smart process?
CrmType(code="x")  # E: called what?
UserFieldConfig(module_id="crm", entity_id="CRM_DEAL", field_name="UF_CRM_X")  # E: of which type?
SaleStatus(type="O")  # E: these have an id of one's own choice
Task("x", 1)  # E: by name only

# Models made at run time, and settings.
SmartProcess(entity_type_id=156).object  # E: typo # noqa: B018
Model.from_portal(entity_type_id="156")  # E: a number
Model.from_portal("crm.item", 156)  # E: by name only
Task.objects.on_invalid("ignore")  # E: no such action
Portal("https://x.example/rest/1/code/", on_invalid="drop")  # E: no such action


# Results.
async def results(portal: Portal) -> None:
    one = await Task.objects.get(1)
    number: int = one.mark  # E: a mark, or nothing
    deadline: datetime = one.deadline  # E: perhaps None
    one.mark.lower()  # E: perhaps None
    currency: Currency = await Currency.objects.get_or_none("RUB")  # E: perhaps None
    rows: list[ProductRow] = await DealProductRow.objects.filter(deal_id=5)  # E: other rows
    marks: list[str] = await Task.objects.values_list(Task.mark, flat=True)  # E: marks, or nothing
    first, second = await batch(Currency.objects.get("RUB"), CatalogPrice.objects.filter(product_id=1))
    first.price  # E: a field of another entity # noqa: B018
    second.price  # E: a list # noqa: B018
    portal.stats.invalid.title()  # E: a number
    print(number, deadline, currency, rows, marks)


for price in CatalogPrice.objects.values_list(CatalogPrice.price, flat=True):
    price.upper()  # E: an amount

NOON = datetime(2026, 1, 1, 12)

# One date of tasks at a time.
Task.objects.filter(deadline__in=[NOON])  # E: no words

# Pages that are counted have no range of ids.
UserFieldConfig.objects.filter(module_id="crm", id__gt=5)  # E: no words
WorkflowTemplate.objects.filter(id__range=(1, 5))  # E: no words
DealCategory.objects.filter(id__lte=5)  # E: no words

# None is as unsayable as isnull, which is not offered.
CallStatistic.objects.filter(call_duration=None)  # E: no words
CatalogPrice.objects.filter(extra_id=None)  # E: no words
Department.objects.filter(parent=None)  # E: no words
ListElement.objects.filter(created_by__ne=None)  # E: no words
SaleOrder.objects.filter(company_id__ne=None)  # E: no words
SonetGroup.objects.filter(date_create=None)  # E: no words
Task.objects.filter(group_id=None)  # E: no words
WorkflowInstance.objects.filter(template_id=None)  # E: no words

# What a list must know is a value.
StageHistory.objects.filter(entity_type_id=None)  # E: of what type?
DiskFile.objects.filter(parent_id=None)  # E: of which folder?
UserFieldConfig.objects.filter(module_id=None)  # E: of which module?
ChatMessage.objects.filter(dialog_id=None)  # E: of which chat?

# Negations that must keep the rows without a value, in families that cannot say so.
User.objects.filter(name__not_contains="x")  # E: no words
SaleOrder.objects.filter(status_id__not_contains="x")  # E: no words
CallStatistic.objects.filter(comment__not_contains="x")  # E: no words
CatalogPrice.objects.filter(timestamp_x__ne=NOON)  # E: no words
DiskFile.objects.filter(parent_id=5, create_time__ne=NOON)  # E: no words
Workgroup.objects.filter(date_create__not_in=[NOON])  # E: no words

# The older lists of the CRM compare entries of dictionaries as a whole.
Requisite.objects.filter(rq_ident_type__contains="x")  # E: no words

# Nothing lists chats: only their id finds one.
Chat.objects.filter(name="x")  # E: no list
Chat.objects.get(chat_id=5)  # E: no list

# The arguments of a cached function.
SmartProcess(entity_type_id="156")  # E: a number
SmartProcess(type_id=156)  # E: no such argument
SmartProcess()  # E: of which type?

# Conditions across relations are no keywords that checkers know: Q takes them.
Deal.objects.filter(company__industry="IT")  # E: no keyword
Deal.objects.exclude(contacts__isnull=True)  # E: no keyword

# Sums are of numbers, and keep their type.
Deal.objects.sum(Deal.title)  # E: text has no sum
Deal.objects.avg(Deal.closedate)  # E: dates have no average
Deal.objects.group_by(Deal.closed).sum(Deal.created_time)  # E: nor have times
Deal.objects.sum(5)  # E: no field
Deal.objects.group_by()  # E: by what?
Deal.objects.max(Deal.closedate).run_sync().year  # E: perhaps None
Deal.objects.group_by(Deal.closed).count().run_sync()["x"]  # E: another key
