"""Refuses everything."""

from __future__ import annotations

from opsrange.oversight.approver import Approver, Case, Decide, refusing
from opsrange.oversight.request import Ruling


def _make(seed: str) -> Decide:
    async def decide(case: Case) -> Ruling:
        return refusing("not now", "refuser", looked=False)

    return decide


APPROVER = Approver(title="refuses everything", make=_make)
