"""Goal: a closed seat leaves no process, mount, descriptor or file. Method: count before and after, whatever the agent left running."""

from __future__ import annotations

import asyncio
import os

import pytest
from tests.e2e.residue import descendants, descriptors, mounts

from opsrange.hosting.client import Stable
from opsrange.seat import Seat

pytestmark = pytest.mark.seat
TOY = "opsrange.testing.traced_toy:build"


def test_a_closed_seat_leaves_nothing() -> None:
    async def main() -> None:
        stable = await Stable.open(TOY)
        async with await stable.world("toy", 1) as world:
            async with await Seat.open(world) as seat:
                await seat.run("true")
            before = descendants(os.getpid()), len(descriptors())
            mounted = mounts()
            for _ in range(3):
                async with await Seat.open(world) as seat:
                    await seat.run(
                        "setsid sleep 9999 & (trap '' TERM HUP; while :; do :; done) & yes > /tmp/big"
                    )
                    await seat.run("nohup sh -c 'while :; do :; done' >/dev/null 2>&1 &")
            assert descendants(os.getpid()) == before[0]
            assert len(descriptors()) == before[1]
            assert mounts() == mounted
        await stable.close()

    asyncio.run(main())
