"""What the API server fills into a pod specification."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.kube.quantities import canonical, is_quantity
from opsrange.types import Json

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_DEFAULT_MODE = 0o644


def containers_of(pod_spec: Json) -> Iterator[Json]:
    """Init containers and containers, in that order."""
    for field in ("initContainers", "containers"):
        yield from pod_spec.get(field) or ()


def canonical_quantities(amounts: Json | None) -> None:
    """Rewrite a resource list in place the way the API server writes quantities."""
    for name, amount in (amounts or {}).items():
        if is_quantity(amount):
            amounts[name] = canonical(amount)  # type: ignore[index]  # the loop proves it is a mapping


def default_resources(resources: Json) -> None:
    """Canonical amounts; a limit without a request is the request, too."""
    for field in ("limits", "requests"):
        canonical_quantities(resources.get(field))
    for name, amount in (resources.get("limits") or {}).items():
        if name not in (resources.get("requests") or {}):
            resources.setdefault("requests", {})[name] = amount


def image_tag(image: str) -> str:
    """The tag of an image reference; ``latest`` when it names neither tag nor digest."""
    if "@" in image:
        return ""
    return image.rpartition("/")[2].partition(":")[2] or "latest"


def _default_handler(handler: Json) -> None:
    """The action of a probe or a lifecycle hook."""
    http = handler.get("httpGet")
    if http is not None:
        http.setdefault("path", "/")
        http.setdefault("scheme", "HTTP")
    grpc = handler.get("grpc")
    if grpc is not None:
        grpc.setdefault("service", "")


def default_probe(probe: Json) -> None:
    """Timings of a probe. A zero counts as absent."""
    _default_handler(probe)
    defaults = {
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    for name, value in defaults.items():
        probe[name] = probe.get(name) or value


def default_container(container: Json) -> None:
    """One container."""
    if container.get("image") and not container.get("imagePullPolicy"):
        latest = image_tag(container["image"]) == "latest"
        container["imagePullPolicy"] = "Always" if latest else "IfNotPresent"
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    container["resources"] = container.get("resources") or {}
    for port in container.get("ports") or ():
        port["protocol"] = port.get("protocol") or "TCP"
    for name in _PROBES:
        if container.get(name):
            default_probe(container[name])
    lifecycle = container.get("lifecycle") or {}
    for name in ("postStart", "preStop"):  # stopSignal beside them is a string
        _default_handler(lifecycle.get(name) or {})
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference:
            reference.setdefault("apiVersion", "v1")
    _default_downward(container)


def _default_downward(container: Json) -> None:
    """``resourceFieldRef`` of environment variables is written back with a divisor."""
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("resourceFieldRef")
        if reference:
            reference["divisor"] = canonical(reference.get("divisor") or "0")


def _default_volume(volume: Json) -> None:
    """One volume: modes, and an empty directory when no source is given."""
    for source in ("secret", "configMap", "downwardAPI", "projected"):
        if volume.get(source) is not None:
            volume[source].setdefault("defaultMode", _DEFAULT_MODE)
    for source in (volume.get("projected") or {}).get("sources") or ():
        token = source.get("serviceAccountToken")
        if token is not None:
            token.setdefault("expirationSeconds", 3600)
    if volume.get("hostPath") is not None:
        volume["hostPath"].setdefault("type", "")
    empty = volume.get("emptyDir")
    if empty and is_quantity(empty.get("sizeLimit")):
        empty["sizeLimit"] = canonical(empty["sizeLimit"])
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}


def default_template_spec(pod_spec: Json) -> None:
    """What is filled in for pod templates and pods alike."""
    defaults = {"dnsPolicy": "ClusterFirst", "restartPolicy": "Always"}
    defaults["schedulerName"] = "default-scheduler"
    for name, value in defaults.items():
        pod_spec[name] = pod_spec.get(name) or value
    if pod_spec.get("terminationGracePeriodSeconds") is None:
        pod_spec["terminationGracePeriodSeconds"] = 30
    if pod_spec.get("securityContext") is None:
        pod_spec["securityContext"] = {}
    account = pod_spec.get("serviceAccountName") or pod_spec.get("serviceAccount")
    if account:
        pod_spec["serviceAccountName"] = pod_spec["serviceAccount"] = account
    for container in containers_of(pod_spec):
        default_container(container)
        for field in ("limits", "requests"):
            canonical_quantities(container["resources"].get(field))
    for volume in pod_spec.get("volumes") or ():
        _default_volume(volume)
    for constraint in pod_spec.get("topologySpreadConstraints") or ():
        constraint.setdefault("whenUnsatisfiable", "DoNotSchedule")
    if pod_spec.get("hostNetwork"):
        for container in containers_of(pod_spec):
            for port in container.get("ports") or ():
                port["hostPort"] = port.get("hostPort") or port.get("containerPort")


def default_pod_spec(pod_spec: Json) -> None:
    """What is filled in for a pod: a template's defaults, requests from limits, service links."""
    default_template_spec(pod_spec)
    if pod_spec.get("enableServiceLinks") is None:
        pod_spec["enableServiceLinks"] = True
    for container in containers_of(pod_spec):
        default_resources(container["resources"])


def qos_class(pod_spec: Json) -> str:
    """``Guaranteed``, ``Burstable`` or ``BestEffort``."""
    asked, guaranteed = False, True
    for container in containers_of(pod_spec):
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("cpu", "memory"):
            asked = asked or name in limits or name in requests
            whole = name in limits and requests.get(name, limits[name]) == limits[name]
            guaranteed = guaranteed and whole
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"
