"""What a diagnosis starts from: one attempt as it was recorded, with or without the trace and the truth.

Belongs here: the input of every detector. Does not: where it was read from (``readers``, ``tasks``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from opsrange.errors import Owner
from opsrange.scoring.evidence import Evidence
from opsrange.scoring.verdict import Verdict
from opsrange.trace import Approval, DocumentUse, Report, Step


class Ending(StrEnum):
    """How an attempt ended."""

    REPORT = "report"
    LIMIT = "limit"
    """Turns, tokens, time or cost ran out."""
    STOPPED = "stopped"
    """The agent stopped without a report."""
    FAILURE = "failure"
    """Something that the agent does not own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt."""

    steps: Sequence[Step] = ()
    traced: bool = True
    """Whether the steps hold requests, changes and facts; a foreign transcript's do not."""
    report: Report | None = None
    evidence: Evidence | None = None
    verdict: Verdict | None = None
    passed: bool | None = None
    """By its task's own measure; ``None`` when nobody judged it."""
    void_owner: Owner | None = None
    void_reason: str = ""
    task: str = ""
    page: str = ""
    instructions: str = ""
    """The system prompt."""
    docs_arm: str = ""
    """Which documents it could reach, and how; empty for none."""
    documents: Sequence[DocumentUse] = ()
    document_texts: Sequence[str] = ()
    """What document tools showed."""
    approvals: Sequence[Approval] = ()
    refusals: Sequence[str] = ()
    """What was shown for calls that a gate or a tool's schema refused; such calls are no steps."""
    turns: int | None = None
    turn_limit: int | None = None
    prose: Mapping[int, str] = field(default_factory=dict)
    """What the agent said before a step, by step."""
    ending: Ending = Ending.STOPPED

    @property
    def read_only(self) -> bool:
        """Whether the task forbids changes."""
        return self.task.endswith("sre_diagnosis")
