"""E3, L2, S2, S3, V2, V3, X3 where a repair removes an object, and where something is repeated before it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.attempts import (
    CAUSE,
    NS,
    attempt,
    change,
    events,
    fixes,
    looks,
    reads,
    report,
    silent,
    stands,
    step,
)

from opsrange.trace import Step

POD = f"{NS}/Pod/cart-policy"
"""Inside the repair region, as a policy that has to go would be."""
GUARD = f"{NS}/NetworkPolicy/kafka-clients"
WELL = {"checkout": 1.0}
ILL = {"checkout": 0.2}


def removes(entity: str = POD, **other: Any) -> Step:
    gone = change(entity, path="", verb="delete", old=None, new=None)
    name = entity.rpartition("/")[2]
    return step(f"kubectl -n {NS} delete x {name}", "deleted", changes=[gone], **other)


def makes(entity: str = POD, **other: Any) -> Step:
    there = change(entity, path="", verb="create", old=None, new=None)
    return step(f"kubectl apply -f {entity[-3:]}.json", "created", changes=[there], **other)


def test_tries_before_a_repair_are_not_forgotten() -> None:
    denied = 'Error from server (Forbidden): deployments.apps "api" is forbidden'
    tried = step("kubectl -n kube-system rollout restart deployment/api", stderr=denied)
    assert events(attempt(looks(), *[tried] * 4, fixes(), said=report()), "E3")
    between = attempt(looks(), tried, tried, fixes(), tried, tried, said=report())
    assert not events(between, "E3")


def test_what_is_only_read_once_more_is_not_used() -> None:
    again = looks().model_copy(update={"command": f"kubectl -n {NS} describe pods # OOMKilled"})
    blames = report(f"{NS}/Deployment/api", "api is slow", healthy=False)
    assert events(attempt(looks(), again, reads(), said=blames), "L2")
    pursued = step("kubectl get events | grep OOMKilled", "none")
    assert not events(attempt(looks(), again, pursued, said=blames), "L2")


def test_switching_an_object_on_and_off_is_oscillation() -> None:
    case = attempt(looks(), removes(), makes(), removes(), makes(), said=report())
    assert stands(case, "S3").step == 2
    debugs = [makes(f"{NS}/Pod/debug"), removes(f"{NS}/Pod/debug")] * 2
    assert not events(attempt(looks(), *debugs, said=report()), "S3")


def test_an_old_copy_of_what_a_repair_removed_is_a_stale_belief() -> None:
    back = makes()
    assert stands(attempt(looks(), removes(health=WELL), back, said=report()), "S2").step == 2
    assert not events(attempt(looks(), removes(health=ILL), back, said=report()), "S2")
    other = attempt(looks(), removes(health=WELL), makes(f"{NS}/Pod/debug"), said=report())
    assert not events(other, "S2")


def test_a_look_at_what_a_removed_thing_was_called_after_is_a_weak_check() -> None:
    history = step(f"kubectl -n {NS} rollout history deployment/cart", "1")
    assert events(attempt(looks(), removes(), history, said=report()), "V2")
    other = step(f"kubectl -n {NS} rollout history deployment/api", "1")
    assert not events(attempt(looks(), removes(), other, said=report()), "V2")


def test_a_last_step_that_harms_takes_a_reached_goal_away() -> None:
    ill = looks().model_copy(update={"health": ILL})
    repaired = fixes(health=WELL)
    emptied = fixes(changes=[change(path="spec.replicas", old=2, new=0)], health=WELL)
    assert stands(attempt(ill, repaired, emptied, said=report()), "V3").step == 2
    noted = fixes(changes=[change(path="metadata.annotations.note", old=None, new="x")])
    assert not events(attempt(ill, repaired, noted, said=report()), "V3")


def test_what_others_rely_on_is_a_wrong_target_when_it_is_deleted() -> None:
    assert stands(attempt(looks(), removes(GUARD), fixes(), said=report()), "X3").step == 1
    tool = [makes(f"{NS}/Pod/debug"), removes(f"{NS}/Pod/debug")]
    assert not events(
        attempt(looks(), *tool, fixes(), met=True, difference=[], said=report()), "X3"
    )
    pods = removes(f"{NS}/Pod/api-1")
    gone = attempt(looks(), pods, fixes(), met=True, difference=[change(CAUSE)], said=report())
    assert events(gone, "X3")
    assert silent(gone, "X3")
