"""A new release leaks memory with every request; only the release before it is sound."""

from __future__ import annotations

import random
import re

from opsrange.apps.registry import Release
from opsrange.estates import Estate
from opsrange.faults import Cause, Fact, Family, Fault, Remedy
from opsrange.faults.workloads import (
    choose_service,
    container_of,
    deployment,
    set_image,
    workload_aliases,
    workload_region,
)
from opsrange.types import Json

_LIFETIME_S = (75, 140)
"""How long a fresh process lasts under normal traffic."""


def _draw(estate: Estate, stream: random.Random) -> Json:
    service = choose_service(estate, stream)
    old = container_of(deployment(estate, service))["image"]
    repository, _, tag = old.rpartition(":")
    next_tag = re.sub(r"\d+(?=\D*$)", lambda match: str(int(match[0]) + 1), tag)
    headroom_bytes = estate.memory_limit_bytes(service) - estate.memory_bytes(service)
    requests_per_s = max(0.05, estate.requests_per_s(service))
    leak = headroom_bytes / (requests_per_s * stream.uniform(*_LIFETIME_S))
    return {"service": service, "old": old, "new": f"{repository}:{next_tag}", "leak": round(leak)}


def _inject(estate: Estate, params: Json) -> None:
    release = Release(service=params["service"], memory_leak_bytes_per_request=params["leak"])
    estate.application.registry.publish(params["new"], release)
    set_image(estate, params["service"], params["new"])


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/Deployment/{params['service']}",
        mechanism=f"release {params['new']} leaks memory until the process is OOM-killed",
        aliases=workload_aliases(estate.namespace, params["service"]),
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name = params["service"]
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} describe pods -l app.kubernetes.io/name={name}",
            f"kubectl -n {estate.namespace} rollout history deployment/{name}",
            f"kubectl -n {estate.namespace} rollout undo deployment/{name}",
            f"kubectl -n {estate.namespace} rollout status deployment/{name} --timeout=180s",
        ),
        region=workload_region(estate.namespace, name),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (
        Fact("release", (rf"\b{re.escape(params['new'])}\b",)),
        Fact("oom-killed", (params["service"], "OOMKilled")),
    )


FAULT = Fault(
    title="Release that leaks memory",
    family=Family.RELEASE,
    draw=_draw,
    inject=_inject,
    remove=lambda estate, params: set_image(estate, params["service"], params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
