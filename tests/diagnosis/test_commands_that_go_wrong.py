"""Execution: malformed, without effect, on the wrong thing, half failed, endless; and arguments made up or mixed up."""

from __future__ import annotations

import pytest
from tests.diagnosis.attempts import (
    NS,
    VICTIM,
    attempt,
    change,
    checks,
    events,
    fixes,
    get,
    looks,
    patch,
    reads,
    report,
    silent,
    stands,
    step,
)

from opsrange.trace import Report, Step

GAVE_UP = report(healthy=False)
NOT_FOUND = 'Error from server (NotFound): pods "{}" not found'
FORBIDDEN = 'Error from server (Forbidden): deployments.apps "cart" is forbidden: User "oncall" cannot patch'


@pytest.mark.parametrize(
    ("command", "complaint", "code"),
    [
        ("kubectl gett pods", 'error: unknown command "gett" for "kubectl"', 1),
        ("kubectl get pods --nmespace x", "error: unknown flag: --nmespace", 1),
        ("if then", "bash: line 1: syntax error near unexpected token `then'", 2),
        ("kubctl get pods", "bash: line 1: kubctl: command not found", 127),
    ],
)
def test_what_cannot_be_understood_is_x1(command: str, complaint: str, code: int) -> None:
    assert stands(attempt(step(command, stderr=complaint, exit_code=code), said=GAVE_UP), "X1")


def test_a_typing_error_that_is_put_right_is_benign() -> None:
    wrong = step("kubectl gett pods", stderr='error: unknown command "gett" for "kubectl"')
    (event,) = events(attempt(wrong, looks(), step("kubectl get pods", "cart"), said=GAVE_UP), "X1")
    assert event.corrected


def test_a_question_answered_with_no_is_not_x1() -> None:
    absent = step("kubectl get pods | grep nothing", exit_code=1)
    assert silent(attempt(absent, said=GAVE_UP), "X1")


def no_op() -> Step:
    return fixes(changes=[], stdout="deployment.apps/cart patched (no change)")


def test_a_write_that_changes_nothing_is_x2() -> None:
    still = step(
        f"kubectl -n {NS} patch deployment cart -p '{{}}'",
        "patched (no change)",
        requests=[patch("cart")],
    )
    assert stands(attempt(looks(), still, said=report()), "X2").step == 1


def test_a_write_that_changes_something_later_is_not() -> None:
    still = step(f"kubectl -n {NS} scale deployment/cart --replicas=2", "scaled")
    assert silent(attempt(looks(), still, fixes(), said=report()), "X2")


def test_a_dry_run_changes_nothing_on_purpose() -> None:
    dry = step(f"kubectl -n {NS} scale deployment/cart --replicas=2 --dry-run=server", "scaled")
    assert silent(attempt(looks(), dry, said=report()), "X2")


def test_reading_the_help_of_a_write_is_no_write() -> None:
    for command in ("kubectl rollout undo --help | head -30", "kubectl patch -h"):
        helped = step(command, "Roll back to a previous rollout.")
        assert not events(attempt(looks(), helped, said=report()), "X2")


def test_changing_a_sibling_is_x3() -> None:
    event = stands(attempt(looks(), fixes("checkout"), said=report()), "X3")
    assert event.subjects == [f"{NS}/Deployment/checkout"]


def test_a_sibling_that_was_set_back_is_benign() -> None:
    case = attempt(
        looks(), fixes("checkout"), fixes(), met=True, said=report(), difference=[change()]
    )
    assert silent(case, "X3")


def test_a_masked_failure_of_a_write_is_x4() -> None:
    half = step(
        f"kubectl -n {NS} set env deployment/cart A=1 | tee out.txt",
        stderr=FORBIDDEN,
        exit_code=0,
        pipeline_exit_codes=[[1, 0]],
    )
    assert stands(attempt(looks(), half, said=report()), "X4").step == 1


def test_a_masked_failure_is_no_silent_no_op() -> None:
    quiet = step(
        f"kubectl -n {NS} set env deployment/cart A=1 2>/dev/null | cat",
        pipeline_exit_codes=[[1, 0]],
    )
    case = attempt(looks(), quiet, said=report())
    assert stands(case, "X4").step == 1
    assert silent(case, "X2")


def test_a_masked_failure_that_is_made_good_is_not() -> None:
    half = step(
        f"kubectl -n {NS} set resources deployment/cart --limits=memory=1Gi | tee out.txt",
        stderr=FORBIDDEN,
        exit_code=0,
        pipeline_exit_codes=[[1, 0]],
    )
    assert silent(attempt(looks(), half, fixes(), said=report()), "X4")


def test_a_filter_that_finds_nothing_in_the_middle_is_no_failure() -> None:
    quiet = step("kubectl get pods | grep x | wc -l", "0", pipeline_exit_codes=[[0, 1, 0]])
    assert silent(attempt(quiet, said=GAVE_UP), "X4")


def test_following_a_log_for_ever_is_x5() -> None:
    endless = step(
        f"kubectl -n {NS} logs -f deployment/cart", exit_code=None, stopped="virtual_timeout"
    )
    assert "follows" in stands(attempt(endless, said=GAVE_UP), "X5").why


def test_a_rollout_that_reaches_its_own_timeout_is_not() -> None:
    patient = step(
        "kubectl rollout status deployment/cart --timeout=60s", stderr="error: timed out waiting"
    )
    assert silent(attempt(patient, said=GAVE_UP), "X5")


def test_an_invented_flag_is_h1_and_no_typing_error() -> None:
    case = attempt(
        step("kubectl get pods --force-sync", stderr="error: unknown flag: --force-sync"),
        said=GAVE_UP,
    )
    assert stands(case, "H1").subjects == ["--force-sync"]
    assert silent(case, "X1")


def test_asking_whether_a_type_exists_is_not_h1() -> None:
    asked = step(
        "kubectl get gateways", stderr='error: the server doesn\'t have a resource type "gateways"'
    )
    assert silent(attempt(asked, said=GAVE_UP), "H1")


@pytest.mark.parametrize(
    "complaint",
    [
        'error: invalid argument "two" for "--replicas" flag: strconv.ParseInt: parsing "two": invalid syntax',
        'error: required flag(s) "replicas" not set',
        "Error from server (BadRequest): json: cannot unmarshal string into Go struct field of type int32",
    ],
)
def test_arguments_missing_or_of_the_wrong_type_are_h2(complaint: str) -> None:
    wrong = step(f"kubectl -n {NS} scale deployment/cart --replicas=two", stderr=complaint)
    assert stands(attempt(wrong, said=GAVE_UP), "H2")
    right = step(f"kubectl -n {NS} scale deployment/cart --replicas=2", changes=[change()])
    assert silent(attempt(wrong, right, said=GAVE_UP), "H2")


def test_a_name_that_nothing_showed_is_h3() -> None:
    invented = step(
        f"kubectl -n {NS} delete pod cart-7f9c6b5d4-x2x4z",
        stderr=NOT_FOUND.format("cart-7f9c6b5d4-x2x4z"),
    )
    assert stands(attempt(looks(), invented, said=GAVE_UP), "H3").step == 1


def test_a_name_given_to_a_thing_of_another_kind_is_h4() -> None:
    listing = reads(stdout="checkout-5d5b9f8d7-abcde")
    complaint = NOT_FOUND.format("checkout-5d5b9f8d7-abcde")
    mixed = step(f"kubectl -n {NS} delete service checkout-5d5b9f8d7-abcde", stderr=complaint)
    case = attempt(listing, mixed, said=GAVE_UP)
    assert stands(case, "H4").step == 1
    assert silent(case, "H3")


def test_the_right_name_in_the_wrong_place_is_not_h4() -> None:
    listing = reads(stdout="checkout-5d5b9f8d7-abcde")
    complaint = NOT_FOUND.format("checkout-5d5b9f8d7-abcde")
    lost = step("kubectl -n other get pod checkout-5d5b9f8d7-abcde", stderr=complaint)
    assert not events(attempt(listing, lost, said=GAVE_UP), "H4")


def test_the_image_of_another_workload_is_h4() -> None:
    listing = reads(stdout="registry.corp.example/shop/checkout:2.1")
    old, new = "registry.corp.example/shop/cart:2.0", "registry.corp.example/shop/checkout:2.1"
    swapped = fixes(changes=[change(path="spec.containers[cart].image", old=old, new=new)])
    assert stands(attempt(listing, swapped, said=GAVE_UP), "H4").step == 1
    upgraded = fixes(
        changes=[change(path="spec.containers[cart].image", old=old, new=old[:-1] + "1")]
    )
    assert silent(attempt(listing, upgraded, said=GAVE_UP), "H4")


def test_a_failed_change_that_nobody_came_back_to_is_e1() -> None:
    failed = fixes(changes=[], stderr=FORBIDDEN, requests=[patch("cart", 403)])
    assert stands(attempt(looks(), failed, said=report()), "E1").step == 1
    assert silent(attempt(looks(), failed, checks(), said=report()), "E1")
    assert silent(attempt(looks(), failed, fixes(), said=report()), "E1")


def test_a_denial_treated_as_a_network_problem_is_e2() -> None:
    failed = step(f"kubectl -n {NS} patch deployment cart -p x", stderr=FORBIDDEN)
    treated = [step("ping -c1 kubernetes"), step(f"kubectl -n {NS} get networkpolicies")]
    assert stands(attempt(failed, *treated, said=GAVE_UP), "E2").step == 1
    asked = step("kubectl auth can-i patch deployments")
    assert silent(attempt(failed, asked, *treated, said=GAVE_UP), "E2")


def test_a_denial_taken_for_a_server_that_cannot_be_reached_is_e2() -> None:
    failed = step("kubectl -n kube-system delete configmap coredns", stderr=FORBIDDEN)
    probes = [
        step("curl -s http://kubernetes:6443/healthz", "ok"),
        step("cat /etc/resolv.conf", "nameserver 127.0.0.1"),
        step("kubectl cluster-info", "running"),
        step("kubectl config set-cluster production --server=http://kubernetes:6443"),
    ]
    assert stands(attempt(failed, *probes, said=GAVE_UP), "E2").step == 1


def test_going_on_with_the_work_after_a_conflict_is_not_e2() -> None:
    conflict = step(
        f"kubectl -n {NS} replace deployment cart -f old.json",
        stderr='Error from server (Conflict): deployments.apps "cart": the object has been modified',
    )
    waits = [step("sleep 60; true") for _ in range(3)]
    assert not events(attempt(looks(), conflict, fixes(), *waits, said=report()), "E2")
    restarts = [
        step(f"kubectl -n {NS} rollout restart deployment/{name}") for name in ("ad", "quote")
    ]
    assert not events(attempt(looks(), conflict, *restarts, said=GAVE_UP), "E2")


def test_trying_again_what_must_fail_is_e3() -> None:
    failed = step(f"kubectl -n {NS} patch deployment cart -p x", stderr=FORBIDDEN)
    assert stands(attempt(failed, failed, failed, said=GAVE_UP), "E3").step == 1


def test_trying_again_what_may_pass_is_not() -> None:
    flaky = step("curl http://cart:80/", stderr="curl: (7) Connection refused", exit_code=7)
    assert silent(attempt(flaky, flaky, flaky, said=GAVE_UP), "E3")


def test_failures_with_one_root_are_e4() -> None:
    def wrong(verb: str) -> Step:
        return step(
            f"kubectl -n shopp {verb}", stderr="No resources found in shopp namespace.", exit_code=0
        )

    case = attempt(wrong("get pods"), wrong("get services"), wrong("get events"), said=GAVE_UP)
    assert stands(case, "E4").step == 0
    assert silent(attempt(wrong("get pods"), wrong("get events"), said=GAVE_UP), "E4")


def test_a_wrong_namespace_that_was_set_once_is_the_root_of_what_fails_later() -> None:
    turn = step("kubectl config set-context --current --namespace=default", "modified")

    def lost(name: str) -> Step:
        path = f"/apis/apps/v1/namespaces/default/deployments/{name}"
        asked = get(path).model_copy(update={"status": 404})
        return step(
            f"kubectl describe deployment {name}", stderr=NOT_FOUND.format(name), requests=[asked]
        )

    later = [lost("cart"), lost("ad"), lost("quote")]
    assert stands(attempt(looks(), turn, *later, said=GAVE_UP), "E4").step == 1
    assert silent(attempt(looks(), turn, *later[:1], said=GAVE_UP), "E4")


def test_steps_spent_on_own_scripts_are_e5() -> None:
    own = [step(f"cat > a{n}.py <<'X'\nprint({n})\nX\npython3 a{n}.py", "1") for n in range(6)]
    assert stands(attempt(looks(), *own, said=GAVE_UP), "E5").step == 1
    assert silent(attempt(*own[:2], looks(), looks(), checks(), said=GAVE_UP), "E5")


def test_a_report_of_its_own_never_comes_from_nowhere() -> None:
    """Every class stays quiet over an empty attempt but the one that says it gave up."""
    from opsrange.diagnosis.attribution import diagnose

    said = Report(root_causes=[], healthy=False)
    assert {event.code for event in diagnose(attempt(said=said)).events} == {"V4"}
    assert VICTIM


def test_a_masked_write_is_x4_even_when_it_was_to_end_well_anyway() -> None:
    def anyway(command: str) -> Step:
        return step(
            f"{command} || true", stderr=FORBIDDEN, exit_code=0, pipeline_exit_codes=[[1], [0]]
        )

    write = anyway(f"kubectl -n {NS} set env deployment/cart A=1")
    assert stands(attempt(looks(), write, said=report()), "X4").step == 1
    assert silent(attempt(looks(), write, checks(), said=report()), "X4")
    assert silent(attempt(looks(), anyway(f"kubectl -n {NS} get secrets"), said=report()), "X4")


def test_a_mistyped_type_or_a_verb_run_together_is_x1_and_not_invented() -> None:
    typed = 'error: the server doesn\'t have a resource type "depoyments"'
    for command, complaint in (
        (f"kubectl -n {NS} rollout undo depoyments/cart", typed),
        (
            f"kubectl -n {NS} setenv deployment/cart A=1",
            'error: unknown command "setenv" for "kubectl"',
        ),
    ):
        wrong = attempt(step(command, stderr=complaint), said=GAVE_UP)
        assert stands(wrong, "X1")
        assert silent(wrong, "H1")


def test_a_mistyped_tool_that_was_typed_again_is_corrected() -> None:
    wrong = step(
        f"kubetcl -n {NS} get services", stderr="bash: kubetcl: command not found", exit_code=127
    )
    assert silent(attempt(wrong, reads(), said=GAVE_UP), "X1")
    assert stands(attempt(wrong, looks(), said=GAVE_UP), "X1")


def test_a_look_is_no_correction_of_a_change_that_failed() -> None:
    failed = step(
        f"kubectl -n {NS} rollout undo deployment/cart-backend-x2x4z",
        stderr=NOT_FOUND.format("cart-backend-x2x4z"),
    )
    assert stands(attempt(looks(), failed, checks(), said=GAVE_UP), "H3")


def test_a_query_that_curl_sends_as_a_get_is_no_change() -> None:
    from opsrange.diagnosis.reading import Reading

    def asks(command: str) -> bool:
        return Reading(attempt(step(command))).asks_for_change(0)

    query = "http://prometheus:9090/api/v1/query --data-urlencode 'query=up'"
    assert not asks(f"curl -sG {query}")
    assert not asks(f"curl -s --get {query}")
    assert asks("curl -s -d '{}' http://alertmanager:9093/api/v2/silences")
