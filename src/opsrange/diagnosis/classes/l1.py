"""The right store was asked, with a window, scope or filter that hid the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event, Tier
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_NARROWING = re.compile(
    r"\|\s*(e?grep|awk|head|tail|sed|cut)\b|\bselect\(|--(since|since-time|tail|field-selector|selector)\b|\s-l[\s=]|[?&](start|end|time)="
)
_ASKED_MIN = 3
"""Who looked so often in the right place without a filter looked at the wrong part of it."""


def _detect(reading: Reading) -> Iterator[Event]:
    for fact in reading.facts:
        if reading.first_shown(fact.id) is not None:
            continue
        asked = [at for at in range(reading.end) if _asks(reading, at, fact.routes)]
        held = [at for at in asked if fact.id in reading.steps[at].facts_returned]
        narrowed = [at for at in asked if _narrows(reading, at)]
        hidden = [at for at in narrowed if at in held]
        if not narrowed and len(asked) < _ASKED_MIN:
            continue
        step = (hidden or narrowed or held or asked)[0]
        what = (
            "held it, and the output did not show it"
            if step in held
            else "could have held it, and did not"
        )
        yield Event(
            code="L1",
            step=step,
            tier=Tier.RULE if narrowed else Tier.HEURISTIC,
            quotes=[Quote(step=step, text=reading.steps[step].command[:300])],
            why=f"fact {fact.id} was never shown; the answer to step {step} {what}",
            subjects=[fact.id],
            corrected="the cause was named all the same" if reading.cause_named else "",
        )


def _asks(reading: Reading, at: int, routes: list[str]) -> bool:
    requests = reading.steps[at].requests
    return not reading.asks_for_change(at) and any(
        request.resource in routes and not request.may_write for request in requests
    )


def _narrows(reading: Reading, at: int) -> bool:
    """Whether a filter, a window or another namespace than the incident's was asked for."""
    if _NARROWING.search(reading.steps[at].command):
        return True
    home = reading.namespace
    named = {call.namespace for call in reading.kubectl(at) if call.namespace}
    return bool(home and named and home not in named)


DETECTOR = Detector(
    code="L1", title="Wrong window, scope or filter", needs=Needs.TRUTH, detect=_detect
)
