"""Figures of previews: what a gate waits for before it decides."""

from __future__ import annotations

import subprocess
import time

from opsrange.agents.policies import POLICIES
from opsrange.agents.policy import Case, Output
from opsrange.bench.estate import SCENARIO
from opsrange.bench.figure import Figure, figure
from opsrange.hosting import Stable, World
from opsrange.seat import toolbox
from opsrange.seat.limits import BUILDER
from opsrange.seat.preview import Previewer
from opsrange.seat.seat import Command, Seat

_COST_MS = 1000
_READ = "kubectl get pods -A"
_SCENARIOS = (SCENARIO, "selector-broken", "flag-switched")
"""Whose attempts are measured whole."""


async def preview_figures(*, quick: bool) -> dict[str, Figure]:
    """Previews of a read and of a write, with kubectl's own start between them: all three meet the same load.

    Args:
        quick: fewer repeats.
    """
    stable = await Stable.open(BUILDER)
    try:
        async with await stable.world(SCENARIO, 1) as world, await Seat.open(world) as seat:
            found = await _one_by_one(world, seat, 2 if quick else 20)
        mix: list[float] = []
        for scenario in _SCENARIOS[:1] if quick else _SCENARIOS:
            async with await stable.world(scenario, 1) as world, await Seat.open(world) as seat:
                mix += await _of_an_attempt(world, seat)
    finally:
        await stable.close()
    return {"preview": figure(mix, "ms", 100.0), **found}


async def _one_by_one(world: World, seat: Seat, repeats: int) -> dict[str, Figure]:
    """One read and one write, again and again."""
    kubectl = str(toolbox.kubectl())
    reads, writes, starts = [], [], []
    namespace = (await world.call("page"))["namespace"]
    write = f"kubectl -n {namespace} scale deployment/cart --replicas=0"
    await seat.step(_READ)  # kubectl's discovery cache is filled once per attempt
    previewer = Previewer(seat, _COST_MS)
    await previewer.preview(Command.of(_READ))  # assembles the second sandbox
    for _ in range(repeats):
        reads.append((await previewer.preview(Command.of(_READ))).wall_ms)
        started_s = time.perf_counter()
        subprocess.run([kubectl, "version", "--client"], check=True, capture_output=True)  # noqa: ASYNC221 -- nothing else runs
        starts.append((time.perf_counter() - started_s) * 1000)
        writes.append((await previewer.preview(Command.of(write))).wall_ms)
    await previewer.close()
    return {
        "preview_read": figure(reads, "ms"),
        "preview_write": figure(writes, "ms"),
        "preview_kubectl_start": figure(starts, "ms"),
    }


async def _of_an_attempt(world: World, seat: Seat) -> list[float]:
    """Every command of a sound attempt, previewed before it runs: what a gate costs, the first one's assembling included."""
    previewer = Previewer(seat, _COST_MS)
    play = POLICIES["triage"](Case(page=(await world.call("page"))["text"]))
    took: list[float] = []
    try:
        move = next(play)
        while True:
            assert isinstance(move, str), "triage asks for commands only"
            took.append((await previewer.preview(Command.of(move))).wall_ms)
            done, record = await seat.step(move)
            shown = Output(record["stdout"], record["stderr"], done.exit_code or 0)
            move = play.send(shown)
    except StopIteration:
        return took
    finally:
        await previewer.close()
