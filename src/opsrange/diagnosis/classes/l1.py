"""The right store was asked, with a window, scope or filter that hid the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_NARROWING = re.compile(
    r"\|\s*(grep|egrep|awk|jq|head|tail|sed|cut)\b|--(since|tail|field-selector|selector)\b|\s-l\s|jsonpath|[?&](start|end|time)="
)


def _detect(reading: Reading) -> Iterator[Event]:
    for fact in reading.facts:
        if reading.first_shown(fact.id) is not None:
            continue
        asked = [
            at
            for at, step in enumerate(reading.steps)
            if any(
                request.resource in fact.routes and not request.may_write
                for request in step.requests
            )
            and not reading.changes(at)
        ]
        if not asked:
            continue
        held = [at for at in asked if fact.id in reading.steps[at].facts_returned]
        narrowed = [at for at in held or asked if _NARROWING.search(reading.steps[at].command)]
        step = (narrowed or held or asked)[0]
        what = (
            "held it, and its output did not show it" if held else "could have held it, and did not"
        )
        yield Event(
            code="L1",
            step=step,
            quotes=[Quote(step=step, text=reading.steps[step].command[:300])],
            why=f"fact {fact.id} was never shown; the answer to step {step} {what}",
            subjects=[fact.id],
            corrected="the cause was named all the same" if reading.cause_named else "",
        )


DETECTOR = Detector(
    code="L1", title="Wrong window, scope or filter", needs=Needs.TRUTH, detect=_detect
)
