"""Files on their way: each is a request of its own, outside of any batch, which the dispatcher lets go.

A download is only read, so it is asked for again until the first of it was handed out. An upload is a write: once it
may have arrived, it is not sent again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from b24orm.context import FileHead
from b24orm.engine.dispatcher import Dispatcher
from b24orm.errors import OutcomeUnknown, PortalError, TransportError
from b24orm.transport import Form, Secret, retryable

__all__ = ["fetch", "send"]


async def fetch(dispatcher: Dispatcher, address: Secret, *, again: bool) -> AsyncGenerator[FileHead | bytes]:
    """The file at *address*: its head, then its contents piece by piece.

    Args:
        again: whether a file that breaks off may start anew, with another head. Then it keeps its place among the
            requests under way until it is all here; otherwise until its head came, since nobody knows what the program
            does between two pieces.

    Raises:
        InvalidValue: the address is not one of this portal.
        PortalError, TransportError: there was no file, or not all of it.
    """
    dispatcher.files.check(address)
    attempts = 0
    while True:
        attempts += 1
        handed_out = False
        try:
            async with dispatcher.transfer(attempts) as place:
                incoming = await dispatcher.files.fetch(address)
                try:
                    piece = await incoming.read()
                    if not again:
                        place.leave()
                        handed_out = True
                    yield FileHead(incoming.name, incoming.size)
                    while piece:
                        dispatcher.stats.bytes += len(piece)
                        yield piece
                        piece = await incoming.read()
                    return
                finally:
                    incoming.close()
        except (PortalError, TransportError) as error:
            failure = error
        if handed_out or not await dispatcher.transfer_again(failure, attempts):
            raise failure


async def send(dispatcher: Dispatcher, address: Secret, form: Form) -> Any:
    """What the portal answered to a file that was sent to *address*.

    Raises:
        OutcomeUnknown: it was sent, and the answer was lost.
        InvalidValue: the address is not one of this portal, or the file changed meanwhile.
        OSError: the file could not be read.
        PortalError, TransportError: it was not stored.
    """
    dispatcher.files.check(address)
    attempts = 0
    while True:
        attempts += 1
        try:
            async with dispatcher.transfer(attempts):
                envelope = await dispatcher.files.send(address, form)
        except (PortalError, TransportError) as error:
            failure = error
        else:
            dispatcher.stats.bytes += envelope.size
            return envelope.result
        if retryable(failure) == "reads":
            what = "the portal broke off" if isinstance(failure, PortalError) else "the answer was lost"
            raise OutcomeUnknown(
                f"the file {form.name!r} was sent and {what} ({failure}); it may be stored, and is not sent again"
            )
        if not await dispatcher.transfer_again(failure, attempts):
            raise failure
