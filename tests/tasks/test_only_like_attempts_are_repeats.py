"""Attempts are repeats of one another only under one task and one set of rules; any other is a line of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.util import SandboxEnvironmentSpec

import opsrange.tasks.registry
from opsrange.agents.prompts import DIAGNOSIS, REPAIR
from opsrange.cli.run import default_folder
from opsrange.reports.page import render
from opsrange.tasks.dataset import instances
from opsrange.tasks.logbook import results_from
from opsrange.tasks.scorers import diagnosis, repair, repaired
from opsrange.tasks.sre import Rules, build
from opsrange.testing.toy_seat import NAME, ToyConfig

assert opsrange.tasks.registry.scripted
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Inspect; see conftest


def log_of(folder: Path, model: str, rules: Rules, *, diagnosing: bool = False) -> EvalLog:
    def seat(scenario: str, seed: int) -> SandboxEnvironmentSpec:
        return SandboxEnvironmentSpec(NAME, ToyConfig(scenario=scenario, seed=seed))

    task = build(
        instances(["toy"], [1], seat),
        rules,
        instructions=DIAGNOSIS if diagnosing else REPAIR,
        scorers=[diagnosis()] if diagnosing else [repair(), repaired(), diagnosis()],
    )
    [log] = inspect_eval(task, model=model, log_dir=str(folder), display="none")
    log.eval.task = "opsrange/sre_diagnosis" if diagnosing else "opsrange/sre_repair"
    return log


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[EvalLog]:
    """One instance, four times: a repair, a diagnosis, one under the original's rules, and a repair in fewer turns."""
    folder = tmp_path_factory.mktemp("logs")
    return [
        log_of(folder, "opsrange/oracle", Rules()),
        log_of(folder, "opsrange/oracle", Rules(), diagnosing=True),
        log_of(folder, "opsrange/oracle", Rules(profile="itbench_aa"), diagnosing=True),
        log_of(folder, "opsrange/oracle", Rules(turns=7)),
    ]


def test_task_profile_and_turns_make_lines_and_replace_nothing(logs: list[EvalLog]) -> None:
    lines = {line.agent: len(line.attempts) for line in results_from(logs).agents}
    assert lines == {
        "oracle, task sre_repair, profile opsrange, 60 turns": 1,
        "oracle, task sre_diagnosis, profile opsrange, 60 turns": 1,
        "oracle, task sre_diagnosis, profile itbench_aa, 100 turns": 3,
        "oracle, task sre_repair, profile opsrange, 7 turns": 1,
    }


def test_a_repair_and_a_diagnosis_are_no_two_repeats(logs: list[EvalLog]) -> None:
    for line in results_from(logs[:2]).agents:
        assert set(line.summary.pass_hat) == {1}


def test_what_all_lines_share_is_not_said(logs: list[EvalLog]) -> None:
    assert [line.agent for line in results_from(logs[:1]).agents] == ["oracle"]
    assert {line.agent for line in results_from([logs[0], logs[3]]).agents} == {
        "oracle, 60 turns",
        "oracle, 7 turns",
    }


def test_a_line_knows_its_agent_whatever_it_is_called(logs: list[EvalLog]) -> None:
    page = render(results_from(logs[:2]))
    assert page.count("reference: knows the answer key") >= 2


def test_arms_are_compared_under_equal_terms_alone(logs: list[EvalLog]) -> None:
    few = logs[3].model_copy(deep=True)
    few.eval.task_args = {"docs": "bm25"}
    assert results_from([logs[0], few]).knowledge == []
    many = logs[0].model_copy(deep=True)
    many.eval.task_args = {"docs": "bm25"}
    [summary] = results_from([logs[0], many, logs[3]]).knowledge
    assert [(arm.arm, arm.scored) for arm in summary.arms] == [("none", 1), ("bm25", 1)]


def test_gates_are_compared_under_equal_terms_alone(logs: list[EvalLog]) -> None:
    gated = logs[3].model_copy(deep=True)
    gated.eval.metadata = {**(gated.eval.metadata or {}), "gate": "effect-class"}
    assert results_from([logs[0], gated]).oversight.claims == []
    assert [claim.pairs for claim in results_from([logs[3], gated]).oversight.claims] == [1]


def test_runs_that_do_not_mix_do_not_share_a_folder() -> None:
    assert default_folder("repair", "opsrange") == Path("out/run")
    assert default_folder("diagnosis", "opsrange") == Path("out/run-diagnosis")
    assert default_folder("diagnosis", "itbench_aa") == Path("out/run-diagnosis-itbench_aa")
