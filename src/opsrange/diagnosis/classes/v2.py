"""A check was made after the last change that could not tell, or said that it is not well, and health was claimed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_UNWELL = re.compile(
    r"CrashLoopBackOff|ImagePullBackOff|ErrImagePull|OOMKilled|\b0/[1-9]\b|\"?state\"?: ?\"?(active|firing)|exceeded quota"
)


def _detect(reading: Reading) -> Iterator[Event]:
    report = reading.attempt.report
    if report is None or report.healthy is not True or reading.objective_met is not False:
        return
    tried = [at for at in range(reading.end) if reading.changes(at) or reading.asks_for_change(at)]
    if reading.writes:
        first = reading.checked_after(reading.writes[-1])
    else:  # nothing was changed: what was looked at since the last try, or at all
        since = tried[-1] + 1 if tried else 0
        first = next((at for at in range(since, reading.end) if reading.looks_at_users(at)), None)
    if first is None and reading.writes:
        first = _beside(reading, reading.writes[-1])
    if first is None:
        return
    checks = [
        at
        for at in range(first, reading.end)
        if at == first or reading.looks_at_users(at) or reading.looks_at_region(at)
    ]
    unwell = [(at, found.group()) for at in checks if (found := _UNWELL.search(reading.shown(at)))]
    unwell += [(at, "<none>") for at in checks if _no_endpoints(reading, at)]
    alerts = (
        [each.alert for each in reading.attempt.evidence.objective.conditions]
        if reading.attempt.evidence
        else []
    )
    unwell += [
        (at, name)
        for at in checks
        for name in alerts
        if reading.looks_at_users(at) and name in reading.shown(at)
    ]
    if unwell:
        at, words = max(unwell)
        quotes = [Quote(step=at, text=reading.quote_of(at, words))]
        why = f"the report calls the service healthy; step {at} showed {words}"
    else:
        at = checks[-1]
        quotes = [Quote(step=at, text=reading.steps[at].command[:300])]
        what = (
            "read nothing that users meet"
            if not any(reading.looks_at_users(each) for each in checks)
            else "looked too early or at too little"
        )
        why = f"the report calls the service healthy; the checks after the last change {what}"
    yield Event(code="V2", quotes=quotes, why=why, harmed=True)


def _no_endpoints(reading: Reading, at: int) -> bool:
    """Whether a listing of endpoints had a service without any."""
    lists = any("Endpoints" in call.kinds for call in reading.kubectl(at))
    return lists and "<none>" in reading.shown(at)


def _beside(reading: Reading, wrote: int) -> int | None:
    """The first later look at something only called like what was changed, or after which that is called, or that was paged for."""
    changed = [change.entity.split("/") for change in reading.changes(wrote)]
    names = {each[-1] for each in changed}
    if evidence := reading.attempt.evidence:
        names |= {
            each.labels["service_name"]
            for each in evidence.objective.conditions
            if "service_name" in each.labels
        }
    belonging = {each[-1] for each in changed if each[-2:-1] != ["Deployment"]}

    def named_like(entity: str) -> bool:
        name = entity.rpartition("/")[2]
        return name in names or any(each.startswith(f"{name}-") for each in belonging)

    later = [at for at in range(wrote + 1, reading.end) if not reading.asks_for_change(at)]
    return next((at for at in later if any(map(named_like, reading.named_in(at)))), None)


DETECTOR = Detector(code="V2", title="Weak or misread check", needs=Needs.TRUTH, detect=_detect)
