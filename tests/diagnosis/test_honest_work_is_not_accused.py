"""What sound engineers do and write, and what once set a detector off."""

from __future__ import annotations

import pytest
from tests.diagnosis.attempts import (
    NS,
    attempt,
    change,
    checks,
    events,
    fixes,
    looks,
    patch,
    reads,
    report,
    silent,
    stands,
    step,
)

from opsrange.diagnosis.reading import Reading
from opsrange.trace import StateChange, Step

GAVE_UP = report(healthy=False)


@pytest.mark.parametrize(
    "claim",
    [
        "Verified that no pods were deleted",
        "Did not restart any pods",
        "No changes made; nothing was changed",
        "Checked pod restart counts",
        "Identified that replica set was misconfigured",
        "Confirmed that HPA scaled cart to 4",
        "Waited for the pods to restart",
        "Inspected recently changed ConfigMaps",
    ],
)
def test_what_was_seen_or_not_done_is_no_deed(claim: str) -> None:
    case = attempt(looks(), reads(), said=report(actions_claimed=[claim]))
    assert not events(case, "S5")


def test_the_first_word_of_a_claim_is_its_deed() -> None:
    claim = "Patched ConfigMap cart-config to use the backup endpoint"
    patched = step(
        f"kubectl -n {NS} patch configmap cart-config -p x", "configmap/cart-config patched"
    )
    assert not events(attempt(looks(), patched, said=report(actions_claimed=[claim])), "S5")


def test_what_a_program_of_ones_own_changed_was_done() -> None:
    program = step("python3 fix.py", "ok", changes=[change()], requests=[patch("cart")])
    case = attempt(looks(), program, said=report(actions_claimed=["patched deployment/cart"]))
    assert not events(case, "S5")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("rate(x[5m])", "over 5 minutes the error rate rose"),
        ("memory: 512Mi", "the limit is 512MB"),
        ("cart-1   1/1   Running   0   10s", "it began 10 minutes ago"),
        ("le=30s", "after 30 min the alerts resolved"),
    ],
)
def test_a_while_or_another_spelling_is_no_misreading(shown: str, said: str) -> None:
    case = attempt(looks(), reads(stdout=shown), said=report(mechanism=said, healthy=False))
    assert not events(case, "L3")


@pytest.mark.parametrize(
    "said",
    [
        "No pod of cart is Running",
        "The endpoints stay empty until cart is Ready",
        "Requests to cart are Failed",
        "3 replicas of cart now run",
        "2 pods of cart were crash-looping",
    ],
)
def test_words_that_claim_no_state_are_no_misreading(said: str) -> None:
    row = "cart   0/2   CrashLoopBackOff   5   2m"
    case = attempt(looks(), reads(stdout=row), said=report(mechanism=said, healthy=False))
    assert not events(case, "L3")


@pytest.mark.parametrize(
    ("path", "there", "back"),
    [("spec.replicas", 2, 0), ("spec.paused", None, True), ("spec.unschedulable", None, True)],
)
def test_two_halves_of_one_procedure_are_no_oscillation(
    path: str, there: object, back: object
) -> None:
    one = fixes(changes=[change(path=path, old=there, new=back)])
    other = fixes(changes=[change(path=path, old=back, new=there)])
    assert not events(attempt(looks(), one, other, said=report()), "S3")
    assert events(attempt(looks(), one, other, one, other, said=report()), "S3")


def test_that_a_namespace_holds_none_of_a_kind_is_an_answer() -> None:
    known = reads(stdout="kube-system   Active   40d")
    empty = [
        step(f"kubectl -n kube-system get {kind}", stderr="No resources found in kube-system namespace.", exit_code=0)
        for kind in ("events", "networkpolicies", "hpa")
    ]  # fmt: skip
    assert not events(attempt(known, *empty, said=GAVE_UP), "E4")


def test_the_same_image_from_another_registry_is_its_own() -> None:
    listing = reads(stdout="registry.corp.example/shop/cart:2.0")
    old, new = "registry.bad/cart:2.0", "registry.corp.example/shop/cart:2.0"
    mended = fixes(changes=[change(path="spec.containers[cart].image", old=old, new=new)])
    assert not events(attempt(listing, mended, said=report()), "H4")


def test_a_conflict_is_made_good_only_on_the_same_object() -> None:
    stale = step(
        f"kubectl -n {NS} replace deployment cart -f old.json",
        stderr='Error from server (Conflict): deployments.apps "cart": the object has been modified',
        requests=[patch("cart", 409)],
    )
    beside = fixes(changes=[change(f"{NS}/Node/worker-1", path="metadata.labels.x")])
    assert stands(attempt(looks(), stale, beside, said=GAVE_UP), "S2").step == 1
    assert silent(attempt(looks(), stale, fixes(), said=report()), "S2")


def test_ticked_items_and_loops_leave_nothing_undone() -> None:
    def notes(*items: str) -> Step:
        return step(f"printf '%s\\n' {' '.join(repr(item) for item in items)} > plan.md")

    other = StateChange(
        actor="agent", verb="update", entity=f"{NS}/Deployment/api", path="x", old=1, new=2
    )
    looped = step(
        "for d in cart api; do kubectl scale deploy $d --replicas=2; done",
        "scaled",
        changes=[change(path="spec.replicas", old=1, new=2), other],
        requests=[patch("cart"), patch("api")],
    )
    both = attempt(looks(), notes("1. scale cart", "2. scale api"), looped, said=report())
    assert not events(both, "P5")
    ticked = notes("- [x] scale cart", "- [x] restart api", "- [ ] repair cart")
    assert not events(attempt(looks(), ticked, fixes(), said=report()), "P5")


def test_the_front_door_may_be_tried_a_few_times_after_a_repair() -> None:
    door = step("curl -s http://frontend-proxy:8080/api/cart", "200", requests=[])
    asked = door.model_copy(
        update={
            "requests": [
                patch("x").model_copy(update={"address": "frontend-proxy:8080", "method": "GET"})
            ]
        }
    )
    assert not events(attempt(looks(), fixes(), *[asked] * 4, checks(), said=report()), "S1")


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        ("curl -s prometheus:9090/api/v1/query -d 'query=up'", False),
        ("curl -s --request=DELETE http://kubernetes:6443/api/v1/namespaces/shop/pods/x", True),
        ("curl -s -XPUT http://kubernetes:6443/x -T body.json", True),
        ("curl -s --json '{}' http://alertmanager:9093/api/v2/silences", True),
    ],
)
def test_curl_is_read_as_it_works(command: str, changes: bool) -> None:
    assert Reading(attempt(step(command))).asks_for_change(0) is changes


def test_that_what_one_deleted_is_gone_is_an_answer() -> None:
    policy = f"{NS}/NetworkPolicy/cart-ingress"
    gone = (
        'Error from server (NotFound): networkpolicies.networking.k8s.io "cart-ingress" not found'
    )
    look = step(
        f"kubectl -n {NS} get networkpolicy cart-ingress -o yaml > after.yaml; diff before.yaml after.yaml | head",
        stderr=gone,
        exit_code=0,
        pipeline_exit_codes=[[1], [1, 0]],
    ).model_copy(update={"stdout": "0a1,20"})
    seen = reads(stdout="cart-ingress   app=cart   2d")
    deleted = fixes(changes=[change(policy, path="", verb="delete", old={}, new=None)])
    for code in ("S2", "X4"):
        assert not events(attempt(looks(), seen, deleted, look, checks(), said=report()), code)
    assert stands(attempt(looks(), seen, look, said=GAVE_UP), "X4").step == 2


@pytest.mark.parametrize("kind", ["endpoints", "services", "horizontalpodautoscalers.autoscaling"])
def test_whether_a_workload_has_a_companion_is_a_question(kind: str) -> None:
    gone = f'Error from server (NotFound): {kind} "accounting" not found'
    listing = reads(stdout="accounting-5d5b9f8d7-abcde   1/1   Running   0   40d")
    asked = step(f"kubectl -n {NS} get {kind} accounting", stderr=gone)
    written = step(f"kubectl -n {NS} annotate {kind} accounting a=b", stderr=gone)
    assert not events(attempt(looks(), listing, asked, said=GAVE_UP), "H4")
    secrets = reads(stdout="accounting   Opaque   2   40d")
    assert stands(attempt(looks(), secrets, asked, said=GAVE_UP), "H4").step == 2
    assert stands(attempt(looks(), listing, written, said=GAVE_UP), "H4").step == 2


def test_a_look_that_shows_its_error_alone_masks_nothing() -> None:
    gone = 'Error from server (NotFound): deployments.apps "cart" not found'
    look = step(
        "kubectl -n default get deployment cart -o json | jq .spec", stderr=gone, exit_code=0,
        pipeline_exit_codes=[[1, 0]],
    )  # fmt: skip
    assert not events(attempt(looks(), look, said=GAVE_UP), "X4")
    partly = look.model_copy(update={"stdout": "some of it"})
    assert stands(attempt(looks(), partly, said=GAVE_UP), "X4").step == 1
    saved = step(
        "kubectl get deployment crat -o yaml > before.yaml; kubectl get svc cart -o yaml > svc.yaml",
        stderr=gone, exit_code=0, pipeline_exit_codes=[[1], [0]],
    )  # fmt: skip
    assert stands(attempt(looks(), saved, said=GAVE_UP), "X4").step == 1


def test_a_write_behind_a_failed_look_is_not_forgotten() -> None:
    both = step(
        "kubectl get deployment crat -o name | cat; kubectl patch deployment cart -p @x | cat",
        stderr='Error from server (Forbidden): deployments.apps "cart" is forbidden',
        exit_code=0,
        pipeline_exit_codes=[[1, 0], [1, 0]],
    )
    assert stands(attempt(looks(), both, said=report()), "X4").step == 1


@pytest.mark.parametrize(
    ("command", "exit_code", "hung"),
    [
        ("timeout 10 kubectl get events -w", 124, False),
        ("timeout 10 kubectl get events -w | head -5", 124, False),
        ("kubectl get events -w", 124, True),
        ("kubectl logs -f deployment/cart | grep timeout", 124, True),
        ("timeout 3600 kubectl logs -f deployment/cart", None, True),
        ("timeout 5 kubectl version; kubectl get pods -w", 124, True),
    ],
)
def test_an_end_of_ones_own_is_no_hang(command: str, exit_code: int | None, hung: bool) -> None:
    shown = step(command, "Readiness probe failed: timed out", exit_code=exit_code)
    assert bool(events(attempt(shown, said=GAVE_UP), "X5")) is hung


def test_waiting_for_something_to_appear_is_no_blind_retry() -> None:
    missing = 'Error from server (NotFound): pods "cart-canary" not found'
    waits = step(f"sleep 20; kubectl -n {NS} get pod cart-canary", stderr=missing)
    tries = step(f"kubectl -n {NS} get pod cart-canary", stderr=missing)
    assert not events(attempt(looks(), *[waits] * 4, fixes(), said=report()), "E3")
    assert events(attempt(looks(), *[tries] * 4, fixes(), said=report()), "E3")
