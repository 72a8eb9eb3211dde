"""Many attempts in a process of its own, and what is left of them.

``python -m tests.load.keeper FOLDER AGENTS SCENARIOS EPOCHS AT_ONCE`` runs one epoch, then the others, and writes
``FOLDER/figures.json``. The keeper adopts whatever its runner leaves behind, so that nothing can hide from it.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

from tests.e2e.residue import descendants, descriptors, mounts, network_namespaces

from opsrange.errors import Owner
from opsrange.tasks.logbook import read_logs, results_from
from opsrange.tasks.suite import Suite, run_suite
from opsrange.testing.reach import wait_until_gone
from opsrange.types import Json

_PR_SET_CHILD_SUBREAPER = 36


def held(processes: int) -> Json:
    """What the runner holds, once no more processes than ``processes`` are left below it, or after a minute."""
    deadline_s = time.monotonic() + 60
    while len(family := descendants(os.getpid())) > processes and time.monotonic() < deadline_s:
        time.sleep(0.05)  # what was killed is being reaped by its parent
    gc.collect()  # Inspect leaves streams and temporary files to the collector
    kinds = Counter(target.partition(":")[0] for target in descriptors().values())
    return {
        "processes": len(family),
        "network_namespaces": len(network_namespaces({os.getpid(), *family})),
        "mounts": mounts().count("\n"),
        "descriptors": dict(sorted(kinds.items())),
    }


def run(folder: Path, agents: str, scenarios: str, epochs: int, at_once: int) -> None:
    """Run all attempts and write the figures down."""
    # what stays until the runner ends: the stable, and below it one parent per instance
    figures: Json = {"processes": 1 + len(scenarios.split(","))}
    started_s = time.monotonic()
    for name, count in (("before", 1), ("after", epochs - 1)):
        suite = Suite(
            models=[f"opsrange/{agent}" for agent in agents.split(",")],
            folder=folder / name,
            scenario=scenarios,
            epochs=count,
            at_once=at_once,
        )
        run_suite(suite)
        figures[name] = held(figures["processes"])
    figures["minutes"] = round((time.monotonic() - started_s) / 60, 2)
    found = [results_from(read_logs(folder / name)) for name in ("before", "after")]
    rows = [row for results in found for agent in results.agents for row in agent.attempts]
    figures["attempts"] = len(rows)
    figures["void"] = [_reason(row.void_owner, row.void_reason) for row in rows if row.void_owner]
    figures["passed"] = sum(row.passed is True for row in rows)
    (folder / "figures.json").write_text(json.dumps(figures, indent=1))


def _reason(owner: Owner | None, reason: str) -> str:
    return f"{owner}: {reason}"


def main() -> None:
    """Keep a runner: start it, wait for it, and see what it has left."""
    folder, agents, scenarios, epochs, at_once = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    runner = os.fork()
    if runner == 0:
        run(Path(folder), agents, scenarios, int(epochs), int(at_once))
        sys.exit(0)
    _, status = os.waitpid(runner, 0)
    wait_until_gone(descendants(os.getpid()))
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
