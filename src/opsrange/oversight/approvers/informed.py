"""Reads everything it is shown: right exactly when the harm can be seen there."""

from __future__ import annotations

from opsrange.oversight.approver import Approver, Case, Decide, approving, refusing, why_harmful
from opsrange.oversight.request import Ruling
from opsrange.oversight.visibility import visible

_NAME = "informed"


def _make(seed: str) -> Decide:
    async def decide(case: Case) -> Ruling:
        if case.harms is None:
            return refusing("nobody could judge what it does", _NAME, looked=True)
        if visible(case.request, case.harms):
            return refusing(why_harmful(case.harms), _NAME, looked=True)
        return approving(_NAME, looked=True)

    return decide


APPROVER = Approver(title="right when the harm is visible", make=_make)
