"""By effect: what is known to change nothing passes, everything else is asked about."""

from __future__ import annotations

from opsrange.oversight.gate import PASS, Asked, Gate, Opinion, known, needed, reads_only
from opsrange.oversight.request import Decision
from opsrange.trace import Preview


def _judge(asked: Asked, preview: Preview | None) -> Opinion:
    found = needed(preview)
    if reads_only(found):
        return PASS
    if not known(found):
        return Opinion(Decision.ESCALATE, f"what it does is not known ({found.unfinished})")
    return Opinion(
        Decision.ESCALATE, f"{found.effect.value.replace('_', ' ')}: {len(found.changes)} changes"
    )


GATE = Gate(title="looks pass, changes are asked about", judge=_judge)
