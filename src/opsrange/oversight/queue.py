"""Requests that wait for an approver elsewhere, such as a person in a browser.

The side that asks awaits :meth:`PendingQueue.submit`. The side that answers says that it is there (:meth:`PendingQueue.attached`),
reads :meth:`PendingQueue.pending`, decides, awaits :meth:`PendingQueue.changed` to hear of more, and says when it goes
(:meth:`PendingQueue.closed`). While nobody is there, requests pause; when nobody comes back, they are rejected. Nothing is ever
approved because time has passed.

Belongs here: waiting and answering, in one event loop. Does not: any transport, any decision.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from opsrange.errors import OperatorError
from opsrange.oversight.request import ApprovalRequest, Decision, Ruling, refusal

DECIDE_S = 600.0
"""How long a person may take before a request pauses."""
PAUSE_S = 300.0
"""How long a paused request waits for somebody before it is rejected."""


@dataclass
class _Waiting:
    request: ApprovalRequest
    answer: asyncio.Future[Ruling]
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that nobody has decided yet."""

    request: ApprovalRequest
    paused: bool
    """Nobody was there, or nobody answered in time; it is about to be rejected."""


@dataclass
class PendingQueue:
    """Requests in the order in which they came.

    Args:
        decide_s: wall seconds an attached approver has for each request before it pauses.
        pause_s: wall seconds a paused request waits before it is rejected; also how long one waits for the first approver.
    """

    decide_s: float = DECIDE_S
    pause_s: float = PAUSE_S
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _attached: int = 0
    _version: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit(self, request: ApprovalRequest) -> Ruling:
        """Ask, and wait for the answer.

        Returns:
            What was decided, or a rejection that says why nobody decided.

        Raises:
            OperatorError: when a request of that id is pending already.
        """
        if request.id in self._waiting:
            raise OperatorError(f"asked for approval {request.id!r}; it is pending already")
        answer: asyncio.Future[Ruling] = asyncio.get_running_loop().create_future()
        mine = self._waiting[request.id] = _Waiting(request, answer)
        self._tell()
        try:
            return await self._answer(mine)
        finally:
            del self._waiting[request.id]
            self._tell()

    def pending(self) -> list[Pending]:
        """What waits for a decision, oldest first."""
        return [
            Pending(each.request, each.paused)
            for each in self._waiting.values()
            if not each.answer.done()
        ]

    def decide(self, request_id: str, ruling: Ruling) -> None:
        """Answer a request; a paused one too.

        Raises:
            OperatorError: when it is not pending (any more), or a modification says no command.
        """
        found = self._waiting.get(request_id)
        if found is None or found.answer.done():
            raise OperatorError(f"asked to decide {request_id!r}; it is not pending (any more)")
        if ruling.decision is Decision.MODIFY and not ruling.modified.strip():
            raise OperatorError(f"asked to modify {request_id!r}; say which command runs instead")
        found.answer.set_result(ruling)
        self._tell()

    def attached(self) -> None:
        """An approver is there; each says so once, and :meth:`closed` once."""
        self._attached += 1
        self._tell()

    def closed(self) -> None:
        """An approver has gone; with the last one, what is pending pauses."""
        self._attached = max(0, self._attached - 1)
        self._tell()

    @property
    def approvers(self) -> int:
        """How many are there."""
        return self._attached

    @property
    def version(self) -> int:
        """Grows whenever :meth:`pending` or :attr:`approvers` may have changed."""
        return self._version

    async def changed(self, seen: int) -> int:
        """Wait until :attr:`version` is beyond ``seen``, and return it."""
        while self._version <= seen:
            await self._news.wait()
        return self._version

    def _tell(self) -> None:
        self._version += 1
        self._news.set()
        self._news = asyncio.Event()

    async def _answer(self, mine: _Waiting) -> Ruling:
        """The answer, through any number of pauses; a rejection after one that lasted."""
        while not mine.answer.done():
            if self._attached and await self._settles(mine, self.decide_s, attached=True):
                continue
            late = self._attached > 0
            mine.paused = True
            self._tell()
            if not await self._settles(mine, self.pause_s, attached=late):
                why = "the approver did not answer in time" if late else "no approver is there"
                return refusal(f"{why}; nothing is approved by waiting", "queue")
            mine.paused = False
            self._tell()
        return mine.answer.result()

    async def _settles(self, mine: _Waiting, within_s: float, *, attached: bool) -> bool:
        """Whether, in time, there was an answer or approvers came or went."""
        try:
            async with asyncio.timeout(within_s):
                while not mine.answer.done() and (self._attached > 0) == attached:
                    await self._news.wait()
        except TimeoutError:
            return mine.answer.done()
        return mine.answer.done() or (self._attached > 0) != attached
