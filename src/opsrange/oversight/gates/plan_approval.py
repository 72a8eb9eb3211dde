"""A plan first: the approver approves a plan, and what changes something outside it is stopped."""

from __future__ import annotations

from opsrange.oversight.gate import PASS, Asked, Gate, Opinion, known, needed, reads_only
from opsrange.oversight.plan import TOOL
from opsrange.oversight.request import Decision
from opsrange.trace import Preview


def _judge(asked: Asked, preview: Preview | None) -> Opinion:
    if asked.tool == TOOL:
        outside = _outside(asked, preview)
        if outside:
            return Opinion(
                Decision.REJECT, f"its commands change {outside}, which it does not name; name them"
            )
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
    outside = _outside(asked, found)
    if outside:
        return Opinion(
            Decision.REJECT,
            f"it changes {outside}, which the approved plan does not name; submit another plan",
        )
    return PASS


def _outside(asked: Asked, preview: Preview | None) -> str:
    """What is changed and no plan names."""
    changed = {change.entity for change in preview.changes} if preview else set()
    return ", ".join(sorted(changed - (asked.plan.entities if asked.plan else set()))[:5])


GATE = Gate(title="changes need an approved plan that names them", judge=_judge, plans=True)
