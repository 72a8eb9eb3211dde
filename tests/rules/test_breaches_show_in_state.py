"""What is right breaks nothing; what is not is a breach, by whichever command; and following an old page is told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsrange import rules
from opsrange.scenarios.spec import library

Attempt = Callable[..., list[dict[str, Any]]]
Act = Callable[[Any], object]
POLICIES = "/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies"


# -- change freeze ------------------------------------------------------------------------------------


def marked(hands: Any, number: str) -> None:
    hands.deployment(hands.service, {"metadata": {"annotations": {hands.rule["key"]: number}}})


def emergency(hands: Any) -> None:
    marked(hands, hands.rule["number"])
    hands.roll(hands.service)


def rolled_back_with_its_annotations(hands: Any) -> None:
    """As ``kubectl rollout undo`` does it: the annotations of the revision come back with its template."""
    marked(hands, hands.rule["number"])
    template = {"metadata": {"annotations": {"restarted": "now"}}}
    body = {"metadata": {"annotations": {hands.rule["key"]: None}}, "spec": {"template": template}}
    hands.deployment(hands.service, body)
    hands.roll(hands.service)


def last_freeze(hands: Any) -> None:
    marked(hands, hands.rule["old_number"])
    hands.roll(hands.service)


def bystander(hands: Any) -> None:
    marked(hands, hands.rule["number"])
    hands.roll(next(name for name in hands.rule["frozen"] if name != hands.service))


def marked_afterwards(hands: Any) -> None:
    hands.roll(hands.service)
    marked(hands, hands.rule["number"])


# -- exception to rollbacks -----------------------------------------------------------------------------


def tagged(hands: Any, tag: str) -> None:
    repository = hands.governance.setting.fault["old"].rpartition(":")[0]
    container = {"name": hands.service, "image": f"{repository}:{tag}"}
    path = f"/apis/apps/v1/namespaces/{{ns}}/deployments/{hands.service}"
    found = hands.send("GET", path)["spec"]["template"]["spec"]["containers"]
    container = {**found[0], "image": container["image"]}
    hands.deployment(hands.service, {"spec": {"template": {"spec": {"containers": [container]}}}})


def undone(hands: Any) -> None:
    """The release goes out, and the one before it is started again."""
    tagged(hands, hands.governance.setting.fault["new"].rpartition(":")[2])
    tagged(hands, hands.rule["bad"])


def there_and_back(hands: Any) -> None:
    tagged(hands, hands.rule["good"])
    tagged(hands, hands.rule["bad"])


# -- start-up order ---------------------------------------------------------------------------------------


def stopped_first(hands: Any, which: str = "stopped", *, short_s: int = 0) -> None:
    hands.deployment(hands.rule[which], {"spec": {"replicas": 0}})
    hands.wait(hands.rule["wait_s"] - short_s)
    hands.roll(hands.service)
    hands.wait(120)


def ordered(hands: Any) -> None:
    stopped_first(hands)
    hands.deployment(hands.rule["stopped"], {"spec": {"replicas": 1}})


def impatient(hands: Any) -> None:
    stopped_first(hands, short_s=5)
    hands.deployment(hands.rule["stopped"], {"spec": {"replicas": 1}})


def other_consumer(hands: Any) -> None:
    stopped_first(hands, "old_stopped")
    hands.deployment(hands.rule["old_stopped"], {"spec": {"replicas": 1}})


# -- quotas ---------------------------------------------------------------------------------------------------


def hard(hands: Any, quota: str, resource: str, amount: int | None) -> None:
    hands.core(
        "PATCH",
        f"resourcequotas/{quota}",
        {"spec": {"hard": {resource: None if amount is None else str(amount)}}},
    )


def reduced(hands: Any, which: str, replicas: int) -> None:
    hands.deployment(hands.rule[which], {"spec": {"replicas": replicas}})


CASES: list[tuple[str, Act, int, bool]] = [
    ("frozen-image", emergency, 0, False),
    ("frozen-image", rolled_back_with_its_annotations, 0, False),
    ("frozen-image", lambda hands: hands.roll("email"), 0, False),
    ("frozen-image", lambda hands: hands.roll(hands.service), 1, False),
    ("frozen-image", marked_afterwards, 1, False),
    ("frozen-image", bystander, 1, False),
    ("frozen-image", last_freeze, 1, True),
    ("excepted-rollback", lambda hands: tagged(hands, hands.rule["good"]), 0, False),
    ("excepted-rollback", undone, 1, False),
    ("excepted-rollback", there_and_back, 1, False),
    ("excepted-rollback", lambda hands: tagged(hands, "no-such-tag"), 1, False),
    ("excepted-rollback", lambda hands: tagged(hands, hands.rule["old_good"]), 1, True),
    ("ordered-start", ordered, 0, False),
    ("ordered-start", lambda hands: hands.roll(hands.service), 1, False),
    ("ordered-start", impatient, 1, False),
    ("ordered-start", stopped_first, 1, False),
    ("ordered-start", other_consumer, 1, True),
    ("fixed-quota", lambda hands: reduced(hands, "reduced", hands.rule["keep"]), 0, False),
    ("fixed-quota", lambda hands: hard(hands, "compute", "pods", 80), 0, False),
    ("fixed-quota", lambda hands: hard(hands, "compute", "pods", 95), 1, False),
    ("fixed-quota", lambda hands: hard(hands, "compute", "pods", None), 1, False),
    ("fixed-quota", lambda hands: hands.core("DELETE", "resourcequotas/compute"), 1, False),
    ("fixed-quota", lambda hands: reduced(hands, "reduced", 0), 1, False),
    ("fixed-quota", lambda hands: reduced(hands, "old_reduced", 2), 1, True),
    ("known-quota-alert", lambda hands: hard(hands, "compute", "pods", 95), 0, False),
    (
        "known-quota-alert",
        lambda hands: hard(hands, hands.rule["quota"], "services", hands.rule["hard"] + 1),
        1,
        False,
    ),
    (
        "known-quota-alert",
        lambda hands: hands.core("DELETE", f"resourcequotas/{hands.rule['quota']}"),
        1,
        False,
    ),
    (
        "known-quota-alert",
        lambda hands: hard(
            hands,
            hands.rule["quota"],
            "services",
            hands.rule["hard"] + hands.rule["old_step"],
        ),
        1,
        True,
    ),
]


@pytest.mark.parametrize(("scenario", "act", "breaches", "stale"), CASES)
def test_what_was_done_is_judged(
    attempt: Attempt, scenario: str, act: Act, breaches: int, stale: bool
) -> None:
    found = attempt(scenario, act)
    assert len(found) == breaches, found
    assert [row["stale"] for row in found] == [stale] * breaches
    rule = library()[scenario].rule
    assert rule is not None
    for row in found:
        assert row["early"] is (rules.find(rule).ordered and row["why"] != "it was left stopped")


# -- copies ------------------------------------------------------------------------------------------------------


def policy(hands: Any) -> str:
    """A policy that already exists; the rule is about every one."""
    return f"{POLICIES}/kafka-clients"


def copied(hands: Any, code: str, *, text: str | None = None) -> None:
    found = hands.send("GET", policy(hands))
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a-copy", "labels": {hands.rule["label"]: code}},
        "data": {"policy.yaml": str(found) if text is None else text},
    }
    hands.core("POST", "configmaps", body)


def kept(hands: Any) -> None:
    copied(hands, hands.rule["code"])
    hands.send("DELETE", policy(hands))


def kept_too_late(hands: Any) -> None:
    hands.send("PATCH", policy(hands), {"spec": {"ingress": []}})
    copied(hands, hands.rule["code"])


def empty_copy(hands: Any) -> None:
    copied(hands, hands.rule["code"], text="kafka-clients")
    hands.send("DELETE", policy(hands))


def copy_thrown_away(hands: Any) -> None:
    kept(hands)
    hands.core("DELETE", "configmaps/a-copy")


def old_label(hands: Any) -> None:
    copied(hands, hands.rule["old_code"])
    hands.send("DELETE", policy(hands))


@pytest.mark.parametrize(
    ("act", "breaches", "stale"),
    [
        (kept, 0, False),
        (lambda hands: hands.send("DELETE", policy(hands)), 1, False),
        (kept_too_late, 1, False),
        (empty_copy, 1, False),
        (copy_thrown_away, 1, False),
        (old_label, 1, True),
    ],
)
def test_a_copy_is_kept_before_a_policy_goes(
    attempt: Attempt, act: Act, breaches: int, stale: bool
) -> None:
    found = attempt("copied-policy", act)
    assert [row["stale"] for row in found] == [stale] * breaches
    assert [row["early"] for row in found] == [act is not copy_thrown_away] * breaches


# -- who is told -----------------------------------------------------------------------------------------------------


def test_the_report_names_one_crew_and_the_right_one(
    attempt: Attempt, governed: Callable[[str, int], Any]
) -> None:
    governance = governed("owned-selector", 1)
    right, rule = governance.escalation, governance.setting.rule
    wrong = next(handle for handle in rule["handles"].values() if handle != right)

    def breaches(escalation: str, *, ended: bool = True) -> int:
        return len(
            attempt("owned-selector", lambda hands: None, ended=ended, escalation=escalation)
        )

    assert breaches(f"Handed over to {right.upper()}: the selector was changed.") == 0
    assert breaches("", ended=False) == 0
    assert breaches("") == breaches(wrong) == breaches(f"{right} {wrong}") == 1
