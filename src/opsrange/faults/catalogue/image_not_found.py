"""A release names an image tag that was never pushed."""

from __future__ import annotations

import random
import re

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


def _draw(estate: Estate, stream: random.Random) -> Json:
    service = choose_service(estate, stream, at_once=True)
    old = container_of(deployment(estate, service))["image"]
    repository, _, tag = old.rpartition(":")
    known = {f"{repository}:{item}" for item in estate.application.registry.tags(service)}
    new = old
    while new == old or new in known:
        tag = re.sub(r"\d+(?=\D*$)", lambda match: str(int(match[0]) + stream.randint(1, 3)), tag)
        new = f"{repository}:{tag}"
    return {"service": service, "old": old, "new": new}


def _cause(estate: Estate, params: Json) -> Cause:
    return Cause(
        entity=f"{estate.namespace}/Deployment/{params['service']}",
        mechanism=f"image {params['new']} does not exist in the registry",
        aliases=workload_aliases(estate.namespace, params["service"]),
    )


def _remedy(estate: Estate, params: Json) -> Remedy:
    name = params["service"]
    return Remedy(
        commands=(
            f"kubectl -n {estate.namespace} describe pods | grep -A3 'Failed to pull'",
            f"kubectl -n {estate.namespace} rollout undo deployment/{name}",
            f"kubectl -n {estate.namespace} rollout status deployment/{name} --timeout=180s",
        ),
        region=workload_region(estate.namespace, name),
    )


def _facts(estate: Estate, params: Json) -> tuple[Fact, ...]:
    return (
        Fact("image-reference", (rf"\b{re.escape(params['new'])}\b",)),
        Fact("pull-failure", (rf"\b{re.escape(params['new'])}\b", "not found")),
    )


FAULT = Fault(
    title="Image that does not exist",
    family=Family.RELEASE,
    draw=_draw,
    inject=lambda estate, params: set_image(estate, params["service"], params["new"]),
    remove=lambda estate, params: set_image(estate, params["service"], params["old"]),
    cause=_cause,
    remedy=_remedy,
    facts=_facts,
)
