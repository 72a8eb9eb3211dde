"""What every test of the suite lives under, and the seat that several folders sit in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import settings

from opsrange.hosting.client import Stable
from opsrange.seat import Seat, SeatLimits

TOY = "opsrange.testing.traced_toy:build"
Seated = Callable[..., Any]


@pytest.fixture
def seated() -> Seated:
    """Runs a test's coroutine function with a seat over a fresh toy world, on one loop."""

    def run(body: Callable[[Seat], Awaitable[Any]], limits: SeatLimits | None = None) -> Any:
        async def main() -> Any:
            stable = await Stable.open(TOY)
            try:
                async with (
                    await stable.world("toy", 1) as world,
                    await Seat.open(world, limits) as seat,
                ):
                    return await body(seat)
            finally:
                await stable.close()

        return asyncio.run(main())

    return run


settings.register_profile("opsrange", deadline=None)
"""No timing assertions: a busy machine is not a defect."""
settings.load_profile("opsrange")
