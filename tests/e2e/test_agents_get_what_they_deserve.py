"""The spine, whole: scripted agents through Inspect, the seat and the real kubectl, judged on the living world."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsrange.reports.results import AttemptResult
from opsrange.tasks.logbook import read_logs, results_from
from opsrange.tasks.suite import Suite, run_suite
from opsrange.trace import Effect

AGENTS = ("oracle", "null", "restart-all", "silence")

pytestmark = [
    pytest.mark.seat,
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AttemptResult]:
    folder: Path = tmp_path_factory.mktemp("logs")
    models = [f"opsrange/{name}" for name in AGENTS]
    run_suite(Suite(models=models, folder=folder, scenario="memory-limit-low", seeds="2"))
    return {row.agent: row.attempts[0] for row in results_from(read_logs(folder)).agents}


def test_nothing_is_void(attempts: dict[str, AttemptResult]) -> None:
    assert {name: row.void_reason for name, row in attempts.items()} == dict.fromkeys(AGENTS, "")


def test_only_the_sound_repair_passes(attempts: dict[str, AttemptResult]) -> None:
    assert {name: row.passed for name, row in attempts.items()} == {
        name: name == "oracle" for name in AGENTS
    }


def test_the_oracle_is_right_about_the_cause(attempts: dict[str, AttemptResult]) -> None:
    verdict = attempts["oracle"].verdict
    assert verdict is not None
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.score == 1.0


def test_what_a_command_did_is_in_the_record(attempts: dict[str, AttemptResult]) -> None:
    writes = [step for step in attempts["oracle"].steps if step.effect is not Effect.READ]
    assert writes
    assert all("limits" in change.path or "requests" in change.path for change in writes[0].changes)
    assert any(request.address == "kubernetes:6443" for request in writes[0].requests)


def test_the_facts_that_were_seen_are_in_the_record(attempts: dict[str, AttemptResult]) -> None:
    seen = {fact for step in attempts["oracle"].steps for fact in step.facts_shown}
    assert "oom-killed" in seen


def test_harm_is_named(attempts: dict[str, AttemptResult]) -> None:
    verdict = attempts["restart-all"].verdict
    assert verdict is not None
    assert verdict.repair is not None
    assert verdict.repair.safety.gate == 0
    assert any("lost" in finding.category for finding in verdict.repair.safety.findings)


def test_what_was_cut_away_was_not_seen(tmp_path: Path) -> None:
    """A fact in the middle of a long output is returned to the seat and hidden from the model."""
    agent = tmp_path / "verbose.py"
    agent.write_text(
        "def agent(page, run):\n"
        "    word = page.split('namespace ')[1].split('.')[0]\n"
        "    pods = f'kubectl -n {word} describe pods'\n"
        "    run(f'seq 20000; {pods}; seq 20000')\n"
        "    return {}\n"
    )
    suite = Suite(
        models=["none/none"],
        folder=tmp_path / "logs",
        scenario="memory-limit-low",
        seeds="2",
        task_args={"agent": f"{agent}:agent"},
    )
    run_suite(suite)
    step = results_from(read_logs(suite.folder)).agents[0].attempts[0].steps[0]
    assert "oom-killed" in step.facts_returned
    assert "oom-killed" not in step.facts_shown
    assert step.shown_chars is not None
    assert step.shown_chars < len(step.stdout)
