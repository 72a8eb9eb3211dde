"""One command runs the same instances under several arms and conditions, and goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

import opsrange.tasks.registry
from opsrange.tasks.logbook import read_logs, results_from
from opsrange.tasks.suite import Suite, run_suite

assert opsrange.tasks.registry.scripted
pytestmark = [
    pytest.mark.seat,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of Inspect; see conftest
]


def test_arms_are_lines_of_their_own_and_finished_ones_are_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "note.md").write_text("The canteen opens at noon.")
    suite = Suite(
        models=["opsrange/null"],
        folder=tmp_path / "logs",
        scenario="scaled-to-zero",
        docs_arms=("none", "bm25", "none"),
        task_args={"docs_folder": str(tmp_path / "own"), "think_time_s": 0},
    )
    done: list[str] = []
    run_suite(suite, done.append)
    assert done == ["scaled-to-zero@1"] * 2
    run_suite(suite, done.append)
    assert len(done) == 2
    results = results_from(read_logs(suite.folder))
    assert {line.agent for line in results.agents} == {"null", "null, docs bm25"}
    [summary] = results.knowledge
    assert [(arm.arm, arm.scored) for arm in summary.arms] == [("none", 1), ("bm25", 1)]


def test_conditions_are_lines_of_their_own_and_finished_ones_are_not_repeated(
    tmp_path: Path,
) -> None:
    oversight = {"approver": "oracle", "information": "diff"}
    suite = Suite(
        models=["opsrange/null"],
        folder=tmp_path / "logs",
        scenario="scaled-to-zero",
        conditions=[{"gate": gate, **oversight} for gate in ("read-only", "effect-class")],
        task_args={"think_time_s": 0},
    )
    done: list[str] = []
    run_suite(suite, done.append)
    assert done == ["scaled-to-zero@1"] * 2
    run_suite(suite, done.append)
    assert len(done) == 2
    agents = {line.agent for line in results_from(read_logs(suite.folder)).agents}
    assert {"read-only" in agent for agent in agents} == {True, False}
