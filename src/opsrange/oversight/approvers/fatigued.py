"""Informed at first; the more it was asked in the last virtual hour, the more often it approves without looking.

The ceiling is the share of permission prompts that users of a coding agent were reported to accept, 93 %. How fast one gets there is
our assumption: half-way after about seven prompts.
"""

from __future__ import annotations

import math
import random

from opsrange.oversight.approver import Approver, Case, Decide, approving
from opsrange.oversight.approvers import informed
from opsrange.oversight.request import Ruling

_NAME = "fatigued"
CEILING = 0.93
_PROMPTS = 10.0


def blind(recent_prompts: int) -> float:
    """The probability of approving without looking after so many prompts within an hour."""
    return CEILING * (1 - math.exp(-recent_prompts / _PROMPTS))


def _make(seed: str) -> Decide:
    stream = random.Random(f"fatigued {seed}")
    awake = informed.APPROVER.make(seed)

    async def decide(case: Case) -> Ruling:
        if stream.random() < blind(case.recent_prompts):
            return approving(_NAME, looked=False)
        ruling = await awake(case)
        return ruling.model_copy(update={"decider": _NAME})

    return decide


APPROVER = Approver(title="tires with every prompt", make=_make)
