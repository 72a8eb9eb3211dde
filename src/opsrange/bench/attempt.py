"""Figures of world processes and seats, and of the programs that are run in them."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from opsrange.bench.estate import SCENARIO
from opsrange.bench.figure import Figure, figure
from opsrange.hosting import Stable, World
from opsrange.seat import toolbox
from opsrange.seat.limits import BUILDER
from opsrange.seat.seat import Seat

_API = "kubernetes:6443"
_LIST = "kubectl get pods -A"
_MAIN = "from opsrange.cli.main import main; main()"


def start_figures(*, quick: bool) -> Iterator[tuple[str, Figure]]:
    """What a person waits for before anything happens.

    Args:
        quick: fewer repeats.
    """
    repeats = 3 if quick else 10
    bare = _started_s([sys.executable, "-c", ""], repeats)
    imported = _started_s([sys.executable, "-c", "import opsrange"], repeats)
    shown = _started_s([sys.executable, "-c", _MAIN, "--help"], repeats)
    yield "python_start", figure(bare, "s")
    yield "import_opsrange", figure(imported, "s", 0.15)
    yield "opsrange_help", figure(shown, "s", 0.4)


async def seat_figures(*, quick: bool) -> dict[str, Figure]:
    """World start, fork, memory, and commands in the seat against the same commands outside.

    Args:
        quick: fewer repeats.
    """
    repeats = 5 if quick else 20
    stable = await Stable.open(BUILDER)
    try:
        await (await stable.world(SCENARIO, 1)).close()  # builds the instance
        starts = [await _world_start_ms(stable) for _ in range(repeats)]
        async with await stable.world(SCENARIO, 1) as world:
            forks = [await _fork_ms(world) for _ in range(repeats)]
            async with await Seat.open(world) as seat:
                commands = await _commands(seat, repeats)
                await seat.step(_LIST)
                await world.call("conclude", report=None)
                memory_mb = await world.memory() / 1_000_000
    finally:
        await stable.close()
    return {
        "world_start": figure(starts, "ms", 100.0),
        "fork": figure(forks, "ms", 30.0),
        "world_private_memory": figure([memory_mb], "MB", 64.0),
        **commands,
    }


async def _world_start_ms(stable: Stable) -> float:
    """From asking for a world to its first answer over HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        started_s = time.perf_counter()
        async with await stable.world(SCENARIO, 1) as world:
            await world.serve({_API: listening})
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET /api/v1/namespaces HTTP/1.1\r\nHost: kubernetes\r\n\r\n")
            await reader.readline()
            took_ms = (time.perf_counter() - started_s) * 1000
            writer.close()
    return took_ms


async def _fork_ms(world: World) -> float:
    started_s = time.perf_counter()
    copy = await world.fork()
    took_ms = (time.perf_counter() - started_s) * 1000
    await copy.close()
    return took_ms


async def _commands(seat: Seat, repeats: int) -> dict[str, Figure]:
    """Each command inside and its like outside, alternating, so that both meet the same load."""
    kubectl = str(toolbox.kubectl())
    inside_ms, bare_ms, listed_ms, own_ms = [], [], [], []
    for _ in range(repeats):
        inside_ms.append(await _run_ms(seat, ["/usr/bin/true"]))
        bare_ms.append(_started_s(["/usr/bin/true"], 1)[0] * 1000)
        listed_ms.append(await _step_ms(seat, _LIST))
        own_ms.append(_started_s([kubectl, "version", "--client"], 1)[0] * 1000)
    true, own = figure(bare_ms, "ms"), figure(own_ms, "ms")
    over = [each - true.value for each in inside_ms]
    return {
        "true_outside": true,
        "sandbox_overhead": figure(over, "ms", 8.0),
        "kubectl_own_start": own,
        "kubectl_get_pods": figure(listed_ms, "ms", own.value + 30.0),
    }


async def _run_ms(seat: Seat, argv: Sequence[str]) -> float:
    started_s = time.perf_counter()
    await seat.run(argv)
    return (time.perf_counter() - started_s) * 1000


async def _step_ms(seat: Seat, command: str) -> float:
    started_s = time.perf_counter()
    await seat.step(command)
    return (time.perf_counter() - started_s) * 1000


def _started_s(command: Sequence[str], times: int) -> list[float]:
    found = []
    for _ in range(times):
        started_s = time.perf_counter()
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
        found.append(time.perf_counter() - started_s)
    return found
