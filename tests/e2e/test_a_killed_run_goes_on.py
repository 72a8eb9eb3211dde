"""SIGKILL in the middle of a run: nothing of it lives on, and the same command does what was missing, and only that."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log
from tests.e2e.residue import descendants, elsewhere, files, logged, mounts

from opsrange.reports.results import Results
from opsrange.testing.reach import wait_until_gone

pytestmark = pytest.mark.seat

AGENTS = ("null", "oracle")
EPOCHS = 3
Attempt = tuple[str, str, int]


def _command(out: Path) -> list[str]:
    models = [word for name in AGENTS for word in ("--model", f"opsrange/{name}")]
    options = ["--scenario", "scaled-to-zero", "--epochs", str(EPOCHS), "--at-once", "2"]
    start = [sys.executable, "-c", "from opsrange.cli.main import main; main()"]
    return [*start, "run", *models, *options, "--out", str(out)]


def _finished(logs: Path) -> dict[Attempt, set[str]]:
    """Identities of the attempts in the logs: more than one where an attempt was repeated."""
    found: dict[Attempt, set[str]] = {}
    for path in sorted(logs.glob("*.eval")):
        log = read_eval_log(str(path))
        for sample in log.samples or []:
            assert sample.scores
            assert sample.uuid
            key = (log.eval.model, str(sample.id), sample.epoch)
            found.setdefault(key, set()).add(sample.uuid)
    return found


def _kill_midway(out: Path) -> set[int]:
    """Start the run, kill it when some attempts are in the logs; returns what had been running below it."""
    with subprocess.Popen(
        _command(out), stderr=subprocess.DEVNULL, env=elsewhere(out.parent)
    ) as runner:
        while logged(out / "logs") < 2:
            assert runner.poll() is None
            time.sleep(0.05)
        family = descendants(runner.pid)
        runner.send_signal(signal.SIGKILL)
    return family


def test_nothing_finished_is_lost_or_repeated_and_nothing_lives_on(tmp_path: Path) -> None:
    out, mounted = tmp_path / "out", mounts()
    family = _kill_midway(out)
    wait_until_gone(family)
    assert len(family) > 2  # a stable, an instance and worlds
    assert mounts() == mounted
    assert files(tmp_path / "tmp") == []  # Inspect clears its own data folder after some days
    before = _finished(out / "logs")
    assert len(before) < len(AGENTS) * EPOCHS

    subprocess.run(_command(out), check=True, capture_output=True, env=elsewhere(tmp_path))
    after = _finished(out / "logs")
    assert len(after) == len(AGENTS) * EPOCHS
    assert {key: after[key] for key in before} == before
    assert all(len(identities) == 1 for identities in after.values())
    results = Results.model_validate_json((out / "results.json").read_text())
    assert [agent.summary.scored for agent in results.agents] == [EPOCHS, EPOCHS]
