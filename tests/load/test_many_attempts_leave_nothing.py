"""Many attempts at once: every one of them counts, and nothing is left of any."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.residue import elsewhere, files

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.seat, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Size:
    """How many attempts, and how many of them at a time."""

    agents: str
    scenarios: str
    epochs: int
    at_once: int

    @property
    def attempts(self) -> int:
        return len(self.agents.split(",")) * len(self.scenarios.split(",")) * self.epochs


SMALL = Size("null,constant,oracle,silence", "scaled-to-zero", epochs=6, at_once=8)
FULL = Size(
    "null,constant,oracle,silence,restart-all,triage,scale-to-zero,stop-load",
    "scaled-to-zero,memory-limit-low,flag-switched,ingress-blocked,quota-exhausted",
    epochs=5,
    at_once=16,
)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(SMALL, id=f"{SMALL.attempts} attempts"),
        pytest.param(FULL, id=f"{FULL.attempts} attempts", marks=pytest.mark.load),
    ],
)
def test_none_is_void_and_nothing_is_left(size: Size, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    arguments = (size.agents, size.scenarios, str(size.epochs), str(size.at_once))
    command = [sys.executable, "-m", "tests.load.keeper", str(out), *arguments]
    subprocess.run(command, cwd=ROOT, env=elsewhere(tmp_path), check=True)
    figures = json.loads((out / "figures.json").read_text())
    sys.stderr.write(f"\n{json.dumps(figures)}\n")
    assert figures["attempts"] == size.attempts
    assert figures["void"] == []
    assert figures["passed"] > 0
    assert figures["after"] == figures["before"]
    assert figures["after"]["processes"] == figures["processes"]
    assert figures["after"]["network_namespaces"] == 1
    assert files(tmp_path / "tmp") == []
    assert files(tmp_path / "data") == []
