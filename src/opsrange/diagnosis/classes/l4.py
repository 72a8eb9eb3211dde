"""A symptom was reported as the cause: what was blamed only suffers from it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading


def _detect(reading: Reading) -> Iterator[Event]:
    evidence = reading.attempt.evidence
    assert evidence is not None
    for name in reading.wrong_names:
        distance = next(
            (
                each.distance
                for each in evidence.truth.downstream
                if re.fullmatch(each.pattern, name)
            ),
            None,
        )
        if distance is None:
            continue
        calls = "call" if distance == 1 else "calls"
        yield Event(
            code="L4",
            why=f"the report blames {name}, which is {distance} {calls} downstream of the cause and suffers from it",
            subjects=[name],
            harmed=True,
        )


DETECTOR = Detector(code="L4", title="Symptom as cause", needs=Needs.TRUTH, detect=_detect)
