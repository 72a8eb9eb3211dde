"""L3: what a report says against the values, units and states that were shown."""

from __future__ import annotations

import pytest
from tests.diagnosis.attempts import attempt, events, looks, reads, report, silent, stands, step

from opsrange.diagnosis.case import Attempt
from opsrange.trace import Step

NODES = "NAME      STATUS   ROLES    AGE\nworker-1  Ready    <none>   9d"
PODS = "NAME                    READY   STATUS    RESTARTS   AGE\nquote-5d5b9f8d7-abcde   1/1     Running   0          2m"
DEPLOYMENTS = (
    "NAME    READY   UP-TO-DATE   AVAILABLE   AGE\nquote   2/2     2            2           9d"
)
LATENCY = "query=service:request_duration_milliseconds:p95_5m"


def saying(mechanism: str, *shown: Step) -> Attempt:
    return attempt(looks(), *shown, said=report(mechanism=mechanism, healthy=False))


def test_another_unit_than_was_shown_is_l3() -> None:
    assert stands(saying("the limit is 9Gi"), "L3").step == 0
    assert silent(saying("the limit is 9Mi"), "L3")


def test_a_quote_with_another_number_is_l3_and_not_made_up() -> None:
    quoted = report(quotes=[(0, "memory limit: 90Mi")])
    assert stands(attempt(looks(), said=quoted), "L3")
    assert silent(attempt(looks(), said=quoted), "L5")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (NODES, "node worker-1 is NotReady"),
        (PODS, "pod quote-5d5b9f8d7-abcde is in CrashLoopBackOff"),
        (DEPLOYMENTS, "0 of the replicas of quote are ready"),
        (DEPLOYMENTS, "no ready replicas of quote"),
    ],
)
def test_the_opposite_of_a_row_is_l3(shown: str, said: str) -> None:
    assert stands(saying(said, reads(stdout=shown)), "L3").step == 1


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (NODES, "node worker-1 is Ready"),
        (NODES, "node worker-1 is not Ready yet"),
        (NODES, "node worker-2 is NotReady"),
        (PODS, "2 of the replicas of quote are ready"),
        (DEPLOYMENTS, "2 of the replicas of quote are ready"),
        (f"{PODS}\n", "pod quote-5d5b9f8d7-abcde was Running"),
        (f"{PODS}\n---\nName: quote-5d5b9f8d7-abcde\n  Reason: OOMKilled", "pod quote-5d5b9f8d7-abcde was OOMKilled"),
    ],
)  # fmt: skip
def test_what_a_row_says_or_says_nothing_about_is_not(shown: str, said: str) -> None:
    assert silent(saying(said, reads(stdout=shown)), "L3")


def test_a_bare_number_has_the_unit_of_its_metric() -> None:
    asked = step(f"curl -sG http://prometheus:9090/api/v1/query -d '{LATENCY}'", "quote 12.5")
    assert stands(saying("the latency of quote is 12.5 seconds", asked), "L3").step == 1
    assert silent(saying("the latency of quote is 12.5 ms", asked), "L3")
    elsewhere = step("kubectl get pods", "quote 12.5")
    assert not events(saying("the latency of quote is 12.5 seconds", elsewhere), "L3")
