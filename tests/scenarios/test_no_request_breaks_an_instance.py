"""Five thousand malformed or random requests to every address: answers, never accidents, and the same world each time."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from opsrange.scenarios.instance import Instance, build
from opsrange.wire import Request, Response
from opsrange.world import branch

REQUESTS = 5_000
_METHODS = ("GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW")
_TYPES = (
    "application/json",
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
    "text/plain",
    "",
)
_PATHS = (
    "/api/v1/namespaces/{ns}/{plural}",
    "/api/v1/namespaces/{ns}/{plural}/{name}",
    "/api/v1/namespaces/{ns}/{plural}/{name}/status",
    "/api/v1/namespaces/{ns}/pods/{name}/log",
    "/api/v1/namespaces/{ns}/pods/{name}/eviction",
    "/apis/apps/v1/namespaces/{ns}/{plural}/{name}/scale",
    "/apis/apps/v1/{plural}",
    "/apis/apps/v1/namespaces/{ns}/{plural}/{name}",
    "/apis/apps/v1/namespaces/{ns}/deployments/{name}",
    "/apis/networking.k8s.io/v1/namespaces/{ns}/{plural}",
    "/apis/{name}/v9/{plural}",
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/series",
    "/api/v1/label/{name}/values",
    "/api/v2/silences",
    "/api/v2/silence/{name}",
    "/api/v2/alerts",
    "/api/traces",
    "/api/traces/{name}",
    "/openapi/v3/api/v1",
    "/{name}/../{plural}",
    "//",
)
_PLURALS = (
    "pods",
    "services",
    "deployments",
    "configmaps",
    "events",
    "nodes",
    "secrets",
    "bogus",
    "%00",
    "resourcequotas",
)
_QUERY_KEYS = (
    "watch",
    "limit",
    "labelSelector",
    "fieldSelector",
    "dryRun",
    "query",
    "time",
    "start",
    "end",
    "step",
    "match[]",
    "tailLines",
)
_QUERY_VALUES = (
    "1",
    "-1",
    "true",
    "a in (",
    "up",
    "rate(x[5m]",
    "sum by (",
    "9" * 40,
    "\x00",
    "metadata.name=x",
    "NaN",
    "All",
)
_BODIES = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b'{"metadata":{"name":"x"}}',
    b'{"spec":{"replicas":-1}}',
    b'{"spec":{"replicas":3}}',
    b'{"metadata":{"labels":{"tried":"yes"}}}',
    b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":7}}',
    b'[{"op":"replace","path":"/spec/replicas","value":1}]',
    b'[{"op":"move"}]',
    b"\xff\xfe\x00k8s\x00",
    b"{" * 3_000,
    b'{"matchers":[{"name":"a"}],"startsAt":"never"}',
    b"query=up&time=tomorrow",
)


@pytest.fixture(scope="module")
def instance() -> Instance:
    built = build("selector-broken", 6)
    built.begin()
    return built


def _requests(instance: Instance, seed: int) -> Iterator[tuple[str, Request]]:
    stream = random.Random(seed)
    addresses = sorted(instance.handlers)
    names = ["x", "cart", "email", "frontend", "..", "a" * 300, "ünïcode"]
    names += [
        pod["metadata"]["name"]
        for pod in instance.estate.operator.list("pods", instance.estate.namespace)[:5]
    ]
    for index in range(REQUESTS):
        if index % 50 == 0:
            yield "kubernetes:6443", _sound_write(instance, stream)
            continue
        path = stream.choice(_PATHS).format(
            ns=stream.choice((instance.estate.namespace, "nowhere", "kube-system")),
            plural=stream.choice(_PLURALS),
            name=stream.choice(names),
        )
        query = {
            stream.choice(_QUERY_KEYS): [stream.choice(_QUERY_VALUES)]
            for _ in range(stream.randint(0, 3))
        }
        headers = {
            "content-type": stream.choice(_TYPES),
            "accept": stream.choice(("*/*", "application/json;as=Table;v=v1;g=meta.k8s.io", "x")),
        }
        yield (
            stream.choice(addresses),
            Request(stream.choice(_METHODS), path, query, headers, stream.choice(_BODIES)),
        )


def _sound_write(instance: Instance, stream: random.Random) -> Request:
    """One that is accepted, so that the storm meets a world that changes."""
    name = stream.choice(("cart", "email", "quote"))
    path = f"/apis/apps/v1/namespaces/{instance.estate.namespace}/deployments/{name}"
    body = b'{"metadata":{"labels":{"tried":"%d"}},"spec":{"replicas":%d}}' % (
        stream.getrandbits(16),
        stream.randint(1, 3),
    )
    return Request("PATCH", path, {}, {"content-type": "application/merge-patch+json"}, body)


def _storm(instance: Instance, seed: int) -> tuple[list[str], str]:
    accidents = []
    for address, request in _requests(instance, seed):
        answer = instance.handlers[address].handle(request)
        if isinstance(answer, Response):
            if answer.status >= 500 and address != "frontend-proxy:8080" and answer.status != 501:
                accidents.append(f"{answer.status} {address} {request}")
        else:
            answer.take()
            answer.close()
    instance.estate.advance(120_000)
    return [*accidents, *instance.estate.cluster.defects], instance.kernel.journal.digest


def test_every_request_is_answered_and_the_world_stays_deterministic(instance: Instance) -> None:
    accidents, digest = branch(lambda: _storm(instance, 1))
    assert accidents == []
    assert branch(lambda: _storm(instance, 1)) == ([], digest)


def test_other_requests_make_another_world(instance: Instance) -> None:
    _, digest = branch(lambda: _storm(instance, 1))
    assert branch(lambda: _storm(instance, 2))[1] != digest
