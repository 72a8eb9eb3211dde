"""Repair is objective × gate; what is not the agent's is void; a log can be graded again."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from opsrange.errors import AgentError, GraderError, ModelError, OperatorError, Owner, WorldError
from opsrange.scoring.outcome import Status, outcome_of_failure
from opsrange.scoring.regrade import regrade
from opsrange.types import Json

WINDOW: Json = {
    "operation": "checkout",
    "window_ms": 0,
    "attempted": 100,
    "failed": 0,
    "p95_ms": 100,
    "baseline_attempted": 100,
    "baseline_p95_ms": 90,
    "success_target": 0.98,
    "p95_target_ms": 300,
}
REPAIR: Json = {
    "actor": "agent",
    "verb": "update",
    "entity": "shop/ConfigMap/flagd-config",
    "path": "data.flags",
    "old": "on",
    "new": "off",
}
EVIDENCE: Json = {
    "scenario": "flag-switched",
    "seed": 1,
    "fault": "feature_flag",
    "truth": {"root_causes": [{"entity": "shop/ConfigMap/flagd-config"}]},
    "objective": {"journeys": [WINDOW], "conditions": [{"alert": "Errors", "firing": False}]},
    "changes": {"difference": [REPAIR], "region": ["shop/ConfigMap/flagd-config"]},
    "times": {"paged_ms": 1000, "diagnosed_ms": 61_000, "repaired_ms": 41_000, "ended_ms": 700_000},
    "report": {"root_causes": [{"entity": "shop/ConfigMap/flagd-config"}], "healthy": True},
}


def evidence(**window: Any) -> Json:
    document = copy.deepcopy(EVIDENCE)
    document["objective"]["journeys"][0] |= window
    return document


def test_a_clean_repair_passes_with_every_sub_score() -> None:
    verdict = regrade(EVIDENCE)
    assert verdict.repair is not None
    assert verdict.diagnosis is not None
    assert (verdict.repair.score, verdict.repair.passed, verdict.diagnosis.score) == (1, True, 1)
    assert verdict.repair.healthy_claim_true is True
    assert (verdict.speed.to_diagnosis_ms, verdict.speed.to_repair_ms) == (60_000, 40_000)
    assert verdict.repair.reasons == []


@pytest.mark.parametrize(
    ("window", "word"),
    [
        ({"failed": 3}, "success ratio"),
        ({"p95_ms": 301}, "p95"),
        ({"attempted": 79}, "demand"),
        ({"attempted": 0}, "demand"),
    ],
)
def test_a_missed_target_fails_and_says_why(window: Json, word: str) -> None:
    repair = regrade(evidence(**window)).repair
    assert repair is not None
    assert (repair.score, repair.passed, repair.healthy_claim_true) == (0, False, False)
    assert word in repair.reasons[0]


@pytest.mark.parametrize(
    "window", [{"failed": 2}, {"p95_ms": 300}, {"attempted": 80}, {"baseline_attempted": 0}]
)
def test_a_target_met_exactly_is_met(window: Json) -> None:
    repair = regrade(evidence(**window)).repair
    assert repair is not None
    assert repair.passed


def test_an_alert_of_the_page_that_still_fires_fails() -> None:
    document = evidence()
    document["objective"]["conditions"][0]["firing"] = True
    repair = regrade(document).repair
    assert repair is not None
    assert not repair.passed
    assert "still fires" in repair.reasons[0]


@pytest.mark.parametrize(
    ("entity", "score", "passed"),
    [("shop/Pod/debug", 0.9, True), ("shop/NetworkPolicy/x", 0.5, False)],
)
def test_harm_costs(entity: str, score: float, passed: bool) -> None:
    document = evidence()
    document["changes"]["difference"] += [{"actor": "agent", "verb": "create", "entity": entity}]
    repair = regrade(document).repair
    assert repair is not None
    assert (repair.score, repair.passed) == (score, passed)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"difference": [{"actor": "agent", "verb": "create", "entity": "shop/Deployment/copy"}]},
        {"restarts": [{"workload": "shop/ConfigMap/flagd-config", "count": 1}]},
    ],
)
def test_a_stopgap_beside_the_cause_is_no_repair(changes: Json) -> None:
    document = evidence()
    document["changes"] = {"region": EVIDENCE["changes"]["region"], **changes}
    repair = regrade(document).repair
    assert repair is not None
    assert (repair.score, repair.passed) == (0.5, False)
    assert "nothing that could be a repair" in repair.reasons[-1]


CART = "shop/Deployment/cart"
CONTAINER = "spec.template.spec.containers[cart]"
PROBE = f"{CONTAINER}.readinessProbe"


def _repaired(broken: str, path: str, old: Any = "a", new: Any = "b") -> bool:
    document = evidence()
    row = {"actor": "agent", "verb": "update", "entity": CART, "path": path, "old": old, "new": new}
    fault = {**row, "actor": "fault", "path": broken, "old": "b", "new": "a"}
    document["changes"] = {
        "region": [CART],
        "difference": [row],
        "broken": [fault] if broken else [],
    }
    repair = regrade(document).repair
    assert repair is not None
    return repair.passed


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ("spec.replicas", "spec.replicas"),
        (f"{CONTAINER}.image", f"{CONTAINER}.image"),
        (f"{CONTAINER}.env[A].value", f"{CONTAINER}.env[A].valueFrom"),
        (f"{CONTAINER}.env[A].value", f"{CONTAINER}.env[A]"),
        (f"{PROBE}.grpc.port", f"{PROBE}.tcpSocket"),
        (f"{PROBE}.failureThreshold", f"{PROBE}.failureThreshold"),
        ("spec.selector.app", "spec.selector.other"),
        ("spec.ports[0].targetPort", "spec.ports[http].targetPort"),
        ("", "spec.replicas"),
        ("", f"{CONTAINER}.env[A].value"),
    ],
)
def test_what_concerns_the_same_thing_may_repair_it(broken: str, path: str) -> None:
    assert _repaired(broken, path)


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ("spec.replicas", f"{CONTAINER}.env[NOTE]"),
        ("spec.replicas", f"{CONTAINER}.image"),
        (f"{CONTAINER}.env[A].value", f"{CONTAINER}.env[AB].value"),
        (f"{CONTAINER}.image", "spec.template.metadata.annotations.restartedAt"),
        (f"{PROBE}.grpc.port", f"{PROBE}.failureThreshold"),
        ("", "metadata.annotations.note"),
        ("", "metadata.labels.note"),
        ("", "spec.revisionHistoryLimit"),
        ("", "spec.progressDeadlineSeconds"),
    ],
)
def test_what_concerns_something_else_is_no_repair(broken: str, path: str) -> None:
    assert not _repaired(broken, path)


def test_a_new_variable_beside_what_the_fault_changed_is_no_repair() -> None:
    assert not _repaired("", f"{CONTAINER}.env[NOTE]", None, {"name": "NOTE", "value": "x"})


def test_the_same_number_in_other_words_is_no_repair() -> None:
    path = f"{CONTAINER}.env[A].value"
    assert _repaired(path, path, "1", "12")
    assert not _repaired(path, path, "1", "01")
    assert not _repaired(path, path, "1", "1000m")


def test_a_cause_that_shows_again_without_what_was_added_was_covered() -> None:
    document = evidence()
    soak = copy.deepcopy(document["objective"])
    added = [f"shop/Pod/mine-{number}" for number in range(5)]
    for unaided in (None, {**soak, "without": added}):
        sound = regrade({**document, "unaided": unaided}).repair
        assert sound is not None
        assert sound.passed
    for window in soak["journeys"]:
        window["failed"] = window["attempted"]
    document["unaided"] = {**soak, "without": added}
    repair = regrade(document).repair
    assert repair is not None
    assert (repair.score, repair.passed) == (0.5, False)
    assert "only as long as shop/Pod/mine-0" in repair.reasons[-1]
    assert "and 2 more" in repair.reasons[-1]


def test_a_failing_world_voids_the_attempt() -> None:
    verdict = regrade({**EVIDENCE, "world_errors": ["handler raised KeyError"]})
    assert (verdict.outcome.status, verdict.outcome.owner) == (Status.VOID, Owner.WORLD)
    assert verdict.repair is None
    assert verdict.diagnosis is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        None,
        [],
        {**EVIDENCE, "extra": 1},
        {**EVIDENCE, "seed": "x"},
        {**EVIDENCE, "objective": {"journeys": []}},
    ],
)
def test_malformed_evidence_is_never_the_agents_failure(document: Any) -> None:
    with pytest.raises(GraderError):
        regrade(document)


def test_grading_again_gives_the_same() -> None:
    assert regrade(EVIDENCE) == regrade(copy.deepcopy(EVIDENCE))


@pytest.mark.parametrize(
    ("error", "status", "owner"),
    [
        (AgentError("a"), Status.SCORED, Owner.AGENT),
        (WorldError("a"), Status.VOID, Owner.WORLD),
        (ModelError("a"), Status.VOID, Owner.MODEL),
        (GraderError("a"), Status.VOID, Owner.GRADER),
        (OperatorError("a"), Status.VOID, Owner.OPERATOR),
        (KeyError("a"), Status.VOID, Owner.WORLD),
    ],
)
def test_only_the_agents_failures_are_scored(
    error: Exception, status: Status, owner: Owner
) -> None:
    outcome = outcome_of_failure(error)
    assert (outcome.status, outcome.owner) == (status, owner)
