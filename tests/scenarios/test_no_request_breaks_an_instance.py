"""Five thousand malformed or random requests to every address: answers, never accidents, and the same world each time."""

from __future__ import annotations

import pytest
from tests.scenarios.storm import Surroundings, requests

from opsrange.scenarios.instance import Instance, build
from opsrange.wire import Response
from opsrange.world import branch

REQUESTS = 5_000


@pytest.fixture(scope="module")
def instance() -> Instance:
    built = build("selector-broken", 6)
    built.begin()
    return built


def _surroundings(instance: Instance) -> Surroundings:
    namespace = instance.estate.namespace
    pods = [pod["metadata"]["name"] for pod in instance.estate.operator.list("pods", namespace)]
    return Surroundings(namespace, sorted(instance.handlers), pods[:5])


def _storm(instance: Instance, seed: int) -> tuple[list[str], str]:
    accidents = []
    for address, request in requests(_surroundings(instance), seed, REQUESTS):
        answer = instance.handlers[address].handle(request)
        if isinstance(answer, Response):
            if answer.status >= 500 and address != "frontend-proxy:8080" and answer.status != 501:
                accidents.append(f"{answer.status} {address} {request}")
        else:
            answer.take()
            answer.close()
    instance.estate.advance(120_000)
    return [*accidents, *instance.estate.cluster.defects], instance.kernel.journal.digest


def test_every_request_is_answered_and_the_world_stays_deterministic(instance: Instance) -> None:
    accidents, digest = branch(lambda: _storm(instance, 1))
    assert accidents == []
    assert branch(lambda: _storm(instance, 1)) == ([], digest)


def test_other_requests_make_another_world(instance: Instance) -> None:
    _, digest = branch(lambda: _storm(instance, 1))
    assert branch(lambda: _storm(instance, 2))[1] != digest
