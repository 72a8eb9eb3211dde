import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kube_kinds.sample import deployment, kind_of, stored

from opsrange.kube.kind import all_kinds
from opsrange.kube.schema import (
    PatchStrategy,
    openapi_definitions,
    patch_strategy,
    schema_errors,
)
from opsrange.types import Json

DEPLOYMENT = kind_of("deployments")
CONTAINER = "spec.template.spec.containers[0]"


def valid() -> Json:
    return stored(DEPLOYMENT, deployment())


def at(document: Json, *path: str | int) -> Any:
    here: Any = document
    for key in path:
        here = here[key]
    return here


PLACES: list[tuple[tuple[str | int, ...], str]] = [
    ((), ""),
    (("metadata",), "metadata."),
    (("spec",), "spec."),
    (("spec", "strategy", "rollingUpdate"), "spec.strategy.rollingUpdate."),
    (("spec", "template", "spec"), "spec.template.spec."),
    (("spec", "template", "spec", "containers", 0), f"{CONTAINER}."),
]


def test_a_defaulted_document_decodes() -> None:
    report = schema_errors(DEPLOYMENT, valid())
    assert (report.unknown_fields, report.errors) == ((), ())


@given(st.sampled_from(PLACES), st.text("abcdefXYZ", min_size=1).map(lambda word: f"zz{word}"))
def test_an_inserted_field_is_reported_where_it_stands(
    place: tuple[tuple[str | int, ...], str], key: str
) -> None:
    document = valid()
    at(document, *place[0])[key] = 1
    assert schema_errors(DEPLOYMENT, document).unknown_fields == (f"{place[1]}{key}",)


@given(st.dictionaries(st.text(), st.text()))
def test_maps_take_any_key(labels: dict[str, str]) -> None:
    document = valid()
    document["metadata"]["labels"] = labels
    assert schema_errors(DEPLOYMENT, document).unknown_fields == ()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ("spec", "replicas"),
            "3",
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            ("spec", "replicas"),
            2**40,
            "json: cannot unmarshal number 1099511627776 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            ("spec", "template", "spec", "containers"),
            {},
            "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
        (
            ("metadata", "labels"),
            {"a": 1},
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            ("spec", "template", "spec", "containers", 0, "env"),
            [{"name": "A", "value": True}],
            "json: cannot unmarshal bool into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
        ),
        (
            ("spec", "template", "spec", "containers", 0, "resources"),
            {"limits": {"memory": "12Q"}},
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            ("metadata", "creationTimestamp"),
            "soon",
            'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
        ),
        (
            ("spec", "strategy", "rollingUpdate", "maxSurge"),
            True,
            "json: cannot unmarshal bool into Go value of type int32",
        ),
    ],
)
def test_wrong_types_are_worded_as_go_does(
    path: tuple[str | int, ...], value: Any, message: str
) -> None:
    document = valid()
    at(document, *path[:-1])[path[-1]] = value
    assert schema_errors(DEPLOYMENT, document).errors == (message,)


def test_null_is_absent_everywhere() -> None:
    document = valid()
    document["spec"].update(replicas=None, selector=None, template=None)
    assert schema_errors(DEPLOYMENT, document).errors == ()


def test_secrets_hold_base64() -> None:
    report = schema_errors(kind_of("secrets"), {"data": {"a": "ab!c"}})
    assert report.errors == ("illegal base64 data at input byte 2",)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.template.spec.containers", PatchStrategy("name", ("merge",))),
        ("spec.template.spec.containers.ports", PatchStrategy("containerPort", ("merge",))),
        ("spec.template.spec.containers.args", PatchStrategy(None, ())),
        ("spec.template.spec.volumes", PatchStrategy("name", ("merge", "retainKeys"))),
        ("spec.strategy", PatchStrategy(None, ("retainKeys",))),
        ("metadata.finalizers", PatchStrategy(None, ("merge",))),
        ("metadata.labels.app", PatchStrategy(None, ())),
        ("spec.nowhere.at.all", PatchStrategy(None, ())),
    ],
)
def test_patch_strategies_are_those_published(path: str, expected: PatchStrategy) -> None:
    assert patch_strategy(DEPLOYMENT, tuple(path.split("."))) == expected


def test_published_definitions_are_closed_and_documented() -> None:
    published = openapi_definitions(all_kinds().values())

    def references(value: Any) -> list[str]:
        if isinstance(value, list):
            return [name for item in value for name in references(item)]
        if not isinstance(value, dict):
            return []
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [name for item in value.values() for name in references(item)]

    for reference in references(published):
        assert reference.removeprefix("#/components/schemas/") in published
    replicas = published["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["replicas"]
    assert replicas["type"] == "integer"
    assert "Defaults to 1" in replicas["description"]


def test_every_kind_has_a_schema() -> None:
    for kind in all_kinds().values():
        document = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "x"}}
        before = copy.deepcopy(document)
        assert schema_errors(kind, document).errors == ()
        assert document == before
