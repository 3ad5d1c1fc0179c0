"""`BulkResult`: what became of each of many writes."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, overload

from typing_extensions import override

from b24orm.command import Outcome, Response, Status
from b24orm.errors import BulkError, ConfigurationError, PortalError

if TYPE_CHECKING:
    from b24orm.op import Op

__all__ = ["BulkResult"]

_SHOWN = 5


class BulkResult(Sequence[Outcome]):
    """One outcome an input, in input order: ``ok``, ``failed``, ``unknown`` or ``not_executed``.

    ::

        result = await Deal.objects.bulk_create(deals)
        print(result)             # 10000 deals created: 9997 ok, 2 failed (ACCESS_DENIED), 1 unknown
        result.raise_for_errors()

    What went well takes few bytes: its outcome is made when it is asked for. ``outcome.input`` is what was given, where
    that was a list; of an iterator, which need not be held in memory, only what did not go well keeps its input.
    """

    def __init__(
        self, done: str, inputs: Sequence[Any] | None, again: Callable[[list[Any]], Op[BulkResult]] | None
    ) -> None:
        self._done = done
        self._inputs = inputs
        self._again = again
        self._ids: array[int] | list[Any] = array("q")
        self._bad: dict[int, Outcome] = {}

    def __getstate__(self) -> dict[str, Any]:
        # How to send inputs again stays behind when the result crosses the border of a process.
        return {**self.__dict__, "_again": None}

    # -- filled by whoever writes --------------------------------------------------------------------------------

    def add(self, outcome: Outcome) -> None:
        """Notes the outcome of the next input."""
        if outcome.status != "ok":
            self._bad[len(self._ids)] = outcome
        id = outcome.id if outcome.status == "ok" else None
        if isinstance(self._ids, array):
            if id is None or isinstance(id, int):
                self._ids.append(id or 0)
                return
            self._ids = [known or None for known in self._ids]
        self._ids.append(id)

    # -- read by the program -------------------------------------------------------------------------------------

    @override
    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> Outcome: ...
    @overload
    def __getitem__(self, index: slice) -> list[Outcome]: ...
    @override
    def __getitem__(self, index: int | slice) -> Outcome | list[Outcome]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"{index}: there are {len(self)} outcomes")
        if number in self._bad:
            return self._bad[number]
        given = None if self._inputs is None else self._inputs[number]
        id = self._ids[number] or None
        return Outcome("ok", given, Response(id), key=id)

    @override
    def __iter__(self) -> Iterator[Outcome]:
        return (self[number] for number in range(len(self)))

    @property
    def ok(self) -> list[Outcome]:
        """What was written."""
        return [outcome for outcome in self if outcome.status == "ok"]

    @property
    def ids(self) -> list[Any]:
        """The ids of what was written."""
        return [id for number, id in enumerate(self._ids) if id and number not in self._bad]

    @property
    def failed(self) -> list[Outcome]:
        """What the portal refused, or what could not be sent as it was: ``.error`` says why."""
        return self._with("failed")

    @property
    def unknown(self) -> list[Outcome]:
        """What was sent without an answer: it may be written or not, and is not sent again."""
        return self._with("unknown")

    @property
    def not_executed(self) -> list[Outcome]:
        """What never ran."""
        return self._with("not_executed")

    @property
    def all_ok(self) -> bool:
        """Whether everything was written."""
        return not self._bad

    @property
    def counts(self) -> dict[Status, int]:
        """How many outcomes there are of each status."""
        bad = Counter(outcome.status for outcome in self._bad.values())
        kinds: tuple[Literal["failed", "unknown", "not_executed"], ...] = ("failed", "unknown", "not_executed")
        return {"ok": len(self) - len(self._bad), **{status: bad[status] for status in kinds}}

    def _with(self, status: Status) -> list[Outcome]:
        return [outcome for outcome in self._bad.values() if outcome.status == status]

    def raise_for_errors(self) -> None:
        """Nothing, if everything was written.

        Raises:
            BulkError: something was not; ``error.result`` is this.
        """
        if not self._bad:
            return
        lines = [str(self)]
        for number, outcome in list(self._bad.items())[:_SHOWN]:
            lines.append(f"  {number}: {outcome.status}: {outcome.error}")
        if len(self._bad) > _SHOWN:
            lines.append(f"  … and {len(self._bad) - _SHOWN} more")
        raise BulkError("\n".join(lines), self)

    def retry_failed(self) -> Op[BulkResult]:
        """Sends once more what failed or never ran, and gives the result of all inputs.

        What is ``unknown`` is left alone: it may be written, and would be written twice.

        Raises:
            ConfigurationError: the result has been pickled.
        """
        from b24orm.op import Op

        if self._again is None:
            raise ConfigurationError("a result that was pickled cannot send anything again: write its inputs anew")
        numbers = [number for number, outcome in self._bad.items() if outcome.status != "unknown"]
        op = self._again([self._bad[number].input for number in numbers])

        async def run(portal: Any) -> BulkResult:
            fresh = iter(await op.run_at(portal)) if numbers else iter(())
            new = BulkResult(self._done, self._inputs, self._again)
            wanted = set(numbers)
            for number, outcome in enumerate(self):
                new.add(replace(next(fresh), input=outcome.input) if number in wanted else outcome)
            return new

        return Op(run, explain=op.explain, portal=None)

    @override
    def __str__(self) -> str:
        said = [f"{self.counts['ok']} ok"]
        for status in ("failed", "unknown", "not_executed"):
            outcomes = self._with(status)
            if outcomes:
                why = f" ({_reasons(outcomes)})" if status == "failed" else ""
                said.append(f"{len(outcomes)} {status.replace('_', ' ')}{why}")
        return f"{len(self)} {self._done}: {', '.join(said)}"

    @override
    def __repr__(self) -> str:
        return f"<BulkResult: {self}>"


def _reasons(outcomes: Iterable[Outcome]) -> str:
    codes = Counter(_reason(outcome) for outcome in outcomes)
    if len(codes) == 1:
        return next(iter(codes))
    return ", ".join(f"{count} {code}" for code, count in codes.most_common())


def _reason(outcome: Outcome) -> str:
    error = outcome.error
    return (isinstance(error, PortalError) and error.code) or type(error).__name__
