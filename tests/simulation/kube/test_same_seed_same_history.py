"""Determinism both ways: the same seed in other processes gives the same journal; another seed does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def _digest(seed: str, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.simulation.kube.story", seed],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout


def test_digest_depends_on_the_seed_alone() -> None:
    first, again, other = _digest("1", "0"), _digest("1", "4242"), _digest("2", "0")
    assert len(first) == 64
    assert first == again
    assert first != other
