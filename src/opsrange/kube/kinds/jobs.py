"""Jobs."""

from __future__ import annotations

from opsrange.kube.fields.cells import AGE
from opsrange.kube.fields.complaints import at_least_zero, required, same
from opsrange.kube.fields.durations import human_duration
from opsrange.kube.fields.strategy import creating, updating
from opsrange.kube.kind import Column, FieldError, Kind
from opsrange.kube.podspec.cells import has_condition
from opsrange.kube.podspec.workload import (
    CONTAINERS,
    IMAGES,
    SELECTOR,
    check_job_template,
    default_template,
    template_spec,
)
from opsrange.types import Json, parse_rfc3339

_NUMBERS = ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds")


def _status(job: Json, now_ms: int) -> str:
    """The STATUS cell; ends first, then what hinders."""
    status = job.get("status", {})
    for condition, word in (("Complete", "Complete"), ("Failed", "Failed")):
        if has_condition(status, condition):
            return word
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    words = {"Suspended": "Suspended"}
    for condition in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if has_condition(status, condition):
            return words.get(condition, condition)
    return "Running"


def _completions(job: Json, now_ms: int) -> str:
    """Succeeded and wanted."""
    spec, done = job["spec"], job.get("status", {}).get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallel = spec.get("parallelism") or 0
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _duration(job: Json, now_ms: int) -> str:
    """From start to completion, or to now."""
    status = job.get("status", {})
    if not status.get("startTime"):
        return ""
    ended = status.get("completionTime")
    end_ms = parse_rfc3339(ended) if ended else now_ms
    return human_duration(end_ms - parse_rfc3339(status["startTime"]))


def default_job_spec(spec: Json) -> None:
    """Defaults of a job, and of a cron job's template."""
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("suspend", False)
    spec["completionMode"] = spec.get("completionMode") or "NonIndexed"
    spec["podReplacementPolicy"] = spec.get("podReplacementPolicy") or "TerminatingOrFailed"
    default_template(spec)


def _default(job: Json) -> None:
    if job.get("spec") is not None:
        default_job_spec(job["spec"])


def _validate(job: Json, old: Json | None) -> list[FieldError]:
    spec = job.get("spec")
    if spec is None:
        return [required("spec.template.spec.containers")]
    errors = []
    for name in _NUMBERS:
        errors += at_least_zero(f"spec.{name}", spec.get(name) or 0)
    errors += check_job_template("spec.template.spec", template_spec(job))
    if old is not None:
        for name in ("completions", "selector", "template", "completionMode"):
            errors += same(f"spec.{name}", spec.get(name), old["spec"].get(name))
    return errors


KINDS = (
    Kind(
        group="batch",
        version="v1",
        kind="Job",
        plural="jobs",
        singular="job",
        categories=("all",),
        namespaced=True,
        subresources=("status",),
        columns=(
            Column("Status", _status),
            Column("Completions", _completions),
            Column("Duration", _duration),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ),
        age_column=False,
        default=_default,
        on_create=creating({}, generation=True),
        on_update=updating(generation=True),
        validate=_validate,
        selectable_fields=lambda o: {
            "status.successful": str(o.get("status", {}).get("succeeded", 0))
        },
    ),
)
