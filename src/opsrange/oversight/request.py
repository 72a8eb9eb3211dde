"""What an approver is asked, and what it answers."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from opsrange.trace import Preview, Record


class Decision(StrEnum):
    """Decisions about a tool call, as Inspect names them."""

    APPROVE = "approve"
    MODIFY = "modify"
    REJECT = "reject"
    ESCALATE = "escalate"
    """Somebody else decides: from a gate, the approver; from an approver, the next one of Inspect's policy."""
    TERMINATE = "terminate"


class Information(StrEnum):
    """How much an approver is shown."""

    COMMAND = "command"
    DOCUMENTS = "command+docs"
    """The command and the documents that the agent has opened."""
    DIFF = "diff"
    """All of that, and what the command did on a fork of the world."""


class ShownDocument(Record):
    """A document the agent has read, as the approver sees it."""

    title: str
    text: str


class ApprovalRequest(Record):
    """One question to an approver: exactly what it is shown, and nothing else."""

    id: str
    """Unique in the run."""
    attempt: str
    """``scenario@seed``, and the epoch."""
    agent: str = ""
    gate: str
    why: str
    """Why the gate asks."""
    tool: str = "bash"
    command: str
    message: str = ""
    """What the agent said along with it."""
    information: Information = Information.DIFF
    documents: list[ShownDocument] = Field(default_factory=list)
    preview: Preview | None = None
    """With information ``diff`` only."""
    instant_ms: int
    """The virtual instant."""
    before_step: int


class Ruling(Record):
    """The answer to a request."""

    decision: Decision
    reason: str = ""
    """Shown to the agent when it is refused."""
    modified: str = ""
    """The command to run instead; with ``modify`` only."""
    decider: str = ""
    """Who decided: a person's name, or the kind of approver."""
    looked: bool | None = None
    """Whether a simulated approver read what it was shown; ``None`` for people."""


def refusal(reason: str, decider: str) -> Ruling:
    """What is decided when nobody can decide: no."""
    return Ruling(decision=Decision.REJECT, reason=reason, decider=decider)
