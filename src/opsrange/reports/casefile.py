"""Why one attempt failed, for an engineer who wants to be convinced: a page with the evidence.

Belongs here: view-models of a diagnosis. Does not: diagnosing (``diagnosis``), markup (``templates``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opsrange.diagnosis.detector import detectors
from opsrange.diagnosis.diagnosis import STAGES, Curve, Diagnosis, Event, FactPath, Role
from opsrange.reports import wording
from opsrange.reports.page import environment
from opsrange.reports.results import AttemptResult
from opsrange.reports.timeline import STRIP_WIDTH, AttemptView, Run, attempt_view

_OUTPUT_CHARS = 2_500
_QUOTE_CHARS = 400
_ROLES = {Role.PRIMARY: 0, Role.CONTRIBUTING: 1, Role.BENIGN: 2}


@dataclass(frozen=True, slots=True)
class EventView:
    """One event for reading."""

    code: str
    title: str
    role: str
    tier: str
    step: int | None
    where: str
    why: str
    corrected: str
    quotes: Sequence[tuple[int, str]]
    experimental: bool


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of a fact's path."""

    reached: str
    """``yes``, ``no``, or ``after`` for what a broken link made impossible."""
    text: str


@dataclass(frozen=True, slots=True)
class FactView:
    """One fact's path."""

    id: str
    stages: Sequence[StageView]
    needles: str
    routes: str
    would_show: str


@dataclass(frozen=True, slots=True)
class CurveView:
    """One curve as a strip."""

    name: str
    runs: Sequence[Run]
    note: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One attempt."""

    anchor: str
    headline: str
    outcome: str
    why: str
    decided: str
    link: str
    primary: EventView | None
    events: Sequence[EventView]
    facts: Sequence[FactView]
    curves: Sequence[CurveView]
    replay_note: str
    notes: Sequence[str]
    at_step: dict[int, list[EventView]]
    view: AttemptView


def render_cases(cases: Sequence[tuple[str, str, AttemptResult]]) -> str:
    """A page of case files, one attempt after the other.

    Args:
        cases: agent, name of the attempt, and its result with a diagnosis.
    """
    files = [
        _case(f"c{number}", agent, name, result, result.diagnosis)
        for number, (agent, name, result) in enumerate(cases)
        if result.diagnosis is not None
    ]
    return (
        environment()
        .get_template("casefile.html.j2")
        .render(
            files=files,
            stages=[stage.replace("_", " ") for stage in STAGES],
            strip_width=STRIP_WIDTH,
        )
    )


def _case(anchor: str, agent: str, name: str, result: AttemptResult, found: Diagnosis) -> CaseFile:
    events = sorted((_event(event, found) for event in found.events), key=_rank)
    by_step: dict[int, list[EventView]] = {}
    for event in events:
        if event.step is not None:
            by_step.setdefault(event.step, []).append(event)
    replay = found.replay
    note = ""
    if replay is not None and not replay.exact:
        note = f"No replay: {replay.why}."
    elif replay is not None and replay.lost_at is None:
        note = "An expert could still have repaired it at the end."
    elif replay is not None:
        note = f"Lost after {wording.counted(replay.lost_at or 0, 'step')}, by {replay.lost_by}."
    return CaseFile(
        anchor=anchor,
        headline=f"{agent} on {name}",
        outcome=found.outcome,
        why=found.why,
        decided=_decided(found, len(result.steps)),
        link=found.broken_link.replace("_", " ") if found.outcome != "passed" else "",
        primary=next((event for event in events if event.role == Role.PRIMARY), None),
        events=events,
        facts=[_fact(path, len(result.steps)) for path in found.funnel],
        curves=list(_curves(found, len(result.steps))),
        replay_note=note,
        notes=[f"detector {each.detector} failed: {each.text}" for each in found.notes],
        at_step=by_step,
        view=attempt_view(anchor, agent, result, _OUTPUT_CHARS),
    )


def _rank(event: EventView) -> tuple[int, int]:
    return _ROLES[Role(event.role)], 1 << 30 if event.step is None else event.step


def _event(event: Event, found: Diagnosis) -> EventView:
    known = detectors().get(event.code)
    return EventView(
        code=event.code,
        title=known.title if known else "",
        role=event.role.value,
        tier={"replay": "proved by replay", "rule": "rule", "heuristic": "heuristic"}[event.tier],
        step=event.step,
        where="report" if event.step is None else f"step {event.step}",
        why=event.why,
        corrected=event.corrected,
        quotes=[(quote.step, wording.clipped(quote.text, _QUOTE_CHARS)) for quote in event.quotes],
        experimental=event.code in found.unpublished,
    )


def _decided(found: Diagnosis, steps: int) -> str:
    if found.decisive_step is None:
        return ""
    return "in the report" if found.decisive_step >= steps else f"at step {found.decisive_step}"


def _fact(path: FactPath, steps: int) -> FactView:
    views, open_still = [], True
    for stage in STAGES:
        value = path.existed if stage == "existed" else getattr(path, stage)
        reached = value is not None and value is not False
        if reached:
            told = (
                "at the page"
                if stage == "existed"
                else "report"
                if value >= steps
                else f"step {value}"
            )
            views.append(StageView("yes", told))
        else:
            views.append(StageView("no" if open_still else "after", "not" if open_still else ""))
        open_still = open_still and reached
    return FactView(
        id=path.id,
        stages=views,
        needles=" and ".join(path.needles),
        routes=", ".join(path.routes) or "nothing showed it at the page",
        would_show=path.would_show,
    )


def _curves(found: Diagnosis, steps: int) -> Iterator[CurveView]:
    """Strips over the steps: could it still be repaired, had all been shown."""
    width = STRIP_WIDTH / (steps + 1)
    replay = found.replay
    if replay and replay.exact and replay.recoverable:
        lost = steps + 1 if replay.lost_at is None else replay.lost_at
        yield CurveView(
            "recoverable",
            _runs([at < lost for at in range(steps + 1)], width),
            _asked(replay.recoverable),
        )
    if replay and replay.exact and replay.runbook:
        values = [_latest(replay.runbook, at) for at in range(steps + 1)]
        yield CurveView("by the runbook", _runs(values, width), _asked(replay.runbook))
    if found.informed and found.funnel:
        yield CurveView("informed", _runs(found.informed.value, width), "all required facts shown")


def _latest(curve: Curve, at: int) -> bool:
    return [value for where, value in zip(curve.at, curve.value, strict=True) if where <= at][-1]


def _asked(curve: Curve) -> str:
    return "asked after " + ", ".join(str(at) for at in curve.at)


def _runs(values: Sequence[bool], width: float) -> list[Run]:
    runs: list[Run] = []
    start = 0
    for at in range(1, len(values) + 1):
        if at == len(values) or values[at] != values[start]:
            level = "good" if values[start] else "poor"
            runs.append(Run(round(start * width, 1), round((at - start) * width, 1), level))
            start = at
    return runs
