"""What all owners of a pod template share: columns, defaults, rules."""

from __future__ import annotations

from opsrange.kube.fields.cells import selector
from opsrange.kube.fields.complaints import at_least_zero, invalid, required, same
from opsrange.kube.fields.names import check_labels, check_selector
from opsrange.kube.kind import Column, FieldError
from opsrange.kube.podspec.cells import container_images, container_names
from opsrange.kube.podspec.defaults import default_template_spec
from opsrange.kube.podspec.rules import check_pod_spec
from opsrange.kube.selectors import LabelSelector
from opsrange.types import Json


def template_spec(document: Json) -> Json:
    """The pod specification inside a workload."""
    spec: Json = ((document.get("spec") or {}).get("template") or {}).get("spec") or {}
    return spec


CONTAINERS = Column("Containers", lambda o, _: container_names(template_spec(o)), 1)
IMAGES = Column("Images", lambda o, _: container_images(template_spec(o)), 1)
SELECTOR = Column("Selector", lambda o, _: selector(o["spec"].get("selector")), 1)


def default_template(spec: Json) -> None:
    """Defaults of ``spec.template``."""
    template = spec.get("template")
    if template is not None:
        template.setdefault("metadata", {})
        if template.get("spec") is not None:
            default_template_spec(template["spec"])


def check_template(spec: Json, restart_policies: tuple[str, ...] = ("Always",)) -> list[FieldError]:
    """Selector and template, which must agree."""
    selects, template = spec.get("selector"), spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    errors = []
    if selects is None:
        errors.append(required("spec.selector"))
    else:
        errors += check_selector("spec.selector", selects)
        if not selects.get("matchLabels") and not selects.get("matchExpressions"):
            detail = "empty selector is invalid for deployment"
            errors.append(invalid("spec.selector", selects, detail))
        elif not errors and not LabelSelector.of(selects).matches(labels):
            detail = "`selector` does not match template `labels`"
            errors.append(invalid("spec.template.metadata.labels", labels, detail))
    errors += check_labels("spec.template.labels", labels)
    errors += check_pod_spec("spec.template.spec", template.get("spec"), restart_policies)
    return errors


def check_workload(spec: Json, old: Json | None) -> list[FieldError]:
    """Replicas, readiness, selector and template of a workload that keeps pods running."""
    errors = []
    for name in ("replicas", "minReadySeconds"):
        errors += at_least_zero(f"spec.{name}", spec.get(name) or 0)
    limit = spec.get("revisionHistoryLimit")
    errors += at_least_zero("spec.revisionHistoryLimit", limit or 0)
    errors += check_template(spec)
    if old is not None:
        errors += same("spec.selector", spec.get("selector"), old["spec"].get("selector"))
    return errors
