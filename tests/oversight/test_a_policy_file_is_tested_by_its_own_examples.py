"""A policy that does not do what its examples say is refused, in one line; matching is exact."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsrange.errors import OperatorError
from opsrange.oversight.gate import Asked
from opsrange.oversight.policy import Policy, load_policy, matches, parse_policy
from opsrange.oversight.request import Decision, Information

GOOD = """
gate: effect-class
approver: refuser
information: command+docs
rules:
  - command: kubectl get pods
    decision: approve
  - when: {entity: "regex:shop/ConfigMap/.*", path: data.note}
    decision: approve
  - when: {entity: kube-system/Secret/admin}
    decision: reject
    reason: nobody touches that
must_escalate:
  - {effect: irreversible_write}
  - {health_drop: 0.1}
examples:
  - {command: kubectl get pods, preview: {effect: read}, expect: approve}
  - command: anything
    preview:
      effect: reversible_write
      changes: [{entity: shop/ConfigMap/a, path: data.note}]
    expect: approve
  - command: anything
    preview:
      effect: reversible_write
      changes: [{entity: shop/ConfigMap/a, path: data.note}, {entity: shop/Deployment/b}]
    expect: escalate
  - command: anything
    preview:
      effect: reversible_write
      changes: [{entity: shop/ConfigMap/a, path: data.note}, {entity: kube-system/Secret/admin}]
    expect: reject
  - {command: kubectl get pods, preview: {effect: irreversible_write}, expect: escalate}
  - {command: kubectl get pods, preview: {health_drop: 0.2}, expect: escalate}
  - {command: kubectl get pods, preview: {unfinished: wall_timeout}, expect: approve}
"""


def test_a_policy_whose_examples_hold_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    policy = load_policy(path)
    assert (policy.approver, policy.information) == ("refuser", Information.DOCUMENTS)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("expect: reject", "example 4 .* expects approve, the policy says reject"),
        ("gate: effect-class", "gate 'approve'"),
        ("decision: reject", "example 4"),
    ],
)
def test_a_policy_that_does_something_else_is_refused(change: str, complaint: str) -> None:
    replacement = change.rpartition(" ")[0] + " approve"
    with pytest.raises(OperatorError, match=complaint) as refused:
        parse_policy(GOOD.replace(change, replacement), "mine.yaml")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "gate: [",
        "gates: none",
        "- none",
        "rules: [{decision: approve}]",
        "rules: [{command: 'regex:(', decision: reject}]",
        "must_escalate: [{health_drop: 2}]",
        "horizon_minutes: 0",
        "examples: [{command: x, expect: allow}]",
        "examples: [{command: x, expect: approve}]",
        "free_tools: think",
        "free_tools: [bash]",
        "rules: [{command: x, decision: reject}]",
        "rules: [{command: x, decision: modify}]\nexamples: [{command: x, expect: modify}]",
    ],
)
def test_what_is_no_policy_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(OperatorError, match=r"mine\.yaml") as refused:
        parse_policy(text, "mine.yaml")
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")


def test_matching_has_no_hidden_wildcards() -> None:
    assert not matches("kubectl get", "kubectl get pods")
    assert not matches("kubectl get *", "kubectl get pods")
    assert not matches("shop/Deployment/ca.t", "shop/Deployment/cart")
    assert matches("regex:shop/Deployment/ca.t", "shop/Deployment/cart")
    assert not matches("regex:kubectl get", "kubectl get pods; kubectl delete pod web")


def test_a_permission_needs_a_finished_preview_and_a_refusal_does_not() -> None:
    policy = parse_policy(GOOD, "mine.yaml")
    example = policy.examples[1].preview
    assert example is not None
    unfinished = example.preview("anything").model_copy(update={"unfinished": "wall_timeout"})
    assert policy.judge(Asked("bash", "anything"), unfinished).decision is Decision.ESCALATE


def test_the_must_escalate_gate_has_predicates_of_its_own_unless_the_policy_says() -> None:
    irreversible = parse_policy(
        "gate: must-escalate\n"
        "examples: [{preview: {effect: irreversible_write}, expect: escalate},"
        " {preview: {effect: reversible_write, changes: [{entity: a/B/c}]}, expect: approve},"
        " {preview: {effect: reversible_write, health_drop: 0.5}, expect: escalate}]",
        "mine.yaml",
    )
    assert irreversible.must_escalate == ()
    own = "gate: must-escalate\nmust_escalate: [{alert: A}]\n"
    parse_policy(own + "examples: [{preview: {effect: irreversible_write}, expect: approve}]", "x")


def test_the_default_policy_asks_a_person_about_writes() -> None:
    assert (Policy().gate, Policy().approver) == ("effect-class", "terminal")
