"""A setting was switched to and fro without anything having been looked at in between."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote, StateChange


def _detect(reading: Reading) -> Iterator[Event]:
    history: dict[str, list[tuple[int, StateChange]]] = {}
    for at in reading.writes:
        for change in reading.changes(at):
            note = change.path.startswith(("metadata.annotations", "metadata.labels"))
            if change.path and change.verb == "update" and not note:
                history.setdefault(change.place, []).append((at, change))
    for place, rows in history.items():
        for (first, there), (second, back) in pairwise(rows):
            if back.new != there.old or back.old != there.new:
                continue
            looked = any(
                reading.looks_at_region(at) or reading.looks_at_users(at)
                for at in range(first + 1, second)
            )
            to_and_fro = sum(a.new == b.old and a.old == b.new for (_, a), (_, b) in pairwise(rows))
            if looked and to_and_fro < 2:
                continue  # an attempt that was looked at and taken back
            whole = any(call.word in {"apply", "replace"} for call in reading.kubectl(second))
            if whole and not looked:
                continue  # a stale copy: S2
            yield Event(
                code="S3",
                step=second,
                quotes=[Quote(step=second, text=reading.steps[second].command[:300])],
                why=f"{place} went from {there.old!r} to {there.new!r} at step {first} and back at step {second}, "
                f"{'again and again' if looked else 'with nothing read in between'}",
                subjects=[there.entity],
                corrected=reading.set_again(back, second),
            )
            break


DETECTOR = Detector(code="S3", title="Oscillation", needs=Needs.TRACE, detect=_detect)
