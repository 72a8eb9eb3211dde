"""Whether an attempt counts at all, and who answers when it does not.

Belongs here: scored or void. Does not: how good a scored attempt was (``verdict``).
"""

from __future__ import annotations

from enum import StrEnum

from opsrange.errors import AgentError, OpsrangeError, Owner
from opsrange.scoring.evidence import Evidence
from opsrange.trace import Record


class Status(StrEnum):
    """The two endings of an attempt."""

    SCORED = "scored"
    VOID = "void"


class Outcome(Record):
    """The ending of an attempt and, when it is void, its owner."""

    status: Status
    owner: Owner
    """Who owns the ending: the agent whenever it is scored."""
    reason: str = ""

    @property
    def scored(self) -> bool:
        """Whether the attempt enters any statistic."""
        return self.status is Status.SCORED


def outcome_of(evidence: Evidence) -> Outcome:
    """The outcome of an attempt that ended with evidence: void when the world failed underneath it."""
    if evidence.world_errors:
        return Outcome(status=Status.VOID, owner=Owner.WORLD, reason=evidence.world_errors[0])
    return Outcome(status=Status.SCORED, owner=Owner.AGENT)


def outcome_of_failure(error: BaseException) -> Outcome:
    """The outcome of an attempt that ended with an exception.

    Only :class:`AgentError` is scored. What nobody attributed is the world's, because whatever happens
    between the page and the verdict is ours to keep running.
    """
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, AgentError):
        return Outcome(status=Status.SCORED, owner=Owner.AGENT, reason=reason)
    owner = error.owner if isinstance(error, OpsrangeError) else Owner.WORLD
    return Outcome(status=Status.VOID, owner=owner, reason=reason)
