"""Recorded requests bring any copy of the instance to the same world, and what can be undone is undone."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from opsrange.scenarios.conclusion import conclude
from opsrange.scenarios.instance import Instance, build
from opsrange.scenarios.replay import replay, restore
from opsrange.scoring.regrade import regrade
from opsrange.scoring.verdict import RepairResult
from opsrange.trace import Step
from opsrange.types import MINUTE_MS, SECOND_MS, Json
from opsrange.wire import Request, Response
from opsrange.world import branch

API = "kubernetes:6443"


@pytest.fixture(scope="module")
def instance() -> Instance:
    return build("memory-limit-low", 3)


def ask(instance: Instance, method: str, path: str, body: Json | None = None) -> None:
    headers = {"content-type": "application/merge-patch+json", "user-agent": "curl/8"}
    content = b"" if body is None else json.dumps(body).encode()
    request = Request(method, path, {}, headers, content)
    answer = instance.handlers[API].handle(request)
    assert isinstance(answer, Response)
    assert answer.status == 200
    instance.answered(API, request, answer)


def deployment(instance: Instance, name: str) -> str:
    return f"/apis/apps/v1/namespaces/{instance.estate.namespace}/deployments/{name}"


def step(instance: Instance, act: Callable[[], None]) -> Step:
    instance.call("begin_step", {"think_ms": 20 * SECOND_MS})
    act()
    return Step.model_validate(instance.call("end_step", {"cost_ms": 1500, "command": "x"}))


def attempt(instance: Instance) -> list[Step]:
    email, ad = deployment(instance, "email"), deployment(instance, "ad")
    return [
        step(instance, lambda: ask(instance, "GET", ad)),
        step(instance, lambda: ask(instance, "PATCH", email, {"spec": {"replicas": 3}})),
        step(instance, lambda: ask(instance, "DELETE", ad)),
    ]


def test_a_replay_reaches_the_recorded_world(instance: Instance) -> None:
    steps = branch(lambda: attempt(instance))
    assert branch(lambda: replay(instance, steps)) == steps[-1].digest


def test_a_replay_without_a_write_does_not(instance: Instance) -> None:
    steps = branch(lambda: attempt(instance))
    assert branch(lambda: replay(instance, [steps[0], steps[2]])) != steps[-1].digest


def rescued(instance: Instance, act: Callable[[], None]) -> RepairResult:
    def explore() -> RepairResult:
        step(instance, act)
        instance.estate.advance(MINUTE_MS)
        restore(instance)
        repair = regrade(conclude(instance, {})).repair
        assert repair is not None
        return repair

    return branch(explore)


def test_who_did_nothing_can_be_rescued(instance: Instance) -> None:
    assert rescued(instance, lambda: None).passed


def test_the_best_operator_tells_whom_a_rule_names() -> None:
    assert rescued(build("owned-selector", 1), lambda: None).passed


def test_an_unrelated_setting_can_be_set_back(instance: Instance) -> None:
    path = deployment(instance, "email")
    change = {"metadata": {"labels": {"tried": "yes"}}}
    assert rescued(instance, lambda: ask(instance, "PATCH", path, change)).passed


def test_a_lost_identity_cannot_be_brought_back(instance: Instance) -> None:
    result = rescued(instance, lambda: ask(instance, "DELETE", deployment(instance, "email")))
    assert result.objective.met
    assert not result.passed


def test_the_counterfactual_can_be_asked_by_every_fork(instance: Instance) -> None:
    """A preview and the attempt itself may both be concluded."""
    instance.begin()

    def judged() -> float:
        return branch(lambda: regrade(conclude(instance, {})).speed.attempt_ms)

    assert branch(judged) == judged()


@pytest.mark.parametrize("scenario", ["leaking-release", "pool-exhausted"])
def test_a_world_that_nobody_observes_takes_the_same_course(scenario: str) -> None:
    instance = build(scenario, 2)

    def later(*, observed: bool) -> tuple[Json, object]:
        if not observed:
            instance.estate.stop_observing()
        instance.estate.advance(20 * MINUTE_MS)
        return instance.estate.snapshot(), list(instance.estate.application.journeys)

    assert branch(lambda: later(observed=False)) == branch(lambda: later(observed=True))
