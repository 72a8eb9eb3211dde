"""A value that exists was given to the wrong thing: it belongs to another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsrange.diagnosis.commands.mistakes import Kind, Mistake
from opsrange.diagnosis.commands.requests import entity_of
from opsrange.diagnosis.detector import Detector, Needs
from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.trace import Quote

_COMPANION = re.compile(
    r"\(NotFound\): (services|endpoints|endpointslices|horizontalpodautoscalers|poddisruptionbudgets|networkpolicies"
    r"|ingresses|configmaps|secrets|serviceaccounts)\b"
)
"""Kinds whose objects are called by custom like the workload they belong to, and which not every workload has."""

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


def _detect(reading: Reading) -> Iterator[Event]:
    yield from _elsewhere(reading)
    yield from _of_another(reading)


def _elsewhere(reading: Reading) -> Iterator[Event]:
    """A name that had been seen, asked for where it is not."""
    for at, mistakes in enumerate(reading.mistakes):
        for mistake in mistakes:
            if (
                mistake.kind is not Kind.NOT_FOUND
                or not mistake.word
                or not reading.seen_word(mistake.word, at)
            ):
                continue
            if reading.repeats_failure(at) or reading.gone(mistake.word, at):
                continue
            if _elsewhere_altogether(reading, at) or _asks_for_a_companion(reading, at, mistake):
                continue
            later = reading.achieved_later(at)
            yield Event(
                code="H4",
                step=at,
                quotes=[Quote(step=at, text=mistake.line)],
                why=f"step {at} looks for {mistake.word} where it is not; it had been seen elsewhere",
                subjects=[mistake.word],
                corrected="" if later is None else f"step {later} finds it",
            )
            break


def _elsewhere_altogether(reading: Reading, at: int) -> bool:
    """Whether another namespace than the incident's was asked: the place is wrong then, not the name given to a thing."""
    asked = {entity_of(request).split("/")[0] for request in reading.steps[at].requests}
    named = {call.namespace for call in reading.kubectl(at) if call.namespace}
    found = {each for each in asked or named if each not in {"", "cluster"}}
    return bool(found) and reading.namespace not in found


def _asks_for_a_companion(reading: Reading, at: int, mistake: Mistake) -> bool:
    """Whether a look asked if a workload has what is called like it where there is one: a question, whatever the answer."""
    if reading.asks_for_change(at) or not _COMPANION.search(mistake.line):
        return False
    pod = re.compile(rf"(?<![\w-]){re.escape(mistake.word)}-[a-z0-9]+-[a-z0-9]{{5}}(?![\w-])")
    named = {f"{kind}/{mistake.word}" for kind in _WORKLOADS}
    return any(
        pod.search(reading.shown(each))
        or named & {entity.partition("/")[2] for entity in reading.named_in(each)}
        for each in range(reading.end)
    )


def _of_another(reading: Reading) -> Iterator[Event]:
    """A write gives one object the image of another."""
    for at in reading.writes:
        for change in reading.changes(at):
            if not change.path.endswith(".image") or not isinstance(change.new, str):
                continue
            old, new = _repository(change.old), _repository(change.new)
            if not old or old == new or not reading.seen_word(new, at):
                continue
            if old.rpartition("/")[2] == new.rpartition("/")[2]:
                continue  # its own, from another registry
            yield Event(
                code="H4",
                step=at,
                quotes=[Quote(step=at, text=reading.steps[at].command[:300])],
                why=f"step {at} gives {change.entity} the image {change.new}, which belongs to another workload",
                subjects=[change.entity],
                corrected=reading.set_again(change, at),
            )


def _repository(image: object) -> str:
    text = image if isinstance(image, str) else ""
    name = text.rsplit("/", 1)[-1]
    return text.removesuffix(name) + name.split(":")[0].split("@")[0]


DETECTOR = Detector(code="H4", title="Wrong binding", needs=Needs.TRANSCRIPT, detect=_detect)
