"""Random objects that fit their schema: whatever a kind's rules make of them, it is an answer, and so is their table."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from tests.kube_api.cluster import Cluster

from opsrange.kube.kind import Kind, all_kinds
from opsrange.kube.schema import openapi_definitions
from opsrange.types import Json

WORDS = [
    "a",
    "web",
    "80",
    "",
    "http",
    "Always",
    "100m",
    "x" * 70,
    "10.0.0.1",
    "2026-03-02T10:00:00Z",
    "50%",
]
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


class Author:
    """Writes random values of a schema."""

    def __init__(self, draw: random.Random, definitions: Mapping[str, Json]) -> None:
        self._draw = draw
        self._definitions = definitions

    def value(self, schema: Json, depth: int = 0) -> Any:
        draw = self._draw
        for one in (schema, *schema.get("allOf", ())):
            if "$ref" in one:
                return self.value(self._definitions[one["$ref"].rpartition("/")[2]], depth)
        if "oneOf" in schema:
            return self.value(draw.choice(schema["oneOf"]), depth)
        match schema.get("type"):
            case "integer":
                return draw.choice([0, 1, -1, 3, 80, 65_536, 2**31 - 1])
            case "number":
                return draw.choice([0, 1.5, -2])
            case "boolean":
                return draw.random() < 0.5
            case "array":
                return [
                    self.value(schema.get("items", {}), depth + 1)
                    for _ in range(draw.choice([0, 1, 2]))
                ]
            case "string":
                if schema.get("format") == "date-time":
                    return "2026-03-02T10:00:00Z"
                return draw.choice(schema.get("enum") or WORDS)
        if "properties" in schema:
            keep = 0.5 if depth < 3 else 0.25 if depth < 9 else 0.0
            needed = schema.get("required", [])
            return {
                name: self.value(part, depth + 1)
                for name, part in schema["properties"].items()
                if draw.random() < keep or (name in needed and depth < 14)
            }
        if isinstance(schema.get("additionalProperties"), dict):
            return {draw.choice(WORDS): self.value(schema["additionalProperties"], depth + 1)}
        return {}


@pytest.mark.parametrize("kind", all_kinds().values(), ids=lambda kind: kind.plural)
def test_it_is_answered(kind: Kind) -> None:
    cluster = Cluster()
    definitions = openapi_definitions([kind])
    wanted = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    [root] = [
        one
        for one in definitions.values()
        if one.get("x-kubernetes-group-version-kind") == [wanted]
    ]
    author = Author(random.Random(kind.plural), definitions)
    scope = "/namespaces/shop" if kind.namespaced else ""
    prefix = f"/apis/{kind.group}" if kind.group else "/api"
    path = f"{prefix}/{kind.version}{scope}/{kind.plural}"
    for number in range(60):
        document = author.value(root)
        document |= {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": f"o{number}"},
        }
        cluster.call("POST", path, document)
        cluster.call("PUT", f"{path}/o{number - 1}", author.value(root) | {"metadata": {}})
        patch = {"spec": author.value(root).get("spec", {})}
        merge = {"content-type": "application/merge-patch+json"}
        cluster.call("PATCH", f"{path}/o{number - 1}", patch, merge)
    cluster.call("GET", path)
    cluster.call("GET", path, headers=TABLE)
    assert [entry for entry in cluster.api.ledger if entry.startswith("500")] == []
