"""The running attempt's world, as solvers, scorers and the oracle reach it: through the sample's sandbox.

Belongs here: finding the world from inside a sample. Does not: what may be asked of it.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from inspect_ai.util import SandboxEnvironment, sandbox

from opsrange.errors import WorldError
from opsrange.types import SECOND_MS


class WorldAccess(Protocol):
    """The part of ``hosting.World`` that harness code uses. Tools of an agent never do."""

    async def call(self, name: str, **arguments: Any) -> Any:
        """``Hosted.call`` in the world."""
        ...

    async def advance(self, ms: int) -> int:
        """Let virtual milliseconds pass."""
        ...

    async def errors(self) -> list[str]:
        """What went wrong on our side of the world."""
        ...


def current_environment() -> SandboxEnvironment:
    """The sandbox of the running sample, without Inspect's recording wrapper."""
    return sandbox().as_type(SandboxEnvironment)  # type: ignore[type-abstract]  # the base class unwraps any provider


def current_world() -> WorldAccess:
    """The world of the running sample.

    Raises:
        WorldError: when the sample's sandbox is not a seat.
    """
    environment = current_environment()
    world = getattr(environment, "world", None)
    if world is None:
        raise WorldError(
            f"the sample's sandbox is {type(environment).__name__}, which has no world; "
            "run the task with its own sandbox (opsrange)"
        )
    return cast("WorldAccess", world)


async def think(time_s: float) -> None:
    """Let the virtual seconds of one turn's thinking pass in the running sample's world."""
    if time_s > 0:
        await current_world().advance(round(time_s * SECOND_MS))
