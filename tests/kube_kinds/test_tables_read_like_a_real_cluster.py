from typing import Any

import pytest
from tests.kube_kinds.sample import CREATED, deployment, kind_of, pod, stored

from opsrange.kube.fields.durations import human_duration
from opsrange.kube.kind import all_kinds
from opsrange.types import Json, parse_rfc3339

NOW_MS = parse_rfc3339("2026-01-01T01:05:12Z")


def cells(plural: str, document: Json) -> dict[str, Any]:
    """Column names and cells."""
    return {column.name: column.value(document, NOW_MS) for column in kind_of(plural).columns}


def row(plural: str, document: Json, *, wide: bool = False) -> list[Any]:
    columns = kind_of(plural).columns
    return [column.value(document, NOW_MS) for column in columns if wide or not column.priority]


def named(**parts: Any) -> Json:
    return {"metadata": {"name": "web", "namespace": "shop", "creationTimestamp": CREATED}, **parts}


def running(name: str = "web", **more: Any) -> Json:
    return {"name": name, "ready": True, "state": {"running": {}}, "restartCount": 0, **more}


def with_status(status: Json, **spec: Any) -> Json:
    return {**pod(**spec), "status": {"phase": "Running", **status}}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (312, "5m12s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (11_160, "3h6m"),
        (8 * 3600, "8h"),
        (47 * 3600, "47h"),
        (52 * 3600, "2d4h"),
        (48 * 3600, "2d"),
        (9 * 86_400, "9d"),
        (3 * 365 * 86_400 + 86_400, "3y1d"),
        (9 * 365 * 86_400, "9y"),
    ],
)
def test_ages_are_shortened_as_kubernetes_does(seconds: int, text: str) -> None:
    assert human_duration(seconds * 1000) == text


def waiting(reason: str) -> Json:
    return {"name": "web", "ready": False, "state": {"waiting": {"reason": reason}}}


def ended(**terminated: Any) -> Json:
    return {"name": "web", "ready": False, "state": {"terminated": terminated}}


INIT = {"initContainers": [{"name": "wait", "image": "w:1"}, {"name": "load", "image": "l:1"}]}


@pytest.mark.parametrize(
    ("status", "spec", "text"),
    [
        ({"containerStatuses": [running()]}, {}, "Running"),
        ({"containerStatuses": [waiting("CrashLoopBackOff")]}, {}, "CrashLoopBackOff"),
        ({"containerStatuses": [waiting("ImagePullBackOff")]}, {}, "ImagePullBackOff"),
        ({"containerStatuses": [ended(reason="OOMKilled", exitCode=137)]}, {}, "OOMKilled"),
        ({"containerStatuses": [ended(exitCode=3)]}, {}, "ExitCode:3"),
        ({"containerStatuses": [ended(exitCode=0, signal=9)]}, {}, "Signal:9"),
        ({"phase": "Failed", "reason": "Evicted"}, {}, "Evicted"),
        (
            {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]},
            {},
            "ContainerCreating",
        ),
        ({"phase": "Pending"}, {}, "Pending"),
        (
            {"containerStatuses": [ended(reason="Completed", exitCode=0), running("side")]},
            {},
            "NotReady",
        ),
        (
            {
                "containerStatuses": [ended(reason="Completed", exitCode=0), running("side")],
                "conditions": [{"type": "Ready", "status": "True"}],
            },
            {},
            "Running",
        ),
        (
            {"initContainerStatuses": [{"name": "wait", "state": {"running": {}}}]},
            INIT,
            "Init:0/2",
        ),
        (
            {
                "initContainerStatuses": [
                    {"name": "wait", "state": {"terminated": {"exitCode": 0}}},
                    {"name": "load", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}},
                ]
            },
            INIT,
            "Init:Error",
        ),
        (
            {
                "initContainerStatuses": [
                    {"name": "wait", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
                ]
            },
            INIT,
            "Init:CrashLoopBackOff",
        ),
    ],
)
def test_pod_status_follows_the_printers_algorithm(status: Json, spec: Json, text: str) -> None:
    assert cells("pods", with_status(status, **spec))["Status"] == text


def test_a_pod_being_deleted_is_terminating() -> None:
    going = with_status({"containerStatuses": [running()]})
    going["metadata"]["deletionTimestamp"] = CREATED
    assert cells("pods", going)["Status"] == "Terminating"
    assert cells("pods", {**going, "status": {"reason": "NodeLost"}})["Status"] == "Unknown"


def test_restarts_tell_when_the_last_one_was() -> None:
    last = {"terminated": {"finishedAt": "2026-01-01T01:00:00Z"}}
    document = with_status({"containerStatuses": [running(restartCount=3, lastState=last)]})
    assert cells("pods", document)["Restarts"] == "3 (5m12s ago)"
    assert cells("pods", with_status({"containerStatuses": [running()]}))["Restarts"] == "0"


def test_a_wide_pod_row() -> None:
    document = with_status(
        {"containerStatuses": [running()], "podIPs": [{"ip": "10.1.2.3"}]}, nodeName="node-2"
    )
    expected = ["1/1", "Running", "0", "65m", "10.1.2.3", "node-2", "<none>", "<none>"]
    assert row("pods", document, wide=True) == expected


NODE = {
    "metadata": {
        "name": "n1",
        "creationTimestamp": CREATED,
        "labels": {"node-role.kubernetes.io/control-plane": ""},
    },
    "spec": {"unschedulable": True},
    "status": {
        "conditions": [{"type": "Ready", "status": "True"}],
        "nodeInfo": {"kubeletVersion": "v1.33.1"},
    },
}
SERVICE_SPEC = {
    "type": "LoadBalancer",
    "clusterIP": "10.96.0.9",
    "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}],
    "selector": {"b": "2", "a": "1"},
}
EVENT = named(
    type="Warning",
    reason="BackOff",
    message="Back-off restarting failed container \n",
    involvedObject={"kind": "Pod", "name": "web-1", "fieldPath": "spec.containers{web}"},
    source={"component": "kubelet", "host": "node-1"},
    firstTimestamp=CREATED,
    lastTimestamp="2026-01-01T01:05:00Z",
    count=7,
)
QUOTA = named(
    status={
        "hard": {"requests.cpu": "2", "limits.cpu": "4", "pods": "10"},
        "used": {"requests.cpu": "500m", "pods": "3"},
    }
)
HPA = named(
    spec={
        "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 6,
        "metrics": [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 80},
                },
            }
        ],
    },
    status={"currentReplicas": 3},
)
ENDPOINTS = named(
    subsets=[{"addresses": [{"ip": f"10.0.0.{n}"} for n in range(5)], "ports": [{"port": 80}]}]
)
CLAIM = named(
    spec={"volumeName": "pv-1", "storageClassName": "fast", "accessModes": ["ReadWriteOnce"]},
    status={
        "phase": "Bound",
        "capacity": {"storage": "8Gi"},
        "accessModes": ["ReadWriteOnce"],
    },
)


@pytest.mark.parametrize(
    ("plural", "document", "expected"),
    [
        ("nodes", NODE, ["Ready,SchedulingDisabled", "control-plane", "65m", "v1.33.1"]),
        (
            "services",
            named(spec=SERVICE_SPEC),
            ["LoadBalancer", "10.96.0.9", "<pending>", "80:30080/TCP", "65m"],
        ),
        (
            "events",
            EVENT,
            ["12s", "Warning", "BackOff", "pod/web-1", "Back-off restarting failed container"],
        ),
        ("resourcequotas", QUOTA, ["pods: 3/10, requests.cpu: 500m/2", "limits.cpu: 0/4"]),
        (
            "horizontalpodautoscalers",
            HPA,
            ["Deployment/web", "cpu: <unknown>/80%", "2", "6", "3"],
        ),
        ("endpoints", ENDPOINTS, ["10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."]),
        ("endpoints", named(), ["<none>"]),
        (
            "persistentvolumeclaims",
            CLAIM,
            ["Bound", "pv-1", "8Gi", "RWO", "fast", "<unset>", "65m"],
        ),
        ("configmaps", named(data={"a": "1"}, binaryData={"b": ""}), ["2"]),
        ("secrets", named(type="Opaque", data={"a": ""}), ["Opaque", "1"]),
        ("namespaces", named(status={"phase": "Active"}), ["Active"]),
        (
            "networkpolicies",
            named(
                spec={
                    "podSelector": {
                        "matchLabels": {"app": "web"},
                        "matchExpressions": [
                            {"key": "tier", "operator": "In", "values": ["b", "a"]},
                            {"key": "old", "operator": "DoesNotExist"},
                        ],
                    }
                }
            ),
            ["app=web,!old,tier in (a,b)"],
        ),
        ("poddisruptionbudgets", named(spec={"minAvailable": "50%"}), ["50%", "N/A", 0]),
        ("roles", named(), [CREATED]),
        ("leases", named(spec={"holderIdentity": "n1"}), ["n1"]),
    ],
)
def test_rows_are_those_of_a_real_cluster(plural: str, document: Json, expected: list[Any]) -> None:
    assert row(plural, document) == expected


def test_a_wide_deployment_row() -> None:
    kind = kind_of("deployments")
    document = stored(kind, deployment(replicas=3))
    document["status"] = {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 2}
    image = "registry.local/web:1.4"
    expected = ["2/3", 3, 2, "65m", "web", image, "app=web"]
    assert row("deployments", document, wide=True) == expected


def test_names_stay_unique_among_all_kinds() -> None:
    words = [
        word
        for kind in all_kinds().values()
        for word in {kind.plural, kind.singular, *kind.short_names}
    ]
    assert len(words) == len(set(words))
