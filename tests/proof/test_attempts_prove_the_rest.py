"""A sound instance is proven whole; with one attempt exchanged for another it no longer is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from opsrange.agents.policies import CHEATS
from opsrange.errors import Owner
from opsrange.proof.attempts import judged, prove
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


def _failed(results: Results) -> Sequence[str]:
    return [check.name for check in judged(results)[NAME] if not check.ok]


def _as_if(results: Results, agent: str, other: str) -> Results:
    """Results in which one agent has done what another did."""
    named = {row.agent: row for row in results.agents}
    named[agent] = named[other].model_copy(update={"agent": agent})
    return results.model_copy(update={"agents": list(named.values())})


def _void(row: AgentResult) -> AgentResult:
    """An agent whose attempts did not count."""
    void = {"verdict": None, "void_owner": Owner.WORLD, "void_reason": "it died"}
    return row.model_copy(
        update={"attempts": [attempt.model_copy(update=void) for attempt in row.attempts]}
    )


def test_a_sound_instance_is_proven_and_not_with_one_attempt_exchanged(tmp_path: Path) -> None:
    [proof] = prove(["scaled-to-zero"], [1], folder=tmp_path, at_once=2)
    assert proof.instance == NAME
    assert [check for check in proof.checks if not check.ok] == []
    assert len(proof.checks) == 4 + 2 + len(CHEATS)

    results = results_from(read_logs(tmp_path))
    assert _failed(results) == []
    assert _failed(_as_if(results, "oracle", "null")) == ["the oracle repairs it"]
    for name in ("null", *CHEATS):
        assert _failed(_as_if(results, name, "oracle")) == [f"{name} does not pass"]

    others = [row for row in results.agents if row.agent != "null"]
    [null] = [row for row in results.agents if row.agent == "null"]
    without = results.model_copy(update={"agents": others})
    assert _failed(without) == ["every agent attempted it"]
    unscored = results.model_copy(update={"agents": [*others, _void(null)]})
    assert _failed(unscored) == ["null does not pass"]
