"""The evidence an attempt leaves behind: everything its verdict is computed from, now or years later.

A world answers ``conclude`` with this document. It is kept in the log as JSON; no verdict is stored
that cannot be computed from it again.

Belongs here: the shape of recorded facts. Does not: any judgement about them.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from opsrange.errors import GraderError
from opsrange.trace import Record, Report, StateChange


class TrueCause(Record):
    """One root cause, as the scenario's author declares it."""

    entity: str
    """``namespace/Kind/name``."""
    aliases: list[str] = Field(default_factory=list)
    """Regular expressions; each must match a whole ``namespace/Kind/name`` to count as this cause."""
    mechanism: str = ""


class Downstream(Record):
    """Entities that suffer from the cause without being it."""

    pattern: str
    """A regular expression on whole entities."""
    distance: int
    """Calls between it and the broken service."""


class RequiredFact(Record):
    """One thing an investigator must see, and where it can be seen."""

    id: str
    needles: list[str]
    """Regular expressions on a text in the scenario's normal form (``faults.normal``)."""
    routes: list[str]
    """Resources (``trace.resource_of``) whose answers held it at the page; empty when nothing showed it yet."""


class Truth(Record):
    """The answer key of one instance."""

    root_causes: list[TrueCause]
    bystanders: list[str] = Field(default_factory=list)
    """Regular expressions on entities that look guilty and are not. For explanation only."""
    downstream: list[Downstream] = Field(default_factory=list)
    """For explanation only, nearest first."""
    facts: list[RequiredFact] = Field(default_factory=list)
    oracle_turns: int | None = None
    """Commands of the answer key's own repair."""


class JourneyWindow(Record):
    """One user-facing operation during one window of the soak."""

    operation: str
    window_ms: int
    """The window's first virtual instant."""
    attempted: float
    failed: float
    p95_ms: float
    """The 95th percentile of latency; meaningless when nothing was attempted."""
    baseline_attempted: float
    """Demand in a window of the same length before the incident."""
    baseline_p95_ms: float
    success_target: float
    """Least acceptable ratio of successes, between 0 and 1."""
    p95_target_ms: float


class Condition(Record):
    """An alert that was paged for, as its rule judges it at the end; silences do not matter."""

    alert: str
    labels: dict[str, str] = Field(default_factory=dict)
    firing: bool


class Objective(Record):
    """Service levels through the soak that follows the agent's report."""

    journeys: list[JourneyWindow]
    conditions: list[Condition] = Field(default_factory=list)


class Unaided(Objective):
    """Service levels through a second soak, in a copy of the world without what the attempt put beside the cause."""

    without: list[str]
    """Entities that it added outside the repair region, derived ones that it wrote by hand, and pods that it named by address."""


class DataLoss(Record):
    """Durable records that the counterfactual still has and the attempt has not."""

    store: str
    lost: float
    """How many records."""


class Silence(Record):
    """A silence in Alertmanager that the counterfactual does not have."""

    id: str
    matchers: list[str] = Field(default_factory=list)
    """Each as ``name=value``, ``name=~regex``, ``name!=value`` or ``name!~regex``."""


class Restart(Record):
    """Instances of a workload that were replaced beyond what the counterfactual replaced."""

    workload: str
    """``namespace/Kind/name``."""
    count: int


class Erasure(Record):
    """Part of the record that the agent deleted with its own hand, or falsified; what controllers let go is none."""

    entity: str
    """``namespace/Event/name``, or ``namespace/ReplicaSet/name`` for a release one could have gone back to; the first of several."""
    count: int


class Outage(Record):
    """What users suffered in the attempt and not in the counterfactual, however well everything ended."""

    operation: str
    from_ms: int
    """The first instant of the first minute that counts."""
    minutes: int
    """Whole minutes, not necessarily consecutive."""
    failed_share: float
    """Of what was attempted in these minutes."""


class Violation(Record):
    """A local rule that was broken, as the world's record of writes shows it."""

    rule: str
    """A module of ``rules/catalogue``."""
    entity: str
    why: str
    instant_ms: int
    stale: bool = False
    """Whether a superseded document asks for just that."""
    early: bool = False
    """Whether something had to be done, or be true, first."""


class Knowledge(Record):
    """The local rule that decides the right repair, and where it is written."""

    rule: str
    """A module of ``rules/catalogue``."""
    title: str
    governing: list[str]
    """Ids of the documents in force; all of them are needed."""
    superseded: list[str] = Field(default_factory=list)
    """Ids of older ones that contradict them."""
    decoys: list[str] = Field(default_factory=list)
    """Ids of documents about something similar."""
    needles: list[str] = Field(default_factory=list)
    """Regular expressions on text in normal form (``faults.normal``); who was shown all of them knew the rule."""
    must_escalate: bool = False
    escalation_to: str = ""
    """Whom the report has to name, when it must escalate."""


class Changes(Record):
    """The whole world at the attempt's end against its counterfactual, in which the agent did nothing."""

    difference: list[StateChange] = Field(default_factory=list)
    """``old`` is the counterfactual's value and ``new`` the attempt's. ``create`` and ``delete`` have an
    empty path; an object that was deleted and created again is one ``update`` of ``metadata.uid``."""
    broken: list[StateChange] | None = None
    """What the fault changed: ``old`` is healthy and ``new`` broken. ``None`` in evidence that is older than this field."""
    data_loss: list[DataLoss] = Field(default_factory=list)
    silences: list[Silence] = Field(default_factory=list)
    restarts: list[Restart] = Field(default_factory=list)
    erased: list[Erasure] = Field(default_factory=list)
    outages: list[Outage] = Field(default_factory=list)
    violations: list[Violation] = Field(default_factory=list)
    region: list[str] = Field(default_factory=list)
    """Regular expressions on entities that a repair may touch, restarts included."""
    allowed_paths: list[str] = Field(default_factory=list)
    """Regular expressions on ``entity:path`` that are part of a declared, equivalent repair, and so never
    count as weakening (for example the limit that has to be raised)."""
    protected: list[str] = Field(default_factory=list)
    """Regular expressions on entities that measure or generate demand; touching them is tampering."""


class Times(Record):
    """Virtual instants of the attempt."""

    paged_ms: int
    diagnosed_ms: int | None = None
    """When the report was handed in."""
    repaired_ms: int | None = None
    """When service levels were first back within target, and stayed so."""
    ended_ms: int


class Evidence(Record):
    """What ``conclude`` returns."""

    scenario: str
    seed: int
    fault: str
    family: str = ""
    """The kind of trouble (``faults.Family``): what autonomy is granted for."""
    truth: Truth
    objective: Objective
    unaided: Unaided | None = None
    """``None`` when the attempt put nothing beside the cause."""
    changes: Changes
    times: Times
    knowledge: Knowledge | None = None
    """``None`` when no local rule decides."""
    report: Report | None = None
    """``None`` when the agent ended without one."""
    world_errors: list[str] = Field(default_factory=list)
    """Failures of our own during the attempt; any of them makes it void."""


def read_evidence(document: Any) -> Evidence:
    """Validate recorded evidence.

    Raises:
        GraderError: when the document has another shape; the message names the first wrong field.
    """
    try:
        return Evidence.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise GraderError(f"evidence is malformed at {where}: {first['msg']}") from error
