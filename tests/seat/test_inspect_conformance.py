"""Goal: any Inspect agent can work in a seat. Method: Inspect's own conformance checks, each in a fresh seat."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

import pytest
from inspect_ai.util import SandboxEnvironment
from inspect_ai.util._sandbox import self_check

from opsrange.seat.limits import SeatConfig
from opsrange.seat.provider import SeatEnvironment

pytestmark = [pytest.mark.seat, pytest.mark.timeout(60)]
CONFIG = SeatConfig(scenario="toy", seed=1, builder="opsrange.testing.traced_toy:build")
EXCEPTIONS = {
    "test_exec_as_user": "a seat has one user, as a bastion host has for whoever is on call",
    "test_exec_timeout_kills_process": "waits 5 s of wall time; tests/seat/test_bounds_hold.py checks it without",
    "test_exec_timeout_kills_child_processes": "as above",
}
Check = Callable[[SandboxEnvironment], Awaitable[None]]


@pytest.mark.parametrize("name", [name for name in self_check.__all__ if name not in EXCEPTIONS])
def test_inspects_own_check_passes(name: str) -> None:
    check: Check = getattr(self_check, name)

    async def main() -> None:
        environments = await SeatEnvironment.sample_init("task", CONFIG, {})
        try:
            await check(environments["default"])
        finally:
            await SeatEnvironment.sample_cleanup("task", CONFIG, environments, interrupted=False)
            await close_stable()

    asyncio.run(main())


async def close_stable() -> None:
    from opsrange.hosting.client import Stable

    await (await Stable.open(CONFIG.builder)).close()


def test_each_exception_names_a_check_that_exists() -> None:
    assert set(self_check.__all__) >= set(EXCEPTIONS)
    assert all(inspect.iscoroutinefunction(getattr(self_check, name)) for name in EXCEPTIONS)
