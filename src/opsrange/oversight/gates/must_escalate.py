"""Only what somebody else has to decide is asked about: by default what cannot be undone, and what makes service levels worse."""

from __future__ import annotations

from opsrange.oversight.gate import PASS, Asked, Gate, Opinion, known, needed
from opsrange.oversight.request import Decision
from opsrange.trace import Preview


def _judge(asked: Asked, preview: Preview | None) -> Opinion:
    found = needed(preview)
    if not known(found):
        return Opinion(Decision.ESCALATE, f"what it does is not known ({found.unfinished})")
    return PASS


GATE = Gate(
    title="passes unless a must-escalate predicate holds",
    judge=_judge,
    must_escalate=("irreversible", "worse"),
)
