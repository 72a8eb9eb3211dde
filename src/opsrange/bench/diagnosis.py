"""How long it takes to say where an attempt failed: a long attempt is made in a seat, and then diagnosed."""

from __future__ import annotations

import time

from opsrange.bench.estate import SCENARIO
from opsrange.bench.figure import Figure, figure
from opsrange.diagnosis.attribution import diagnose
from opsrange.diagnosis.case import Attempt, Ending
from opsrange.diagnosis.replay import replayed
from opsrange.hosting import Stable
from opsrange.scoring.evidence import read_evidence
from opsrange.scoring.verdict import judge
from opsrange.seat.limits import BUILDER
from opsrange.seat.seat import Seat
from opsrange.trace import Step

_STEPS = 100
_THINK_MS = 20_000
_WRITE_EVERY = 10
_HARM_AT = 65
_READS = ("get pods", "describe deployments", "get events", "get services -o yaml", "top pods")


async def diagnosis_figures(*, quick: bool) -> dict[str, Figure]:
    """A diagnosis without and with a replay of its world.

    Args:
        quick: a fifth of the steps, and no budgets.
    """
    stable = await Stable.open(BUILDER)
    try:
        attempt = await _attempt(stable, _STEPS // 5 if quick else _STEPS)
        plain_s = [_diagnosed_s(attempt) for _ in range(3)]
        started_s = time.perf_counter()
        replay = await replayed(attempt)
        diagnose(attempt, replay)
        with_replay_s = time.perf_counter() - started_s
    finally:
        await stable.close()
    return {
        "diagnosis": figure(plain_s, "s", None if quick else 2.0),
        "diagnosis_with_replay": figure([with_replay_s], "s", None if quick else 20.0),
    }


def _diagnosed_s(attempt: Attempt) -> float:
    started_s = time.perf_counter()
    diagnose(attempt)
    return time.perf_counter() - started_s


async def _attempt(stable: Stable, count: int) -> Attempt:
    """Reads, a harmless note now and then, and at two thirds something that cannot be undone."""
    steps: list[Step] = []
    async with await stable.world(SCENARIO, 1) as world:
        page = await world.call("page")
        space = f"kubectl -n {page['namespace']}"
        async with await Seat.open(world) as seat:
            for number in range(count):
                command = f"{space} {_READS[number % len(_READS)]}"
                if number == count * _HARM_AT // 100:
                    command = f"{space} delete deployment email"
                elif number % _WRITE_EVERY == 0:
                    command = f"{space} annotate deployment ad looked={number} --overwrite"
                _, record = await seat.step(command, think_ms=_THINK_MS)
                steps.append(Step.model_validate(record))
        evidence = read_evidence(await world.call("conclude", report=None))
    return Attempt(
        steps=steps,
        evidence=evidence,
        verdict=judge(evidence),
        passed=False,
        task="opsrange/sre_repair",
        page=page["text"],
        turns=count,
        turn_limit=count + 50,
        ending=Ending.LIMIT,
    )
