"""A plan first: the approver approves a plan, and what changes something outside it is stopped."""

from __future__ import annotations

from opsrange.oversight.gate import PASS, Asked, Gate, Opinion, known, needed, reads_only
from opsrange.oversight.plan import TOOL
from opsrange.oversight.request import Decision
from opsrange.trace import Preview


def _judge(asked: Asked, preview: Preview | None) -> Opinion:
    if asked.tool == TOOL:
        return Opinion(Decision.ESCALATE, "a plan")
    found = needed(preview)
    if reads_only(found):
        return PASS
    if not known(found):
        return Opinion(Decision.REJECT, f"what it does is not known ({found.unfinished})")
    if asked.plan is None:
        return Opinion(
            Decision.REJECT, f"no plan was approved; call {TOOL} first and name every entity"
        )
    outside = sorted({change.entity for change in found.changes} - asked.plan.entities)
    if outside:
        return Opinion(
            Decision.REJECT,
            f"it changes {', '.join(outside[:5])}, which the approved plan does not name; submit another plan",
        )
    return PASS


GATE = Gate(title="changes need an approved plan that names them", judge=_judge, plans=True)
