"""A seat over a real instance, with previews, on one loop per module: building an instance takes longer than using it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from opsrange.hosting.client import Stable
from opsrange.seat import Seat, SeatLimits
from opsrange.seat.limits import BUILDER, SeatConfig
from opsrange.seat.provider import SeatEnvironment

SCENARIO, SEED = "scaled-to-zero", 1
OnCall = Callable[..., Any]


@pytest.fixture(scope="module")
def on_call() -> Iterator[OnCall]:
    """Runs a test's coroutine function with an environment over a fresh world; its own limits are optional."""
    with asyncio.Runner() as runner:

        def run(
            body: Callable[[SeatEnvironment], Awaitable[Any]], limits: SeatLimits | None = None
        ) -> Any:
            config = SeatConfig(scenario=SCENARIO, seed=SEED, limits=limits or SeatLimits())

            async def main() -> Any:
                stable = await Stable.open(BUILDER)
                async with (
                    await stable.world(SCENARIO, SEED) as world,
                    await Seat.open(world, config.limits) as seat,
                ):
                    environment = SeatEnvironment(seat, config)
                    try:
                        return await body(environment)
                    finally:
                        await environment.leave()

            return runner.run(main())

        yield run

        async def close() -> None:
            await (await Stable.open(BUILDER)).close()

        runner.run(close())
