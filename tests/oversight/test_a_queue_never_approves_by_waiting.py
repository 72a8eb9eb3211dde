"""A request is answered by somebody who is there, or rejected."""

from __future__ import annotations

import asyncio

import pytest

from opsrange.errors import OperatorError
from opsrange.oversight.queue import PendingQueue
from opsrange.oversight.request import ApprovalRequest, Decision, Ruling

LONG_S = 1000.0
YES = Ruling(decision=Decision.APPROVE, decider="kim")


def asked(number: int) -> ApprovalRequest:
    return ApprovalRequest(
        id=f"r{number}",
        attempt="toy@1",
        gate="effect-class",
        why="it writes",
        command="kubectl delete pod web",
        instant_ms=0,
        before_step=0,
    )


async def until_pending(queue: PendingQueue, count: int) -> None:
    seen = -1
    while len(queue.pending()) != count:
        seen = await queue.changed(max(seen, queue.version - 1))
        await asyncio.sleep(0)


async def until_paused(queue: PendingQueue) -> None:
    while not any(each.paused for each in queue.pending()):
        await queue.changed(queue.version)


def test_requests_wait_in_order_and_are_answered_in_any() -> None:
    async def main() -> None:
        queue = PendingQueue(LONG_S, LONG_S)
        queue.attached()
        first, second = (asyncio.create_task(queue.submit(asked(n))) for n in (1, 2))
        await until_pending(queue, 2)
        assert [each.request.id for each in queue.pending()] == ["r1", "r2"]
        queue.decide("r2", YES)
        assert (await second).decision is Decision.APPROVE
        assert [each.request.id for each in queue.pending()] == ["r1"]
        queue.decide("r1", Ruling(decision=Decision.REJECT, reason="no", decider="kim"))
        assert (await first).reason == "no"

    asyncio.run(main())


def test_nobody_there_is_a_rejection() -> None:
    ruling = asyncio.run(PendingQueue(LONG_S, 0).submit(asked(1)))
    assert ruling.decision is Decision.REJECT
    assert "no approver" in ruling.reason


def test_an_approver_who_never_answers_is_a_rejection() -> None:
    async def main() -> Ruling:
        queue = PendingQueue(0, 0)
        queue.attached()
        return await queue.submit(asked(1))

    ruling = asyncio.run(main())
    assert ruling.decision is Decision.REJECT
    assert "in time" in ruling.reason


def test_closing_pauses_and_coming_back_goes_on() -> None:
    async def main() -> Ruling:
        queue = PendingQueue(LONG_S, LONG_S)
        queue.attached()
        waiting = asyncio.create_task(queue.submit(asked(1)))
        await until_pending(queue, 1)
        queue.closed()
        await until_paused(queue)
        queue.attached()
        while queue.pending()[0].paused:
            await queue.changed(queue.version)
        queue.decide("r1", YES)
        return await waiting

    assert asyncio.run(main()).decision is Decision.APPROVE


def test_closing_for_good_rejects_what_is_pending() -> None:
    async def main() -> Ruling:
        queue = PendingQueue(LONG_S, 0)
        queue.attached()
        waiting = asyncio.create_task(queue.submit(asked(1)))
        await until_pending(queue, 1)
        queue.closed()
        return await waiting

    assert asyncio.run(main()).decision is Decision.REJECT


def test_a_decision_counts_once_and_only_for_what_is_pending() -> None:
    async def main() -> None:
        queue = PendingQueue(LONG_S, LONG_S)
        queue.attached()
        with pytest.raises(OperatorError, match="not pending"):
            queue.decide("r1", YES)
        waiting = asyncio.create_task(queue.submit(asked(1)))
        await until_pending(queue, 1)
        with pytest.raises(OperatorError, match="pending already"):
            await queue.submit(asked(1))
        with pytest.raises(OperatorError, match="which command"):
            queue.decide("r1", Ruling(decision=Decision.MODIFY))
        queue.decide("r1", Ruling(decision=Decision.REJECT))
        with pytest.raises(OperatorError, match="not pending"):
            queue.decide("r1", YES)
        assert (await waiting).decision is Decision.REJECT

    asyncio.run(main())
