"""One attempt for reading: each command, what it changed, what the world did meanwhile, how users fared.

Belongs here: view-models of attempts and steps. Does not: verdicts for reading (``judgement``), markup (``templates``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from opsrange.reports import wording
from opsrange.reports.ending import Mark, mark_of, reason_of
from opsrange.reports.overview import instance_of
from opsrange.reports.results import AttemptResult
from opsrange.trace import Effect, StateChange, Step
from opsrange.types import SECOND_MS, in_short

HEALTHY = 0.98
"""What the objective asks of a journey over the soak."""
AILING = 0.9
"""Below this, users notice."""
CHANGES_MAX = 40
"""Rows of a typed difference shown per step; a bulk deletion has thousands."""
_MEANWHILE_MAX = 12
_COMMAND_CHARS_MAX = 4_000
STRIP_WIDTH = 600.0

EFFECTS = {
    Effect.READ: "read",
    Effect.REVERSIBLE_WRITE: "write",
    Effect.IRREVERSIBLE_WRITE: "irreversible write",
    Effect.OUTWARD_MESSAGE: "outward message",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a typed difference."""

    verb: str
    entity: str
    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Ailment:
    """One journey that was not well after a step."""

    journey: str
    success: str
    level: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of the timeline."""

    index: int
    at: str
    took: str
    tool: str
    command: str
    ending: str
    """The exit code, or why the command was stopped."""
    ended_well: bool
    effect: str
    effect_class: str
    changes: Sequence[Change]
    changes_left_out: int
    meanwhile: Sequence[str]
    ailments: Sequence[Ailment]
    measured: bool
    """Whether service levels are known after it."""
    facts: Sequence[str]
    facts_hidden: Sequence[str]
    """Facts that an answer contained and the output no longer: filtered or cut away before the agent saw them."""
    requests: str
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive steps at which a journey was equally well."""

    x: float
    width: float
    level: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One journey over the whole attempt."""

    journey: str
    runs: Sequence[Run]
    last: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt."""

    anchor: str
    agent: str
    instance: str
    mark: Mark
    reason: str
    score: str
    numbers: Sequence[str]
    attempt: AttemptResult
    steps: Sequence[StepView]
    strips: Sequence[Strip]


def attempt_view(anchor: str, agent: str, attempt: AttemptResult, output_chars: int) -> AttemptView:
    """One attempt for reading.

    Args:
        anchor: its address within the page.
        agent: who made it.
        attempt: its record.
        output_chars: how much of each step's output is kept.
    """
    paged_ms = _paged_ms(attempt)
    return AttemptView(
        anchor=anchor,
        agent=agent,
        instance=instance_of(attempt),
        mark=mark_of(attempt),
        reason=reason_of(attempt),
        score=wording.percent(attempt.score),
        numbers=list(_numbers(attempt)),
        attempt=attempt,
        steps=[_step(step, paged_ms, output_chars) for step in attempt.steps],
        strips=_strips(attempt.steps),
    )


def level_of(success: float) -> str:
    """``good``, ``fair`` or ``poor``."""
    if success >= HEALTHY:
        return "good"
    return "fair" if success >= AILING else "poor"


def _paged_ms(attempt: AttemptResult) -> int:
    if attempt.paged_ms is not None:
        return attempt.paged_ms
    return attempt.steps[0].started_ms if attempt.steps else 0


def _numbers(attempt: AttemptResult) -> Iterator[str]:
    yield wording.counted(len(attempt.steps), "command")
    if attempt.turns is not None:
        yield wording.counted(attempt.turns, "turn")
    if attempt.verdict and attempt.verdict.speed.to_repair_ms is not None:
        yield f"service back after {wording.minutes(attempt.verdict.speed.to_repair_ms)}"
    if attempt.tokens:
        yield f"{wording.number(attempt.tokens)} tokens"
    if attempt.cost_usd is not None:
        yield wording.money(attempt.cost_usd)


def _step(step: Step, paged_ms: int, output_chars: int) -> StepView:
    took_ms = step.ended_ms - step.started_ms
    return StepView(
        index=step.index,
        at=wording.clock(step.started_ms - paged_ms),
        took=wording.minutes(took_ms) if took_ms > 2 * SECOND_MS else "",
        tool="" if step.tool == "bash" else step.tool,
        command=wording.clipped(step.command, _COMMAND_CHARS_MAX),
        ending=_ending(step),
        ended_well=step.exit_code == 0 and not step.stopped,
        effect=EFFECTS[step.effect],
        effect_class=step.effect.value,
        changes=[_change(change) for change in step.changes[:CHANGES_MAX]],
        changes_left_out=max(0, len(step.changes) - CHANGES_MAX),
        meanwhile=_meanwhile(step.consequences),
        ailments=[
            Ailment(journey, wording.percent(success), level_of(success))
            for journey, success in sorted(step.health.items(), key=lambda item: (item[1], item[0]))
            if success < HEALTHY
        ],
        measured=bool(step.health),
        facts=step.facts_shown,
        facts_hidden=[fact for fact in step.facts_returned if fact not in step.facts_shown],
        requests=_requests(step),
        output=wording.clipped(step.stdout.rstrip("\n"), output_chars),
        errors=wording.clipped(step.stderr.rstrip("\n"), output_chars),
    )


def _ending(step: Step) -> str:
    if step.stopped:
        return f"stopped: {step.stopped.replace('_', ' ')}"
    return "stopped" if step.exit_code is None else f"exit {step.exit_code}"


def _change(change: StateChange) -> Change:
    return Change(
        verb=change.verb,
        entity=change.entity,
        path=change.path,
        old=wording.value_of(change.old) if change.path else "",
        new=wording.value_of(change.new) if change.path else "",
    )


def _meanwhile(changes: Sequence[StateChange]) -> list[str]:
    """Who did what to which object, most first; fields of one object are one thing."""
    seen = Counter(
        (change.actor, change.verb, kind, name)
        for change in changes
        for _, kind, name in [_parts(change.entity)]
    )
    lines = []
    kinds = groupby(sorted(seen), key=lambda key: key[:3])
    for (actor, verb, kind), keys in kinds:
        names = [name for *_, name in keys]
        lines.append(f"{actor} {_PAST.get(verb, verb)} {kind} {in_short(names, 2)}")
    rest = len(lines) - _MEANWHILE_MAX
    return [*lines[:_MEANWHILE_MAX], *([f"and {rest} more kinds of change"] if rest > 0 else [])]


_PAST = {"create": "created", "update": "updated", "delete": "deleted"}


def _parts(entity: str) -> tuple[str, str, str]:
    parts = entity.split("/", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", entity)


def _requests(step: Step) -> str:
    """How often it asked which API, refusals apart."""
    counts = Counter(request.address for request in step.requests)
    refused = sum(request.status >= 400 for request in step.requests)
    told = ", ".join(f"{address} ×{count}" for address, count in sorted(counts.items()))
    return f"{told}; {refused} refused" if refused else told


def _strips(steps: Sequence[Step]) -> list[Strip]:
    """One row per journey that was ever unwell, and one for all that never were."""
    measured = [step.health for step in steps if step.health]
    if not measured:
        return []
    width = STRIP_WIDTH / len(measured)
    journeys = sorted({journey for health in measured for journey in health})
    rows, well = [], []
    for journey in journeys:
        levels = [level_of(health.get(journey, 1.0)) for health in measured]
        if set(levels) == {"good"}:
            well.append(journey)
            continue
        rows.append(
            Strip(journey, _runs(levels, width), wording.percent(measured[-1].get(journey, 1.0)))
        )
    if well:
        told = well[0] if len(well) == 1 else f"{len(well)} other journeys"
        rows.append(Strip(told, [Run(0.0, STRIP_WIDTH, "good")], "well"))
    return rows


def _runs(levels: Sequence[str], width: float) -> list[Run]:
    runs, start = [], 0
    for level, group in groupby(levels):
        length = len(list(group))
        runs.append(Run(round(start * width, 1), round(length * width, 1), level))
        start += length
    return runs
