"""One attempt with its commands parsed and its facts indexed, so that every detector reads the same.

Belongs here: what several rules need to know about an attempt. Does not: rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from opsrange.diagnosis.case import Attempt, Ending
from opsrange.diagnosis.commands.invocation import curl_writes, normalised
from opsrange.diagnosis.commands.kubectl import Kubectl, parse_kubectl, typo_of
from opsrange.diagnosis.commands.mistakes import Mistake, mistakes_of
from opsrange.diagnosis.commands.requests import entity_of, names_selected
from opsrange.scoring.evidence import RequiredFact
from opsrange.scoring.safety_rules import Finding, Patterns
from opsrange.shell import Script, Simple, parse
from opsrange.trace import StateChange, Step, WorldRequest
from opsrange.types import Severity

_USER_LEVEL = ("prometheus", "alertmanager", "jaeger")
_MOVING = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*|\b\d\d:\d\d:\d\d\S*|\b(\d+[dhms])+\b|(?<![\d.])\d{9,}(\.\d+)?\b"
)
"""Instants and ages: what changes when nothing does."""
_ROW = re.compile(r"(?m)^([a-z0-9][a-z0-9.-]+)(?:  |\t)")
"""The first column of a table."""
_SUFFIX = re.compile(r"-[a-f0-9]{6,10}-[a-z0-9]{5}$|-[0-9]+$")
"""What a pod's name has beyond its owner's."""
_FOLLOWS_FROM = {
    "Endpoints": ("Service",),
    "EndpointSlice": ("Service",),
    "Pod": ("Deployment", "StatefulSet"),
    "ReplicaSet": ("Deployment",),
    "Event": ("Deployment", "ReplicaSet", "Pod"),
}
"""Kinds whose objects tell how another kind's are."""


_GENERATED = frozenset({"Pod", "ReplicaSet", "Event", "EndpointSlice"})
"""Kinds whose objects have their owner's name with suffixes."""


class Reading:
    """An attempt, read.

    Args:
        attempt: as recorded.
    """

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.steps: Sequence[Step] = attempt.steps
        self.end = len(attempt.steps)
        """The position of the report: one past the last step."""

    # -- commands ------------------------------------------------------------------------------------

    @cached_property
    def scripts(self) -> Sequence[Script]:
        """Each step's command line, parsed."""
        return [parse(step.command) for step in self.steps]

    @cached_property
    def calls(self) -> Sequence[Sequence[tuple[Simple, Kubectl | None]]]:
        """Each step's simple commands, kubectl's taken apart."""
        return [
            [
                (simple, parse_kubectl(simple.arguments) if simple.tool == "kubectl" else None)
                for simple in script.simples()
            ]
            for script in self.scripts
        ]

    def kubectl(self, position: int) -> Iterator[Kubectl]:
        """The kubectl invocations of a step."""
        return (call for _, call in self.calls[position] if call is not None)

    @cached_property
    def mistakes(self) -> Sequence[Sequence[Mistake]]:
        """Each step's errors, of its own commands."""
        return [
            mistakes_of(step, [simple for simple, _ in calls])
            for step, calls in zip(self.steps, self.calls, strict=True)
        ]

    def failed(self, position: int) -> bool:
        """Whether a step did not do all that it was told."""
        step = self.steps[position]
        return bool(step.stopped or step.exit_code not in {0, None} or self.mistakes[position])

    def asks_for_change(self, position: int) -> bool:
        """Whether a step means to change the world."""
        if any(call.asks_for_change for call in self.kubectl(position)):
            return True
        return any(curl_writes(simple) for simple, call in self.calls[position] if call is None)

    def named_in(self, position: int) -> list[str]:
        """``namespace/Kind/name`` of what a step's commands and requests name."""
        found: dict[str, None] = {}
        for request in self.steps[position].requests:
            entity = entity_of(request)
            if entity and not entity.endswith("/") and "/Namespace/" not in entity:
                found[entity] = None
        for call in self.kubectl(position):
            for target in call.targets:
                found[f"{call.namespace or self.namespace}/{target}"] = None
        return [entity for entity in found if entity.count("/") == 2]

    @cached_property
    def names_handled(self) -> frozenset[str]:
        """The names of objects that any step changed or named, in small letters."""
        return frozenset().union(*(self.names_at(at) for at in range(self.end)))

    def names_at(self, position: int) -> frozenset[str]:
        """The names of objects that a step changed or named, in small letters."""
        entities = [*(each.entity for each in self.changes(position)), *self.named_in(position)]
        return frozenset(entity.rpartition("/")[2].lower() for entity in entities)

    def sends_whole(self, position: int) -> bool:
        """Whether a step sends a whole object, and with it every field as it was when it was read."""
        return any(call.word in {"apply", "replace"} for call in self.kubectl(position))

    @cached_property
    def names_known(self) -> frozenset[str]:
        """The same, and the names that tables listed; of pods also their owners'."""
        listed = {name for at in range(self.end) for name in _ROW.findall(self.shown(at))}
        return self.names_handled | listed | {_SUFFIX.sub("", name) for name in listed}

    def mistakes_count(self, position: int) -> int:
        """How many errors a step's own commands made."""
        return len(self.mistakes[position])

    def step_at(self, instant_ms: int) -> int | None:
        """The step during which an instant lies."""
        return next(
            (
                at
                for at, step in enumerate(self.steps)
                if step.started_ms <= instant_ms <= step.ended_ms
            ),
            None,
        )

    # -- what was shown ------------------------------------------------------------------------------

    def shown(self, position: int) -> str:
        """What the agent saw of a step's output."""
        return self._shown[position]

    @cached_property
    def _shown(self) -> Sequence[str]:
        return [_visible(step) for step in self.steps]

    @cached_property
    def told(self) -> str:
        """What the agent knew before its first command, and from documents."""
        attempt = self.attempt
        return "\n".join([attempt.page, attempt.instructions, *attempt.document_texts])

    @cached_property
    def answered(self) -> str:
        """What the agent was told, and what it was shown for calls that were refused."""
        return "\n".join([self.told, *self.attempt.refusals])

    def seen_word(self, word: str, before: int) -> bool:
        """Whether a whole word was in anything told or shown before a step."""
        if word not in self._first_seen:
            self._first_seen[word] = self._first_sight(word)
        return self._first_seen[word] < before

    @cached_property
    def _first_seen(self) -> dict[str, int]:
        return {}

    def _first_sight(self, word: str) -> int:
        """The step that first showed a word; -1 when it had been told, the end when nothing showed it."""
        pattern = re.compile(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])")
        texts = [self.answered, *self._shown]
        return next(
            (at for at, text in enumerate(texts, -1) if word in text and pattern.search(text)),
            self.end,
        )

    def gone(self, name: str, before: int, *, by_agent: bool = False) -> bool:
        """Whether an object of a name was deleted before a step; by anybody, or only by the agent."""
        return any(
            row.verb == "delete" and row.entity.endswith(f"/{name}")
            for at, step in enumerate(self.steps[:before])
            for row in (self.changes(at) if by_agent else [*step.consequences, *step.changes])
        )

    @cached_property
    def commands_text(self) -> str:
        """Every command, in one text."""
        return "\n".join(step.command for step in self.steps)

    def still(self, position: int) -> str:
        """A step's output without instants and ages."""
        return _MOVING.sub("#", self.shown(position))

    # -- facts ---------------------------------------------------------------------------------------

    @cached_property
    def facts(self) -> Sequence[RequiredFact]:
        """The required facts that something showed at the page."""
        evidence = self.attempt.evidence
        return [fact for fact in evidence.truth.facts if fact.routes] if evidence else []

    def first_shown(self, fact: str) -> int | None:
        """The first step whose output showed a fact."""
        return next((at for at, step in enumerate(self.steps) if fact in step.facts_shown), None)

    @cached_property
    def informed_from(self) -> int | None:
        """The position from which every required fact had been shown; ``None`` for never."""
        first = [self.first_shown(fact.id) for fact in self.facts]
        known = [at for at in first if at is not None]
        return max(known, default=-1) + 1 if len(known) == len(first) else None

    # -- state ---------------------------------------------------------------------------------------

    def changes(self, position: int) -> list[StateChange]:
        """What the agent changed in a step."""
        return [change for change in self.steps[position].changes if change.actor == "agent"]

    @cached_property
    def writes(self) -> Sequence[int]:
        """Steps in which the agent changed something."""
        return [at for at in range(self.end) if self.changes(at)]

    @cached_property
    def _region(self) -> Patterns:
        evidence = self.attempt.evidence
        return Patterns(evidence.changes.region if evidence else [])

    @cached_property
    def _protected(self) -> Patterns:
        evidence = self.attempt.evidence
        return Patterns(evidence.changes.protected if evidence else [])

    @cached_property
    def _allowed(self) -> Patterns:
        evidence = self.attempt.evidence
        return Patterns(evidence.changes.allowed_paths if evidence else [])

    def inside(self, change: StateChange) -> bool:
        """Whether a change lies in the repair region, or is declared part of a repair."""
        return self._region.match(change.entity) or self._allowed.match(
            f"{change.entity}:{change.path}"
        )

    def in_region(self, entity: str) -> bool:
        """Whether an entity lies in the repair region."""
        return self._region.match(entity)

    def is_protected(self, entity: str) -> bool:
        """Whether an entity measures or generates demand."""
        return self._protected.match(entity)

    @cached_property
    def harms(self) -> Sequence[Finding]:
        """Side effects of the attempt that are major or worse."""
        verdict = self.attempt.verdict
        if verdict is None or verdict.repair is None:
            return []
        return [each for each in verdict.repair.safety.findings if each.severity >= Severity.MAJOR]

    @cached_property
    def namespace(self) -> str:
        """Where the incident is, from the answer key or the page; empty when neither says."""
        evidence = self.attempt.evidence
        if evidence and evidence.truth.root_causes:
            return evidence.truth.root_causes[0].entity.split("/")[0]
        found = re.search(r"namespace (\S+?)[.,:]?(?:\s|$)", self.attempt.page)
        return found[1] if found else ""

    def harmed_by(self, change: StateChange) -> bool:
        """Whether a major side effect on what a change touched stands at the end."""
        return self.harmed(change.entity)

    def looked_at(self, entity: str, start: int, end: int) -> bool:
        """Whether an object was read by name in a stretch of steps."""
        return any(
            not request.may_write and entity_of(request) == entity
            for at in range(start, end)
            for request in self.steps[at].requests
        )

    def set_again(self, change: StateChange, position: int) -> str:
        """How a later change of the same field took one back; empty when none did."""
        later = next(
            (
                at
                for at in self.writes
                if at > position
                and any(
                    row.place == change.place and row.new == change.old for row in self.changes(at)
                )
            ),
            None,
        )
        return "" if later is None else f"step {later} set it right"

    def harmed(self, entity: str) -> bool:
        """Whether a major side effect on an entity stands at the end."""
        return any(finding.entity == entity for finding in self.harms)

    @property
    def objective_met(self) -> bool | None:
        """Whether service levels came back; ``None`` when nobody measured them."""
        verdict = self.attempt.verdict
        return None if verdict is None or verdict.repair is None else verdict.repair.objective.met

    @property
    def cause_named(self) -> bool:
        """Whether the report names every root cause."""
        verdict = self.attempt.verdict
        if verdict is None or verdict.diagnosis is None:
            return False
        return not verdict.diagnosis.under(verdict.diagnosis.policy).missed

    @property
    def wrong_names(self) -> list[str]:
        """Entities that the report blames and that are not root causes."""
        verdict = self.attempt.verdict
        if verdict is None or verdict.diagnosis is None:
            return []
        names = verdict.diagnosis.under(verdict.diagnosis.policy).names
        return [name.name for name in names if name.cause is None]

    @property
    def goal_met(self) -> bool | None:
        """Whether the attempt reached all that was asked; ``None`` when nobody judged it."""
        if self.attempt.passed is None:
            return None
        verdict = self.attempt.verdict
        named = verdict is None or verdict.diagnosis is None or verdict.diagnosis.passed
        return self.attempt.passed and named

    @property
    def out_of_budget(self) -> bool:
        """Whether the attempt ended because its budget was used up."""
        attempt = self.attempt
        if attempt.ending is Ending.LIMIT:
            return True
        return (
            attempt.report is None
            and attempt.turns is not None
            and attempt.turn_limit is not None
            and attempt.turns >= attempt.turn_limit
        )

    # -- looking at things ---------------------------------------------------------------------------

    def looks_at_users(self, position: int) -> bool:
        """Whether a step reads what users meet: metrics, alerts, traces."""
        step = self.steps[position]
        if any(request.address.startswith(_USER_LEVEL) for request in step.requests):
            return True
        return not self.attempt.traced and any(name in step.command for name in _USER_LEVEL)

    def looks_at_region(self, position: int) -> bool:
        """Whether a step reads an object of the repair region by name, or its kind as a whole."""
        return any(
            not request.may_write and self._covers(request)
            for request in self.steps[position].requests
        )

    def _covers(self, request: WorldRequest) -> bool:
        """Whether an answer tells of the region: one of its objects, what follows from one, or a whole kind of them."""
        namespace, kind, name = [*entity_of(request).split("/"), "", "", ""][:3]
        if not kind:
            return False
        kinds = {kind, *_FOLLOWS_FROM.get(kind, ())}
        names = {name} if name else names_selected(request)
        if names:
            stems = {stem for each in names for stem in stems_of(kind, each)}
            return any(self.in_region(f"{namespace}/{k}/{s}") for k in kinds for s in stems)
        sources = self.attempt.evidence.changes.region if self.attempt.evidence else []
        return any(each in source for source in sources for each in kinds)

    def _tells(self, request: WorldRequest) -> bool:
        return self._covers(request) or request.address.startswith(_USER_LEVEL)

    def checked_after(self, position: int) -> int | None:
        """The first read of the region or of what users meet after a step's changes; its own later commands count."""
        step = self.steps[position]
        wrote = False
        writer = ""
        for request in step.requests:
            if request.may_write and request.status < 400:
                wrote, writer = True, request.client
            elif wrote and request.client != writer and self._tells(request):
                return position
        later = range(position + 1, self.end)
        return next(
            (at for at in later if self.looks_at_users(at) or self.looks_at_region(at)), None
        )

    # -- corrections ---------------------------------------------------------------------------------

    def achieved_later(self, position: int) -> int | None:
        """A later step that does what a failed one was meant to do: the same verb on the same thing, without an error."""
        meant = list(self.kubectl(position)) or self._mistyped(position)
        tools = {simple.tool for simple, call in self.calls[position] if call is None}
        for at in range(position + 1, self.end):
            if self.failed(at) and not self.changes(at):
                continue
            if meant and any(_same_intent(a, b) for a in meant for b in self.kubectl(at)):
                return at
            others = {simple.tool for simple, call in self.calls[at] if call is None}
            if not meant and tools & others:
                return at
        return None

    def _mistyped(self, position: int) -> list[Kubectl]:
        """What would be invocations of kubectl, had its name been written right."""
        return [
            parse_kubectl(simple.arguments)
            for simple, _ in self.calls[position]
            if typo_of(simple.tool, ["kubectl"])
        ]

    def repeats_failure(self, position: int) -> bool:
        """Whether the very same command had failed before."""
        command = normalised(self.steps[position].command)
        return any(
            normalised(self.steps[at].command) == command and self.failed(at)
            for at in range(position)
        )

    def quote_of(self, position: int, text: str) -> str:
        """At most 300 characters of a step's output around a text."""
        shown = self.shown(position)
        at = max(0, shown.find(text))
        return shown[at : at + 300].strip()


def generated(name: str) -> bool:
    """Whether a name is one that Kubernetes makes up for a pod."""
    return _SUFFIX.search(name) is not None


def _visible(step: Step) -> str:
    whole = f"{step.stdout}\n{step.stderr}"
    visible = len(step.stdout.rstrip("\n")) + len(step.stderr.rstrip("\n"))
    if step.shown_chars is None or step.shown_chars >= visible:
        return whole
    half = step.shown_chars // 2
    return f"{whole[:half]}\n{whole[-half:]}"


def stems_of(kind: str, name: str) -> set[str]:
    """A name, and those of the owners from which a generated one was made."""
    parts = name.split("-")
    generated = kind in _GENERATED
    return {"-".join(parts[: len(parts) - cut]) for cut in range(3 if generated else 1)} - {""}


def _same_intent(meant: Kubectl, done: Kubectl) -> bool:
    if meant.word != done.word and not _close(meant.word, done.word):
        return False
    if meant.word == done.word and meant.verb not in {done.verb, meant.word}:
        return False  # rollout undo, rollout status
    ours, theirs = _stems(meant), _stems(done)
    if ours and theirs:
        return bool(ours & theirs)
    return not meant.kinds or not done.kinds or bool(set(meant.kinds) & set(done.kinds))


def _close(word: str, known: str) -> bool:
    return typo_of(word, [known]) == known


def _stems(call: Kubectl) -> set[str]:
    return {name.rpartition("/")[2].split("-")[0] for name in call.names}


def plain(text: str) -> str:
    """A text without quotes, backslashes and runs of blanks, so that what was retyped is found again."""
    return " ".join(re.sub(r"[\\\"'`“”‘’]", "", text).split()).lower()
