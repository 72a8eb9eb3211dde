"""Figures of previews: what a gate waits for before it decides."""

from __future__ import annotations

import subprocess
import time

from opsrange.bench.estate import SCENARIO
from opsrange.bench.figure import Figure, figure
from opsrange.hosting import Stable
from opsrange.seat import toolbox
from opsrange.seat.limits import BUILDER
from opsrange.seat.preview import Previewer
from opsrange.seat.seat import Command, Seat

_COST_MS = 1000
_READ = "kubectl get pods -A"


async def preview_figures(*, quick: bool) -> dict[str, Figure]:
    """Previews of a read and of a write, with kubectl's own start between them: all three meet the same load.

    Args:
        quick: fewer repeats.
    """
    kubectl = str(toolbox.kubectl())
    reads, writes, starts = [], [], []
    stable = await Stable.open(BUILDER)
    try:
        async with await stable.world(SCENARIO, 1) as world, await Seat.open(world) as seat:
            namespace = (await world.call("page"))["namespace"]
            write = f"kubectl -n {namespace} scale deployment/cart --replicas=0"
            await seat.step(_READ)  # kubectl's discovery cache is filled once per attempt
            previewer = Previewer(seat, _COST_MS)
            await previewer.preview(Command.of(_READ))  # assembles the second sandbox
            for _ in range(2 if quick else 20):
                reads.append((await previewer.preview(Command.of(_READ))).wall_ms)
                started_s = time.perf_counter()
                subprocess.run([kubectl, "version", "--client"], check=True, capture_output=True)  # noqa: ASYNC221 -- nothing else runs
                starts.append((time.perf_counter() - started_s) * 1000)
                writes.append((await previewer.preview(Command.of(write))).wall_ms)
            await previewer.close()
    finally:
        await stable.close()
    return {
        "preview_read": figure(reads, "ms", 100.0),
        "preview_write": figure(writes, "ms"),
        "preview_kubectl_start": figure(starts, "ms"),
    }
