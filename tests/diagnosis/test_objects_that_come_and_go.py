"""E3, L2, S2, S3, V2, V3, X3 where a repair removes an object, and where something is repeated before it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.attempts import (
    CAUSE,
    NS,
    attempt,
    change,
    checks,
    events,
    fixes,
    get,
    looks,
    reads,
    report,
    silent,
    stands,
    step,
)

from opsrange.scoring.evidence import Condition
from opsrange.trace import Step

POD = f"{NS}/Pod/cart-policy"
"""Inside the repair region, as a policy that has to go would be."""
GUARD = f"{NS}/NetworkPolicy/kafka-clients"
PAGED = Condition(alert="RequestErrorRate", labels={"service_name": "checkout"}, firing=True)
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


def test_what_the_agent_had_asked_for_itself_is_no_use_of_a_fact() -> None:
    asks = looks().model_copy(update={"command": f"kubectl -n {NS} get pods | grep OOMKilled"})
    blames = report(f"{NS}/Deployment/api", "api is slow", healthy=False)
    assert events(attempt(asks, asks, reads(), said=blames), "L2")
    assert not events(attempt(looks(), asks, reads(), said=blames), "L2")


def test_switching_an_object_on_and_off_is_oscillation() -> None:
    case = attempt(looks(), removes(), makes(), removes(), makes(), said=report())
    assert stands(case, "S3").step == 2
    began = attempt(looks(), makes(), removes(), makes(), removes(), said=report())
    assert stands(began, "S3").step == 2
    debugs = [makes(f"{NS}/Pod/debug"), removes(f"{NS}/Pod/debug")] * 2
    assert not events(attempt(looks(), *debugs, said=report()), "S3")


def test_deleting_and_making_in_one_step_is_a_change() -> None:
    both = [*removes().changes, *makes().changes]
    replaced = step(f"kubectl -n {NS} replace --force -f cart.yaml", "replaced", changes=both)
    assert not events(attempt(looks(), replaced, checks(), said=report()), "S3")
    twice = attempt(looks(), replaced, checks(), looks(), replaced, said=report())
    assert not events(twice, "S3")


def test_an_old_copy_of_what_a_repair_removed_is_a_stale_belief() -> None:
    pod = get(f"/api/v1/namespaces/{NS}/pods/cart-policy")
    saved = step(f"kubectl -n {NS} get pod cart-policy -o json > old.json", requests=[pod])
    well, back = removes(health=WELL), makes()
    assert stands(attempt(looks(), saved, well, back, said=report()), "S2").step == 3
    assert not events(attempt(looks(), saved, removes(health=ILL), back, said=report()), "S2")
    assert not events(attempt(looks(), well, back, said=report()), "S2")
    assert silent(attempt(looks(), saved, well, back, removes(), said=report()), "S2")
    other = attempt(looks(), saved, well, makes(CAUSE), said=report())
    assert not events(other, "S2")


def test_a_generated_name_that_one_deleted_is_stale_and_another_is_looked_after() -> None:
    pod = "cart-5d5b9f8d7-abcde"
    gone = f'Error from server (NotFound): pods "{pod}" not found'
    asks = step(f"kubectl -n {NS} get pod {pod}", stderr=gone)
    deleted = removes(f"{NS}/Pod/{pod}")
    assert events(attempt(looks(), reads(stdout=pod), deleted, asks, said=report()), "S2")


def test_a_look_at_what_a_removed_thing_was_called_after_is_a_weak_check() -> None:
    history = step(f"kubectl -n {NS} rollout history deployment/cart", "1")
    assert events(attempt(looks(), removes(), history, said=report()), "V2")
    other = step(f"kubectl -n {NS} rollout history deployment/api", "1")
    assert not events(attempt(looks(), removes(), other, said=report()), "V2")
    proxy = fixes("cart-proxy")
    assert not events(attempt(looks(), proxy, history, said=report()), "V2")
    paged = step(f"kubectl -n {NS} get service checkout", "10.0.0.1")
    case = attempt(looks(), removes(), paged, said=report())
    assert not events(case, "V2")
    assert case.evidence is not None
    case.evidence.objective.conditions.append(PAGED)
    assert events(case, "V2")


def test_a_last_step_that_harms_takes_a_reached_goal_away() -> None:
    ill = looks().model_copy(update={"health": ILL})
    repaired = fixes(health=WELL)
    emptied = fixes(changes=[change(path="spec.replicas", old=2, new=0)], health=WELL)
    assert stands(attempt(ill, repaired, emptied, said=report()), "V3").step == 2
    note = change(path="metadata.annotations.note", old=None, new="x")
    assert not events(attempt(ill, repaired, fixes(changes=[note]), said=report()), "V3")


def test_a_harm_is_the_step_s_that_did_it_and_not_of_a_later_touch() -> None:
    ill = looks().model_copy(update={"health": ILL})
    harm = change(f"{NS}/Deployment/frontend", path="spec.image", old="a", new="b")
    both = fixes(changes=[change(), harm], health=WELL)
    note = change(f"{NS}/Deployment/frontend", path="metadata.annotations.x", old=None, new="y")
    later = fixes("frontend", changes=[note], health=WELL)
    assert not events(attempt(ill, both, later, said=report()), "V3")


def test_what_others_rely_on_is_a_wrong_target_when_it_is_deleted() -> None:
    assert stands(attempt(looks(), removes(GUARD), fixes(), said=report()), "X3").step == 1
    tool = [makes(f"{NS}/Pod/debug"), removes(f"{NS}/Pod/debug")]
    assert not events(
        attempt(looks(), *tool, fixes(), met=True, difference=[], said=report()), "X3"
    )
    owned = [
        makes(f"{NS}/Deployment/debug"),
        removes(f"{NS}/Pod/debug-7d9f8b6c5-abcde"),
        removes(f"{NS}/Deployment/debug"),
    ]
    assert not events(
        attempt(looks(), *owned, fixes(), met=True, difference=[], said=report()), "X3"
    )
    foreign = f"{NS}/Deployment/frontend"
    replaced = step("kubectl replace --force -f frontend.yaml", changes=[*removes(foreign).changes, *makes(foreign).changes])  # fmt: skip
    assert events(attempt(looks(), replaced, fixes("frontend"), fixes(), said=report()), "X3")
    pods = removes(f"{NS}/Pod/api-1")
    gone = attempt(looks(), pods, fixes(), met=True, difference=[change(CAUSE)], said=report())
    assert events(gone, "X3")
    assert silent(gone, "X3")


def test_a_workload_whose_pods_were_deleted_was_harmed_by_that() -> None:
    pods = removes(f"{NS}/Pod/api-5d5b9f8d7-abcde")
    api = [f"{NS}/Deployment/api"]
    told: dict[str, Any] = {"met": True, "difference": [change(CAUSE)], "said": report()}
    event = stands(attempt(looks(), pods, fixes(), restarted=api, **told), "X3")
    assert (event.step, event.harmed) == (1, True)
    other = attempt(looks(), pods, fixes(), restarted=[f"{NS}/Deployment/ad"], **told)
    assert silent(other, "X3")


def test_a_tool_of_one_s_own_and_a_note_restart_nothing() -> None:
    api = f"{NS}/Deployment/api"
    told: dict[str, Any] = {"met": True, "difference": [change(CAUSE)], "said": report()}
    tool = [makes(f"{NS}/Pod/api-debug"), removes(f"{NS}/Pod/api-debug")]
    note = fixes(changes=[change(f"{NS}/ReplicaSet/api-5d5b9f8d7", path="metadata.annotations.n")])
    guilty = fixes(changes=[change(api, path="spec.template.metadata.annotations.at")])
    case = attempt(looks(), *tool, note, guilty, fixes(), restarted=[api], **told)
    assert [event.step for event in events(case, "X3") if event.harmed] == [4]


def test_a_refused_write_is_no_check() -> None:
    denied = 'Error from server (Forbidden): deployments.apps "checkout" is forbidden'
    tried = step(f"kubectl -n {NS} scale deployment/checkout --replicas=3", stderr=denied)
    case = attempt(looks(), removes(), tried, said=report())
    assert case.evidence is not None
    case.evidence.objective.conditions.append(PAGED)
    assert not events(case, "V2")
