from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsrange.hosting import Stable
from opsrange.testing.reach import TOY, opened, run_limited, served, wait_until_gone
from opsrange.testing.toy_world import ADDRESS

_RUNNER = """
import asyncio
from opsrange.hosting import Stable
async def body():
    stable = await Stable.open("opsrange.testing.toy_world:build")
    one, two = await asyncio.gather(stable.world("plain", 1), stable.world("plain", 2))
    copy = await one.fork()
    print(stable.pid, one.pid, two.pid, copy.pid, flush=True)
    if {busy!r}:
        await one.advance(10**12)
    await asyncio.sleep(600)
asyncio.run(body())
"""


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_killed_runner_leaves_no_process(busy: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _RUNNER.format(busy=busy)], stdout=subprocess.PIPE, text=True
    ) as runner:
        assert runner.stdout is not None
        pids = [int(word) for word in runner.stdout.readline().split()]
        family = _descendants(pids[0])
        assert set(pids) <= family
        assert len(family) == 6
        runner.send_signal(signal.SIGKILL)
    wait_until_gone(family)


def test_a_killed_stable_leaves_no_process() -> None:
    async def body() -> None:
        stable = await Stable.open(TOY)
        world = await stable.world("plain", 1)
        family = _descendants(stable.pid)
        os.kill(stable.pid, signal.SIGKILL)
        await asyncio.to_thread(wait_until_gone, family)
        await world.close()
        await stable.close()

    run_limited(body)


def test_a_closed_world_is_gone_and_reaped() -> None:
    async def body() -> None:
        async with opened() as world:
            copy = await world.fork()
            await copy.close()
            await asyncio.to_thread(wait_until_gone, {copy.pid})
            await world.close()
            await asyncio.to_thread(wait_until_gone, {world.pid})

    run_limited(body)


def test_worlds_that_came_and_went_leave_no_descriptor() -> None:
    async def body() -> None:
        async with opened() as world:
            parent = _parent(world.pid)
            pids = (_parent(parent), parent, world.pid)
            await (await world.fork()).close()
            before = [_descriptors(pid) for pid in pids]
            for _ in range(5):
                copies = await asyncio.gather(*(world.fork() for _ in range(3)))
                stable = await Stable.open(TOY)
                others = await asyncio.gather(*(stable.world("plain", 1) for _ in range(3)))
                family = [each.pid for each in (*copies, *others)]
                await asyncio.gather(*(each.close() for each in (*copies, *others)))
                await asyncio.to_thread(wait_until_gone, family)
                async with served(world) as reach:
                    await reach.fetch(ADDRESS, "/counter")
                    await world.unserve()
            async with await (await Stable.open(TOY)).world("plain", 1) as last:
                assert await last.call("value") == 0  # the parents have had their turn
            after = [_descriptors(pid) for pid in pids]
            assert all(now <= then + 3 for now, then in zip(after, before, strict=True))

    run_limited(body)


def test_a_stable_whose_loop_has_ended_is_ended_too() -> None:
    left_behind: list[int] = []

    async def careless() -> None:
        stable = await Stable.open(TOY)
        left_behind.append(stable.pid)

    async def careful() -> None:
        await (await Stable.open(TOY)).close()

    run_limited(careless)
    run_limited(careful)
    wait_until_gone(left_behind)


def test_closing_does_not_wait_for_a_busy_world() -> None:
    async def body() -> None:
        async with opened() as world:
            busy = asyncio.ensure_future(world.advance(10**12))
            await asyncio.sleep(0)
            await world.close()
            with pytest.raises(Exception, match="is gone"):
                await busy

    run_limited(body)


def _descendants(pid: int) -> set[int]:
    family = {pid}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        family |= _descendants(int(child))
    return family


def _parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
