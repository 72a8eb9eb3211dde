"""The world, the sandbox or the model's provider failed."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.errors import Owner

_OWNERS = frozenset({Owner.WORLD, Owner.MODEL, Owner.OPERATOR})


def _detect(reading: Reading) -> Iterator[Event]:
    attempt = reading.attempt
    if attempt.void_owner in _OWNERS:
        yield Event(
            code="N1",
            why=f"the {attempt.void_owner} failed: {attempt.void_reason[:200]}",
            harmed=True,
        )
    elif attempt.evidence is not None and attempt.evidence.world_errors:
        yield Event(
            code="N1",
            why=f"the world failed: {attempt.evidence.world_errors[0][-200:]}",
            harmed=True,
        )


DETECTOR = Detector(
    code="N1", title="Infrastructure or harness fault", needs=Needs.TRANSCRIPT, detect=_detect
)
