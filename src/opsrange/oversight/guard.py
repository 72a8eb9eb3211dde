"""The invariant guard's watch: after a change, real service levels against a fork in which nothing was done.

It has no foresight: it looks whenever the agent acts again, and makes a report wait until the watch is over. What it rolls back are the
objects that the watched commands changed; lost identities, lost data and restarts stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from opsrange.hosting.client import World
from opsrange.oversight.policy import Predicate
from opsrange.trace import Outlook, Preview, Step
from opsrange.types import MINUTE_MS

WORSE = 0.05
"""How much a journey's success ratio may fall below the fork's; less is noise."""
_LOOK_MS = MINUTE_MS
"""How long a watch must have lasted before service levels say anything, and how often a waiting report looks."""


@dataclass
class _Watch:
    since_ms: int
    until_ms: int
    idle: World
    entities: dict[str, None] = field(default_factory=dict)
    broken: str = ""
    """The invariant that a watched command broke."""


class Guard:
    """Watches one attempt.

    Args:
        world: the attempt's.
        horizon_ms: how long each change is watched.
        invariants: what is rolled back at the next look, whatever service levels say.
    """

    def __init__(self, world: World, horizon_ms: int, invariants: Sequence[Predicate]) -> None:
        self._world = world
        self._horizon_ms = horizon_ms
        self._invariants = invariants
        self._watch: _Watch | None = None

    async def arm(self, preview: Preview) -> None:
        """Watch what is about to run. A watch that goes on is prolonged: what it set out from stays the state to go back to."""
        now_ms = await self._world.now()
        if self._watch is None:
            await self._world.call("checkpoint")
            self._watch = _Watch(now_ms, now_ms, await self._world.fork())
        self._watch.until_ms = now_ms + self._horizon_ms
        self._add(self._watch, preview)

    def note(self, step: Step) -> None:
        """What a command has changed, foreseen or not, belongs to the watch that goes on."""
        if self._watch is not None:
            self._add(self._watch, Preview(step=step))

    def _add(self, watch: _Watch, found: Preview) -> None:
        watch.entities |= dict.fromkeys(change.entity for change in found.changes)
        for invariant in self._invariants:
            if invariant.holds(found):
                watch.broken = f"it broke the invariant: {invariant}"

    async def look(self, *, ending: bool) -> tuple[str, list[str], int]:
        """Whether what ran did harm; then it is rolled back.

        Args:
            ending: whether the agent wants to end the attempt; then the watch is kept to its end first.

        Returns:
            Why it was rolled back (empty: it was not), the entities set back, and the virtual time waited.
        """
        waited_ms = 0
        while self._watch is not None:
            why = self._watch.broken or await self._worse(self._watch)
            if why and self._watch.entities:
                return why, await self._roll_back(self._watch), waited_ms
            left_ms = self._watch.until_ms - await self._world.now()
            if left_ms <= 0:
                await self.close()
            elif not ending:
                break
            else:
                pause_ms = min(left_ms, _LOOK_MS)
                await self._world.advance(pause_ms)
                waited_ms += pause_ms
        return "", [], waited_ms

    async def close(self) -> None:
        """Watch no longer."""
        watch, self._watch = self._watch, None
        if watch is not None:
            await watch.idle.close()

    async def _worse(self, watch: _Watch) -> str:
        window_ms = await self._world.now() - watch.since_ms
        if window_ms < _LOOK_MS:
            return ""
        health = await self._world.call("health", window_ms=window_ms)
        idle = Outlook.model_validate(
            await watch.idle.call("outlook", since_ms=watch.since_ms, window_ms=window_ms)
        )
        falls = {
            journey: ratio - health.get(journey, 0.0) for journey, ratio in idle.health.items()
        }
        worst = max(falls, key=lambda journey: falls[journey], default="")
        if not worst or falls[worst] < WORSE:
            return ""
        return f"{worst} lost {falls[worst]:.0%} of its successes since"

    async def _roll_back(self, watch: _Watch) -> list[str]:
        entities = list(watch.entities)
        await self._world.call("rollback", entities=entities)
        await self.close()
        return entities
