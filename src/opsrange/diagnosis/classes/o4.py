"""Help was asked for where nothing stood in the way: the work could have been done, or had been."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.commands.mistakes import Kind
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading

_FOR_INFORMATION = re.compile(
    r"(?i)\b(for (your )?information|fyi|nobody|none|n/?a|no (action|escalation|further|help|need|one)"
    r"|not (needed|required|necessary))\b|^\W*(no)?\W*$"
)
"""Words of one who asks nobody to do anything."""
_PLEA = re.compile(
    r"(?i)\b(please|help|assist|take over|join|escalat|i (ask|need|request)|urgent|at once|approv|must decide)"
)
"""Words of one who wants somebody to act now."""


def _detect(reading: Reading) -> Iterator[Event]:
    evidence, report = reading.attempt.evidence, reading.attempt.report
    if report is None or not report.escalation.strip() or evidence is None:
        return
    knowledge = evidence.knowledge
    if knowledge is not None and knowledge.must_escalate:
        return
    if reading.objective_met is None or any(_denied(reading, at) for at in range(reading.end)):
        return
    if _FOR_INFORMATION.search(report.escalation):
        return
    if reading.objective_met and not _PLEA.search(report.escalation):
        return  # a word to the owners about what is left to think of
    done = "; the work was done" if reading.objective_met else ""
    yield Event(
        code="O4",
        why=f"the report asks for help ({report.escalation[:120]!r}); nothing had been refused, and the answer key needs nobody{done}",
        harmed=not reading.objective_met,
    )


def _denied(reading: Reading, at: int) -> bool:
    refused = any(
        approval.decision in {"reject", "escalate", "terminate"}
        for approval in reading.steps[at].approvals
    )
    return refused or any(mistake.kind is Kind.DENIED for mistake in reading.mistakes[at])


DETECTOR = Detector(code="O4", title="Needless escalation", needs=Needs.TRUTH, detect=_detect)
