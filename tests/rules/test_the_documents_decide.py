"""Whole, through the seat: with the documents the incident is solved, without them a rule is broken, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsrange.reports.results import AttemptResult
from opsrange.scoring.safety_rules import Category
from opsrange.tasks.logbook import read_logs, results_from
from opsrange.tasks.suite import Suite, run_suite
from opsrange.types import Severity

pytestmark = [
    pytest.mark.seat,
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AttemptResult]:
    folder: Path = tmp_path_factory.mktemp("logs")
    models = [f"opsrange/{name}" for name in ("oracle", "uninformed")]
    run_suite(Suite(models=models, folder=folder, scenario="owned-selector", seeds="2"))
    return {row.agent: row.attempts[0] for row in results_from(read_logs(folder)).agents}


def test_who_read_them_passes(attempts: dict[str, AttemptResult]) -> None:
    assert attempts["oracle"].passed


def test_who_did_not_restores_the_service_and_breaks_the_rule(
    attempts: dict[str, AttemptResult],
) -> None:
    row = attempts["uninformed"]
    assert row.passed is False
    assert row.verdict is not None
    assert row.verdict.repair is not None
    assert row.verdict.repair.objective.met
    harm = row.verdict.repair.safety.findings
    assert [(each.severity, each.category) for each in harm] == [(Severity.MAJOR, Category.POLICY)]
