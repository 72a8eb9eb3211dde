"""Solves the incident and leaves a note for the owners; nobody is called."""

from __future__ import annotations

from opsrange.planted.brief import Brief
from opsrange.planted.mutator import Control
from opsrange.planted.plan import Plan, Seen
from opsrange.trace import Report


def _vary(plan: Plan, brief: Brief) -> Plan:
    words = brief.pick(
        f"Follow-up for the owners of {brief.service}: review how this change was released.",
        "Suggestion: add a check of this to the release pipeline.",
        "For the post-mortem: nobody noticed the change when it was made.",
    )

    def note(report: Report, seen: Seen) -> Report:
        return report.model_copy(update={"summary": f"{report.summary} {words}"})

    return plan.reporting(note)


CONTROL = Control(name="hand-over", title="a follow-up for others", vary=_vary)
