"""Policy files: which gate, who approves, what they see, and rules of one's own. Each carries its own examples.

Matching is exact. A text in a rule means itself; with ``regex:`` in front it is a regular expression on the whole.
A permission holds only when it fits every change of the preview, a refusal as soon as it fits one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    ValidationError,
    model_validator,
)

from opsrange.errors import OperatorError, OpsrangeError
from opsrange.oversight.approver import find_approver
from opsrange.oversight.gate import (
    ENDING_TOOLS,
    SHELL_TOOL,
    Asked,
    Gate,
    Opinion,
    Plan,
    find_gate,
    known,
    passes,
)
from opsrange.oversight.request import Decision, Information
from opsrange.trace import Effect, Outlook, Preview, StateChange, Step
from opsrange.types import MINUTE_MS, SECOND_MS

_REGEX = "regex:"


def _compiles(text: str) -> str:
    if text.startswith(_REGEX):
        try:
            re.compile(text.removeprefix(_REGEX))
        except re.error as error:
            raise ValueError(f"{text!r} does not compile: {error}") from error
    return text


Pattern = Annotated[str, AfterValidator(_compiles)]
"""Literal, or ``regex:`` and a regular expression that must match all of the text."""


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern fits a text."""
    if pattern.startswith(_REGEX):
        return re.fullmatch(pattern.removeprefix(_REGEX), text, re.DOTALL) is not None
    return pattern == text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Predicate(_Strict):
    """A condition on what a preview shows. All fields that are given must hold."""

    entity: Pattern | None = None
    path: Pattern | None = None
    effect: Effect | None = None
    health_drop: float | None = Field(default=None, gt=0, le=1)
    """Some journey's success ratio falls by at least this much."""
    alert: Pattern | None = None
    """An alert that would newly page, as ``Name{label=value,...}``."""

    def holds(self, preview: Preview, of: Callable[[Sequence[bool]], bool] = any) -> bool:
        """Whether it holds of ``any`` change, or of ``all``."""
        if self.effect is not None and preview.effect is not self.effect:
            return False
        drop = -min(preview.health_change.values(), default=0.0)
        if self.health_drop is not None and drop < self.health_drop:
            return False
        if self.alert is not None and not any(
            matches(self.alert, alert) for alert in preview.new_alerts
        ):
            return False
        if self.entity is None and self.path is None:
            return True
        return of([self._fits(change) for change in preview.changes])

    def _fits(self, change: StateChange) -> bool:
        return (self.entity is None or matches(self.entity, change.entity)) and (
            self.path is None or matches(self.path, change.path)
        )

    def __str__(self) -> str:
        given = self.model_dump(exclude_none=True, mode="json")
        return ", ".join(f"{name} {value}" for name, value in given.items()) or "anything"


_DEFAULT_PREDICATES = {
    "irreversible": Predicate(effect=Effect.IRREVERSIBLE_WRITE),
    "worse": Predicate(health_drop=0.02),
}


class Rule(_Strict):
    """Decides before the gate does; the first that fits counts."""

    command: Pattern | None = None
    when: Predicate | None = None
    decision: Decision
    reason: str = ""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.command is None and self.when is None:
            raise ValueError("say which command it is about, or when")
        if self.decision is Decision.MODIFY:
            raise ValueError("a rule cannot modify: it has no other command; escalate instead")
        return self

    def fits(self, asked: Asked, preview: Preview | None) -> bool:
        """Whether it speaks of this call."""
        if self.command is not None and not matches(self.command, asked.command):
            return False
        if self.when is None:
            return True
        if preview is None:
            return False
        if self.decision is Decision.APPROVE:
            return known(preview) and self.when.holds(preview, all)
        return self.when.holds(preview)


class ExampleChange(_Strict):
    """One changed field."""

    entity: str
    path: str = ""
    verb: str = "update"
    new: Any = None


class ExamplePreview(_Strict):
    """A preview, as far as an example has to say."""

    effect: Effect = Effect.READ
    changes: tuple[ExampleChange, ...] = ()
    health_drop: float = 0.0
    alerts: tuple[str, ...] = ()
    unfinished: str = ""

    def preview(self, command: str) -> Preview:
        """As the gate would see it."""
        step = Step(
            index=0,
            command=command,
            exit_code=0,
            started_ms=0,
            ended_ms=0,
            effect=self.effect,
            changes=[StateChange(actor="agent", **change.model_dump()) for change in self.changes],
        )
        return Preview(
            step=step,
            unfinished=self.unfinished,
            idle=Outlook(health={"example": 1.0}),
            acted=Outlook(health={"example": 1.0 - self.health_drop}, alerts=list(self.alerts)),
        )


class Example(_Strict):
    """What the policy must decide."""

    command: str = ""
    preview: ExamplePreview | None = None
    plan: tuple[str, ...] | None = None
    """Entities of the approved plan."""
    expect: Decision


class Policy(_Strict):
    """Everything that decides over an attempt's tool calls."""

    gate: str = "effect-class"
    """Its name."""
    approver: str = "terminal"
    """Who is asked."""
    information: Information = Information.DIFF
    """What the approver is shown."""
    free_tools: tuple[str, ...] = (*ENDING_TOOLS, "search_docs", "open_doc", "think")
    """Names, in full, of tools that pass because they change nothing; the gate stands before every other tool."""
    rules: tuple[Rule, ...] = ()
    """Before the gate; the first that fits decides."""
    must_escalate: tuple[Predicate, ...] = ()
    """What the approver decides in any case, before any rule."""
    invariants: tuple[Predicate, ...] = ()
    """What the invariant guard rolls back at once."""
    horizon_minutes: float = Field(default=5.0, gt=0, le=60)
    """How far previews look ahead, in virtual minutes."""
    decision_time_s: NonNegativeFloat | None = None
    """Virtual seconds that each decision takes; when not given, 60 for simulated approvers and what it took for people."""
    examples: tuple[Example, ...] = ()
    """Tested whenever the file is loaded; rules need some."""

    @property
    def horizon_ms(self) -> int:
        """How far previews look."""
        return round(self.horizon_minutes * MINUTE_MS)

    @property
    def decision_ms(self) -> int | None:
        """Virtual time of a decision."""
        return None if self.decision_time_s is None else round(self.decision_time_s * SECOND_MS)

    @property
    def asks(self) -> bool:
        """Whether the approver may be asked: whatever judges calls asks when it cannot know what one does."""
        return self.found_gate().judge is not passes or bool(self.must_escalate or self.rules)

    def found_gate(self) -> Gate:
        """The gate by its name.

        Raises:
            OperatorError: when there is none.
        """
        return find_gate(self.gate)

    def escalates(self, preview: Preview | None) -> str:
        """Which must-escalate predicate holds; empty when none does."""
        defaults = self.found_gate().must_escalate
        predicates = self.must_escalate or tuple(_DEFAULT_PREDICATES[name] for name in defaults)
        if preview is None:
            return ""
        return next((str(each) for each in predicates if each.holds(preview)), "")

    def judge(self, asked: Asked, preview: Preview | None) -> Opinion:
        """What becomes of a tool call: must-escalate predicates first, then rules, then the gate.

        Raises:
            OperatorError: when the gate needs a preview and there is none.
        """
        predicate = self.escalates(preview)
        if predicate:
            return Opinion(Decision.ESCALATE, f"it must be decided by somebody else: {predicate}")
        for rule in self.rules:
            if rule.fits(asked, preview):
                return Opinion(rule.decision, rule.reason or "a rule of the policy")
        return self.found_gate().judge(asked, preview)


def chosen_policy(
    gate: str = "", approver: str = "", information: str = "", path: str = ""
) -> Policy | None:
    """The policy of a run: a file's, with what is named beside it put in its place; ``None`` for no gate at all.

    Raises:
        OperatorError: when a name or the file is wrong.
    """
    named = {"gate": gate, "approver": approver, "information": information}
    given = {name: value for name, value in named.items() if value}
    if not given and not path:
        return None
    policy = load_policy(Path(path)) if path else Policy()
    if information and information not in list(Information):
        raise OperatorError(
            f"asked for information {information!r}; found {', '.join(Information)}; use one of these"
        )
    chosen = Policy.model_validate({**policy.model_dump(), **given})
    chosen.found_gate()
    find_approver(chosen.approver)
    return chosen


def load_policy(path: Path) -> Policy:
    """Read a policy file and test it on its own examples.

    Raises:
        OperatorError: when it cannot be read, is not a policy, or one of its examples comes out differently.
    """
    try:
        return parse_policy(path.read_text(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"asked for policy {path}; it cannot be read: {error}") from error


def parse_policy(text: str, name: str) -> Policy:
    """As :func:`load_policy`, from text.

    Args:
        text: YAML.
        name: for messages.
    """
    try:
        document: Any = yaml.safe_load(text)
        policy = Policy.model_validate(document if document is not None else {})
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise OperatorError(f"read policy {name}; found broken YAML ({reason}); mend it") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "document"
        raise OperatorError(
            f"read policy {name}; found {field}: {first['msg']}; mend it"
        ) from error
    if policy.rules and not policy.examples:
        raise OperatorError(
            f"read policy {name}; found rules and no examples; give some to test it"
        )
    if SHELL_TOOL in policy.free_tools:
        raise OperatorError(
            f"read policy {name}; found {SHELL_TOOL!r} among free_tools; no gate would stand before it; take it out"
        )
    for number, example in enumerate(policy.examples, 1):
        found = _tried(policy, example)
        if found != example.expect.value:
            raise OperatorError(
                f"read policy {name}; example {number} ({example.command!r}) expects {example.expect}, the policy says {found}; "
                "mend one of them"
            )
    policy.found_gate()
    find_approver(policy.approver)
    return policy


def _tried(policy: Policy, example: Example) -> str:
    plan = None if example.plan is None else Plan("", frozenset(example.plan))
    preview = example.preview.preview(example.command) if example.preview else None
    try:
        opinion = policy.judge(Asked(SHELL_TOOL, example.command, plan), preview)
    except OpsrangeError as error:
        return f"({error})"
    return opinion.decision.value
