"""Thousands of malformed and random requests: never an exception, never a 5xx, and always the same history."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from tests.kube_api.cluster import POD_SPEC, Cluster

from opsrange.types import Json
from opsrange.wire import Request, Response

GARBAGE: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, "", "x", "\ud800", "a" * 300, [], {}, [None], {"": None}, [[]], {"a": {"b": []}},
    "2026-13-45T00:00:00Z", "-5", "100Ti", [{}], [{"name": None}], {"name": "x"}, {"matchLabels": 3}, "IfNotPresent",
]  # fmt: skip
TEMPLATES: list[Json] = [
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "q", "namespace": "shop"}, "spec": POD_SPEC},
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"a": "b"}},
     "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "strategy": {"rollingUpdate": {"maxSurge": 1}},
              "template": {"metadata": {"labels": {"app": "web"}}, "spec": POD_SPEC}}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}},
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}},
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}},
    {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 3}},
    {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}, "deleteOptions": {"gracePeriodSeconds": 3}},
    {"propagationPolicy": "Background", "gracePeriodSeconds": 3, "preconditions": {"uid": "x"}},
    {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "x:2"}]}}}},
    {"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}},
]  # fmt: skip
PATCH: list[Any] = [
    {"op": "replace", "path": "/spec/replicas", "value": 3},
    {"op": "test", "path": "/a"},
]
PATHS = [
    "/", "/api", "/apis", "/version", "/api/v1", "/apis/apps", "/apis/apps/v1", "/openapi/v3", "/openapi/v3/api/v1", "/openapi/v2",
    "/api/v1/pods", "/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop/pods/p", "/api/v1/namespaces/shop/pods/p/log",
    "/api/v1/namespaces/shop/pods/p/exec", "/api/v1/namespaces/shop/pods/p/eviction", "/api/v1/namespaces/shop/pods/p/status",
    "/api/v1/namespaces/shop/services", "/api/v1/namespaces", "/api/v1/namespaces/shop", "/api/v1/namespaces/n/status",
    "/api/v1/nodes", "/api/v1/nodes/node-1", "/api/v1/nodes/node-1/proxy/x", "/apis/apps/v1/deployments",
    "/apis/apps/v1/namespaces/shop/deployments", "/apis/apps/v1/namespaces/shop/deployments/web",
    "/apis/apps/v1/namespaces/shop/deployments/web/scale", "/apis/apps/v1/namespaces/shop/deployments/web/status",
    "/apis/apps/v1/namespaces/shop/deployments/web/nonsense", "/apis/apps/v9/namespaces/shop/deployments", "/apis/x.io/v1/things",
    "/apis/metrics.k8s.io/v1beta1/nodes", "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/p", "/api/v1/namespaces/shop/events",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    "/apis/authentication.k8s.io/v1/selfsubjectreviews", "/\u0000/\ud800", "//api//v1//pods", "/api/v1/namespaces//pods/..",
]  # fmt: skip
QUERIES = {
    "labelSelector": ["app=web", "a in (", "=", "!x", "\u0000"],
    "fieldSelector": ["metadata.name=p", "status.phase=Running", "foo=bar", "=", ",,", "a\\"],
    "limit": ["500", "-1", "x"],
    "continue": ["abc"],
    "resourceVersion": ["0", "1", "99999", "x", "-3"],
    "watch": ["true", "false", ""],
    "timeoutSeconds": ["5", "x", "\u0662"],
    "sendInitialEvents": ["true"],
    "resourceVersionMatch": ["NotOlderThan"],
    "dryRun": ["All", "None"],
    "fieldValidation": ["Strict", "Ignore", "Maybe"],
    "container": ["main", "nope"],
    "tailLines": ["3", "-3", "x"],
    "sinceSeconds": ["10", "0"],
    "sinceTime": ["2026-03-02T10:00:00Z", "now", "2026-03-02"],
    "limitBytes": ["7", "0"],
    "follow": ["true"],
    "previous": ["1"],
    "gracePeriodSeconds": ["0", "-1", "x"],
    "propagationPolicy": ["Foreground", "Orphan", "x"],
    "includeObject": ["Object", "None", "x"],
}
CONTENT_TYPES = [
    "", "application/json", "application/json; charset=utf-8", "application/yaml", "application/vnd.kubernetes.protobuf",
    "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
    "application/apply-patch+yaml", "text/plain",
]  # fmt: skip
ACCEPTS = [
    "", "*/*", "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/xml", ";;=,",
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
]  # fmt: skip


def spoiled(draw: random.Random, value: Any, depth: int = 0) -> Any:
    """A copy with a few members replaced by garbage."""
    if draw.random() < 0.04 + 0.02 * depth:
        return draw.choice(GARBAGE)
    if isinstance(value, dict):
        copy = {key: spoiled(draw, item, depth + 1) for key, item in value.items()}
        if draw.random() < 0.08:
            copy[draw.choice(["foo", "$patch", "$setElementOrder/containers", "metadata", "status", "spec"])] = draw.choice(GARBAGE)  # fmt: skip
        return copy
    if isinstance(value, list):
        return [spoiled(draw, item, depth + 1) for item in value]
    return value


def fitting(path: str) -> list[Json]:
    """Templates that are of the kind a path names, all of them when there is none."""
    kinds = {"pods": "Pod", "services": "Service", "namespaces": "Namespace", "nodes": "Node", "deployments": "Deployment", "scale": "Scale", "eviction": "Eviction"}  # fmt: skip
    parts = [part for part in path.split("/") if part in kinds]
    return [one for one in TEMPLATES if parts and one.get("kind") == kinds[parts[-1]]] or TEMPLATES


def body(draw: random.Random, path: str) -> bytes:
    kind = draw.random()
    if kind < 0.1:
        return draw.choice(
            [
                b"",
                b"{",
                b"\xff\xfe",
                b"nul",
                b"[" * 50_000,
                b"k8s\x00",
                b"a: &a [*a]",
                b"NaN",
                b'"x"',
            ]
        )
    if kind < 0.2:
        return b"k8s\x00" + bytes(draw.randrange(256) for _ in range(draw.randrange(40)))
    if kind < 0.3:
        return json.dumps(spoiled(draw, PATCH)).encode()
    templates = fitting(path) if kind < 0.9 else TEMPLATES
    return json.dumps(spoiled(draw, draw.choice(templates))).encode()


def method(draw: random.Random, path: str) -> str:
    if draw.random() < 0.1:
        return draw.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"])
    if path.endswith(
        ("pods", "services", "namespaces", "deployments", "nodes", "eviction", "reviews")
    ):
        return draw.choice(["GET", "POST", "POST", "POST", "POST", "DELETE"])
    if path.endswith(("/p", "/web", "/shop", "/node-1", "status", "scale")):
        return draw.choice(["GET", "PUT", "PUT", "PATCH", "PATCH", "PATCH", "DELETE"])
    return "GET"


def request(draw: random.Random) -> Request:
    path = draw.choice(PATHS)
    names = draw.sample(sorted(QUERIES), draw.choice([0, 0, 0, 1, 1, 2, 3]))
    return Request(
        method(draw, path),
        path,
        {name: [draw.choice(QUERIES[name])] for name in names},
        {
            "content-type": draw.choice(
                CONTENT_TYPES + CONTENT_TYPES[1:2] * 8 + CONTENT_TYPES[5:8] * 3
            ),
            "accept": draw.choice(ACCEPTS),
            "kubectl-command": draw.choice(["kubectl get", "kubectl describe", "kubectl events"]),
        },
        body(draw, path),
        wall_ms=draw.choice([None, 0, 1_800_000_000_000]),
    )


def history(seed: int, count: int) -> tuple[str, dict[int, int], list[str]]:
    """Send requests to a fresh cluster; its digest, answers by status, and any defects."""
    draw = random.Random(seed)
    cluster = Cluster()
    cluster.pod("p")
    cluster.deployment("web")
    statuses: dict[int, int] = {}
    for _ in range(count):
        answer = cluster.api.handle(request(draw))
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        if isinstance(answer, Response):
            if answer.body == b"404 page not found\n":
                assert answer.status == 404
            elif answer.status >= 400:
                assert json.loads(answer.body)["code"] == answer.status
        else:
            answer.take()
            answer.close()
    defects = [entry for entry in cluster.api.ledger if entry.startswith("500")]
    return cluster.kernel.journal.digest, statuses, defects


@pytest.mark.parametrize("seed", range(4))
def test_malformed_requests_are_refused_and_never_break_anything(seed: int) -> None:
    digest, statuses, defects = history(seed, 1_500)
    assert defects == []
    assert all(status < 500 for status in statuses), statuses
    assert statuses.keys() >= {200, 201, 400, 404, 405, 415}
    again, _, _ = history(seed, 1_500)
    assert again == digest


def test_different_requests_leave_different_histories() -> None:
    assert history(1, 300)[0] != history(2, 300)[0]
