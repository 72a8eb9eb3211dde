"""What a pod refers to and does not find: config maps and secrets in volumes and in environments. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.kube.view import View
from opsrange.types import Json


def missing_volumes(view: View, pod: Json) -> list[tuple[str, str]]:
    """``(volume, kubelet's words)`` of each volume that cannot be set up."""
    namespace = pod["metadata"]["namespace"]
    found = []
    for volume in pod["spec"].get("volumes", ()):
        for kind, name, optional, items in _sources(volume):
            words = _absent(view, namespace, kind, name, items)
            if words and not optional:
                found.append((volume["name"], words))
                break
    return found


def _sources(volume: Json) -> Iterator[tuple[str, str, bool, list[Json]]]:
    """``(kind, name, optional, items)`` of everything a volume is filled from."""
    if source := volume.get("configMap"):
        yield "ConfigMap", source["name"], source.get("optional", False), source.get("items", [])
    if source := volume.get("secret"):
        name = source.get("secretName", "")
        yield "Secret", name, source.get("optional", False), source.get("items", [])
    for part in volume.get("projected", {}).get("sources", ()):
        if source := part.get("configMap"):
            yield (
                "ConfigMap",
                source["name"],
                source.get("optional", False),
                source.get("items", []),
            )
        if source := part.get("secret"):
            yield "Secret", source["name"], source.get("optional", False), source.get("items", [])


def _absent(view: View, namespace: str, kind: str, name: str, items: list[Json]) -> str:
    document = view.get(kind, namespace, name)
    if document is None:
        return f'{kind.lower()} "{name}" not found'
    keys = {**document.get("data", {}), **document.get("binaryData", {})}
    gone = next((item["key"] for item in items if item["key"] not in keys), None)
    if gone is not None:
        return (
            f"references non-existent {'config' if kind == 'ConfigMap' else 'secret'} key: {gone}"
        )
    return ""


def unresolved_environment(view: View, pod: Json, container: Json) -> str:
    """The kubelet's words for the first reference of a container's environment that leads nowhere, or empty."""
    namespace = pod["metadata"]["namespace"]
    for source in container.get("envFrom", ()):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            reference = source.get(field)
            if reference and not reference.get("optional"):
                name = reference.get("name", "")
                if view.get(kind, namespace, name) is None:
                    return f'{kind.lower()} "{name}" not found'
    for variable in container.get("env", ()):
        origin = variable.get("valueFrom", {})
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            reference = origin.get(field)
            if not reference or reference.get("optional"):
                continue
            name, key = reference.get("name", ""), reference["key"]
            document = view.get(kind, namespace, name)
            if document is None:
                return f'{kind.lower()} "{name}" not found'
            if key not in document.get("data", {}):
                return f"couldn't find key {key} in {kind} {namespace}/{name}"
    return ""
