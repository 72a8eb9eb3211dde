from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from opsrange.errors import AuthorError, OperatorError, WorldError
from opsrange.hosting import Stable
from opsrange.hosting.stable import KEPT_INSTANCES
from opsrange.testing.reach import TOY, opened, run_limited, wait_until_gone


def test_two_worlds_of_an_instance_are_identical_and_independent() -> None:
    async def body() -> None:
        stable = await Stable.open(TOY)
        one, two = await asyncio.gather(stable.world("plain", 1), stable.world("plain", 1))
        assert one.pid != two.pid
        assert await one.digest() == await two.digest()
        await one.call("add", by=5)
        assert (await one.call("value"), await two.call("value")) == (5, 0)
        assert await one.digest() != await two.digest()
        await two.call("add", by=5)
        assert await one.advance(60_000) == await two.advance(60_000)
        assert await one.digest() == await two.digest()
        await asyncio.gather(one.close(), two.close())
        await stable.close()

    run_limited(body)


def test_seeds_differ() -> None:
    async def body() -> None:
        stable = await Stable.open(TOY)
        one, two = await asyncio.gather(stable.world("plain", 1), stable.world("plain", 2))
        await one.advance(300_000)
        await two.advance(300_000)
        assert await one.digest() != await two.digest()
        await stable.close()
        await asyncio.gather(one.close(), two.close())

    run_limited(body)


def test_a_fork_goes_its_own_way() -> None:
    async def body() -> None:
        async with opened() as world:
            await world.advance(30_000)
            async with await world.fork() as copy:
                assert await copy.digest() == await world.digest()
                assert await copy.now() == await world.now()
                before = await world.digest()
                await copy.call("add", by=7)
                await copy.advance(30_000)
                assert await world.digest() == before
                async with await copy.fork() as second:
                    assert await second.digest() == await copy.digest()

    run_limited(body)


def test_a_call_may_branch() -> None:
    async def body() -> None:
        async with opened() as world:
            foreseen = await world.call("forecast", ms=60_000)
            assert await world.call("value") == 0
            await world.advance(60_000)
            assert await world.call("value") == foreseen > 0

    run_limited(body)


@pytest.mark.parametrize(
    ("scenario", "kind", "words"),
    [
        ("unsound", AuthorError, "contradicts itself"),
        ("crashing", WorldError, "building crashing@1: ZeroDivisionError: a bug of the builder"),
    ],
)
def test_a_builders_failure_arrives_with_its_owner(
    scenario: str, kind: type[Exception], words: str
) -> None:
    async def body() -> None:
        stable = await Stable.open(TOY)
        for _ in range(2):
            with pytest.raises(kind, match=words):
                await stable.world(scenario, 1)
        async with await stable.world("plain", 1) as world:
            assert await world.call("value") == 0
        await stable.close()

    run_limited(body)


def test_a_failing_call_leaves_the_world_alive() -> None:
    async def body() -> None:
        async with opened() as world:
            with pytest.raises(AuthorError, match="the toy refuses"):
                await world.call("refuse")
            with pytest.raises(WorldError, match="RuntimeError: the toy crashed"):
                await world.call("crash")
            with (
                socket.create_server(("127.0.0.1", 0)) as listener,
                pytest.raises(WorldError, match=r"nowhere:1.*toy:8080"),
            ):
                await world.serve({"nowhere:1": listener})
            assert await world.call("value") == 0

    run_limited(body)


@pytest.mark.parametrize("name", ["opsrange.nowhere:build", "opsrange.types:nothing", "nonsense"])
def test_a_builder_that_does_not_exist_is_the_operators_mistake(name: str) -> None:
    async def body() -> None:
        with pytest.raises(OperatorError, match="name an importable module:function"):
            await Stable.open(name)

    run_limited(body)


def test_a_dead_stable_is_replaced() -> None:
    async def body() -> None:
        stable = await Stable.open(TOY)
        assert await Stable.open(TOY) is stable
        world = await stable.world("plain", 1)
        os.kill(stable.pid, signal.SIGKILL)
        await asyncio.to_thread(wait_until_gone, [stable.pid, world.pid])
        with pytest.raises(WorldError, match="is gone"):
            await world.now()
        again = await Stable.open(TOY)
        assert again is not stable
        async with await again.world("plain", 1) as another:
            assert await another.call("value") == 0
        await asyncio.gather(world.close(), stable.close(), again.close())

    run_limited(body)


def test_instances_that_are_not_used_are_let_go() -> None:
    async def body() -> None:
        stable = await Stable.open(TOY)
        kept = await stable.world("plain", 0)
        parents = []
        for seed in range(1, KEPT_INSTANCES + 3):
            async with await stable.world("plain", seed) as world:
                parents.append(_parent(world.pid))
        await asyncio.to_thread(wait_until_gone, parents[:2])
        async with await stable.world("plain", 3) as world:
            assert _parent(world.pid) == parents[2]
        parent = _parent(kept.pid)
        assert await kept.call("value") == 0
        await kept.close()
        await asyncio.to_thread(wait_until_gone, [parent])
        await stable.close()

    run_limited(body)


def test_history_does_not_depend_on_the_hash_seed() -> None:
    script = (
        "import asyncio\n"
        "from opsrange.testing.reach import opened\n"
        "async def body():\n"
        "    async with opened() as world:\n"
        "        await world.advance(600_000)\n"
        "        print(await world.digest())\n"
        "asyncio.run(body())\n"
    )
    digests = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "4711")
    ]
    assert len(digests[0]) == 65
    assert digests[0] == digests[1]


def test_memory_is_mostly_shared() -> None:
    async def body() -> None:
        async with opened() as world:
            assert 0 < await world.memory() < 16 << 20

    run_limited(body)


def _parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])
