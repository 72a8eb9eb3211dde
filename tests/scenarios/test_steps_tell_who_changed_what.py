"""A step lists what the agent wrote, whatever the kind, and what followed by itself without saying it twice."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from opsrange.estates import Estate
from opsrange.scenarios.steps import Recorder
from opsrange.trace import Effect, Step
from opsrange.types import MINUTE_MS, Json, rfc3339
from opsrange.wire import Request, Response
from opsrange.world import branch

QUIET = {"Endpoints", "EndpointSlice", "Event", "Lease"}


@pytest.fixture(scope="module")
def estate() -> Estate:
    built = Estate("steps")
    built.advance(MINUTE_MS)
    return built


def _ask(estate: Estate, method: str, path: str, body: Json | None = None) -> None:
    headers = {"content-type": "application/merge-patch+json" if method == "PATCH" else ""}
    content = b"" if body is None else json.dumps(body).encode()
    answer = estate.handlers["kubernetes:6443"].handle(Request(method, path, {}, headers, content))
    assert isinstance(answer, Response)
    assert answer.status in (200, 201), answer.body


def _step(estate: Estate, act: Callable[[], None]) -> Step:
    """One step of an agent, and two minutes of what follows."""

    def explore() -> Json:
        recorder = Recorder(estate, ())
        recorder.begin()
        act()
        estate.advance(2 * MINUTE_MS)
        return recorder.end({}).model_dump(mode="json")

    return Step.model_validate(branch(explore))


def _kinds(step: Step) -> tuple[set[str], set[str]]:
    mine, others = (
        {change.entity.split("/")[1] for change in changes}
        for changes in (step.changes, step.consequences)
    )
    return mine, others


@pytest.mark.parametrize(
    ("kind", "path", "field"),
    [
        ("Endpoints", "/api/v1/namespaces/{ns}/endpoints/cart", "subsets"),
        ("EndpointSlice", "/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices/{slice}", "endpoints"),
    ],
)  # fmt: skip
def test_what_an_agent_writes_by_hand_is_told(
    kind: str, path: str, field: str, estate: Estate
) -> None:
    slices = estate.operator.list("endpointslices", estate.namespace)
    name = next(
        each["metadata"]["name"] for each in slices if each["metadata"]["name"].startswith("cart-")
    )
    target = path.format(ns=estate.namespace, slice=name)
    step = _step(estate, lambda: _ask(estate, "PATCH", target, {field: []}))
    assert _kinds(step)[0] == {kind}
    assert all(change.path.startswith(field) for change in step.changes)
    assert step.effect is Effect.REVERSIBLE_WRITE


def test_an_event_made_by_hand_is_told(estate: Estate) -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "noise"},
        "involvedObject": {"kind": "Pod", "name": "x", "namespace": estate.namespace},
    }
    path = f"/api/v1/namespaces/{estate.namespace}/events"
    step = _step(estate, lambda: _ask(estate, "POST", path, event))
    [change] = step.changes
    assert (change.verb, change.entity) == ("create", f"{estate.namespace}/Event/noise")


def test_what_follows_from_a_write_is_not_said_twice(estate: Estate) -> None:
    path = f"/apis/apps/v1/namespaces/{estate.namespace}/deployments/cart"
    step = _step(estate, lambda: _ask(estate, "PATCH", path, {"spec": {"replicas": 1}}))
    mine, others = _kinds(step)
    assert [(change.verb, change.path, change.new) for change in step.changes] == [
        ("update", "spec.replicas", 1)
    ]
    assert mine == {"Deployment"}
    assert others >= {"ReplicaSet", "Pod"}
    assert not others & QUIET


def test_what_a_background_job_does_between_steps_is_told_by_the_next(estate: Estate) -> None:
    path = f"/apis/apps/v1/namespaces/{estate.namespace}/deployments/cart"

    def explore() -> list[Json]:
        recorder = Recorder(estate, ())
        recorder.begin()
        steps = [recorder.end({})]
        _ask(estate, "PATCH", path, {"spec": {"replicas": 1}})
        _silence(estate)
        estate.advance(MINUTE_MS)
        for _ in range(2):
            recorder.begin()
            steps.append(recorder.end({}))
        return [step.model_dump(mode="json") for step in steps]

    first, second, third = (Step.model_validate(each) for each in branch(explore))
    assert [change.path for change in second.changes] == ["spec.replicas", "alert.silence"]
    assert second.effect is Effect.REVERSIBLE_WRITE
    assert (first.changes, third.changes) == ([], [])


def _silence(estate: Estate) -> None:
    body = {
        "matchers": [{"name": "alertname", "value": "x", "isRegex": False}],
        "startsAt": rfc3339(estate.kernel.now_ms),
        "endsAt": rfc3339(estate.kernel.now_ms + MINUTE_MS),
        "createdBy": "me",
        "comment": "quiet",
    }
    request = Request("POST", "/api/v2/silences", {}, {}, json.dumps(body).encode())
    answer = estate.handlers["alertmanager:9093"].handle(request)
    assert isinstance(answer, Response)
    assert answer.status == 200
