"""What the API server insists on in a container."""

from __future__ import annotations

from typing import Any

from opsrange.kube.fields.complaints import (
    at_least_zero,
    duplicate,
    forbidden,
    invalid,
    not_found,
    required,
    within,
)
from opsrange.kube.fields.names import (
    check,
    check_one_of,
    dns_label,
    env_name,
    port_name,
    qualified_name,
)
from opsrange.kube.kind import FieldError
from opsrange.kube.quantities import is_quantity, parse
from opsrange.types import Json

_STANDARD = ("cpu", "memory", "ephemeral-storage")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_NUMBERS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)


def check_port_number(field: str, port: Any) -> list[FieldError]:
    """A port by number, or by name where the API allows it."""
    if isinstance(port, str):
        return check(field, port, port_name)
    return within(field, port or 0, 1, 65535)


def check_amount(field: str, amount: Any) -> list[FieldError]:
    """A quantity that is not negative."""
    if is_quantity(amount) and parse(amount).amount < 0:
        return [invalid(field, str(amount), "must be greater than or equal to 0")]
    return []


def _resource_name(field: str, name: str) -> list[FieldError]:
    errors = check(field, name, qualified_name)
    if not errors and "/" not in name and name not in _STANDARD and name[:10] != "hugepages-":
        errors.append(invalid(field, name, "must be a standard resource type or fully qualified"))
        errors.append(invalid(field, name, "must be a standard resource for containers"))
    return errors


def check_resources(field: str, resources: Json) -> list[FieldError]:
    """Names and amounts, and that no request exceeds its limit."""
    errors = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            here = f"{field}.{kind}[{name}]"
            errors += _resource_name(here, name)
            errors += check_amount(here, amount)
    for name, amount in requests.items():
        limit = limits.get(name)
        if limit is not None and parse(amount).amount > parse(limit).amount:
            detail = f"must be less than or equal to {name} limit of {limit}"
            errors.append(invalid(f"{field}.requests", str(amount), detail))
    return errors


def _check_handler(field: str, handler: Json) -> list[FieldError]:
    """Exactly one action, complete."""
    given = [name for name in _HANDLERS if handler.get(name) is not None]
    if not given:
        return [required(field, "must specify a handler type")]
    errors = [
        forbidden(f"{field}.{name}", "may not specify more than 1 handler type")
        for name in given[1:]
    ]
    name, action = given[0], handler[given[0]]
    here = f"{field}.{name}"
    if name == "exec" and not action.get("command"):
        errors.append(required(f"{here}.command"))
    if name == "httpGet":
        if not action.get("path"):
            errors.append(required(f"{here}.path"))
        errors += check_one_of(f"{here}.scheme", action.get("scheme"), ("HTTP", "HTTPS"))
    if name != "exec":
        errors += check_port_number(f"{here}.port", action.get("port"))
    return errors


def check_probe(field: str, probe: Json, *, readiness: bool) -> list[FieldError]:
    """Action and timings of a probe."""
    errors = _check_handler(field, probe)
    for name in _NUMBERS:
        errors += at_least_zero(f"{field}.{name}", probe.get(name) or 0)
    threshold = probe.get("successThreshold", 1)
    if not readiness and threshold != 1:
        errors.append(invalid(f"{field}.successThreshold", threshold, "must be 1"))
    return errors


def _check_ports(field: str, ports: list[Json]) -> list[FieldError]:
    errors, names = [], set()
    for index, port in enumerate(ports):
        here, name = f"{field}[{index}]", port.get("name")
        if name:
            errors += check(f"{here}.name", name, port_name)
            if name in names:
                errors.append(duplicate(f"{here}.name", name))
            names.add(name)
        if not port.get("containerPort"):
            errors.append(required(f"{here}.containerPort"))
        else:
            errors += within(f"{here}.containerPort", port["containerPort"], 1, 65535)
        if port.get("hostPort"):
            errors += within(f"{here}.hostPort", port["hostPort"], 1, 65535)
        errors += check_one_of(f"{here}.protocol", port.get("protocol"), _PROTOCOLS)
    return errors


def _check_env(field: str, variables: list[Json]) -> list[FieldError]:
    errors = []
    for index, variable in enumerate(variables):
        here = f"{field}[{index}]"
        if not variable.get("name"):
            errors.append(required(f"{here}.name"))
        else:
            errors += check(f"{here}.name", variable["name"], env_name)
        source = variable.get("valueFrom")
        if source is None:
            continue
        given = [name for name in _SOURCES if source.get(name) is not None]
        place = f"{here}.valueFrom"
        if not given:
            names = ", ".join(f"`{name}`" for name in _SOURCES[:-1])
            errors.append(invalid(place, "", f"must specify one of: {names} or `{_SOURCES[-1]}`"))
        elif variable.get("value"):
            errors.append(invalid(place, "", "may not be specified when `value` is not empty"))
        elif len(given) > 1:
            detail = "may not have more than one field specified at a time"
            errors.append(invalid(place, "", detail))
        errors += [
            required(f"{place}.{name}.key")
            for name in given
            if name.endswith("KeyRef") and not source[name].get("key")
        ]
    return errors


def _check_mounts(field: str, mounts: list[Json], volumes: set[str]) -> list[FieldError]:
    errors, paths = [], set()
    for index, mount in enumerate(mounts):
        here, path = f"{field}[{index}]", mount.get("mountPath")
        if not mount.get("name"):
            errors.append(required(f"{here}.name"))
        elif mount["name"] not in volumes:
            errors.append(not_found(f"{here}.name", mount["name"]))
        if not path:
            errors.append(required(f"{here}.mountPath"))
        elif path in paths:
            errors.append(invalid(f"{here}.mountPath", path, "must be unique"))
        paths.add(path)
    return errors


def check_container(field: str, container: Json, volumes: set[str]) -> list[FieldError]:
    """One container.

    Args:
        field: where it stands, e.g. ``spec.containers[0]``.
        container: the container.
        volumes: names of the pod's volumes.
    """
    errors = []
    if not container.get("name"):
        errors.append(required(f"{field}.name"))
    else:
        errors += check(f"{field}.name", container["name"], dns_label)
    image = container.get("image") or ""
    if not image:
        errors.append(required(f"{field}.image"))
    elif image != image.strip():
        errors.append(
            invalid(f"{field}.image", image, "must not have leading or trailing whitespace")
        )
    errors += check_one_of(
        f"{field}.imagePullPolicy", container.get("imagePullPolicy"), _PULL_POLICIES
    )
    policies = ("FallbackToLogsOnError", "File")
    errors += check_one_of(
        f"{field}.terminationMessagePolicy", container.get("terminationMessagePolicy"), policies
    )
    errors += _check_ports(f"{field}.ports", container.get("ports") or [])
    errors += _check_env(f"{field}.env", container.get("env") or [])
    errors += _check_mounts(f"{field}.volumeMounts", container.get("volumeMounts") or [], volumes)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name):
            errors += check_probe(
                f"{field}.{name}", container[name], readiness=name == "readinessProbe"
            )
    for hook, handler in (container.get("lifecycle") or {}).items():
        if isinstance(handler, dict) and "sleep" not in handler:
            errors += _check_handler(f"{field}.lifecycle.{hook}", handler)
    errors += check_resources(f"{field}.resources", container.get("resources") or {})
    return errors
