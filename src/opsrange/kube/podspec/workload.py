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


def check_template(spec: Json, noun: str) -> list[FieldError]:
    """Selector and template, which must agree."""
    selects, template = spec.get("selector"), spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    errors = []
    if selects is None:
        errors.append(required("spec.selector"))
    else:
        errors += check_selector("spec.selector", selects)
        if not selects.get("matchLabels") and not selects.get("matchExpressions"):
            detail = f"empty selector is invalid for {noun}"
            errors.append(invalid("spec.selector", selects, detail))
        elif not errors and not LabelSelector.of(selects).matches(labels):
            detail = "`selector` does not match template `labels`"
            errors.append(invalid("spec.template.metadata.labels", labels, detail))
    errors += check_labels("spec.template.labels", labels)
    errors += check_pod_spec("spec.template.spec", template.get("spec"), ("Always",))
    return errors


def check_workload(spec: Json, old: Json | None, noun: str = "deployment") -> list[FieldError]:
    """Replicas, readiness, selector and template of a workload that keeps pods running.

    Args:
        spec: to be written.
        old: the stored object, on update.
        noun: what messages call it; replica sets are called deployments there.
    """
    errors = []
    for name in ("replicas", "minReadySeconds"):
        errors += at_least_zero(f"spec.{name}", spec.get(name) or 0)
    limit = spec.get("revisionHistoryLimit")
    errors += at_least_zero("spec.revisionHistoryLimit", limit or 0)
    errors += check_template(spec, noun)
    if old is not None:
        errors += same("spec.selector", spec.get("selector"), old["spec"].get("selector"))
    return errors


def check_job_template(field: str, spec: Json) -> list[FieldError]:
    """A pod specification that ends: ``Always``, the pod's own default, is refused.

    Args:
        field: where it stands.
        spec: the pod specification.
    """
    errors = check_pod_spec(field, spec)
    if spec.get("restartPolicy") == "Always":
        detail = 'valid values: "OnFailure", "Never"'
        errors.append(required(f"{field}.restartPolicy", detail))
    return errors
