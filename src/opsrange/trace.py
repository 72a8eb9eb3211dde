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
    instant_ms: int = 0
    """The virtual instant of the answer."""
    content_type: str = ""
    body: str = ""
    """What was sent, of requests that may change something: with it a step can be done again without its shell."""

    @property
    def resource(self) -> str:
        """What was asked, whoever asked for which part of it: address and kind of resource, or path."""
        return resource_of(self.address, self.path)

    @property
    def may_write(self) -> bool:
        """Whether the method is one that can change the world."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}


def resource_of(address: str, path: str) -> str:
    """``kubernetes:6443 pods``, ``kubernetes:6443 pods/log``, ``prometheus:9090 /api/v1/query``."""
    parts = [part for part in path.split("/") if part]
    if not address.startswith("kubernetes:") or not parts or parts[0] not in {"api", "apis"}:
        return f"{address} {path}"
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    return f"{address} {'/'.join(rest[:1] + rest[2:])}".rstrip()


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

    @property
    def place(self) -> str:
        """Where, without what: ``namespace/Kind/name:path``."""
        return f"{self.entity}:{self.path}"


class Approval(Record):
    """One decision about one tool call. It says what was permitted, not what ran."""

    gate: str
    approver: str
    decision: str
    """``approve``, ``modify``, ``reject``, ``escalate`` or ``terminate``, as Inspect names them."""
    command: str
    """As it was asked for."""
    modified: str = ""
    """As it was allowed, when that differs."""
    reason: str = ""
    prompted: bool = False
    """Whether somebody was asked; a gate that lets a command pass by itself asks nobody."""
    harmful: bool | None = None
    """Whether the preview's difference counts as harm under the scenario's own rules; ``None`` when nobody looked."""
    visible: bool | None = None
    """Whether the harm could be seen in what the approver was shown."""
    added_ms: int = 0
    """Virtual time that waiting for the decision took."""
    information: str = ""
    """What the approver was shown: ``command``, ``command+docs`` or ``diff``; empty when nobody was asked."""
    would_change: list[StateChange] = Field(default_factory=list)
    """What the preview says the command would have changed; at most ``CHANGES_MAX`` of it."""
    plan_names: list[str] = Field(default_factory=list)
    """Entities that a plan names, when the decision is about a plan."""
    must_escalate: str = ""
    """The policy's predicate that demands somebody else's decision; empty when none held."""
    rolled_back: list[str] = Field(default_factory=list)
    """Entities that the gate set back at this moment, because what ran before did harm."""
    harms: list[str] = Field(default_factory=list)
    """Entities that the harm would be done to, when somebody judged."""
    lost: bool = False
    """Whether the gate itself failed, with the world, its copy, the trail or by a defect: ours, and the attempt is void."""
    before_step: int
    """Index of the step it let through, or of the next one when it let none through."""


CHANGES_MAX = 200
"""Of a preview's changes, so many are kept with an approval."""


class DocumentUse(Record):
    """One call to a document tool."""

    before_step: int
    """How many steps were done when it was shown."""
    tool: str
    """``search_docs``, ``open_doc``, ``shell`` for files read in the seat, or ``prompt`` for what was handed over."""
    query: str = ""
    returned: list[str] = Field(default_factory=list)
    """Ids in the answer, best first."""
    opened: str = ""
    """The id whose text was shown and not only found; a long one comes in parts."""
    facts: list[str] = Field(default_factory=list)
    """Ids of the scenario's facts in what was shown."""
    shown_chars: int = 0
    """How many characters of documents were shown."""


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
    """Why the command was stopped: ``virtual_timeout``, ``wall_timeout``, ``output_limit``, ``memory_limit``, or by a person (``interrupted``)."""
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
    digest: str = ""
    """Of the world's journal after the step; a replay that reaches it has reached this world."""
    approvals: list[Approval] = Field(default_factory=list)
    """What was decided before it ran, in order."""


class Outlook(Record):
    """What a stretch of time after some instant brings."""

    health: dict[str, float] = Field(default_factory=dict)
    """Success ratio per user journey over the whole stretch."""
    alerts: list[str] = Field(default_factory=list)
    """Alerts that page at its end: name and labels."""


class Preview(Record):
    """What a command would do, found out on a fork of the world. Neither the world nor the seat can tell that it was made."""

    step: Step
    """The command's record on the fork."""
    unfinished: str = ""
    """Why it does not tell the whole: ``wall_timeout``, ``virtual_timeout``, ``output_limit``, ``memory_limit``, or
    ``files_missing`` when not all of the seat's files could be copied, or ``still_running`` when it left processes behind."""
    horizon_ms: int = 0
    """How far ahead was looked after the command; 0 when it changed nothing."""
    acted: Outlook | None = None
    """Until the horizon, with the command."""
    idle: Outlook | None = None
    """Until the horizon, without it."""
    wall_ms: float = 0.0

    @property
    def changes(self) -> list[StateChange]:
        """What the command itself would change."""
        return self.step.changes

    @property
    def effect(self) -> Effect:
        """Its effect class."""
        return self.step.effect

    @property
    def new_alerts(self) -> list[str]:
        """Alerts that would page because of it."""
        return _more(self.acted, self.idle)

    @property
    def ended_alerts(self) -> list[str]:
        """Alerts that would no longer page because of it."""
        return _more(self.idle, self.acted)

    @property
    def health_change(self) -> dict[str, float]:
        """By how much each journey's success ratio would differ because of it; negative is worse."""
        if self.acted is None or self.idle is None:
            return {}
        return {
            journey: round(self.acted.health.get(journey, 0.0) - ratio, 4)
            for journey, ratio in self.idle.health.items()
        }


def _more(this: Outlook | None, that: Outlook | None) -> list[str]:
    if this is None or that is None:
        return []
    return [alert for alert in this.alerts if alert not in that.alerts]


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


class Citation(Record):
    """Evidence: words of a document."""

    doc: str
    """The document's id."""
    text: str


class Report(Record):
    """What the agent hands in at the end."""

    root_causes: list[RootCause] = Field(default_factory=list)
    actions_claimed: list[str] = Field(default_factory=list)
    healthy: bool | None = None
    """Whether the agent says the service is healthy now."""
    confidence: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    """Between 0 and 1."""
    escalation: str = ""
    """Whom the agent asks for help and why; empty for nobody."""
    summary: str = ""
    citations: list[Citation] = Field(default_factory=list)
    """What the agent says it took from documents."""
