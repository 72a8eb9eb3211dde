"""Hands every question on to the next approver of Inspect's own policy, for example ``human``."""

from __future__ import annotations

from opsrange.oversight.approver import Approver, Case, Decide
from opsrange.oversight.request import Decision, Ruling


def _make(seed: str) -> Decide:
    async def decide(case: Case) -> Ruling:
        return Ruling(decision=Decision.ESCALATE, decider="next", reason=case.request.why)

    return decide


APPROVER = Approver(title="the next approver of Inspect's policy", make=_make)
