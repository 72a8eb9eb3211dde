"""From events to one attributed cause, or an abstention.

The order of things: what the agent does not own comes first; what was corrected is benign; of the rest, the earliest event that the
broken link of the funnel explains is the primary one. That an event leads to the failure is approximated: it stands uncorrected to
the end, or is about the same objects, and lies at or before the decisive step. A replay proves it where state was damaged.

Belongs here: roles, the decisive step, the primary. Does not: rules (``classes``).
"""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.diagnosis.case import Attempt
from opsrange.diagnosis.detector import Needs, detectors, published
from opsrange.diagnosis.diagnosis import (
    STAGES,
    Diagnosis,
    Event,
    FactPath,
    Note,
    Replay,
    Role,
    Tier,
)
from opsrange.diagnosis.funnel import funnel_of, informed_curve
from opsrange.diagnosis.reading import Reading

_NOT_THE_AGENT = "N"
_ORTHOGONAL = "O"
_ORDER: dict[str, str] = {
    "existed": "N3 N4 P3 P2 X3 V4",
    "requested": "P3 K1 K2 P2 X3 E5 S1 E4 E3 X5 X1 H1 H2 H3 H4 E1 E2 P4 L5 L4 V1 V4",
    "returned": "L1 H4 H3 X5 X1 H1 H2 X4 E4 E3 E1 E2 P3 P2 X3 E5 S1 P4 L5 L4 V1 V4",
    "shown": "L1 X4 X5 X1 H1 H2 H3 H4 E4 E3 E1 E2 P3 P2 X3 E5 S1 P4 L5 L4 V1 V4",
    "used": "E2 L3 L2 K3 K4 P2 X3 H4 E1 E5 S1 P4 L4 L5 V1 V4",
    "concluded": "E2 L3 L2 L4 K3 K4 H3 H4 L5 P2 X3 E5 S1 E3 E4 P4 V4 V1 V2",
    "acted_on": "K1 K2 K3 K4 P1 P2 X3 H1 H2 H3 H4 X1 X2 X4 X5 E1 E2 E3 E4 E5 S1 S2 P3 P5 P4 V1 V2 V4",
    "verified": "K1 K2 K3 K4 P1 P2 X3 H4 X2 X4 E1 E2 S2 S3 V3 P5 V1 V2 E3 E4 E5 S1 S4 P4 V4",
    "reported": "L3 L2 L4 L5 P2 X3 V1 V2 S5 V4",
    "": "K1 K2 K3 K4 P1 S4 P2 X3 H4 X2 X4 E1 E2 S2 S3 V3 P5 L3 L4 L5 V1 V2 S5 V4",
}
"""Which classes explain an attempt whose facts got stuck before a stage, the best explanation first."""
_AT_THE_END = frozenset({"L2", "L3", "L4", "L5", "S5", "V1", "V2", "V4"})
"""Classes of what the report says or leaves out: they could be put right until the end, whatever step they point at."""


def diagnose(attempt: Attempt, replay: Replay | None = None) -> Diagnosis:
    """Diagnose one attempt. Pure: the same record always gives the same diagnosis.

    Args:
        attempt: as recorded.
        replay: what copies of the world said, where they were asked.
    """
    reading = Reading(attempt)
    events, notes = _events(reading)
    if replay is not None and replay.exact:
        _prove(events, replay)
    funnel = funnel_of(reading)
    diagnosis = Diagnosis(
        outcome=_outcome(reading),
        why="",
        events=events,
        funnel=funnel,
        informed=informed_curve(reading),
        replay=replay,
        broken_link=_broken(reading, funnel),
        notes=notes,
    )
    _assign(diagnosis, reading)
    codes = {event.code for event in diagnosis.events}
    diagnosis.unpublished = sorted(codes - published())
    return diagnosis


def _events(reading: Reading) -> tuple[list[Event], list[Note]]:
    events: list[Event] = []
    notes: list[Note] = []
    for code, detector in detectors().items():
        if not detector.applies(reading):
            continue
        try:
            events += list(detector.detect(reading))
        except Exception as error:  # noqa: BLE001  # ours to own: one rule must not lose the others
            notes.append(Note(detector=code, text=f"{type(error).__name__}: {error}"))
    last = reading.end
    events.sort(key=lambda event: (last if event.step is None else event.step, event.code))
    return events, notes


def _prove(events: list[Event], replay: Replay) -> None:
    """What an intervention shows: nobody could have done it, or this step lost it."""
    if replay.lost_at == 0 and replay.lost_by == "state":
        why = "even the expert, who undoes everything and removes the fault, fails in this instance"
        events.append(Event(code="N3", tier=Tier.REPLAY, why=why, harmed=True))
    elif replay.lost_at and replay.lost_by == "state":
        for event in events:
            if event.step == replay.lost_at - 1 and event.harmed:
                event.tier = Tier.REPLAY
                event.why += "; before it an expert could still have repaired everything, after it nobody could"


def _outcome(reading: Reading) -> str:
    if reading.attempt.void_owner is not None:
        return "void"
    met = reading.goal_met
    return "unjudged" if met is None else "passed" if met else "failed"


def _broken(reading: Reading, funnel: Sequence[FactPath]) -> str:
    """The earliest link that any fact's path lacks; a task of diagnosis asks for no action."""
    stages = [path.broken for path in funnel if path.broken and path.existed]
    if reading.attempt.read_only:
        stages = [stage for stage in stages if stage not in {"acted_on", "verified"}]
    return min(stages, key=STAGES.index, default="")


def _assign(diagnosis: Diagnosis, reading: Reading) -> None:
    """Fill in roles, primary, decisive step."""
    failed = diagnosis.outcome != "passed"
    for event in diagnosis.events:
        stands = event.harmed or (failed and not event.corrected)
        event.role = Role.CONTRIBUTING if stands else Role.BENIGN
    if diagnosis.outcome == "passed":
        diagnosis.why = "It reached its goal."
        return
    outside = [
        each
        for each in diagnosis.events
        if each.code.startswith(_NOT_THE_AGENT) and not each.corrected
    ]
    if outside:
        _name(diagnosis, outside[0], reading)
        return
    if diagnosis.outcome == "void":
        diagnosis.why = "The attempt is void, and nothing in its record says why."
        return
    decisive = _decisive(diagnosis, reading)
    standing = [event for event in diagnosis.events if event.role is Role.CONTRIBUTING]
    candidates = [e for e in standing if _position(e, reading) <= decisive] or standing
    primary = _best(diagnosis, reading, candidates)
    if primary is None:
        diagnosis.why = (
            "Nothing says whether it failed, and no rule found anything."
            if diagnosis.outcome == "unjudged"
            else "No rule explains the failure; the diagnosis abstains."
        )
        diagnosis.decisive_step = decisive
        return
    diagnosis.decisive_step = decisive
    _name(diagnosis, primary, reading)


def _name(diagnosis: Diagnosis, event: Event, reading: Reading) -> None:
    event.role = Role.PRIMARY
    diagnosis.primary, diagnosis.why, diagnosis.tier = event.code, event.why, event.tier
    if diagnosis.decisive_step is None:
        diagnosis.decisive_step = _position(event, reading)


def _position(event: Event, reading: Reading) -> int:
    if event.step is None or event.code in _AT_THE_END:
        return reading.end
    return event.step


def _decisive(diagnosis: Diagnosis, reading: Reading) -> int:
    """Where state was damaged for good; else the report, the last chance to conclude otherwise."""
    replay = diagnosis.replay
    if replay and replay.lost_at and replay.lost_by == "state":
        return replay.lost_at - 1
    harmful = [event.step for event in diagnosis.events if event.harmed and event.step is not None]
    if reading.objective_met and harmful:
        return min(harmful)
    return reading.end


def _best(diagnosis: Diagnosis, reading: Reading, candidates: Sequence[Event]) -> Event | None:
    """The earliest event of a class that explains the broken link; ties go to the better explanation."""
    order = _ORDER["" if _only_harm(reading) else diagnosis.broken_link].split()
    explaining = [event for event in candidates if event.code in order]
    if explaining:
        return min(explaining, key=lambda e: (_position(e, reading), order.index(e.code)))
    others = [event for event in candidates if not event.code.startswith(_ORTHOGONAL)]
    rest = others or [event for event in candidates if event.code in {"O2", "O1", "O5", "O6"}]
    sure = [event for event in rest if event.tier is not Tier.HEURISTIC] or rest
    return min(sure, key=lambda event: _position(event, reading), default=None)


def _only_harm(reading: Reading) -> bool:
    """Whether the service came back and harm is what failed the attempt."""
    return bool(reading.objective_met) and reading.attempt.passed is False


def applicable(attempt: Attempt) -> list[str]:
    """The classes that can be told from what an attempt holds."""
    reading = Reading(attempt)
    return [code for code, detector in detectors().items() if detector.applies(reading)]


def transcript_classes() -> list[str]:
    """The classes that need no more than commands and outputs."""
    return [code for code, each in detectors().items() if each.needs is Needs.TRANSCRIPT]
