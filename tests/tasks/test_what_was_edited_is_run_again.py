"""A run goes on in its folder as long as its agent, its policy and its documents hold what they held; what was edited is another."""

from __future__ import annotations

from pathlib import Path

import pytest

import opsrange.tasks.registry
from opsrange.tasks.logbook import read_logs, results_from
from opsrange.tasks.sre import sre_repair
from opsrange.tasks.suite import Suite, run_suite

assert opsrange.tasks.registry.scripted
SCENARIO = "scaled-to-zero"
AGENT = "def agent(page, run):\n    return {{'summary': '{}'}}\n"


@pytest.mark.seat
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Inspect; see conftest
def test_an_edited_agent_works_anew_beside_what_the_old_one_did(tmp_path: Path) -> None:
    agent, done = tmp_path / "mine.py", list[str]()
    suite = Suite(
        models=["none/none"],
        folder=tmp_path / "logs",
        scenario=SCENARIO,
        task_args={"agent": f"{agent}:agent", "think_time_s": 0},
    )
    for text, ran in [("first", 1), ("first", 1), ("the second", 2), ("the second", 2)]:
        agent.write_text(AGENT.format(text))
        run_suite(suite, done.append)
        assert len(done) == ran
    results = results_from(read_logs(suite.folder))
    told = {
        row.report.summary: (line.name, line.agent)
        for line in results.agents
        for row in line.attempts
        if row.report
    }
    assert set(told) == {"first", "the second"}
    assert {name for name, _ in told.values()} == {f"{agent}:agent"}
    assert all(line.startswith(f"{agent}:agent, agent file ") for _, line in told.values())
    assert len(results.agents) == 2
    agent.write_text(AGENT.format("first"))
    run_suite(suite, done.append)
    assert len(done) == 2


def test_a_policy_and_documents_count_by_what_they_hold(tmp_path: Path) -> None:
    policy, note = tmp_path / "policy.yaml", tmp_path / "docs" / "note.md"
    note.parent.mkdir()

    def version(gate: str, text: str) -> int | str:
        policy.write_text(f"gate: {gate}\napprover: oracle\n")
        note.write_text(text)
        folder = str(note.parent)
        return sre_repair(scenario=SCENARIO, policy=str(policy), docs_folder=folder).version

    found = [
        version("none", "The canteen opens at noon."),
        version("read-only", "The canteen opens at noon."),
        version("read-only", "The canteen opens at one."),
    ]
    assert len(set(found)) == 3
    assert version("none", "The canteen opens at noon.") == found[0]


def test_a_task_without_files_is_what_it_was() -> None:
    assert sre_repair(scenario=SCENARIO).version == 0
