"""Stateful sets."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE
from opsrange.kube.fields.complaints import forbidden, required
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.kinds.persistentvolumeclaims import default_claim
from opsrange.kube.podspec.workload import (
    CONTAINERS,
    IMAGES,
    check_workload,
    default_template,
)
from opsrange.types import Json

_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_IMMUTABLE_MESSAGE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
    "'minReadySeconds' are forbidden"
)


def _ready(item: Json, now_ms: int) -> str:
    """Ready and desired replicas."""
    return f"{item.get('status', {}).get('readyReplicas', 0)}/{item['spec'].get('replicas', 0)}"


def _default(document: Json) -> None:
    spec = document.get("spec")
    if spec is None:
        return
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec["podManagementPolicy"] = spec.get("podManagementPolicy") or "OrderedReady"
    policy = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    policy.setdefault("whenDeleted", "Retain")
    policy.setdefault("whenScaled", "Retain")
    strategy = spec.setdefault("updateStrategy", {})
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        strategy["rollingUpdate"].setdefault("partition", 0)
    for claim in spec.get("volumeClaimTemplates") or ():
        claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
        default_claim(claim)
        claim["status"] = {"phase": "Pending"}
    default_template(spec)


def _with_claims(spec: Json) -> Json:
    """The specification with its claims as volumes, so that mounts of them are found."""
    claims = [
        {"name": item.get("metadata", {}).get("name", ""), "emptyDir": {}}
        for item in spec.get("volumeClaimTemplates") or ()
    ]
    template = spec.get("template") or {}
    pod = template.get("spec")
    if not claims or pod is None:
        return spec
    names = {claim["name"] for claim in claims}
    volumes = [volume for volume in pod.get("volumes") or () if volume.get("name") not in names]
    return {**spec, "template": {**template, "spec": {**pod, "volumes": [*volumes, *claims]}}}


def _validate(document: Json, old: Json | None) -> list[FieldError]:
    spec = document.get("spec")
    if spec is None:
        return [required("spec.selector"), required("spec.template")]
    if old is not None:
        frozen = {key: value for key, value in spec.items() if key not in _MUTABLE}
        before = {key: value for key, value in old["spec"].items() if key not in _MUTABLE}
        if frozen != before:
            return [forbidden("spec", _IMMUTABLE_MESSAGE)]
    errors = check_one_of(
        "spec.podManagementPolicy", spec["podManagementPolicy"], ("OrderedReady", "Parallel")
    )
    kind = spec["updateStrategy"]["type"]
    errors += check_one_of("spec.updateStrategy.type", kind, ("OnDelete", "RollingUpdate"))
    return errors + check_workload(_with_claims(spec), None, "statefulset")


KINDS = (
    Kind(
        group="apps",
        version="v1",
        kind="StatefulSet",
        plural="statefulsets",
        singular="statefulset",
        short_names=("sts",),
        categories=("all",),
        namespaced=True,
        subresources=("status", "scale"),
        columns=(Column("Ready", _ready), AGE, CONTAINERS, IMAGES),
        age_column=False,
        default=_default,
        on_create=creating({"replicas": 0, "availableReplicas": 0}, generation=True),
        on_update=updating(generation=True),
        validate=_validate,
    ),
)
