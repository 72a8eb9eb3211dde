"""Requests that nobody sane would send, and a few that one would, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opsrange.wire import Request

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


@dataclass(frozen=True)
class Surroundings:
    """What requests are about."""

    namespace: str
    addresses: Sequence[str]
    pods: Sequence[str]


def requests(world: Surroundings, seed: int, count: int) -> Iterator[tuple[str, Request]]:
    """Addresses with what is sent to each; every fiftieth request is sound."""
    stream = random.Random(seed)
    names = ["x", "cart", "email", "frontend", "..", "a" * 300, "ünïcode", *world.pods]
    for index in range(count):
        if index % 50 == 0:
            yield "kubernetes:6443", sound_write(world, stream)
            continue
        path = stream.choice(_PATHS).format(
            ns=stream.choice((world.namespace, "nowhere", "kube-system")),
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
            stream.choice(world.addresses),
            Request(stream.choice(_METHODS), path, query, headers, stream.choice(_BODIES)),
        )


def sound_write(world: Surroundings, stream: random.Random) -> Request:
    """One that is accepted, so that the storm meets a world that changes."""
    name = stream.choice(("cart", "email", "quote"))
    path = f"/apis/apps/v1/namespaces/{world.namespace}/deployments/{name}"
    body = b'{"metadata":{"labels":{"tried":"%d"}},"spec":{"replicas":%d}}' % (
        stream.getrandbits(16),
        stream.randint(1, 3),
    )
    return Request("PATCH", path, {}, {"content-type": "application/merge-patch+json"}, body)
