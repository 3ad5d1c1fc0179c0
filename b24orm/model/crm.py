"""What objects of the CRM can do beyond being rows: stages, product rows, contacts, the timeline, lead conversion.

Facts: https://apidocs.bitrix24.com/api-reference/crm/universal/product-rows/crm-item-productrow-set.html,
https://apidocs.bitrix24.com/api-reference/crm/deals/contacts/crm-deal-contact-add.html,
https://apidocs.bitrix24.com/api-reference/crm/timeline/comments/crm-timeline-comment-add.html and
https://apidocs.bitrix24.com/api-reference/crm/timeline/activities/todo/crm-activity-todo-add.html.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from b24orm.command import Command
from b24orm.context import PortalLike
from b24orm.errors import InvalidValue
from b24orm.model.base import Model
from b24orm.narrow import is_mapping
from b24orm.op import Op
from b24orm.plan import plan_write
from b24orm.queryset.jobs import made
from b24orm.queryset.joins import model_of
from b24orm.queryset.writing import being_written, key_of, save_now, update_change

if TYPE_CHECKING:
    from b24orm.entities.activity import Activity
    from b24orm.entities.company import Company
    from b24orm.entities.contact import Contact, ContactFields
    from b24orm.entities.deal import Deal
    from b24orm.entities.product_row import ProductRow, ProductRowFields
    from b24orm.entities.timeline_comment import TimelineComment

__all__ = ["Convertible", "HasContacts", "HasProducts", "HasStage", "HasTimeline", "owner_code"]

T = TypeVar("T")

_CODES: Mapping[int, str] = {1: "L", 2: "D", 3: "C", 4: "CO", 7: "Q", 31: "SI"}
# Entities whose contacts are bound one by one; of the others the list is written whole.
_BOUND = frozenset({"deal", "lead", "quote", "company"})
# What a lead hands on, by the object that it becomes. The person's name makes a contact, the company's a company.
_COMMON = (
    *("source_id", "source_description", "comments", "assigned_by_id", "opened", "observers"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
)
_PERSON = ("name", "last_name", "second_name", "post", "birthdate", "honorific")


def owner_code(entity_type_id: int) -> str:
    """The short code of a CRM type (https://apidocs.bitrix24.com/api-reference/crm/data-types.html): ``D``, ``T9c``."""
    return _CODES.get(entity_type_id) or f"T{entity_type_id:x}"


class _Owner(Model):
    """An object that something else may belong to."""

    def _type_id(self) -> int:
        schema = type(self).__schema__()
        number = schema.entity_type_id or self.__dict__.get("entity_type_id")
        if not number:
            raise InvalidValue(f"this {schema.name} does not say of which type it is: load its entity_type_id")
        return int(number)

    def _key(self) -> Any:
        key = key_of(self)
        if key is None:
            raise InvalidValue(f"this {type(self).__schema__().name} is not at the portal yet: save it first")
        return key

    def _op(self, run: Callable[[PortalLike], Coroutine[Any, Any, T]], command: Callable[[], Command]) -> Op[T]:
        return Op(run, explain=lambda: plan_write(command()), portal=self.__home__)


class HasTimeline(_Owner):
    """An object with a timeline, where comments and activities are."""

    def comment(self, text: str, **fields: Any) -> Op[TimelineComment]:
        """Writes *text* into the timeline; gives the comment.

        Args:
            fields: other fields of a `TimelineComment`, such as ``author_id``.
        """
        model: Any = model_of("timeline_comment")
        owner = owner_name(self._type_id(), type(self).__schema__().key)
        op: Op[TimelineComment] = self._objects(model).create(
            entity_id=self._key(), entity_type=owner, comment=text, **fields
        )
        return op

    def add_todo(
        self, description: str, deadline: datetime, *, title: str = "", responsible_id: int | None = None
    ) -> Op[Activity]:
        """A universal activity, due at *deadline*; gives the activity.

        Args:
            responsible_id: who is to do it; the user behind the webhook by default.
        """
        params: dict[str, Any] = {"ownerTypeId": self._type_id(), "ownerId": self._key()}
        params |= {"deadline": deadline, "description": description}
        params |= {"title": title} if title else {}
        params |= {} if responsible_id is None else {"responsibleId": responsible_id}
        command = Command("crm.activity.todo.add", params)
        model: Any = model_of("activity")

        async def run(portal: PortalLike) -> Activity:
            result: Any = (await portal.submit(command)).unwrap().result
            found: Activity = await self._objects(model).get(int(result["id"])).run_at(portal)
            return found

        return self._op(run, lambda: command)

    def add_activity(self, **fields: Any) -> Op[Activity]:
        """An activity with these fields of an `Activity`: a call, a letter, a meeting."""
        model: Any = model_of("activity")
        op: Op[Activity] = self._objects(model).create(owner_type_id=self._type_id(), owner_id=self._key(), **fields)
        return op

    def _objects(self, model: Any) -> Any:
        return model.objects if self.__home__ is None else model.objects.using(self.__home__)


def owner_name(entity_type_id: int, key: str) -> str:
    """What timeline comments call the owner's type: ``deal``, ``dynamic_156``."""
    return key if entity_type_id in _CODES else f"dynamic_{entity_type_id}"


class HasStage(_Owner):
    """An object that moves through the stages of a pipeline."""

    def move_to(self, stage_id: str, *, category_id: int | None = None) -> Op[Self]:
        """Moves the object to another stage, and to another pipeline if *category_id* says so. Nothing else is sent.

        Raises:
            InvalidValue: the portal left it where it was, without an error: that stage is not of its pipeline. What
                the object holds then is what the portal stored.
        """
        names = ("stage_id",) if category_id is None else ("stage_id", "category_id")

        def moved() -> None:
            setattr(self, "stage_id", stage_id)  # noqa: B010 - the field is declared by the class that is made of this
            if category_id is not None:
                setattr(self, "category_id", category_id)  # noqa: B010

        async def run(portal: PortalLike) -> Self:
            self._key()
            moved()
            await save_now(self, portal, names)
            there = self.__dict__["stage_id"]
            if there != stage_id:
                raise InvalidValue(
                    f"{type(self).__schema__().name} {key_of(self)} stays in stage {there}: "
                    f"{stage_id!r} is no stage of its pipeline"
                )
            return self

        def command() -> Command:
            twin = self.model_copy()
            setattr(twin, "stage_id", stage_id)  # noqa: B010
            change = update_change(twin, "item", names[:1])
            assert change is not None
            return change.command

        return self._op(run, command)


class HasProducts(_Owner):
    """An object with product rows."""

    def set_product_rows(self, rows: Iterable[ProductRowFields | Mapping[str, Any]]) -> Op[list[ProductRow]]:
        """Replaces all product rows by *rows*: objects, or mappings of their fields; gives them as stored.

        The portal makes the object's amount their sum, unless ``is_manual_opportunity`` is set.
        """
        model: Any = model_of("product_row")
        code = owner_code(self._type_id())
        given = [_product_row(model, code, row) for row in rows]
        # What is there is replaced, so that once more gives the same.
        command = Command(
            "crm.item.productrow.set",
            {"ownerType": code, "ownerId": self._key(), "productRows": given},
            replay="safe",
        )

        async def run(portal: PortalLike) -> list[ProductRow]:
            result: Any = (await portal.submit(command)).unwrap().result
            stored: Any = result.get("productRows") if is_mapping(result) else None
            loaded: list[ProductRow] = model.__load__("default", list(stored or ()))
            return loaded

        return self._op(run, lambda: command)


def _product_row(model: Any, code: str, row: Any) -> dict[str, Any]:
    """A row as the portal takes it: what was given, the id of one that is there, and nothing that it computes."""
    obj = made(model, {"owner_id": 0, "owner_type": code, **row} if is_mapping(row) else row)
    schema = model.__schema__()
    known = schema.by_name
    names = [n for n in obj.__pydantic_fields_set__ if n in known and n not in ("owner_id", "owner_type")]
    said = [n for n in names if not known[n].read_only or (n == "id" and obj.id)]
    written: dict[str, Any] = model.__written__("default", obj.__values__(said)).values
    return {known[name].wire["default"]: value for name, value in written.items()}


class HasContacts(_Owner):
    """An object with contacts, of which one is the primary one."""

    def add_contact(self, contact: ContactFields | int, *, primary: bool = False) -> Op[Self]:
        """Binds one more contact; nothing happens if it is bound already."""
        id = _contact_id(contact)

        def changed(ids: list[int]) -> list[int]:
            return ids if id in ids else [*ids, id]

        fields = {"CONTACT_ID": id, "IS_PRIMARY": "Y" if primary else "N"}
        return self._contacts("add", fields, changed, primary=id if primary else None)

    def remove_contact(self, contact: ContactFields | int) -> Op[Self]:
        """Unbinds a contact; nothing happens if it is not bound."""
        id = _contact_id(contact)
        return self._contacts("delete", {"CONTACT_ID": id}, lambda ids: [other for other in ids if other != id])

    def set_contacts(self, contacts: Iterable[ContactFields | int]) -> Op[Self]:
        """Binds these contacts and no others; the first is the primary one."""
        ids = list(dict.fromkeys(map(_contact_id, contacts)))

        async def run(portal: PortalLike) -> Self:
            self._key()
            setattr(self, "contact_ids", ids)  # noqa: B010
            await save_now(self, portal, ("contact_ids",))
            return self

        def command() -> Command:
            twin = self.model_copy()
            setattr(twin, "contact_ids", ids)  # noqa: B010
            change = update_change(twin, "item", ("contact_ids",))
            assert change is not None
            return change.command

        return self._op(run, command)

    def _contacts(
        self,
        verb: str,
        fields: Mapping[str, Any],
        changed: Callable[[list[int]], list[int]],
        *,
        primary: int | None = None,
    ) -> Op[Self]:
        """Binds or unbinds one contact; the list of the object, if it is loaded, follows."""
        key = type(self).__schema__().key
        command = Command(f"crm.{key}.contact.{verb}", {"id": key_of(self), "fields": fields}, replay="safe")

        async def run(portal: PortalLike) -> Self:
            self._key()
            if key not in _BOUND:  # the list is written whole, so it must be the one of now
                await self.refresh().run_at(portal)
                ids = changed(list(self.__dict__["contact_ids"]))
                first = [] if primary is None else [primary]  # the first of the list is the primary one
                setattr(self, "contact_ids", list(dict.fromkeys([*first, *ids])))  # noqa: B010
                await save_now(self, portal, ("contact_ids",))
                return self
            with being_written(self):
                (await portal.submit(command)).unwrap()
                held: Any = self.__dict__
                if "contact_ids" in held and "contact_ids" not in self.changed_fields:
                    held["contact_ids"] = ids = changed(list(held["contact_ids"]))
                    if "contact_id" in held and "contact_id" not in self.changed_fields:
                        kept = held["contact_id"] if held["contact_id"] in ids else next(iter(ids), None)
                        held["contact_id"] = kept if primary is None else primary
            return self

        return self._op(run, lambda: command)


def _contact_id(contact: Model | int) -> int:
    id = key_of(contact) if isinstance(contact, Model) else contact
    if not isinstance(id, int) or isinstance(id, bool) or id < 1:
        raise InvalidValue(f"a contact is one that the portal has, or its id, not {contact!r}")
    return id


class Convertible(_Owner):
    """A lead: what a contact, a company and a deal take over of it.

    The portal has no REST method that converts a lead. These make new objects, not saved yet, of what the lead holds;
    save them, tie them together, and move the lead to its last stage::

        contact = await lead.as_contact().save()
        deal = lead.as_deal(contact_id=contact.id)
        await deal.save()
        await lead.move_to("CONVERTED")
    """

    def as_contact(self, **fields: Any) -> Contact:
        """A new contact: the person's name, phones and addresses; *fields* besides."""
        made_: Contact = self._become("contact", (*_PERSON, *_COMMON), fields)
        return made_

    def as_company(self, **fields: Any) -> Company:
        """A new company, named as the lead names it."""
        named = {"title": self.__dict__.get("company_title") or self.__dict__.get("title")}
        made_: Company = self._become("company", ("currency_id", *_COMMON), {**named, **fields})
        return made_

    def as_deal(self, **fields: Any) -> Deal:
        """A new deal: title, amount, source; and the contact and company that the lead is tied to."""
        names = ("title", "opportunity", "currency_id", "company_id", "contact_ids", *_COMMON)
        made_: Deal = self._become("deal", names, fields)
        return made_

    def _become(self, key: str, names: Iterable[str], fields: Mapping[str, Any]) -> Any:
        model: Any = model_of(key)
        known = model.__schema__().by_name
        held: Mapping[str, Any] = self.__dict__
        values = {n: held[n] for n in names if n in known and held.get(n) not in (None, "", [])}
        if "fm" in known and held.get("fm"):
            values["fm"] = [entry.model_copy(update={"id": None}) for entry in held["fm"]]
        return model(**{**values, "lead_id": self._key(), **fields})
