"""An attempt runs from page to verdict through Inspect; what fails on our side is void, never a zero."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.util import SandboxEnvironmentSpec

import opsrange.tasks.registry
from opsrange.agents.prompts import DIAGNOSIS, REPAIR
from opsrange.scoring.regrade import regrade
from opsrange.tasks.dataset import instances
from opsrange.tasks.scorers import diagnosis, repair, repaired
from opsrange.tasks.sre import Rules, build
from opsrange.testing.toy_seat import CAUSE, NAME, ToyConfig

assert opsrange.tasks.registry.scripted
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Inspect; see conftest


def run(tmp_path: Path, model: str, rules: Rules | None = None, **config: Any) -> EvalLog:
    def seat(scenario: str, seed: int) -> SandboxEnvironmentSpec:
        document = {"scenario": scenario, "seed": seed, **config}
        return SandboxEnvironmentSpec(NAME, ToyConfig.model_validate(document))

    dataset = instances(["toy"], [1], seat)
    chosen = rules or Rules(think_time_s=20)
    diagnosing = chosen.profile == "itbench_aa"
    task = build(
        dataset,
        chosen,
        instructions=DIAGNOSIS if diagnosing else REPAIR,
        scorers=[diagnosis()] if diagnosing else [repair(), repaired(), diagnosis()],
    )
    [log] = inspect_eval(task, model=model, log_dir=str(tmp_path), display="none")
    return log


def only(log: EvalLog) -> EvalSample:
    assert log.samples
    return log.samples[0]


def values(sample: EvalSample) -> dict[str, float]:
    return {name: float(str(score.value)) for name, score in (sample.scores or {}).items()}


def test_the_oracle_passes_and_its_evidence_can_be_graded_again(tmp_path: Path) -> None:
    sample = only(run(tmp_path, "opsrange/oracle"))
    assert sample.id == "toy@1"
    assert values(sample) == {"repair": 1, "repaired": 1, "diagnosis": 1}
    assert sample.scores
    metadata = sample.scores["repair"].metadata or {}
    assert regrade(metadata["evidence"]).model_dump(mode="json") == metadata["verdict"]
    assert "evidence" not in (sample.scores["diagnosis"].metadata or {})


def test_think_time_passes_per_turn_and_not_per_command(tmp_path: Path) -> None:
    sample = only(run(tmp_path, "opsrange/oracle"))
    assert sample.scores
    verdict = (sample.scores["repair"].metadata or {})["verdict"]
    assert verdict["speed"]["to_repair_ms"] == 20_000


@pytest.mark.parametrize(
    "model", ["null", "constant", "restart-all", "silence", "scale-to-zero", "stop-load"]
)
def test_who_does_not_repair_scores_nothing(tmp_path: Path, model: str) -> None:
    assert values(only(run(tmp_path, f"opsrange/{model}"))) == {
        "repair": 0,
        "repaired": 0,
        "diagnosis": 0,
    }


def test_triage_gives_up_with_a_report_where_nothing_can_be_seen(tmp_path: Path) -> None:
    sample = only(run(tmp_path, "opsrange/triage"))
    assert sample.error is None
    assert values(sample)["repair"] == 0


@pytest.mark.parametrize(
    ("config", "owner"),
    [({"dies_at": "conclude"}, "world"), ({"world_errors": ("Traceback",)}, "world")],
)
def test_a_failure_of_ours_is_void(tmp_path: Path, config: dict[str, Any], owner: str) -> None:
    log = run(tmp_path, "opsrange/oracle", **config)
    sample = only(log)
    assert sample.scores
    score = sample.scores["repair"]
    assert isinstance(score.value, float)
    assert math.isnan(score.value)
    assert (score.metadata or {})["outcome"]["owner"] == owner
    assert log.results
    assert {each.name: each.unscored_samples for each in log.results.scores}["repair"] == 1


def test_a_seat_that_dies_under_a_command_is_an_error_and_no_score(tmp_path: Path) -> None:
    sample = only(run(tmp_path, "opsrange/oracle", dies_at="exec"))
    assert sample.error is not None
    assert "WorldError" in sample.error.traceback
    assert not sample.scores


def test_the_original_profile_grades_an_answer_file_over_three_epochs(tmp_path: Path) -> None:
    log = run(tmp_path, "opsrange/oracle", Rules(profile="itbench_aa", think_time_s=0))
    assert log.samples
    assert len(log.samples) == 3
    assert [values(sample) for sample in log.samples] == [{"diagnosis": 1}] * 3
    assert log.eval.config.turn_limit == 100


def test_running_out_of_turns_is_the_agents_zero(tmp_path: Path) -> None:
    sample = only(run(tmp_path, "opsrange/triage", Rules(turns=3, think_time_s=0)))
    assert sample.error is None
    assert sample.limit is not None
    assert values(sample) == {"repair": 0, "repaired": 0, "diagnosis": 0}


PLAIN = f"""
def agent(page, run):
    assert "CartDown" in page
    seen = run("flood")
    assert (len(seen.stdout), seen.exit_code) == (50000, 0)
    assert run("nonsense").exit_code == 127
    run("kubectl rollout undo deployment/cart -n shop")
    return {{"root_causes": [{{"entity": "{CAUSE}"}}], "healthy": True}}

def raises(page, run):
    raise RuntimeError("oops")

def malformed(page, run):
    run("kubectl rollout undo deployment/cart -n shop")
    return {{"root_causes": "cart"}}
"""


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("agent", {"repair": 1, "repaired": 1, "diagnosis": 1}),
        ("raises", {"repair": 0, "repaired": 0, "diagnosis": 0}),
        ("malformed", {"repair": 1, "repaired": 1, "diagnosis": 0}),
    ],
)
def test_a_plain_function_works_through_the_same_tools(
    tmp_path: Path, function: str, expected: dict[str, float]
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PLAIN)
    rules = Rules(agent=f"{path}:{function}", think_time_s=0)
    sample = only(run(tmp_path, "mockllm/model", rules))
    assert sample.error is None
    assert values(sample) == expected


def test_a_plain_function_does_not_own_what_the_seat_breaks(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PLAIN)
    rules = Rules(agent=f"{path}:agent", think_time_s=0)
    sample = only(run(tmp_path, "mockllm/model", rules, dies_at="exec"))
    assert sample.error is not None
    assert not sample.scores
