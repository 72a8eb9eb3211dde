"""The person at the terminal from which the run was started."""

from __future__ import annotations

import sys
from functools import cache

from rich.console import Console

from opsrange.oversight.approver import Approver, Case, Decide
from opsrange.oversight.request import Ruling
from opsrange.oversight.terminal import Terminal

_STANDARD_INPUT = 0


@cache
def _terminal() -> Terminal:
    """One for the process: questions of several attempts take turns. Standard output is for answers."""
    return Terminal(_STANDARD_INPUT, Console(file=sys.__stderr__))


def _make(seed: str) -> Decide:
    async def decide(case: Case) -> Ruling:
        return await _terminal().decide(case.request)

    return decide


APPROVER = Approver(title="a person at the terminal", make=_make, simulated=False)
