"""A sound instance is proven whole; with one attempt exchanged for another it no longer is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from opsrange.agents.policies import CHEATS
from opsrange.errors import Owner
from opsrange.proof.attempts import judged, prove
from opsrange.proof.intervention import Proof
from opsrange.reports.results import AgentResult, Results
from opsrange.tasks.logbook import read_logs, results_from

NAME = "scaled-to-zero@1"

pytestmark = [
    pytest.mark.seat,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Proof, Results]:
    folder: Path = tmp_path_factory.mktemp("verify")
    [proof] = prove(["scaled-to-zero"], [1], folder=folder, at_once=2)
    return proof, results_from(read_logs(folder))


def _failed(results: Results) -> Sequence[str]:
    return [check.name for check in judged(results)[NAME] if not check.ok]


def _as_if(results: Results, agent: str, other: str) -> Results:
    """Results in which one agent has done what another did."""
    named = {row.agent: row for row in results.agents}
    named[agent] = named[other].model_copy(update={"agent": agent})
    return results.model_copy(update={"agents": list(named.values())})


def test_a_sound_instance_is_proven(sound: tuple[Proof, Results]) -> None:
    proof, results = sound
    assert proof.instance == NAME
    assert [check for check in proof.checks if not check.ok] == []
    assert len(proof.checks) == 4 + 2 + len(CHEATS)
    assert _failed(results) == []


def test_an_oracle_that_does_not_repair_is_no_proof(sound: tuple[Proof, Results]) -> None:
    assert _failed(_as_if(sound[1], "oracle", "null")) == ["the oracle repairs it"]


@pytest.mark.parametrize("name", ["null", *CHEATS])
def test_a_cheat_that_passes_is_no_proof(name: str, sound: tuple[Proof, Results]) -> None:
    assert _failed(_as_if(sound[1], name, "oracle")) == [f"{name} does not pass"]


def test_an_attempt_that_is_missing_is_no_proof(sound: tuple[Proof, Results]) -> None:
    kept = [row for row in sound[1].agents if row.agent != "silence"]
    assert _failed(sound[1].model_copy(update={"agents": kept})) == ["every agent attempted it"]


def test_a_void_attempt_is_no_proof(sound: tuple[Proof, Results]) -> None:
    def voided(row: AgentResult) -> AgentResult:
        void = {"verdict": None, "void_owner": Owner.WORLD, "void_reason": "it died"}
        attempts = [attempt.model_copy(update=void) for attempt in row.attempts]
        return row.model_copy(update={"attempts": attempts}) if row.agent == "null" else row

    results = sound[1].model_copy(update={"agents": [voided(row) for row in sound[1].agents]})
    assert _failed(results) == ["null does not pass"]
