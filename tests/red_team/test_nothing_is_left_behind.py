"""Goal: a closed seat leaves no process, mount, descriptor or file. Method: count before and after, whatever the agent left running."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from opsrange.hosting.client import Stable
from opsrange.seat import Seat

pytestmark = pytest.mark.seat
TOY = "opsrange.testing.traced_toy:build"


def descendants() -> set[int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_bytes()
            except OSError:
                continue
            parents[int(folder.name)] = int(stat.rpartition(b")")[2].split()[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def descriptors() -> dict[str, str]:
    found = {}
    for fd in Path("/proc/self/fd").iterdir():
        try:
            found[fd.name] = str(fd.readlink())
        except OSError:
            continue
    return found


def mounts() -> str:
    return Path("/proc/self/mounts").read_text()


def test_a_closed_seat_leaves_nothing() -> None:
    async def main() -> None:
        stable = await Stable.open(TOY)
        async with await stable.world("toy", 1) as world:
            async with await Seat.open(world) as seat:
                await seat.run("true")
            before = descendants(), len(descriptors())
            mounted = mounts()
            for _ in range(3):
                async with await Seat.open(world) as seat:
                    await seat.run(
                        "setsid sleep 9999 & (trap '' TERM HUP; while :; do :; done) & yes > /tmp/big"
                    )
                    await seat.run("nohup sh -c 'while :; do :; done' >/dev/null 2>&1 &")
            assert descendants() == before[0]
            assert len(descriptors()) == before[1]
            assert mounts() == mounted
        await stable.close()

    asyncio.run(main())
