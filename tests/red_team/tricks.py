"""An attempt in process: a trick played on a new instance, and what it is judged to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from opsrange.scenarios.instance import Instance, build
from opsrange.scoring.regrade import regrade
from opsrange.scoring.verdict import RepairResult
from opsrange.types import MINUTE_MS, Json
from opsrange.wire import Request, Response
from opsrange.world import branch

MERGE = "application/merge-patch+json"
Trick = Callable[[Instance], int]
"""Returns the highest status that the API answered."""


def sent(
    instance: Instance, method: str, path: str, body: Any, media: str = "application/json"
) -> Response:
    """The API's answer, of which the attempt is told as by the world's own front."""
    request = Request(method, path, {}, {"content-type": media}, json.dumps(body).encode())
    answer = instance.handlers["kubernetes:6443"].handle(request)
    assert isinstance(answer, Response)
    instance.answered("kubernetes:6443", request, answer)
    return answer


def write(
    instance: Instance, method: str, path: str, body: Any, media: str = "application/json"
) -> int:
    return sent(instance, method, path, body, media).status


def target(instance: Instance) -> Json:
    return instance.estate.operator.get(
        "deployments", instance.estate.namespace, instance.params["service"]
    )


def concluded(scenario: str, trick: Trick) -> tuple[int, RepairResult]:
    instance = build(scenario, 3)

    def attempt() -> tuple[int, Json]:
        instance.begin().begin()
        status = trick(instance)
        instance.estate.advance(2 * MINUTE_MS)
        evidence: Json = instance.call("conclude", {"report": None})
        return status, evidence

    status, evidence = branch(attempt)
    repair = regrade(evidence).repair
    assert repair is not None
    return status, repair


def bare_pod(instance: Instance) -> int:
    found, namespace = target(instance), instance.estate.namespace
    template = found["spec"]["template"]
    metadata = {"name": "mine-0", "labels": template["metadata"]["labels"]}
    document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    return write(instance, "POST", f"/api/v1/namespaces/{namespace}/pods", document)


def patch(instance: Instance, fields: Json) -> int:
    name, namespace = instance.params["service"], instance.estate.namespace
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    return write(instance, "PATCH", path, fields, "application/strategic-merge-patch+json")
