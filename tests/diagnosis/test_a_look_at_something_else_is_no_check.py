"""V1 and V2: a read of another workload says nothing of the repair, however kubectl asks for it."""

from __future__ import annotations

import pytest
from tests.diagnosis.attempts import API, NS, PODS, attempt, fixes, looks, report, silent, step

from opsrange.trace import Step, WorldRequest

DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NS}/deployments"
EVENTS = f"/api/v1/namespaces/{NS}/events"


def asks(path: str, **query: str) -> Step:
    request = WorldRequest(
        address=API,
        method="GET",
        path=path,
        query={name: [value] for name, value in query.items()},
        status=200,
        bytes_out=1,
        client="kubectl get",
    )
    return step("kubectl get", "ok", requests=[request])


@pytest.mark.parametrize(
    "look",
    [
        asks(PODS, labelSelector="app.kubernetes.io/name=email"),
        asks(PODS, labelSelector="pod-template-hash=6b8,app=email"),
        asks(PODS, fieldSelector="metadata.name=email-6b8f-x2x"),
        asks(DEPLOYMENTS, fieldSelector="metadata.name=email"),
        asks(EVENTS, fieldSelector="involvedObject.name=email-6b8f-x2x,involvedObject.kind=Pod"),
        asks(f"{PODS}/email-6b8f-x2x/log"),
    ],
)
def test_a_list_of_anothers_pods_is_no_check(look: Step) -> None:
    case = attempt(looks(), fixes(), look, said=report())
    assert silent(case, "V2")
    assert not silent(case, "V1")


@pytest.mark.parametrize(
    "look",
    [
        asks(PODS),
        asks(PODS, labelSelector="app.kubernetes.io/part-of=shop"),
        asks(PODS, fieldSelector="status.phase=Running"),
        asks(PODS, labelSelector="app.kubernetes.io/name=cart"),
        asks(f"{PODS}/cart-6b8f-x2x"),
        asks(DEPLOYMENTS, fieldSelector="metadata.name=cart"),
        asks(EVENTS, fieldSelector="involvedObject.name=cart-6b8f-x2x"),
    ],
)
def test_a_list_that_holds_the_repaired_is_one(look: Step) -> None:
    case = attempt(looks(), fixes(), look, said=report())
    assert silent(case, "V1")
    assert not silent(case, "V2")
