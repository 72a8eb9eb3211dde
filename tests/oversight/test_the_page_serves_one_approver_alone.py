"""The approver's page over HTTP: only with the token, only from itself, and nobody there approves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, CookieJar

from opsrange.errors import OperatorError
from opsrange.oversight.console import Console, open_console
from opsrange.oversight.queue import PendingQueue
from opsrange.oversight.request import ApprovalRequest, Decision, Ruling

Body = Callable[[PendingQueue, Console, ClientSession], Awaitable[None]]


def request(number: int = 1) -> ApprovalRequest:
    return ApprovalRequest(
        id=f"r{number}",
        attempt="scaled-to-zero@1",
        gate="effect_class",
        why="it changes something",
        command="kubectl scale deployment/ad --replicas=2",
        instant_ms=0,
        before_step=number,
    )


def served(body: Body, *, pause_s: float = 30) -> None:
    async def main() -> None:
        queue = PendingQueue(pause_s=pause_s)
        console = await open_console(queue)
        try:
            jar = CookieJar(unsafe=True)  # aiohttp keeps no cookies of addresses otherwise
            async with ClientSession(cookie_jar=jar, timeout=ClientTimeout(20)) as browser:
                await body(queue, console, browser)
        finally:
            await console.close()

    asyncio.run(main())


def base(console: Console) -> str:
    return console.url.partition("/?")[0]


async def post(console: Console, browser: ClientSession, **answer: Any) -> tuple[int, str]:
    async with browser.post(f"{base(console)}/decide", json=answer) as found:
        return found.status, await found.text()


def test_the_address_that_was_printed_opens_it() -> None:
    async def body(queue: PendingQueue, console: Console, browser: ClientSession) -> None:
        async with browser.get(console.url) as page:
            assert page.status == 200
            assert "token" not in str(page.url)
            assert "script-src 'self'" in page.headers["Content-Security-Policy"]

    served(body)


@pytest.mark.parametrize("path", ["/", "/pending", "/news", "/console.js", "/?token=guess"])
def test_without_the_token_nothing_is_shown(path: str) -> None:
    async def body(queue: PendingQueue, console: Console, browser: ClientSession) -> None:
        async with browser.get(base(console) + path) as answer:
            assert answer.status == 403
        assert queue.approvers == 0

    served(body)


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}]
)
def test_a_foreign_page_cannot_decide(headers: dict[str, str]) -> None:
    async def body(queue: PendingQueue, console: Console, browser: ClientSession) -> None:
        asking = asyncio.create_task(queue.submit(request()))
        async with browser.get(console.url):
            pass
        answer = {"id": "r1", "decision": "approve"}
        async with browser.post(f"{base(console)}/decide", json=answer, headers=headers) as found:
            assert found.status == 403
        assert not asking.done()
        asking.cancel()

    served(body)


def test_a_decision_reaches_who_asked_and_cannot_be_made_twice() -> None:
    async def body(queue: PendingQueue, console: Console, browser: ClientSession) -> None:
        async with browser.get(console.url):
            pass
        asking = asyncio.create_task(queue.submit(request()))
        await queue.changed(0)
        assert (await post(console, browser, id="r1", decision="approve"))[0] == 200
        assert await asking == Ruling(decision=Decision.APPROVE, decider="browser")
        assert (await post(console, browser, id="r1", decision="approve"))[0] == 409

    served(body)


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "r1", "decision": "reject"},
        {"id": "r1", "decision": "reject", "reason": "  "},
        {"id": "r1", "decision": "escalate"},
        {"id": "r1", "decision": "perhaps"},
        {"id": "r1", "decision": "approve", "by": "me"},
        {"decision": "approve"},
    ],
)
def test_what_is_no_answer_decides_nothing(answer: dict[str, str]) -> None:
    async def body(queue: PendingQueue, console: Console, browser: ClientSession) -> None:
        async with browser.get(console.url):
            pass
        asking = asyncio.create_task(queue.submit(request()))
        await queue.changed(0)
        assert (await post(console, browser, **answer))[0] == 400
        assert not asking.done()
        asking.cancel()

    served(body)


def test_a_browser_that_closes_leaves_a_refusal() -> None:
    async def body(queue: PendingQueue, console: Console, browser: ClientSession) -> None:
        async with browser.get(console.url):
            pass
        seen = queue.version
        async with browser.get(f"{base(console)}/news") as news:
            await news.content.readline()
            assert queue.approvers == 1
            asking = asyncio.create_task(queue.submit(request()))
            await queue.changed(seen + 1)
        ruling = await asking
        assert queue.approvers == 0
        assert ruling.decision is Decision.REJECT
        assert "no approver" in ruling.reason

    served(body, pause_s=0.05)


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    async def body(queue: PendingQueue, console: Console, browser: ClientSession) -> None:
        port = int(base(console).rpartition(":")[2])
        with pytest.raises(OperatorError, match="choose another port"):
            await open_console(queue, port=port)

    served(body)
