"""kubectl waits twenty seconds for a pod whose logs are asked for; here in virtual time, and in its own words."""

from __future__ import annotations

import asyncio

import pytest

from opsrange.hosting.client import Stable
from opsrange.seat import Seat
from opsrange.seat.limits import BUILDER

pytestmark = pytest.mark.seat


def test_logs_of_a_workload_without_pods_time_out() -> None:
    async def body() -> None:
        stable = await Stable.open(BUILDER)
        try:
            async with (
                await stable.world("scaled-to-zero", 1) as world,
                await Seat.open(world) as seat,
            ):
                cause = (await world.call("oracle"))["report"]["root_causes"][0]["entity"]
                namespace, _, name = cause.split("/")
                logs = f"kubectl -n {namespace} logs deployment"
                for command, seconds in (
                    (f"{logs}/{name}", 20),
                    (f"{logs}/{name} --pod-running-timeout=5s", 5),
                ):
                    done, record = await seat.step(command)
                    assert done.exit_code == 1
                    assert done.stderr == b"error: timed out waiting for the condition\n"
                    assert record["ended_ms"] - record["started_ms"] == seconds * 1000
                done, record = await seat.step(f"{logs}/cart --tail=1")
                assert (done.exit_code, len(done.stdout.splitlines())) == (0, 1)
                assert record["ended_ms"] == record["started_ms"]
                done, record = await seat.step(f"timeout 40 {logs}/cart --tail=1 -f")
                assert len(done.stdout.splitlines()) > 1
        finally:
            await stable.close()

    asyncio.run(body())
