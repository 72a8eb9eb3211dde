"""Where agents fail: primary failure classes by agent, and by task family.

Belongs here: counting diagnoses for the heat map. Does not: diagnosing (``diagnosis``), a single attempt (``timeline``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsrange.diagnosis.detector import detectors, published
from opsrange.reports import wording
from opsrange.reports.results import AttemptResult, Results, by_agent

ABSTAINED = "?"
"""Failed, and nothing sound could be said about why."""
FAMILIES = {
    "L": "log analysis",
    "X": "command execution",
    "P": "planning",
    "S": "state tracking",
    "H": "hallucinated parameters",
    "E": "misread errors",
    "K": "missing knowledge",
    "V": "verification and stopping",
    "O": "safety",
    "N": "not the agent",
    ABSTAINED: "abstained",
}
"""Families of failure classes, by the first letter of a code."""
_LEVELS = 4


@dataclass(frozen=True, slots=True)
class HeatCell:
    """How often a class was the primary failure."""

    count: int
    level: int
    """0 for never; 1 to 4 by the share of attempts."""
    title: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One failure class over the columns of a map."""

    code: str
    title: str
    family: str
    experimental: bool
    cells: Sequence[HeatCell]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Failure classes against something."""

    columns: Sequence[str]
    attempts: Sequence[int]
    """Attempts that count, per column."""
    rows: Sequence[HeatRow]


@dataclass(frozen=True, slots=True)
class AgentFailures:
    """One agent's map by task family."""

    agent: str
    failed: str
    map: HeatMap


@dataclass(frozen=True, slots=True)
class Failures:
    """The section: all agents side by side, then each by task family."""

    overall: HeatMap
    agents: Sequence[AgentFailures]
    experimental: bool
    """Whether any class shown is experimental."""


def failures_of(results: Results) -> Failures | None:
    """Count primary classes; ``None`` when no attempt that failed was diagnosed."""
    diagnosed = {
        agent: [each for each in attempts if each.passed is not None and each.diagnosis]
        for agent, attempts in by_agent(results).items()
    }
    diagnosed = {agent: attempts for agent, attempts in diagnosed.items() if attempts}
    if not any(_failed(attempts) for attempts in diagnosed.values()):
        return None
    overall = _map({agent: attempts for agent, attempts in diagnosed.items() if _failed(attempts)})
    return Failures(
        overall=overall,
        agents=[_agent(agent, each) for agent, each in diagnosed.items() if _failed(each)],
        experimental=any(row.experimental for row in overall.rows),
    )


def _failed(attempts: Sequence[AttemptResult]) -> list[AttemptResult]:
    return [attempt for attempt in attempts if not attempt.passed]


def _agent(agent: str, attempts: Sequence[AttemptResult]) -> AgentFailures:
    families: dict[str, list[AttemptResult]] = {}
    for attempt in attempts:
        family = attempt.verdict.family if attempt.verdict else ""
        families.setdefault(family or "unclassified", []).append(attempt)
    failed = f"{len(_failed(attempts))} of {wording.counted(len(attempts), 'attempt')} failed"
    return AgentFailures(agent, failed, _map(dict(sorted(families.items()))))


def _map(columns: Mapping[str, Sequence[AttemptResult]]) -> HeatMap:
    counts = {name: _primaries(attempts) for name, attempts in columns.items()}
    order = list(FAMILIES)
    codes = sorted(
        {code for each in counts.values() for code in each},
        key=lambda code: (order.index(code[0]) if code[0] in order else len(order), code),
    )
    return HeatMap(
        columns=list(columns),
        attempts=[len(attempts) for attempts in columns.values()],
        rows=[_row(code, counts, columns) for code in codes],
    )


def _primaries(attempts: Sequence[AttemptResult]) -> Counter[str]:
    return Counter(
        (attempt.diagnosis.primary if attempt.diagnosis else None) or ABSTAINED
        for attempt in _failed(attempts)
    )


def _row(
    code: str, counts: Mapping[str, Counter[str]], columns: Mapping[str, Sequence[AttemptResult]]
) -> HeatRow:
    known = detectors().get(code)
    return HeatRow(
        code=code,
        title=known.title if known else "no class fits soundly",
        family=FAMILIES.get(code[0], ""),
        experimental=known is not None and code not in published(),
        cells=[_cell(counts[name][code], len(attempts)) for name, attempts in columns.items()],
    )


def _cell(count: int, attempts: int) -> HeatCell:
    level = -(-_LEVELS * count // attempts) if attempts else 0
    title = f"primary failure of {count} of {wording.counted(attempts, 'attempt')}"
    return HeatCell(count, level, title)
