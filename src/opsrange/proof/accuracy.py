"""How often detectors are right: planted labels against diagnoses, class by class, beside what needs no detector.

Whether an attempt passed has no say in it, so that a detector gains nothing by firing where nothing was lost. Naming a class counts for its detector where it was
planted and against it everywhere else, as a corrected slip too. A class that truly occurs besides (a label's ``also``) counts neither for
nor against it in a planted attempt; in a healthy control it counts against it unless it is called corrected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from opsrange.planted.labels import Label
from opsrange.scoring.statistics import Interval, wilson
from opsrange.trace import Record

PRECISION_MIN = 0.9
RECALL_MIN = 0.8
"""Lower bounds of the 95 % intervals that a published class must reach."""
NEAR = (0, 1, 3)
"""Distances in steps within which a step counts as found."""


class Found(Record):
    """One event of a diagnosis, reduced."""

    code: str
    step: int
    """The number of steps for the report."""
    corrected: bool
    """Whether the detector itself calls it corrected or excused."""


class Judged(Record):
    """One attempt with its truth and its diagnosis."""

    agent: str
    scenario: str
    family: str
    seed: int
    passed: bool
    label: Label
    events: list[Found]
    primary: str | None
    primary_step: int | None
    steps: int
    first_error: int | None
    first_wrong_write: int | None

    def stands(self, code: str) -> bool:
        """Whether a class is named as a failure that stands."""
        return any(event.code == code and not event.corrected for event in self.events)

    def names(self, code: str) -> bool:
        """Whether a class is named at all."""
        return any(event.code == code for event in self.events)

    def finds(self, code: str) -> bool:
        """Whether a planted class is named: as one that stands where it was decisive."""
        return self.stands(code) if self.label.decisive else self.names(code)

    def alarms(self, code: str) -> bool:
        """Whether a class is named where it was not planted."""
        return self.stands(code) if code in self.label.also else self.names(code)

    def step_of(self, code: str) -> int | None:
        """The first step at which a class is named, those that stand before those corrected."""
        named = [event for event in self.events if event.code == code]
        best = sorted(named, key=lambda event: (event.corrected, event.step))
        return best[0].step if best else None


class Accuracy(Record):
    """One class."""

    code: str
    planted: int
    decisive: int
    true_positives: int
    false_positives: int
    precision: float | None
    precision_interval: Interval
    recall: float | None
    recall_interval: Interval
    f1: float
    f1_always: float
    """Of a detector that always fires."""
    near: dict[int, float] = Field(default_factory=dict)
    """Distance to the share of found labels whose step lies within it."""
    false_alarms_per_success: float
    confusion: dict[str, int] = Field(default_factory=dict)
    """Primary class of decisive labels; empty for abstentions."""
    recall_left_out: float | None = None
    """The lowest recall with one scenario family left out."""
    precision_left_out: float | None = None
    published: bool


class Localisation(Record):
    """How near a way of guessing comes to the decisive step."""

    name: str
    n: int
    near: dict[int, float]


class Validation(Record):
    """Everything the page shows."""

    attempts: int
    planted: int
    controls: int
    controls_passed: int
    void: int
    decisive: int
    """Labels verified: the attempt failed and the unchanged investigator passed on the same instance."""
    classes: list[Accuracy]
    primary_right: int
    abstained: int
    modal_right: int
    """How often the commonest label would have been right."""
    false_alarms_per_success: float
    localisation: list[Localisation]


def measure(rows: Sequence[Judged], void: int = 0) -> Validation:
    """All figures of a set of judged attempts.

    Args:
        rows: planted attempts and controls.
        void: attempts that do not count.
    """
    planted = [row for row in rows if row.label.code]
    controls = [row for row in rows if not row.label.code]
    decisive = [row for row in planted if row.label.decisive]
    counts = Counter(row.label.code for row in decisive)
    codes = sorted({row.label.code for row in planted})
    healthy = [row for row in controls if row.passed]
    alarms = sum(row.alarms(code) for row in healthy for code in {e.code for e in row.events})
    return Validation(
        attempts=len(rows),
        planted=len(planted),
        controls=len(controls),
        controls_passed=len(healthy),
        void=void,
        decisive=len(decisive),
        classes=[_class(code, rows) for code in codes],
        primary_right=sum(row.primary == row.label.code for row in decisive),
        abstained=sum(row.primary is None for row in decisive),
        modal_right=max(counts.values(), default=0),
        false_alarms_per_success=_share(alarms, len(healthy)),
        localisation=list(_localisation(decisive)),
    )


def _class(code: str, rows: Sequence[Judged]) -> Accuracy:
    mine = [row for row in rows if row.label.code == code]
    others = [row for row in rows if row.label.code != code and not _excused(row, code)]
    true, false = sum(row.finds(code) for row in mine), sum(row.alarms(code) for row in others)
    precision, recall = _ratio(true, true + false), _ratio(true, len(mine))
    bounds = wilson(true, true + false), wilson(true, len(mine))
    always = len(mine) / max(1, len(mine) + len(others))
    f1, f1_always = _f1(precision or 0.0, recall or 0.0), _f1(always, 1.0)
    healthy = [row for row in rows if not row.label.code and row.passed]
    left_out = _left_out(code, rows)
    return Accuracy(
        code=code,
        planted=len(mine),
        decisive=sum(row.label.decisive for row in mine),
        true_positives=true,
        false_positives=false,
        precision=precision,
        precision_interval=bounds[0],
        recall=recall,
        recall_interval=bounds[1],
        f1=f1,
        f1_always=f1_always,
        near=_near([(row.step_of(code), row.label.step) for row in mine if row.finds(code)]),
        false_alarms_per_success=_share(sum(row.alarms(code) for row in healthy), len(healthy)),
        confusion=dict(Counter(row.primary or "" for row in mine if row.label.decisive)),
        precision_left_out=left_out[0],
        recall_left_out=left_out[1],
        published=bounds[0].low >= PRECISION_MIN and bounds[1].low >= RECALL_MIN and f1 > f1_always,
    )


def _excused(row: Judged, code: str) -> bool:
    """Whether a class neither counts for nor against its detector in a row."""
    return bool(row.label.code) and code in row.label.also


def _left_out(code: str, rows: Sequence[Judged]) -> tuple[float | None, float | None]:
    """The lowest precision and recall with one scenario family left out at a time."""
    families = sorted({row.family for row in rows})
    precisions, recalls = [], []
    for family in families if len(families) > 1 else []:
        kept = [row for row in rows if row.family != family]
        mine = [row for row in kept if row.label.code == code]
        others = [row for row in kept if row.label.code != code and not _excused(row, code)]
        true, false = sum(r.finds(code) for r in mine), sum(r.alarms(code) for r in others)
        if true + false:
            precisions.append(true / (true + false))
        if mine:
            recalls.append(true / len(mine))
    return min(precisions, default=None), min(recalls, default=None)


def _localisation(decisive: Sequence[Judged]) -> list[Localisation]:
    ways: dict[str, list[tuple[int | None, int | None]]] = {
        "primary event": [(row.primary_step, row.label.step) for row in decisive],
        "first error": [(row.first_error, row.label.step) for row in decisive],
        "first wrong write": [
            (row.steps if row.first_wrong_write is None else row.first_wrong_write, row.label.step)
            for row in decisive
        ],
        "last step": [(row.steps, row.label.step) for row in decisive],
    }
    return [
        Localisation(name=name, n=len(pairs), near=_near(pairs)) for name, pairs in ways.items()
    ]


def _near(pairs: Sequence[tuple[int | None, int | None]]) -> dict[int, float]:
    return {
        distance: _share(
            sum(
                said is not None and true is not None and abs(said - true) <= distance
                for said, true in pairs
            ),
            len(pairs),
        )
        for distance in NEAR
    }


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0


def _ratio(count: int, of: int) -> float | None:
    return count / of if of else None


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
