"""Nothing is changed: what would change anything is refused, and nobody is asked."""

from __future__ import annotations

from opsrange.oversight.gate import PASS, Asked, Gate, Opinion, needed, reads_only
from opsrange.oversight.request import Decision
from opsrange.trace import Preview


def _judge(asked: Asked, preview: Preview | None) -> Opinion:
    if reads_only(needed(preview)):
        return PASS
    return Opinion(
        Decision.REJECT, "this seat may look and change nothing; this would change something"
    )


GATE = Gate(title="looks pass, changes are refused", judge=_judge)
