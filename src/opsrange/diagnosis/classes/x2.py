"""A write that succeeded and changed nothing."""

from __future__ import annotations

from collections.abc import Iterator

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote


def _detect(reading: Reading) -> Iterator[Event]:
    for at, step in enumerate(reading.steps):
        calls = [call for call in reading.kubectl(at) if call.asks_for_change]
        if not calls or step.exit_code != 0 or reading.changes(at) or reading.mistakes_count(at):
            continue
        if any(approval.decision == "reject" for approval in step.approvals):
            continue
        if any(code != 0 for row in step.pipeline_exit_codes for code in row):
            continue  # it did not succeed, even if the whole line did: X4
        targets = {name.rpartition("/")[2] for call in calls for name in call.names}
        later = next(
            (
                each
                for each in range(at + 1, reading.end)
                if any(
                    not targets or change.entity.rpartition("/")[2] in targets
                    for change in reading.changes(each)
                )
            ),
            None,
        )
        before = any(
            change.entity.rpartition("/")[2] in targets
            for each in range(at)
            for change in reading.changes(each)
        )
        corrected = ""
        if later is not None:
            corrected = f"step {later} did change it"
        elif before:
            corrected = "it was as asked for already"
        yield Event(
            code="X2",
            step=at,
            quotes=[Quote(step=at, text=(step.stdout or step.command)[:300].strip())],
            why=f"step {at} was to change {', '.join(sorted(targets)) or 'something'}, ended well, and changed nothing",
            subjects=sorted(targets),
            corrected=corrected,
        )


DETECTOR = Detector(code="X2", title="Silent no-op", needs=Needs.TRACE, detect=_detect)
