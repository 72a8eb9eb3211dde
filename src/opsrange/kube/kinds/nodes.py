"""Nodes."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, NONE, UNKNOWN
from opsrange.kube.fields.complaints import duplicate, forbidden, required
from opsrange.kube.fields.names import check, check_one_of, qualified_name
from opsrange.kube.fields.strategy import updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.types import Json

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _status(node: Json, now_ms: int) -> str:
    """``Ready``, ``NotReady`` or ``Unknown``, with ``SchedulingDisabled`` for a cordoned node."""
    words = []
    for condition in node.get("status", {}).get("conditions") or ():
        if condition.get("type") == "Ready":
            words = ["Ready" if condition.get("status") == "True" else "NotReady"]
    words = words or ["Unknown"]
    if node.get("spec", {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Json, now_ms: int) -> str:
    """Roles from the two labels kubectl knows."""
    roles = set()
    for key, value in (node["metadata"].get("labels") or {}).items():
        if key.startswith(_ROLE_PREFIX) and len(key) > len(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL and value:
            roles.add(value)
    return ",".join(sorted(roles)) or NONE


def _address(kind: str, node: Json) -> str:
    """The first address of a kind."""
    for address in node.get("status", {}).get("addresses") or ():
        if address["type"] == kind:
            return str(address["address"])
    return NONE


def _info(node: Json, key: str) -> str:
    """A value of ``status.nodeInfo``."""
    return str(node.get("status", {}).get("nodeInfo", {}).get(key) or UNKNOWN)


def _version(node: Json, now_ms: int) -> str:
    """The kubelet's version, empty before it reported one."""
    return str(node.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", ""))


def _default(node: Json) -> None:
    node.setdefault("spec", {})


def _validate(node: Json, old: Json | None) -> list[FieldError]:
    """Taints; and that a pod range, once given, stays."""
    errors, seen = [], set()
    spec = node.get("spec") or {}
    for index, taint in enumerate(spec.get("taints") or ()):
        here, key = f"metadata.taints[{index}]", taint.get("key", "")
        errors += check(f"{here}.key", key, qualified_name)
        if not taint.get("effect"):
            errors.append(required(f"{here}.effect"))
        else:
            errors += check_one_of(f"{here}.effect", taint["effect"], _EFFECTS)
        if (key, taint.get("effect")) in seen:
            errors.append(duplicate(here, taint))
        seen.add((key, taint.get("effect")))
    before = (old or {}).get("spec", {}).get("podCIDR")
    if before and spec.get("podCIDR") != before:
        detail = 'node updates may not change podCIDR except from "" to valid'
        errors.append(forbidden("spec.podCIDRs", detail))
    return errors


KINDS = (
    Kind(
        group="",
        version="v1",
        kind="Node",
        plural="nodes",
        singular="node",
        short_names=("no",),
        namespaced=False,
        subresources=("status",),
        columns=(
            Column("Status", _status),
            Column("Roles", _roles),
            AGE,
            Column("Version", _version),
            Column("Internal-IP", lambda o, _: _address("InternalIP", o), 1),
            Column("External-IP", lambda o, _: _address("ExternalIP", o), 1),
            Column("OS-Image", lambda o, _: _info(o, "osImage"), 1),
            Column("Kernel-Version", lambda o, _: _info(o, "kernelVersion"), 1),
            Column("Container-Runtime", lambda o, _: _info(o, "containerRuntimeVersion"), 1),
        ),
        age_column=False,
        default=_default,
        on_update=updating(),
        validate=_validate,
        selectable_fields=lambda o: {
            "spec.unschedulable": "true" if o.get("spec", {}).get("unschedulable") else "false"
        },
    ),
)
