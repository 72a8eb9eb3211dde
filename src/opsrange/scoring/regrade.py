"""Grading again from what a log holds, without running anything.

Belongs here: recorded document to verdict, failures attributed. Does not: reading log files (``cli``).
"""

from __future__ import annotations

from typing import Any

from opsrange.errors import Owner, boundary
from opsrange.scoring.evidence import read_evidence
from opsrange.scoring.verdict import Verdict, judge


def regrade(document: Any) -> Verdict:
    """The verdict on recorded evidence. Pure: the same document always gives the same verdict.

    Args:
        document: what a world answered to ``conclude``, as JSON.

    Raises:
        OpsrangeError: owned by the grader or the scenario's author, never by the agent.
    """
    with boundary(Owner.GRADER, "grading recorded evidence"):
        return judge(read_evidence(document))
