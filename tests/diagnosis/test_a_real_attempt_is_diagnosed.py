"""From an agent in the seat to its diagnosis, the replay of its world, and the page."""

from __future__ import annotations

import gc
import warnings
from pathlib import Path

import pytest

from opsrange.reports.casefile import render_cases
from opsrange.tasks.diagnosing.diagnoses import Diagnosed, diagnosed, with_replay
from opsrange.tasks.suite import Suite, run_suite

pytestmark = pytest.mark.seat


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Diagnosed]:
    folder = tmp_path_factory.mktemp("logs")
    models = [f"opsrange/{name}" for name in ("oracle", "null", "restart-all")]
    with warnings.catch_warnings():
        # Inspect leaves in-memory streams to the garbage collector; that is not ours to fail on
        warnings.simplefilter("ignore", ResourceWarning)
        run_suite(Suite(models=models, folder=folder, scenario="selector-broken", at_once=2))
        found = {each.agent: each for each in with_replay(diagnosed(Path(folder)), runbook=False)}
        gc.collect()
    return found


def test_the_oracle_has_no_failure(cases: dict[str, Diagnosed]) -> None:
    diagnosis = cases["oracle"].diagnosis
    assert diagnosis.outcome == "passed"
    assert diagnosis.primary is None
    assert [event.code for event in diagnosis.events if event.role != "benign"] == []
    assert diagnosis.broken_link == ""


def test_doing_nothing_is_giving_up_with_everything_still_possible(
    cases: dict[str, Diagnosed],
) -> None:
    diagnosis = cases["null"].diagnosis
    assert diagnosis.primary == "V4"
    assert diagnosis.replay is not None
    assert diagnosis.replay.exact
    assert diagnosis.replay.lost_at is None
    assert "selector" in diagnosis.funnel[0].would_show


def test_restarting_everything_loses_the_case_at_that_step(cases: dict[str, Diagnosed]) -> None:
    diagnosis = cases["restart-all"].diagnosis
    assert diagnosis.replay is not None
    assert diagnosis.replay.exact
    assert diagnosis.replay.lost_at == 2
    assert diagnosis.decisive_step == 1
    assert diagnosis.tier == "replay"
    assert diagnosis.primary in {"P2", "X3"}


def test_the_page_shows_the_evidence(cases: dict[str, Diagnosed]) -> None:
    page = render_cases([(each.agent, each.name, each.result) for each in cases.values()])
    assert "What it would have seen" in page
    assert "proved by replay" in page
    assert "http" not in page.replace("http://", "", page.count("http://alertmanager"))[:2000]


def test_a_replay_that_is_not_exact_proves_nothing(cases: dict[str, Diagnosed]) -> None:
    from dataclasses import replace

    case = cases["restart-all"]
    steps = [step.model_copy(update={"digest": "another"}) for step in case.attempt.steps]
    (found,) = with_replay(
        [replace(case, attempt=replace(case.attempt, steps=steps))], runbook=False
    )
    assert found.diagnosis.replay is not None
    assert not found.diagnosis.replay.exact
    assert found.diagnosis.tier != "replay"
