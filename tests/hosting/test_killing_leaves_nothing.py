from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsrange.hosting import Stable
from opsrange.testing.reach import TOY, opened, run_limited, wait_until_gone

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
