"""A person in a browser: the page is opened, and its address said on standard error, when the first question comes."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field

from opsrange.oversight.approver import Approver, Case, Decide
from opsrange.oversight.queue import PendingQueue
from opsrange.oversight.request import Ruling


@dataclass
class _Desk:
    """One page for all attempts of an event loop."""

    loop: asyncio.AbstractEventLoop
    queue: PendingQueue = field(default_factory=PendingQueue)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    url: str = ""


_desks: list[_Desk] = []


def _make(seed: str) -> Decide:
    async def decide(case: Case) -> Ruling:
        return await (await _desk()).queue.submit(case.request)

    return decide


async def _desk() -> _Desk:
    from opsrange.oversight.console import open_console

    loop = asyncio.get_running_loop()
    desk = next((each for each in _desks if each.loop is loop), None)
    if desk is None:
        desk = _Desk(loop)
        _desks.append(desk)
    async with desk.opening:
        if not desk.url:
            desk.url = (await open_console(desk.queue)).url
            sys.stderr.write(f"\napprove here: {desk.url}\n")
    return desk


APPROVER = Approver(title="a person in a browser", make=_make, simulated=False)
