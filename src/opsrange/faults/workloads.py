"""Words that faults share about workloads: targets, containers, aliases, regions."""

from __future__ import annotations

import random
from collections.abc import Sequence

from opsrange.errors import AuthorError
from opsrange.estates import Estate
from opsrange.types import Json


def container_of(deployment: Json) -> Json:
    """The main container of a deployment's template."""
    container: Json = deployment["spec"]["template"]["spec"]["containers"][0]
    return container


def choose_service(estate: Estate, stream: random.Random, *, at_once: bool = False) -> str:
    """A stateless service whose outage users notice.

    Args:
        estate: a healthy estate.
        stream: draws.
        at_once: only services whose old pods go before new ones come, so that a bad template takes them down.

    Raises:
        AuthorError: when the estate has none.
    """
    candidates = [
        name
        for name in estate.critical_services
        if not at_once
        or deployment(estate, name)["spec"].get("strategy", {}).get("type") == "Recreate"
    ]
    if not candidates:
        raise AuthorError(
            "asked for a service to break; the estate has no suitable one; see estates/variant"
        )
    return stream.choice(candidates)


def deployment(estate: Estate, service: str) -> Json:
    """A private copy of a service's deployment."""
    return estate.operator.get("deployments", estate.namespace, service)


def workload_aliases(namespace: str, service: str) -> tuple[str, ...]:
    """Names that mean the same workload: its replica sets and pods."""
    return (
        rf"{namespace}/ReplicaSet/{service}-[a-z0-9]+",
        rf"{namespace}/Pod/{service}-[a-z0-9]+-[a-z0-9]+",
    )


def workload_region(namespace: str, *services: str) -> tuple[str, ...]:
    """The deployments of some services. What follows from them is derived; what merely has a similar name is not theirs."""
    return tuple(rf"{namespace}/Deployment/{service}" for service in services)


def set_image(estate: Estate, service: str, image: str) -> None:
    """Roll a service out with another image."""

    def edit(document: Json) -> None:
        container_of(document)["image"] = image

    estate.operator.change("deployments", estate.namespace, service, edit)


def environment(deployment_document: Json) -> Sequence[tuple[str, str]]:
    """The literal variables of a deployment's main container, in order."""
    entries = container_of(deployment_document).get("env", [])
    return [(entry["name"], entry["value"]) for entry in entries if "value" in entry]


def set_variable(estate: Estate, service: str, name: str, value: str) -> None:
    """Roll a service out with one variable changed."""

    def edit(document: Json) -> None:
        entry = next(item for item in container_of(document)["env"] if item["name"] == name)
        entry.pop("valueFrom", None)
        entry["value"] = value

    estate.operator.change("deployments", estate.namespace, service, edit)
