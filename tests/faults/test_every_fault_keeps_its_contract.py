"""What must hold of every fault, tried on each one of the catalogue; a new fault is tried without a line changed here."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator

import pytest

from opsrange.estates import Estate, differences
from opsrange.faults import Fault, faults, normal
from opsrange.types import HOUR_MS, MINUTE_MS, Entity, Json
from opsrange.wire import Request, Response
from opsrange.world import branch

FAULTS = sorted(faults())
_PLURALS = {
    "Deployment": "deployments",
    "Service": "services",
    "ConfigMap": "configmaps",
    "ResourceQuota": "resourcequotas",
    "NetworkPolicy": "networkpolicies",
}


@pytest.fixture(scope="module")
def estate() -> Estate:
    """A healthy estate a quarter of an hour into its history; tests explore branches of it."""
    built = Estate("conformance")
    built.advance(HOUR_MS // 4)
    return built


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest) -> Fault:
    return faults()[request.param]


def _params(estate: Estate, fault: Fault) -> Json:
    drawn: Json = json.loads(json.dumps(fault.draw(estate, random.Random(7))))
    return drawn


def test_drawing_changes_nothing(estate: Estate, fault: Fault) -> None:
    before = estate.kernel.journal.digest
    first, second = _params(estate, fault), _params(estate, fault)
    assert first == second
    assert estate.kernel.journal.digest == before


def test_removing_restores_what_injecting_changed(estate: Estate, fault: Fault) -> None:
    params = _params(estate, fault)

    def explore() -> tuple[list[str], list[str]]:
        healthy = estate.snapshot()["objects"]
        fault.inject(estate, params)
        broken = [path for path, _, _ in differences(healthy, estate.snapshot()["objects"])]
        fault.remove(estate, params)
        return broken, [path for path, _, _ in differences(healthy, estate.snapshot()["objects"])]

    broken, restored = branch(explore)
    assert broken
    # A config map's text may come back laid out differently; its meaning is what counts.
    assert [path for path in restored if "ConfigMap" not in path] == []


def test_the_cause_names_an_object_that_exists(estate: Estate, fault: Fault) -> None:
    params = _params(estate, fault)

    def explore() -> bool:
        fault.inject(estate, params)
        entity = Entity.parse(fault.cause(estate, params).entity)
        return (
            estate.operator.find(_PLURALS[entity.kind], entity.namespace, entity.name) is not None
        )

    assert branch(explore)


def test_the_repair_region_covers_the_cause(estate: Estate, fault: Fault) -> None:
    params = _params(estate, fault)
    cause, remedy = fault.cause(estate, params), fault.remedy(estate, params)
    assert any(re.fullmatch(pattern, cause.entity) for pattern in remedy.region)
    assert remedy.commands


def test_facts_are_visible_when_broken_and_only_then(estate: Estate, fault: Fault) -> None:
    params = _params(estate, fault)

    def explore() -> dict[str, tuple[bool, bool]]:
        # Facts of a policy or an image name what does not exist before; those of a flag compare states.
        healthy = list(_answers(estate))
        fault.inject(estate, params)
        estate.advance(6 * MINUTE_MS)
        broken = list(_answers(estate))
        return {
            fact.id: (any(map(fact.within, healthy)), any(map(fact.within, broken)))
            for fact in fault.facts(estate, params)
        }

    seen = branch(explore)
    assert seen
    assert all(after for _, after in seen.values()), seen
    assert not all(before for before, _ in seen.values()), seen


def test_a_number_is_not_found_within_a_longer_one(estate: Estate, fault: Fault) -> None:
    """A limit of ``9Mi`` once was seen in ``179Mi``."""
    params = _params(estate, fault)

    def explore() -> list[str]:
        fault.inject(estate, params)
        estate.advance(6 * MINUTE_MS)
        texts = "\n".join(_answers(estate))
        needles = [needle for fact in fault.facts(estate, params) for needle in fact.needles]
        return [
            f"{needle} in {longer}"
            for needle in needles
            for shown in [found[0] for found in re.finditer(needle, texts)][:1]
            for longer in _longer(shown)
            if re.search(needle, longer)
        ]

    assert branch(explore) == []


def _longer(shown: str) -> list[str]:
    """A text whose number, if it begins or ends with one, has one digit more."""
    before = [f"1{shown}"] if shown[0].isdigit() else []
    return [*before, f"{shown}0"] if shown[-1].isdigit() else before


def _answers(estate: Estate) -> Iterator[str]:
    """What an investigator's reads of the Kubernetes API return, one object or event at a time."""
    kubernetes = estate.handlers["kubernetes:6443"]
    namespace = f"/namespaces/{estate.namespace}"
    for path in (
        f"/api/v1{namespace}/pods",
        f"/api/v1{namespace}/events",
        f"/api/v1{namespace}/services",
        f"/api/v1{namespace}/configmaps",
        f"/api/v1{namespace}/resourcequotas",
        f"/apis/apps/v1{namespace}/deployments",
        f"/apis/networking.k8s.io/v1{namespace}/networkpolicies",
    ):
        answer = kubernetes.handle(Request("GET", path))
        assert isinstance(answer, Response)
        assert answer.status == 200
        for item in json.loads(answer.body)["items"]:
            yield normal(json.dumps(item, separators=(",", ":")))
