"""Goal: Ctrl-C ends what runs, says so, and keeps what had finished. Method: a real run, interrupted after its first attempt."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.residue import logged

pytestmark = pytest.mark.seat
ATTENTIVE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""Whoever runs these tests in the background of a script lets them inherit that interrupts are ignored."""
OPSRANGE = (sys.executable, "-c", f"{ATTENTIVE}; from opsrange.cli.main import main; main()")
RUN = ("run", "--model", "opsrange/null,opsrange/triage", "--scenario", "scaled-to-zero")
WAIT_S = 120


def test_it_says_so_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    command = [*OPSRANGE, *RUN, "--seeds", "1-2", "--at-once", "1", "--out", "o"]
    logs = tmp_path / "o" / "logs"
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        while not logged(logs):
            assert running.poll() is None
            time.sleep(0.05)  # the log is another process's: nothing here can wait for it
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=WAIT_S)
    assert running.returncode == 130, said
    assert "interrupted; what had finished is kept" in said
    kept = logged(logs)
    assert 1 <= kept < 4
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "of 4 attempts were there already" in again.stderr
