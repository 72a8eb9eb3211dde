"""Until when the incident could still be repaired: copies of the world, and oracles that take over in them.

A fresh world is brought to where the attempt was by sending again what it sent. If the journal's digest is not the recorded one, the
replay is not exact and nothing is concluded from it. From copies of it the expert oracle undoes whatever can be undone and
removes the fault; what it cannot save was lost. The runbook oracle runs the answer key's own commands through a seat. Only steps that
may have changed something can lose a case, so these are searched by bisection; a used-up budget loses it too.

Belongs here: questions to copies of worlds. Does not: judging the answers (``scoring``), blame (``attribution``).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from opsrange.diagnosis.case import Attempt
from opsrange.diagnosis.diagnosis import Curve, FactPath, Replay
from opsrange.errors import OpsrangeError
from opsrange.faults.fault import normal
from opsrange.hosting import Stable, World
from opsrange.scoring.regrade import regrade
from opsrange.seat.limits import BUILDER
from opsrange.seat.seat import Seat
from opsrange.trace import Step

_THINK_MS = 20_000
_CONTEXT_CHARS = 160


async def replayed(attempt: Attempt, *, runbook: bool = True) -> Replay:
    """Ask copies of the attempt's world. Failures of ours end in a replay that says why it is not exact.

    Args:
        attempt: traced, with its evidence.
        runbook: whether the answer key's own commands are tried too, which needs the sandbox.
    """
    evidence = attempt.evidence
    if evidence is None or not attempt.traced:
        return Replay(exact=False, why="the record holds no trace of a world of ours")
    try:
        stable = await Stable.open(BUILDER)
        async with await stable.world(evidence.scenario, evidence.seed) as world:
            return await _Search(attempt, runbook=runbook).run(world)
    except OpsrangeError as error:
        return Replay(exact=False, why=f"the world could not be replayed: {error}")


@dataclass
class _Search:
    """One bisection over an attempt."""

    attempt: Attempt
    runbook: bool
    expert: dict[int, bool] = field(default_factory=dict)
    key: dict[int, bool] = field(default_factory=dict)

    @property
    def steps(self) -> Sequence[Step]:
        return self.attempt.steps

    async def run(self, start: World) -> Replay:
        end = len(self.steps)
        await _redo(start, [])  # from here on there is a counterfactual
        async with await start.fork() as last:
            digest = await _redo(last, self.steps)
            if end and digest != self.steps[-1].digest:
                return Replay(exact=False, why="the replay did not reach the recorded world")
            await asyncio.gather(self._ask(start, 0), *([self._ask(last, end)] if end else []))
        lost = None
        if self.expert[0] and not self.expert[end]:
            lost = await self._bisect(start, 0, end)
        elif not self.expert[0]:
            lost = 0
        return Replay(
            exact=True,
            recoverable=_curve("recoverable", self.expert),
            runbook=_curve("runbook", self.key) if self.key else None,
            lost_at=lost,
            lost_by="" if lost is None else "budget" if self._out_of_turns(lost) else "state",
        )

    async def _bisect(self, base: World, low: int, high: int) -> int:
        """The first position from which the expert fails: ``low`` succeeds in ``base``, ``high`` fails."""
        candidates = [at for at in self._candidates() if low < at < high]
        if not candidates:
            return high
        middle = candidates[len(candidates) // 2]
        async with await base.fork() as there:
            await _redo(there, self.steps[low:middle])
            await self._ask(there, middle)
            if self.expert[middle]:
                return await self._bisect(there, middle, high)
        return await self._bisect(base, low, middle)

    def _candidates(self) -> list[int]:
        """Positions after steps that may have changed something, and the last one at which turns remain."""
        found = {
            at + 1
            for at, step in enumerate(self.steps)
            if any(request.may_write and request.status < 400 for request in step.requests)
        }
        enough = next((at for at in range(len(self.steps) + 1) if self._out_of_turns(at)), None)
        return sorted(found | ({enough} if enough else set()))

    def _out_of_turns(self, position: int) -> bool:
        """Whether fewer turns remain than the answer key needs, its report included."""
        evidence, limit = self.attempt.evidence, self.attempt.turn_limit
        needed = evidence.truth.oracle_turns if evidence else None
        return limit is not None and needed is not None and limit - position < needed + 1

    async def _ask(self, world: World, position: int) -> None:
        """Whether the oracles finish from where a world is; the runbook is asked at both ends alone."""
        if self._out_of_turns(position):
            self.expert[position] = False
            return
        runbook = self.runbook and position in {0, len(self.steps)}
        async with await world.fork() as one, await world.fork() as other:
            asked = [_run_expert(one), *([_run_key(other)] if runbook else [])]
            self.expert[position], *key = await asyncio.gather(*asked)
        if key:
            self.key[position] = key[0]


async def _redo(world: World, steps: Sequence[Step]) -> str:
    answer = await world.call("replay", steps=[step.model_dump(mode="json") for step in steps])
    return str(answer["digest"])


async def _passes(world: World, report: object) -> bool:
    verdict = regrade(await world.call("conclude", report=report))
    return verdict.repair is not None and verdict.repair.passed


async def _run_expert(world: World) -> bool:
    """Undo what can be undone, remove the fault, and see."""
    await world.call("restore")
    return await _passes(world, None)


async def _run_key(world: World) -> bool:
    """The answer key's commands through a seat, one thought each."""
    key = await world.call("oracle")
    async with await Seat.open(world) as seat:
        for command in key["commands"]:
            await seat.step(command, think_ms=_THINK_MS)
    return await _passes(world, key["report"])


def _curve(name: str, found: dict[int, bool]) -> Curve:
    at = sorted(found)
    return Curve(name=name, at=at, value=[found[each] for each in at])


async def glimpsed(attempt: Attempt, paths: Sequence[FactPath]) -> dict[str, str]:
    """What the world would have shown of facts that were never shown, in its own words, by fact.

    Args:
        attempt: traced, with its evidence.
        paths: the facts' funnels.
    """
    missing = [path for path in paths if path.shown is None and path.routes]
    evidence = attempt.evidence
    if evidence is None or not missing:
        return {}
    found: dict[str, str] = {}
    with contextlib.suppress(OpsrangeError):  # only words are lost
        stable = await Stable.open(BUILDER)
        namespace = evidence.truth.root_causes[0].entity.split("/")[0]
        async with (
            await stable.world(evidence.scenario, evidence.seed) as world,
            await Seat.open(world) as seat,
        ):
            for path in missing:
                if words := await _glimpse(seat, path, namespace):
                    found[path.id] = words
    return found


async def _glimpse(seat: Seat, path: FactPath, namespace: str) -> str:
    """The first of a fact's routes that shows it, as a command and what it says."""
    for command in filter(None, (_command_for(route, namespace) for route in path.routes)):
        completed, _ = await seat.step(command)
        if words := _around(completed.stdout.decode(errors="replace"), path.needles):
            return f"$ {command}\n{words}"
    return ""


def _command_for(route: str, namespace: str) -> str:
    address, _, what = route.partition(" ")
    if address.startswith("kubernetes:"):
        return "" if "/" in what else f"kubectl -n {namespace} get {what} -o yaml"
    return f"curl -s http://{address}{what}"


def _around(text: str, needles: Sequence[str]) -> str:
    """The words around the rarest needle, in normal form."""
    plain = normal(text)
    places = [list(re.finditer(needle, plain)) for needle in needles]
    if not all(places):
        return ""
    best = min(places, key=len)[0]
    return plain[max(0, best.start() - _CONTEXT_CHARS) : best.end() + _CONTEXT_CHARS].strip()
