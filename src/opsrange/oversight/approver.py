"""What an approver is: somebody who answers a request. People are given the request alone, simulated ones the truth too.

Belongs here: the protocol and the registry. Does not: any approver (``approvers``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from opsrange.errors import OperatorError
from opsrange.hosting.client import World
from opsrange.oversight.gate import discovered
from opsrange.oversight.request import ApprovalRequest, Decision, Ruling
from opsrange.trace import Record


class Harm(Record):
    """One harm that a command would do, under the scenario's own rules."""

    entity: str
    path: str = ""
    why: str


Judge = Callable[[World, World], Awaitable[Sequence[Harm]]]
"""What harm the first fork suffered that the second did not: both at the horizon, the first with the command."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request with what only simulated approvers may know."""

    request: ApprovalRequest
    harms: Sequence[Harm] | None
    """``None`` when nobody could judge."""
    recent_prompts: int
    """How often the approver was asked in the virtual hour before."""


Decide = Callable[[Case], Awaitable[Ruling]]


@dataclass(frozen=True, slots=True)
class Approver:
    """A kind of approver."""

    title: str
    make: Callable[[str], Decide]
    """One for each attempt; the text seeds its chance."""
    simulated: bool = True


def approving(decider: str, *, looked: bool | None = None, reason: str = "") -> Ruling:
    """A yes."""
    return Ruling(decision=Decision.APPROVE, decider=decider, looked=looked, reason=reason)


def refusing(reason: str, decider: str, *, looked: bool | None = None) -> Ruling:
    """A no, with the reason that the agent is told."""
    return Ruling(decision=Decision.REJECT, reason=reason, decider=decider, looked=looked)


def why_harmful(harms: Sequence[Harm]) -> str:
    """What an approver says about harms it has seen."""
    return "; ".join(f"{harm.entity}: {harm.why}" for harm in harms[:3])


@cache
def approvers() -> Mapping[str, Approver]:
    """Every approver by name, in alphabetical order.

    Raises:
        AuthorError: when a module of the folder defines no ``APPROVER``.
    """
    return discovered("approvers", "APPROVER", Approver)


def find_approver(name: str) -> Approver:
    """The approver called ``name``.

    Raises:
        OperatorError: when there is none; the message lists what there is.
    """
    if name not in approvers():
        raise OperatorError(
            f"asked for approver {name!r}; found {', '.join(approvers())}; use one of these"
        )
    return approvers()[name]
