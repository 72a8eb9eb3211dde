"""Approves everything."""

from __future__ import annotations

from opsrange.oversight.approver import Approver, Case, Decide, approving
from opsrange.oversight.request import Ruling


def _make(seed: str) -> Decide:
    async def decide(case: Case) -> Ruling:
        return approving("rubber-stamp", looked=False)

    return decide


APPROVER = Approver(title="approves everything", make=_make)
