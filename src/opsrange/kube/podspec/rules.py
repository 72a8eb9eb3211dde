"""What the API server insists on in a pod specification, and what an update may change."""

from __future__ import annotations

import copy
from typing import Any

from opsrange.kube.fields.complaints import (
    at_least_zero,
    duplicate,
    forbidden,
    invalid,
    required,
    shown,
    within,
)
from opsrange.kube.fields.names import (
    check,
    check_labels,
    check_one_of,
    check_unique,
    dns_label,
    dns_subdomain,
)
from opsrange.kube.kind import FieldError
from opsrange.kube.podspec.container_rules import check_container
from opsrange.kube.podspec.defaults import containers_of
from opsrange.types import Json

_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_NAMED_SOURCES = {
    "configMap": "name",
    "secret": "secretName",
    "persistentVolumeClaim": "claimName",
    "hostPath": "path",
}
_MUTABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
    "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
    "previously negative)"
)


def _check_volumes(field: str, volumes: list[Json]) -> list[FieldError]:
    errors = []
    for index, volume in enumerate(volumes):
        here = f"{field}[{index}]"
        if not volume.get("name"):
            errors.append(required(f"{here}.name"))
        else:
            errors += check(f"{here}.name", volume["name"], dns_label)
        sources = [key for key, value in volume.items() if key != "name" and value is not None]
        errors += [
            forbidden(f"{here}.{source}", "may not specify more than 1 volume type")
            for source in sources[1:]
        ]
        for source, key in _NAMED_SOURCES.items():
            if volume.get(source) is not None and not volume[source].get(key):
                errors.append(required(f"{here}.{source}.{key}"))
    return errors + check_unique(field, volumes)


def _check_tolerations(field: str, tolerations: list[Json]) -> list[FieldError]:
    errors = []
    for index, toleration in enumerate(tolerations):
        here, operator = f"{field}[{index}]", toleration.get("operator") or "Equal"
        if not toleration.get("key") and operator != "Exists":
            detail = (
                "operator must be Exists when `key` is empty, which means "
                '"match all values and all keys"'
            )
            errors.append(invalid(f"{here}.operator", toleration.get("operator", ""), detail))
        if operator == "Exists" and toleration.get("value"):
            # Kubernetes names the operator's field here and quotes the whole toleration
            detail = "value must be empty when `operator` is 'Exists'"
            errors.append(invalid(f"{here}.operator", toleration, detail))
        errors += check_one_of(f"{here}.operator", operator, ("Equal", "Exists", "Lt", "Gt"))
        if toleration.get("effect"):
            errors += check_one_of(f"{here}.effect", toleration["effect"], _EFFECTS)
    return errors


def _check_containers(field: str, spec: Json) -> list[FieldError]:
    volumes = {volume.get("name", "") for volume in spec.get("volumes") or ()}
    errors: list[FieldError] = []
    names: set[str] = set()
    for group in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(group) or ()):
            here = f"{field}.{group}[{index}]"
            errors += check_container(here, container, volumes)
            name = container.get("name")
            if name in names:
                errors.append(duplicate(f"{here}.name", name))
            elif name:
                names.add(name)
    return errors


def check_pod_spec(
    field: str,
    spec: Json | None,
    restart_policies: tuple[str, ...] = ("Always", "OnFailure", "Never"),
) -> list[FieldError]:
    """A pod specification after defaulting.

    Args:
        field: where it stands: ``spec`` or ``spec.template.spec``.
        spec: the specification; ``None`` counts as empty.
        restart_policies: those allowed here.
    """
    spec = spec or {}
    errors = _check_volumes(f"{field}.volumes", spec.get("volumes") or [])
    if not spec.get("containers"):
        errors.append(required(f"{field}.containers"))
    errors += _check_containers(field, spec)
    errors += check_one_of(f"{field}.restartPolicy", spec.get("restartPolicy"), restart_policies)
    errors += check_one_of(f"{field}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    errors += check_labels(f"{field}.nodeSelector", spec.get("nodeSelector"))
    for name in ("serviceAccountName", "nodeName", "priorityClassName"):
        if spec.get(name):
            errors += check(f"{field}.{name}", spec[name], dns_subdomain)
    grace = spec.get("terminationGracePeriodSeconds")
    errors += at_least_zero(f"{field}.terminationGracePeriodSeconds", grace or 0)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None:
        errors += within(f"{field}.activeDeadlineSeconds", deadline, 1, 2**31 - 1)
    errors += _check_tolerations(f"{field}.tolerations", spec.get("tolerations") or [])
    return errors


def _go_field(name: str) -> str:
    """A field as Go spells it."""
    return name[:1].upper() + name[1:]


def _difference(new: Json, old: Json) -> str:
    """The differing fields, in the layout of the comparison that the API server appends."""
    lines, same = ["  core.PodSpec{"], 0
    for name in sorted({*new, *old}):
        if new.get(name) == old.get(name):
            same += 1
            continue
        for sign, spec in (("-", old), ("+", new)):
            lines.append(f"{sign} \t{_go_field(name)}: {shown(spec.get(name))},")
    if same:
        lines.append(f"  \t... // {same} identical fields")
    return "\n".join([*lines, "  }", ""])


def _without(tolerations: Any, removed: list[Json]) -> list[Json]:
    return [item for item in tolerations or () if item not in removed]


def check_pod_update(new: Json, old: Json) -> list[FieldError]:
    """That an update changes only what may change in a pod.

    Args:
        new: the specification to be written.
        old: the stored one.
    """
    if new == old:
        return []
    for group in ("containers", "initContainers"):
        if len(new.get(group) or ()) != len(old.get(group) or ()):
            detail = "pod updates may not add or remove containers"
            return [forbidden(f"spec.{group}", detail)]
    errors: list[FieldError] = []
    before, after = old.get("activeDeadlineSeconds"), new.get("activeDeadlineSeconds")
    if before is not None and (after is None or after > before):
        detail = "must be less than or equal to previous value"
        if after is None:
            detail = "must not update from a positive integer to nil value"
        errors.append(invalid("spec.activeDeadlineSeconds", after, detail))
    if _without(old.get("tolerations"), new.get("tolerations") or []):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        errors.append(forbidden("spec.tolerations", detail))
    munged = copy.deepcopy(new)
    for mine, theirs in zip(containers_of(munged), containers_of(old), strict=True):
        mine["image"] = theirs.get("image")
    for name in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        munged.pop(name, None)
        if name in old:
            munged[name] = old[name]
    if munged != old:
        errors.append(forbidden("spec", f"{_MUTABLE}\n{_difference(munged, old)}"))
    return errors
