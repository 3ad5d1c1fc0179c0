"""What a program may not write about events: every marked line is an error, and no other. Checked, never run."""

from __future__ import annotations

from b24orm import Contact, Portal
from b24orm.events import EventHandlers, OnCrmDealAdd, OnCrmDealDelete, OnCrmLeadAdd
from b24orm.events import OnCrmDealAded  # E: typo

handlers = EventHandlers(application_token="token")
EventHandlers()  # E: needs a token
EventHandlers(application_token=5)  # E: no token
EventHandlers(application_token="token", confirm=True)  # E: no function


@handlers.on(OnCrmDealAdd)  # E: another event
async def one(event: OnCrmLeadAdd) -> None:
    print(event.id)


handlers.on(int)  # E: no event
handlers.on(5)  # E: no event


async def more(event: OnCrmDealAdd, gone: OnCrmDealDelete, portal: Portal) -> None:
    print(event.ident)  # E: typo
    text: str = event.id  # E: a number
    contact: Contact = await event.object()  # E: a deal
    await gone.object()  # E: it is gone
    await portal.events.bind(5, "https://example.com/")  # E: no event
    await portal.events.bind(OnCrmDealAdd, 5)  # E: no address
    portal.events.offline(poll="5")  # E: no number
    print(text, contact)
