"""The demo's attempts as a rate."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from opsrange.bench.figure import Figure, figure
from opsrange.tasks.suite import Suite, run_suite

_AGENTS = ("oracle", "triage", "constant", "null")
_QUICK_SCENARIOS = "selector-broken"


def suite_figure(*, quick: bool) -> Figure:
    """Scripted attempts per hour, the building of instances and the starting of Inspect included.

    Args:
        quick: one scenario; set-up then weighs far more, so no budget is stated.
    """
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite(
            models=[f"opsrange/{name}" for name in _AGENTS],
            folder=Path(folder),
            scenario=_QUICK_SCENARIOS if quick else "core",
        )
        started_s = time.perf_counter()
        logs = run_suite(suite)
        took_s = time.perf_counter() - started_s
    done = sum(log.results.completed_samples for log in logs if log.results)
    return figure(
        [done * 3600 / took_s], "attempts/h", None if quick else 1500.0, more_is_better=True
    )
