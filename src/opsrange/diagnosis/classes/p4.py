"""The budget ran out over steps that brought nothing new."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading

_WINDOW = 10
_ORACLE_SHARE_MAX = 0.5


def _detect(reading: Reading) -> Iterator[Event]:
    attempt = reading.attempt
    assert attempt.evidence is not None
    needed = attempt.evidence.truth.oracle_turns
    if not reading.out_of_budget or reading.goal_met or needed is None or not attempt.turn_limit:
        return
    if needed + 1 > _ORACLE_SHARE_MAX * attempt.turn_limit:
        return
    idle = 0
    seen = [set(step.facts_shown) for step in reading.steps]
    while idle < reading.end:
        at = reading.end - 1 - idle
        known = set().union(*seen[:at]) if at else set()
        if reading.changes(at) or seen[at] - known:
            break
        idle += 1
    if idle < min(_WINDOW, max(3, attempt.turn_limit // 3)):
        return
    start = reading.end - idle
    yield Event(
        code="P4",
        step=start,
        why=f"the last {idle} of {reading.end} steps showed no required fact and changed nothing; "
        f"the answer key needs {needed} commands of {attempt.turn_limit} turns",
        harmed=True,
    )


DETECTOR = Detector(code="P4", title="Budget burnt", needs=Needs.TRUTH, detect=_detect)
