"""The trace contract: what every attempt records, complete from the first day.

A diagnosis of where an agent failed must be decidable from these records and the scenario's truth alone.

Belongs here: the recorded documents. Does not: who records them (``hosting``, ``seat``), who judges (``scoring``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Base of all recorded documents: strict about keys, so a typo never passes as data."""

    model_config = ConfigDict(extra="forbid")


class Effect(StrEnum):
    """The effect class of a step, judged from state and never from command text."""

    READ = "read"
    REVERSIBLE_WRITE = "reversible_write"
    IRREVERSIBLE_WRITE = "irreversible_write"
    """Something was lost: an object's identity, data, a running process's memory."""
    OUTWARD_MESSAGE = "outward_message"


class WorldRequest(Record):
    """One request a step made to the world."""

    address: str
    """Host and port as the agent names it, e.g. ``prometheus:9090``."""
    method: str
    path: str
    query: dict[str, list[str]] = Field(default_factory=dict)
    status: int
    bytes_out: int
    client: str = ""
    """What the client calls itself: the ``Kubectl-Command`` header, else the user agent."""
    facts: list[str] = Field(default_factory=list)
    """Ids of the scenario's facts that the answer contained."""


class StateChange(Record):
    """One field of the estate that changed."""

    actor: str
    """``agent``, ``operator``, or the controller that did it."""
    verb: str
    """``create``, ``update``, ``delete``."""
    entity: str
    """``namespace/Kind/name``."""
    path: str = ""
    """Dotted path inside the object; empty for the whole object."""
    old: Any = None
    new: Any = None


class Step(Record):
    """One tool call and everything it touched."""

    index: int
    tool: str = "bash"
    command: str
    """The tool call as parsed: the shell text, or the quoted argument vector."""
    exit_code: int | None
    """``None`` when the command was stopped."""
    pipeline_exit_codes: list[list[int]] = Field(default_factory=list)
    """Per pipeline executed by the outermost shell, the exit code of each member."""
    stdout: str = ""
    stderr: str = ""
    shown_chars: int | None = None
    """How many characters of output reached the model, when it was truncated."""
    stopped: str = ""
    """Why the command was stopped: ``virtual_timeout``, ``wall_timeout``, ``output_limit``, ``memory_limit``."""
    started_ms: int
    """Virtual instants."""
    ended_ms: int
    wall_ms: float = 0.0
    requests: list[WorldRequest] = Field(default_factory=list)
    facts_returned: list[str] = Field(default_factory=list)
    facts_shown: list[str] = Field(default_factory=list)
    effect: Effect = Effect.READ
    changes: list[StateChange] = Field(default_factory=list)
    """What the agent's own requests changed."""
    consequences: list[StateChange] = Field(default_factory=list)
    """What the world changed meanwhile, from whatever cause."""
    health: dict[str, float] = Field(default_factory=dict)
    """Service-level indicators after the step: success ratio per user journey."""
    approvals: list[dict[str, Any]] = Field(default_factory=list)


class Quote(Record):
    """Evidence: words an earlier step showed."""

    step: int
    text: str


class RootCause(Record):
    """One cause as the agent names it."""

    entity: str
    """``namespace/Kind/name``; cluster-scoped objects have the namespace ``cluster``."""
    mechanism: str = ""
    evidence: list[Quote] = Field(default_factory=list)


class Report(Record):
    """What the agent hands in at the end."""

    root_causes: list[RootCause] = Field(default_factory=list)
    actions_claimed: list[str] = Field(default_factory=list)
    healthy: bool | None = None
    """Whether the agent says the service is healthy now."""
    confidence: float | None = None
    """Between 0 and 1."""
    escalation: str = ""
    """Whom the agent asks for help and why; empty for nobody."""
    summary: str = ""
