"""The top of a report: what was run, who did how well, on which scenarios.

Belongs here: view-models over all attempts. Does not: a single attempt (``timeline``), markup (``templates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsrange.agents.policies.personas import personas
from opsrange.reports import wording
from opsrange.reports.ending import Mark, mark_of, reason_of
from opsrange.reports.results import AgentResult, AttemptResult, Results
from opsrange.scoring.statistics import Interval

REFERENCES = {
    "oracle": "reference: knows the answer key",
    "triage": "reference: rule-based junior engineer",
    "constant": "reference: always gives the same answer",
    "null": "reference: does nothing",
    "edit-objective": "reference: a cheat",
    "recreate-all": "reference: a cheat",
    "restart-all": "reference: a cheat",
    "scale-to-zero": "reference: a cheat",
    "silence": "reference: a cheat",
    "stop-load": "reference: a cheat",
}
"""The scripted agents, which bound a scale and do not compete on it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One agent on the leaderboard."""

    agent: str
    note: str
    pass_at_1: str
    share: float | None
    """pass@1 between 0 and 1."""
    interval: Interval | None
    interval_text: str
    passes: str
    score: str
    diagnosis: str
    pass_hat: str
    turns: str
    to_repair: str
    tokens: str
    cost: str
    void: int


@dataclass(frozen=True, slots=True)
class Cross:
    """One attempt in the table of scenarios."""

    anchor: str
    mark: Mark
    title: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One agent on one scenario."""

    crosses: Sequence[Cross]
    passes: str
    reason: str
    """Why what failed failed; the commonest reason when there are several."""


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """One scenario of the table."""

    scenario: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Void:
    """One attempt that does not count."""

    anchor: str
    agent: str
    instance: str
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything above the attempts."""

    headline: str
    lead: str
    scope: Sequence[str]
    rows: Sequence[Row]
    repeats: int
    """The largest ``k`` for which pass^k is known."""
    scenarios: Sequence[ScenarioRow]
    voids: Sequence[Void]


def anchor_of(agent: int, attempt: int) -> str:
    """The fragment of an attempt's address within the page."""
    return f"a{agent}-{attempt}"


def overview_of(results: Results) -> Overview:
    """Aggregate results for reading."""
    repeats = max((max(row.summary.pass_hat, default=1) for row in results.agents), default=1)
    return Overview(
        headline=_headline(results.agents),
        lead=_lead(results.agents),
        scope=_scope(results),
        rows=[_row(result, repeats) for result in results.agents],
        repeats=repeats,
        scenarios=_scenarios(results.agents),
        voids=_voids(results.agents),
    )


def contenders(names: Sequence[str]) -> Sequence[str]:
    """Agents that one might trust with something; where there are none, the rule-based one."""
    return [each for each in names if each not in REFERENCES] or [
        each for each in names if each == "triage"
    ]


def _headline(agents: Sequence[AgentResult]) -> str:
    names = contenders([each.name for each in agents])
    best = next(
        (each for each in agents if each.summary.scored and (each.name in names or not names)), None
    )
    if best is None:
        return "No attempt could be scored" if agents else "No attempts yet"
    passed = sum(attempt.passed is True for attempt in best.attempts)
    diagnosing = all(attempt.diagnosing for attempt in best.attempts)
    verb = "diagnosed" if diagnosing else "repaired"
    return f"{best.agent} {verb} {passed} of {wording.counted(best.summary.scored, 'incident')}"


def _lead(agents: Sequence[AgentResult]) -> str:
    attempts = [attempt for each in agents for attempt in each.attempts]
    void = sum(attempt.passed is None for attempt in attempts)
    told = f"{wording.counted(len(agents), 'agent')}, {wording.counted(len(attempts), 'attempt')}"
    if not void:
        return f"{told}, every one of them scored."
    verb = "is" if void == 1 else "are"
    return f"{told}; {void} {verb} void through no fault of the agent and {'enters' if void == 1 else 'enter'} no score."


def _scope(results: Results) -> list[str]:
    attempts = [attempt for each in results.agents for attempt in each.attempts]
    scenarios = {attempt.scenario for attempt in attempts}
    epochs = max((attempt.epoch for attempt in attempts), default=1)
    tasks = sorted({attempt.task.rpartition("/")[2] for attempt in attempts if attempt.task})
    scope = [
        wording.counted(len(scenarios), "scenario"),
        f"seed{'s' if len({each.seed for each in attempts}) > 1 else ''} "
        + wording.spans([each.seed for each in attempts]),
        wording.counted(epochs, "epoch"),
        *(f"task {task}" for task in tasks),
        f"opsrange {results.opsrange_version}",
    ]
    scope += [f"{tool} {version}" for tool, version in results.toolbox.items()]
    return scope


def _row(result: AgentResult, repeats: int) -> Row:
    summary = result.summary
    passed = sum(attempt.passed is True for attempt in result.attempts)
    return Row(
        agent=result.agent,
        note=_note(result),
        pass_at_1=wording.percent(summary.pass_at_1),
        share=summary.pass_at_1,
        interval=summary.pass_at_1_interval,
        interval_text=wording.interval(summary.pass_at_1_interval),
        passes=f"{passed} of {summary.scored}",
        score=wording.percent(summary.score_mean),
        diagnosis=wording.percent(diagnosis_mean(result.attempts)),
        pass_hat=wording.percent(summary.pass_hat.get(repeats)),
        turns=wording.number(summary.turns_mean, 1),
        to_repair=wording.minutes(summary.to_repair_ms_median),
        tokens=wording.number(summary.tokens_mean) if summary.tokens_mean else wording.UNKNOWN,
        cost=wording.money(summary.cost_usd_mean),
        void=sum(summary.void.values()),
    )


def _note(result: AgentResult) -> str:
    """What is known of a scripted agent beforehand."""
    character = personas().get(result.name)
    return f"character: {character.says}" if character else REFERENCES.get(result.name, "")


def diagnosis_mean(attempts: Sequence[AttemptResult]) -> float | None:
    """The mean diagnosis score over the attempts that count; ``None`` when there is none."""
    found = [
        attempt.verdict.diagnosis.score
        for attempt in attempts
        if attempt.passed is not None and attempt.verdict and attempt.verdict.diagnosis
    ]
    return sum(found) / len(found) if found else None


def _scenarios(agents: Sequence[AgentResult]) -> list[ScenarioRow]:
    names = sorted({attempt.scenario for each in agents for attempt in each.attempts})
    return [
        ScenarioRow(name, [_cell(index, each, name) for index, each in enumerate(agents)])
        for name in names
    ]


def _cell(agent: int, result: AgentResult, scenario: str) -> Cell:
    crosses, reasons = [], []
    for index, attempt in enumerate(result.attempts):
        if attempt.scenario != scenario:
            continue
        mark, reason = mark_of(attempt), reason_of(attempt)
        title = f"{instance_of(attempt)} {mark}: {reason}"
        crosses.append(Cross(anchor_of(agent, index), mark, title))
        if mark is not Mark.PASSED:
            reasons.append(reason)
    scored = [cross for cross in crosses if cross.mark is not Mark.VOID]
    passed = sum(cross.mark is Mark.PASSED for cross in scored)
    return Cell(
        crosses=crosses,
        passes=f"{passed}/{len(scored)}" if len(crosses) > 1 else "",
        reason=max(reasons, key=reasons.count) if reasons else "",
    )


def _voids(agents: Sequence[AgentResult]) -> list[Void]:
    return [
        Void(
            anchor=anchor_of(number, index),
            agent=result.agent,
            instance=instance_of(attempt),
            owner=str(attempt.void_owner or "unknown"),
            reason=reason_of(attempt).partition(": ")[2],
        )
        for number, result in enumerate(agents)
        for index, attempt in enumerate(result.attempts)
        if attempt.passed is None
    ]


def instance_of(attempt: AttemptResult) -> str:
    """``scenario@seed``, with the epoch where it is not the first."""
    repeat = f" epoch {attempt.epoch}" if attempt.epoch > 1 else ""
    return f"{attempt.scenario}@{attempt.seed}{repeat}"
