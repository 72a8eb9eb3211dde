"""Cron jobs."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE, NONE, selector
from opsrange.kube.fields.complaints import invalid, required
from opsrange.kube.fields.durations import since
from opsrange.kube.fields.names import check_one_of
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.kinds.jobs import default_job_spec
from opsrange.kube.podspec.cells import container_images, container_names
from opsrange.kube.podspec.workload import check_job_template, template_spec
from opsrange.types import Json

_FIELDS = 5


def _pod(item: Json) -> Json:
    """The pod specification inside the job template."""
    return template_spec((item.get("spec") or {}).get("jobTemplate") or {})


def _last(item: Json, now_ms: int) -> str:
    """When it last ran."""
    stamp = item.get("status", {}).get("lastScheduleTime")
    return since(stamp, now_ms) if stamp else NONE


def _default(item: Json) -> None:
    spec = item.get("spec")
    if spec is None:
        return
    spec["concurrencyPolicy"] = spec.get("concurrencyPolicy") or "Allow"
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.get("jobTemplate") or {}
    if template.get("spec") is not None:
        # unlike a job's own, the template's numbers stay absent
        given = {key: template["spec"][key] for key in template["spec"]}
        default_job_spec(given)
        template["spec"]["template"] = given.get("template")


def _validate(item: Json, old: Json | None) -> list[FieldError]:
    spec = item.get("spec") or {}
    errors = []
    schedule = spec.get("schedule") or ""
    if not schedule:
        errors.append(required("spec.schedule"))
    elif not schedule.startswith("@") and len(schedule.split()) != _FIELDS:
        found = len(schedule.split())
        detail = f"expected exactly {_FIELDS} fields, found {found}: [{schedule}]"
        errors.append(invalid("spec.schedule", schedule, detail))
    policies = ("Allow", "Forbid", "Replace")
    errors += check_one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), policies)
    place = "spec.jobTemplate.spec.template.spec"
    return errors + check_job_template(place, _pod(item))


KINDS = (
    Kind(
        group="batch",
        version="v1",
        kind="CronJob",
        plural="cronjobs",
        singular="cronjob",
        short_names=("cj",),
        categories=("all",),
        namespaced=True,
        subresources=("status",),
        columns=(
            Column("Schedule", lambda o, _: o["spec"].get("schedule", "")),
            Column("Timezone", lambda o, _: o["spec"].get("timeZone") or NONE),
            Column("Suspend", lambda o, _: "True" if o["spec"].get("suspend") else "False"),
            Column(
                "Active", lambda o, _: len(o.get("status", {}).get("active") or ()), type="integer"
            ),
            Column("Last Schedule", _last),
            AGE,
            Column("Containers", lambda o, _: container_names(_pod(o)), 1),
            Column("Images", lambda o, _: container_images(_pod(o)), 1),
            Column(
                "Selector",
                lambda o, _: selector(
                    ((o["spec"].get("jobTemplate") or {}).get("spec") or {}).get("selector")
                ),
                1,
            ),
        ),
        age_column=False,
        default=_default,
        on_create=creating({}, generation=True),
        on_update=updating(generation=True),
        validate=_validate,
    ),
)
