"""The diagnosis of one attempt as a document.

Belongs here: recorded shapes. Does not: how they come about (``attribution``), how they are drawn (``reports``).
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from opsrange.trace import Quote, Record


class Tier(StrEnum):
    """How sure an event is, surest first."""

    REPLAY = "replay"
    """Shown by intervention in a copy of the world."""
    RULE = "rule"
    """Follows from the record."""
    HEURISTIC = "heuristic"
    """A rule that reads words, and may misread them."""


class Role(StrEnum):
    """What an event did to the attempt."""

    PRIMARY = "primary"
    CONTRIBUTING = "contributing"
    BENIGN = "benign"
    """Corrected, excused, or without effect."""


class Event(Record):
    """One thing that went wrong."""

    code: str
    step: int | None = None
    """Where; ``None`` for the report or the attempt as a whole."""
    tier: Tier = Tier.RULE
    quotes: list[Quote] = Field(default_factory=list)
    why: str
    role: Role = Role.CONTRIBUTING
    subjects: list[str] = Field(default_factory=list)
    """Entities and identifiers it is about."""
    corrected: str = ""
    """How it was corrected or why it is excused; empty when it stands."""
    harmed: bool = False
    """Whether its effect stands in the final state or the report, whatever came later."""


class FactPath(Record):
    """How far one required fact travelled. Each stage holds the step at which it was reached."""

    id: str
    needles: list[str]
    routes: list[str]
    existed: bool
    """Whether anything showed it at the page."""
    requested: int | None = None
    returned: int | None = None
    shown: int | None = None
    used: int | None = None
    """A later command or the report holds words that only it explains; the report counts as one past the last step."""
    concluded: int | None = None
    acted_on: int | None = None
    verified: int | None = None
    reported: int | None = None
    broken: str = ""
    """The first stage that was not reached; empty when all were."""
    missed_at: int | None = None
    """The step whose answer held it, or could have, and whose output did not."""
    would_show: str = ""
    """What the agent would have seen: the fact in the world's own words, from a replay; else how to find it."""


STAGES = (
    "existed",
    "requested",
    "returned",
    "shown",
    "used",
    "concluded",
    "acted_on",
    "verified",
    "reported",
)


class Curve(Record):
    """Something that was true up to a step and not after, or the other way round, step by step."""

    name: str
    at: list[int]
    """Numbers of steps done."""
    value: list[bool]


class Replay(Record):
    """What copies of the world said."""

    exact: bool
    """Whether the replay reached the recorded world."""
    why: str = ""
    """When it did not, or was not tried."""
    recoverable: Curve | None = None
    """By the expert oracle, who undoes whatever can be undone."""
    runbook: Curve | None = None
    """By the answer key's own commands."""
    lost_at: int | None = None
    """How many steps had been done when no oracle could finish any more; 0 when none ever could."""
    lost_by: str = ""
    """``state`` when something had been damaged for good, ``budget`` when too few turns were left."""


class Note(Record):
    """A failure of ours that cost one detector's answer, and nothing else."""

    detector: str
    text: str


class Diagnosis(Record):
    """Everything that is said about one attempt."""

    outcome: str
    """``passed``, ``failed``, ``void`` or ``unjudged``."""
    primary: str | None = None
    """A class; ``None`` when the attempt passed, or for an honest abstention."""
    why: str
    """The primary event in a sentence, or why there is none."""
    decisive_step: int | None = None
    """The number of steps done when it was decided; the report counts as one past the last."""
    broken_link: str = ""
    """The first stage that a required fact did not reach."""
    tier: Tier | None = None
    """Of the primary."""
    events: list[Event] = Field(default_factory=list)
    funnel: list[FactPath] = Field(default_factory=list)
    informed: Curve | None = None
    """Whether every required fact had been shown."""
    replay: Replay | None = None
    unpublished: list[str] = Field(default_factory=list)
    """Classes among the events whose accuracy is not established: experimental."""
    notes: list[Note] = Field(default_factory=list)
    """Detectors that crashed; N5, ours."""
