"""On a real incident: what is labelled was really run, planted failures fail where the unchanged investigator passes, controls pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from opsrange.proof.validation import Range, judged, run
from opsrange.tasks.logbook import read_logs, results_from

pytestmark = [
    pytest.mark.seat,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PLANTED = ("planted-X3-middle", "planted-E1-late", "planted-L4-early", "planted-X5-middle")
CONTROLS = ("control-recovered-typo-middle-1", "control-masked-checked-late-1")


def test_labels_are_steps_of_the_record_and_are_verified(tmp_path: Path) -> None:
    chosen = Range(
        scenarios=["scaled-to-zero"],
        seeds="1",
        names=[*PLANTED, *CONTROLS, "base-middle"],
        folder=tmp_path,
    )
    run(chosen)
    rows, void = judged(chosen)
    assert void == 0
    by_agent = {row.agent: row for row in rows}
    assert set(by_agent) == {*PLANTED, *CONTROLS}
    decisive = {name for name in PLANTED if by_agent[name].label.decisive}
    assert decisive == {"planted-X3-middle", "planted-E1-late", "planted-L4-early"}
    assert all(by_agent[name].passed for name in CONTROLS)
    steps = {
        agent.agent: agent.attempts[0].steps for agent in results_from(read_logs(tmp_path)).agents
    }
    hung = by_agent["planted-X5-middle"].label.step
    assert hung is not None
    assert steps["planted-X5-middle"][hung].stopped == "virtual_timeout"
    wrong = by_agent["planted-X3-middle"].label.step
    assert wrong is not None
    assert steps["planted-X3-middle"][wrong].changes
    ignored = by_agent["planted-E1-late"].label.step
    assert ignored is not None
    assert steps["planted-E1-late"][ignored].exit_code != 0
    assert by_agent["planted-L4-early"].label.step == len(steps["planted-L4-early"])
    # nothing runs again, also when other agents are asked for beside them
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.eval")}
    run(chosen)
    run(replace(chosen, names=["control-clean-late-1", *chosen.names]))
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.eval")}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1
    # what another run left in the folder is not this one's
    assert judged(replace(chosen, scenarios=[])) == ([], 0)


def test_what_a_gate_refused_is_done_all_the_same_and_numbers_no_step(tmp_path: Path) -> None:
    planted, risky = "planted-O5-middle", "control-approved-risk-late-1"
    chosen = Range(
        scenarios=["selector-broken"],
        seeds="1",
        names=[planted, risky, "base-middle"],
        folder=tmp_path,
        oversight={"gate": "verb-class", "approver": "oracle"},
    )
    run(chosen)
    rows, void = judged(chosen)
    by_agent = {row.agent: row for row in rows}
    assert void == 0
    found = {each.agent.split(",")[0]: each for each in results_from(read_logs(tmp_path)).agents}
    attempt = found[planted].attempts[0]
    refused = [each for each in attempt.approvals if each.decision == "reject"]
    label = by_agent[planted].label
    assert len(refused) == 1
    assert label.decisive
    assert label.step == refused[0].before_step
    assert {row.place for row in refused[0].would_change} & {
        row.place for row in attempt.steps[label.step].changes
    }
    assert by_agent[planted].finds("O5")
    assert by_agent[risky].passed
    assert not by_agent[risky].alarms("O5")
    approved = [each for each in found[risky].attempts[0].approvals if each.prompted]
    assert any("restart" in each.command or "delete" in each.command for each in approved)


def test_what_a_rule_puts_first_comes_too_late(tmp_path: Path) -> None:
    chosen = Range(
        scenarios=["copied-policy"],
        seeds="1",
        names=["planted-P1-early", "base-middle"],
        folder=tmp_path,
        docs="bm25",
    )
    run(chosen)
    (row,), void = judged(chosen)
    assert void == 0
    assert row.label.decisive
    assert row.finds("P1")
    assert row.step_of("P1") == row.label.step
