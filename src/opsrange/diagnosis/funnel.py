"""How far each required fact travelled, from the world to the report.

Belongs here: the stages of one fact. Does not: what a broken link means (``attribution``).
"""

from __future__ import annotations

import re

from opsrange.diagnosis.diagnosis import STAGES, Curve, FactPath
from opsrange.diagnosis.reading import Reading, plain
from opsrange.faults.fault import normal
from opsrange.scoring.evidence import RequiredFact
from opsrange.trace import Report

_WORD = re.compile(r"[A-Za-z0-9][\w./:-]*[A-Za-z0-9]|\d+")
_COMMON = frozenset(
    [
        "name",
        "value",
        "selector",
        "true",
        "false",
        "none",
        "null",
        "spec",
        "status",
        "metadata",
        "kind",
        "pod",
        "pods",
        "service",
        "a",
        "an",
        "and",
        "at",
        "by",
        "down",
        "for",
        "from",
        "in",
        "is",
        "not",
        "of",
        "off",
        "on",
        "or",
        "set",
        "the",
        "to",
        "up",
        "with",
    ]
)


def funnel_of(reading: Reading) -> list[FactPath]:
    """The path of every required fact; empty without the truth."""
    evidence = reading.attempt.evidence
    return [_path(reading, fact) for fact in evidence.truth.facts] if evidence else []


def informed_curve(reading: Reading) -> Curve | None:
    """Whether all required facts had been shown, after each number of steps; ``None`` without the truth."""
    if reading.attempt.evidence is None:
        return None
    at = list(range(reading.end + 1))
    start = reading.informed_from
    return Curve(name="informed", at=at, value=[start is not None and each >= start for each in at])


def words_of(reading: Reading, fact: RequiredFact, shown: int) -> set[str]:
    """The words of a fact as a step showed it, and the name it leads to, that the page did not already hold."""
    text = normal(reading.shown(shown))
    found: set[str] = set()
    for needle in fact.needles:
        if match := re.search(needle, text):
            found |= {word.lower() for word in _WORD.findall(match.group())}
    evidence = reading.attempt.evidence
    causes = evidence.truth.root_causes if evidence else []
    found |= {cause.entity.rpartition("/")[2].lower() for cause in causes}
    told = plain(reading.told)
    return {
        word for word in found if len(word) > 1 and word not in _COMMON and not _within(word, told)
    }


def report_words(report: Report | None) -> str:
    """Everything a report says, in one text."""
    if report is None:
        return ""
    parts = [report.summary, report.escalation, *report.actions_claimed]
    for cause in report.root_causes:
        parts += [cause.entity, cause.mechanism, *(quote.text for quote in cause.evidence)]
    return plain(" ".join(parts))


def _within(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def _path(reading: Reading, fact: RequiredFact) -> FactPath:
    steps = range(reading.end)
    path = FactPath(id=fact.id, needles=fact.needles, routes=fact.routes, existed=bool(fact.routes))
    path.requested = next(
        (
            at
            for at in steps
            if any(request.resource in fact.routes for request in reading.steps[at].requests)
        ),
        None,
    )
    path.returned = next((at for at in steps if fact.id in reading.steps[at].facts_returned), None)
    path.shown = reading.first_shown(fact.id)
    if path.shown is not None:
        path.returned = path.shown if path.returned is None else path.returned
        path.requested = path.returned if path.requested is None else path.requested
        _after_showing(reading, fact, path)
    if path.shown is None:
        path.missed_at = path.returned if path.returned is not None else path.requested
    reached = [stage for stage in STAGES if _reached(path, stage)]
    path.broken = next((stage for stage in STAGES if stage not in reached), "")
    if path.shown is None and fact.routes:
        route = fact.routes[0]
        path.would_show = f"{route} held it: {' and '.join(fact.needles)}"
    return path


def _reached(path: FactPath, stage: str) -> bool:
    if stage == "existed":
        return path.existed or path.shown is not None
    return getattr(path, stage) is not None


def _after_showing(reading: Reading, fact: RequiredFact, path: FactPath) -> None:
    assert path.shown is not None
    words = words_of(reading, fact, path.shown)
    said = report_words(reading.attempt.report)
    spoken = any(_within(word, said) for word in words)
    later = range(path.shown + 1, reading.end)
    asked = plain("\n".join(step.command for step in reading.steps[: path.shown + 1]))
    learnt = {word for word in words if not _within(word, asked)}
    path.used = next(
        (at for at in later if any(_within(w, plain(reading.steps[at].command)) for w in learnt)),
        reading.end if spoken else None,
    )
    path.acted_on = next(
        (
            at
            for at in range(path.shown, reading.end)
            if any(reading.inside(change) for change in reading.changes(at))
        ),
        None,
    )
    if path.used is None and path.acted_on is not None:
        path.used = path.acted_on
    if reading.cause_named:
        path.concluded = reading.end
        path.used = reading.end if path.used is None else path.used
    if reading.writes:
        path.verified = reading.checked_after(reading.writes[-1])
    path.reported = reading.end if spoken or reading.cause_named else None
